"""How a group is made again: what is printed, and what is written into a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ethoflow.disk import beside
from ethoflow.errors import DataError


@dataclass(frozen=True)
class Remaking:
    """How a group is made again.

    Parameters
    ----------
    head
        Sentences on what was made, by what, from which files.
    unknown
        Why a run of the project would not surely make the same; empty where it does.
    project
        The project file's keys, as YAML.
    files
        Texts of the user's own files that it names.
    """

    head: tuple[str, ...]
    unknown: tuple[str, ...]
    project: str
    files: Mapping[str, str]

    @property
    def text(self) -> str:
        """The project file; all of it comments where it would not surely make the same."""
        head = [*self.head, *self.unknown]
        return _commented("\n".join(head)) + (
            _commented(self.project) if self.unknown else self.project
        )

    @property
    def shown(self) -> str:
        """The same, with the user's own files as comments behind."""
        hint = "\nFiles that it names, which --out FOLDER writes beside it:" if self.files else ""
        return f"{self.text}{_commented(hint)}" + "".join(
            _commented(f"\n{name}:\n\n{text}") for name, text in self.files.items()
        )

    def save(self, folder: Path) -> list[Path]:
        """Write the project file, and the files that it names, into a folder.

        Raises
        ------
        DataError
            One of them is there already and holds something else.
        """
        folder.mkdir(parents=True, exist_ok=True)
        texts = {**self.files, "project.yaml": self.text}
        for name, text in texts.items():
            if (folder / name).exists() and (folder / name).read_text(encoding="utf-8") != text:
                raise DataError(f"{folder / name} is there already: name another folder.")
        for name, text in texts.items():
            with beside(folder / name) as part:
                part.write_text(text, encoding="utf-8")
        return [folder / name for name in texts]


def _commented(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())
