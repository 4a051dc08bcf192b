"""What is to be said of a comparison: one sentence for each kind, and of what else it is true."""

from __future__ import annotations

from collections.abc import Iterator

from ethoflow.errors import listed

FIRST = 4
"""Names that are said of those of which the same is true."""


class AgreementNote(UserWarning):
    """How two sources were compared where they do not fit, or what makes the figures doubtful."""


class Notes:
    """Sentences by their kind, in the order in which they were first needed.

    Examples
    --------
    >>> notes = Notes()
    >>> for name in ("rear", "sniff", "dig"):
    ...     notes.add("never", name, f"there is no {name}: its kappa is missing.")
    >>> list(notes)
    ['there is no rear: its kappa is missing. The same holds for 2 more: sniff, dig.']
    """

    def __init__(self) -> None:
        self._said: dict[str, dict[str, str]] = {}

    def add(self, kind: str, of: str, sentence: str) -> None:
        """A sentence, and what it is `of` where it is true of something else, too."""
        self._said.setdefault(kind, {}).setdefault(of, sentence)

    def __iter__(self) -> Iterator[str]:
        for told in self._said.values():
            (_, first), *others = told.items()
            more = f" The same holds for {len(others)} more: " if others else ""
            yield first + (f"{more}{listed((of for of, _ in others), FIRST)}." if others else "")
