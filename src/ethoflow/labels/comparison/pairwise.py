"""Two sources held against each other: what both say, counted, and a row for each measure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ethoflow.errors import DataError, listed
from ethoflow.io.metadata_rows import fitter
from ethoflow.labels.comparison import clocks
from ethoflow.labels.comparison.frames import known_to_both
from ethoflow.labels.comparison.measures import Measure, of_categories
from ethoflow.labels.comparison.meeting import Item, Track, items_of, meet
from ethoflow.labels.comparison.notes import FIRST, Notes
from ethoflow.labels.comparison.reading import Reading
from ethoflow.labels.comparison.tallies import Settings, Tally, rows_of, tally
from ethoflow.units import Quantity, convert

WHO = ("a", "b", "behaviour", "category", "recording", "individual", "partner")
OWN = (
    "kind", "measure", "at", "at_unit", "value", "low", "high", "unit", "n", "n_of", "n_units",
    "resampled", "offset", "note",
)  # fmt: skip
COLUMNS = (*WHO, *OWN)

MACHINES = {"rules", "classifier", "clusters"}
"""Makers of labels that are not what a classifier is trained on."""

LITTLE = 0.01
"""Share of the frames that one source alone may know without a word."""


@dataclass(frozen=True)
class Pair:
    """Two sources, and how their animals and behaviours meet."""

    a: Reading
    b: Reading
    individuals: Mapping[str, str]
    together: bool
    behaviours: Sequence[str] | None
    late: int = 0

    @property
    def names(self) -> tuple[str, str]:
        """Names of both."""
        return self.a.source.name, self.b.source.name

    def tracks(
        self, items: Sequence[Item], recordings: Sequence[tuple[str, str]], notes: Notes
    ) -> Iterator[tuple[Item, list[Track]]]:
        """Tracks of every item, recording by recording."""
        for both in recordings:
            yield from meet(
                self.a,
                self.b,
                both,
                items,
                late=self.late,
                individuals=self.individuals,
                together=self.together,
                notes=notes,
            )


def compare_pair(
    pair: Pair,
    settings: Settings,
    measures: Sequence[Measure],
    grouping: Sequence[str],
    offset: Quantity | Literal["search"],
    max_offset: Quantity,
    notes: Notes,
) -> list[dict[str, Any]]:
    """All rows of one pair of sources; `notes` get what is to be said of them.

    Raises
    ------
    DataError
        They cannot be compared.
    """
    rate = pair.a.source.fps
    who = " and ".join(pair.names)
    if said := clocks.check_rates(pair.a.source, pair.b.source):
        notes.add("rates", who, said)
    recordings = _recordings(pair, notes)
    _note_training(pair, recordings, notes)
    items, alone = items_of(pair.a, pair.b, pair.behaviours)
    for said in alone:
        notes.add("not compared", f"{said} ({who})", f"{said}: it is not compared.")
    flags = [one for one in items if not one.names]

    def tracks() -> Iterator[Track]:
        for _, found in pair.tracks(flags, recordings, Notes()):
            yield from found

    if offset == "search":
        best, doubts = clocks.search(tracks, rate, max_offset, *pair.names)
        pair = replace(pair, late=best.frames)
    else:
        seconds = convert(offset, "s", name="offset")
        pair = replace(pair, late=round(seconds * rate))
        doubts = clocks.suspect(tracks, rate, max_offset, *pair.names, pair.late)
    for doubt in doubts:
        notes.add(doubt, who, doubt)  # each has figures of its own
    in_blocks = len(recordings) < 2 or "recording" in grouping
    tallies = _tallies(pair, items, recordings, settings, in_blocks, notes)
    rows = []
    for item, found in tallies.items():
        for key, group in _groups(found, grouping).items():
            named = (*pair.names, item.behaviour, item.category, *key)
            if item.names and _is_numbered(item):
                notes.add("numbers", who, _say_numbers(item, pair))
            for row in rows_of(group, of_categories() if item.names else measures, settings):
                row["note"] = "; ".join(filter(None, [row["note"], _numbers(item, row["measure"])]))
                rows.append(
                    {**dict(zip(WHO, named, strict=True)), **row, "offset": pair.late / rate}
                )
    return rows


def _numbers(item: Item, measure: str) -> str:
    """Said of clusters whose numbers need not mean the same in both."""
    if not _is_numbered(item) or measure == "adjusted_rand":
        return ""
    return "takes the same number for the same category; adjusted_rand does not"


def _say_numbers(item: Item, pair: Pair) -> str:
    a, b = pair.names
    return (
        f"{item.names[0]} of {a} is held against {item.names[0]} of {b}, and so on: two "
        "clusterings number what they find as it comes. The measure adjusted_rand does not depend "
        "on the numbers."
    )


def _is_numbered(item: Item) -> bool:
    """Whether categories of both have numbers for names, as `3` or `cluster_3`."""
    if not (item.is_kind_a and item.is_kind_b):
        return False
    numbered = re.compile(rf"({re.escape(item.behaviour)}[_ ]?)?\d+")
    return any(numbered.fullmatch(name) for name in item.names or (item.category,))


def _tallies(
    pair: Pair,
    items: Sequence[Item],
    recordings: Sequence[tuple[str, str]],
    settings: Settings,
    in_blocks: bool,
    notes: Notes,
) -> dict[Item, list[Tally]]:
    """What is counted of every item; says what cannot be compared, and where little can."""
    found: dict[Item, list[Tally]] = {item: [] for item in items}
    silent: dict[Item, int] = dict.fromkeys(items, 0)
    known = np.zeros((2, 2))
    for item, tracks in pair.tracks(items, recordings, notes):
        told = [tally(one, item, settings, in_blocks=in_blocks) for one in tracks]
        found[item] += [one for one in told if one is not None]
        silent[item] += None in told or not told
        for one in tracks:
            both = known_to_both(one.x, one.y).sum()
            known += [[(state >= 0).sum(), (state >= 0).sum() - both] for state in (one.x, one.y)]
    if not any(found.values()):
        raise DataError(
            f"{' and '.join(pair.names)} have no frame that both know: they are of other stretches "
            "of time, or on other clocks. Give the offset between them in s (--offset), or "
            "offset='search'."
        )
    others = reversed(pair.names)
    for name, other, (n_known, alone) in zip(pair.names, others, known.tolist(), strict=True):
        if alone > LITTLE * n_known:
            part = f"{alone / n_known:.1%} of what {name} knows"
            notes.add(
                "unknown to one",
                f"{part} ({other})",
                f"{part} is unknown to {other}, which is shorter or did not look there: these "
                "frames do not count.",
            )
    for item, tallies in found.items():
        if silent[item]:
            notes.add(
                "silent",
                f"{item.behaviour} in {silent[item]} ({' and '.join(pair.names)})",
                f"{item.behaviour}: in {silent[item]} of {len(recordings)} recordings no frame is "
                "known to both, or one says nothing of it: these are left out, not taken as "
                "absent.",
            )
        if tallies and not item.names:
            _note_one_class(pair, item, tallies, notes)
    return {item: tallies for item, tallies in found.items() if tallies}


def _note_one_class(pair: Pair, item: Item, tallies: Sequence[Tally], notes: Notes) -> None:
    """Say it where a source never has something, or always: much is not defined then, or 0."""
    what = f"{item.behaviour} {item.category}".strip()

    def count(*names: str) -> float:
        return sum(float(one.by_block[name].sum()) for one in tallies for name in names)

    shown = [count("both", only) for only in ("only_a", "only_b")]
    known = count("both", "only_a", "only_b", "neither")
    never = [name for name, n in zip(pair.names, shown, strict=True) if not n]
    always = [name for name, n in zip(pair.names, shown, strict=True) if n == known]
    if never:
        notes.add(
            "never",
            f"{what} ({' and '.join(never)})",
            f"{' and '.join(never)} {'have' if len(never) > 1 else 'has'} no {what} in any frame "
            "that both know: what is not defined then is missing, and the column note says why.",
        )
    if always:
        notes.add(
            "always",
            f"{what} ({' and '.join(always)})",
            f"{' and '.join(always)} {'have' if len(always) > 1 else 'has'} {what} in every "
            "frame that both know: kappa is 0 or missing then, whatever the other has, and says "
            "nothing of agreement. Score a stretch in which it ends, or look whether the file "
            "says where it does.",
        )


def _note_training(pair: Pair, recordings: Sequence[tuple[str, str]], notes: Notes) -> None:
    """Say it where a classifier is held against people in recordings it may have learnt from."""
    sources = (pair.a.source, pair.b.source)
    for place, (one, other) in enumerate((sources, sources[::-1])):
        learnt = {
            str(name)
            for part in one.parts
            for name in np.atleast_1d(part.attrs.get("trained_on_recordings", ()))
        }
        met = [both[place] for both in recordings if both[place] in learnt]
        made = {str(part.attrs.get("label_source", "")) for part in other.parts}
        if met and not made & MACHINES:
            notes.add(
                "trained",
                f"{one.name} and {other.name} ({len(met)})",
                f"{one.name} was trained in {len(met)} of {len(recordings)} recordings that it is "
                f"held against {other.name} in ({listed(met, FIRST)}): it has seen these labels, "
                "and agrees with them better than with new ones. Its scores on frames that it had "
                "not seen are in the classifier's scores (`ethoflow learn` prints them).",
            )


def _recordings(pair: Pair, notes: Notes) -> list[tuple[str, str]]:
    """Recordings of both, by name; two that are alone are taken to be one.

    Raises
    ------
    DataError
        None is called alike.
    """
    one, other = (list(each.source.recordings) for each in (pair.a, pair.b))
    if len(one) == 1 == len(other):
        if one != other and "recording" not in (*one, *other):
            both = f"{one[0]!r} of {pair.names[0]} and {other[0]!r} of {pair.names[1]}"
            notes.add("one recording", both, f"{both} are taken to be one recording.")
        return [(one[0], other[0])]
    find = fitter(other, other)
    found = [(name, other[hits[0]]) for name in one if len(hits := find(name)) == 1]
    if not found:
        raise DataError(
            f"{pair.names[0]} and {pair.names[1]} have no recording in common: the one has "
            f"{listed(one, 4)}, the other {listed(other, 4)}. Recordings meet by their names: give "
            "them the same, as in .assign_coords(recording=[...])."
        )
    twice = [name for _, name in found if [met for _, met in found].count(name) > 1]
    if twice:
        raise DataError(
            f"several recordings of {pair.names[0]} may be {twice[0]!r} of {pair.names[1]}: give "
            "them the same names, as in .assign_coords(recording=[...])."
        )
    for name, every, met in zip(pair.names, (one, other), zip(*found, strict=True), strict=True):
        lost = [recording for recording in every if recording not in met]
        if lost:
            notes.add(
                "recordings",
                f"{name} ({' and '.join(pair.names)}; {listed(lost, 4)})",
                f"{name} alone has {len(lost)} recordings, which are left out: {listed(lost, 4)}.",
            )
    return found


def _groups(
    tallies: Sequence[Tally], grouping: Sequence[str]
) -> dict[tuple[str, str, str], list[Tally]]:
    """Tallies that are taken together, by recording, individual and partner."""
    groups: dict[tuple[str, str, str], list[Tally]] = {}
    for one in tallies:
        recording = one.recording if "recording" in grouping else ""
        pair = (one.individual, one.partner) if "individual" in grouping else ("", "")
        groups.setdefault((recording, *pair), []).append(one)
    return groups
