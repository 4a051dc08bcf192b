"""Agreement of any two sources of labels, in one table."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import pandas as pd

from ethoflow.errors import DataError, UnknownName, listed, no_such, one_or_many
from ethoflow.labels.comparison import clocks
from ethoflow.labels.comparison.clocks import Late
from ethoflow.labels.comparison.measures import Measure, of_labels
from ethoflow.labels.comparison.meeting import NothingShared
from ethoflow.labels.comparison.notes import AgreementNote, Notes
from ethoflow.labels.comparison.pairwise import COLUMNS, Pair, compare_pair
from ethoflow.labels.comparison.reading import Reading, read
from ethoflow.labels.comparison.sources import Labels, pairs_of, sources_of
from ethoflow.labels.comparison.tallies import Settings
from ethoflow.schema import Data
from ethoflow.units import Quantity, to_frames

By: TypeAlias = Literal["recording", "individual"]


def agreement(
    labels: Labels,
    a: str | Sequence[str] | None = None,
    b: str | Sequence[str] | None = None,
    *,
    behaviours: str | Sequence[str] | None = None,
    by: By | Sequence[By] = (),
    rename: Mapping[str, str] | None = None,
    individuals: Mapping[str, str] | None = None,
    animals: Literal["each", "any"] = "each",
    offset: Late = 0,
    max_offset: Quantity = "30 s",
    iou: float | Sequence[float] = 0.5,
    onset: Quantity = "0.5 s",
    bin: Quantity = "1 min",
    block: Quantity = "30 s",
    draws: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    fps: float | None = None,
    like: Data | None = None,
) -> pd.DataFrame:
    """How far people, rules, classifiers or clusters agree: frames, bouts and totals in one table.

    Only frames that both know count. Bouts are runs over these frames; those that an unknown frame
    cuts are left out, and counted as `bouts_cut_a` and `bouts_cut_b`.

    Parameters
    ----------
    labels
        Sources by name: datasets of labels, nodes of a store, files of scoring, or a list of these
        where each holds other recordings. Or a store (its groups of labels), a dataset with the
        dim `rater`, a file with several raters.
    a, b
        Which sources: a is taken as right, so precision is the share of b that a has, too. One
        against all others where `b` is left out, all pairs where both are.
    behaviours
        Which labels and variables of categories; by default all that both have.
    by
        ``"recording"``, ``"individual"`` or both: rows for each of them, not for all together.
    rename
        New names of behaviours and categories, in all sources: ``{"Freezing": "immobile"}``.
        Several that get one name are one: it is there where any of them is.
    individuals
        New names of animals, where the sources call them otherwise.
    animals
        ``"any"`` compares whether any animal (with any partner) does it, default ``"each"``.
    offset
        By how much b is late on the clock of a, s; ``"search"`` for where they agree best. Of more
        than two sources by name how late each is on one clock: ``{"ben": 1.5, "cara": "-480 ms"}``,
        0 where it is not named.
    max_offset
        Largest offset looked for, default 30 s.
    iou
        Intersection over union from which on two bouts match, default 0.5.
    onset
        Within how much two bouts begin together, default 0.5 s.
    bin
        Length of the bins whose shares are compared, default 1 min.
    block
        Length of the blocks that are drawn where there is one recording, default 30 s.
    draws
        How often recordings (or blocks) are drawn for the intervals, default 1000; 0 for none.
    confidence
        Of the intervals, default 0.95.
    seed
        Of the random numbers.
    fps, like
        Frame rate, and tracks, for files of scoring; as in `read_labels`.

    Returns
    -------
    DataFrame
        A row for each pair of sources, label and measure: a, b, behaviour, category, recording,
        individual and partner (empty where taken together); kind (frames, bouts, totals), measure,
        the threshold it is `at`; value, and low and high, the ends of its interval; what it rests
        on (`n` of `n_of`) and what was drawn (`n_units` of `resampled`); offset (s); note: why a
        value is missing, or doubtful. A value that is not defined is NaN, never 0 or 1.

    Raises
    ------
    DataError
        The sources have other frame rates, animals or recordings, no frame known to both, or
        nothing in common; pairs that have nothing are left out where another has something.

    Warns
    -----
    AgreementNote
        What only one source has; frames that only one knows; clocks that seem to differ. Once for
        each kind, with what else it is true of.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> moving = annotate(simulate.still_then_running(), ["moving"])
    >>> table = agreement({"rule": moving, "late": moving.shift(time=2)}, draws=0)
    >>> table[table.measure == "kappa"][["a", "b", "value"]].round(2).values.tolist()
    [['rule', 'late', 0.98]]
    """
    grouping = _grouping(by)
    if animals not in ("each", "any"):
        raise DataError(f"animals is 'each' or 'any', found {animals!r}.")
    for given in (a, b):
        if given is not None and not isinstance(given, str | list | tuple):
            raise DataError(
                f"a and b are names of sources, found {type(given).__name__}: give all sources by "
                "name, as in ef.agreement({'anna': labels, 'rules': others}, 'anna')."
            )
    sources = sources_of(labels, fps, like)
    pairs = list(pairs_of(sources, a, b))
    readings = {one.name: read(one, rename or {}) for one in sources}
    said = [name for one in sources for name in read(one, {}).all_names()]
    for name in rename or {}:
        if name not in said:
            raise UnknownName(no_such("behaviour", name, dict.fromkeys(said)))
    offsets = clocks.offsets_of(offset, pairs)
    rows: list[dict[str, Any]] = []
    notes = Notes()
    nothing: NothingShared | None = None
    for (one, other), late in zip(pairs, offsets, strict=True):
        to_frames(max_offset, one.fps, name="max_offset")  # refused here where it is no duration
        settings = _settings(iou, onset, bin, block, draws, confidence, seed, one.fps)
        pair = Pair(
            readings[one.name],
            readings[other.name],
            individuals or {},
            animals == "any",
            None if behaviours is None else one_or_many(behaviours),
        )
        try:
            rows += compare_pair(
                pair, settings, _measures(settings, one.fps), grouping, late, max_offset, notes
            )
        except NothingShared as error:
            nothing = nothing or error
            notes.add("nothing shared", f"{one.name} and {other.name}", str(error))
    if nothing is not None and not rows:
        raise nothing if len(readings) == 2 else _nothing_shared(readings)
    for doubt in clocks.look_together(rows, pairs[0][0].fps) if offset == "search" else ():
        notes.add(doubt, "", doubt)
    for note in notes:
        warnings.warn(note, AgreementNote, stacklevel=2)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _nothing_shared(readings: Mapping[str, Reading]) -> NothingShared:
    """What is said where no pair of several sources has a behaviour in common."""
    have = "; ".join(f"{name} has {listed(one.names(), 12)}" for name, one in readings.items())
    flags_first = sorted(readings.values(), key=lambda one: not one.flags)
    new, old = (one.names()[0] for one in flags_first[:2])
    return NothingShared(
        f"no two of the {len(readings)} sources have a behaviour in common: {have}. Say which is "
        f"which, as in rename={{{old!r}: {new!r}}} (--rename {old}={new})."
    )


def _grouping(by: By | Sequence[By]) -> tuple[str, ...]:
    names = one_or_many(by)
    wrong = [name for name in names if name not in ("recording", "individual")]
    if wrong:
        raise DataError(f"by is 'recording', 'individual' or both, found {wrong[0]!r}.")
    return tuple(names)


def _settings(
    iou: float | Sequence[float],
    onset: Quantity,
    bin: Quantity,
    block: Quantity,
    draws: int,
    confidence: float,
    seed: int,
    fps: float,
) -> Settings:
    """Thresholds in frames.

    Raises
    ------
    DataError
        One cannot be.
    """
    given: list[Any] = list(iou) if isinstance(iou, list | tuple) else [iou]
    if not given or not all(isinstance(one, int | float) and 0 < one <= 1 for one in given):
        raise DataError(f"iou is above 0 and at most 1, found {iou!r}.")
    ious = tuple(sorted({float(one) for one in given}))
    if not 0 < confidence < 1:
        raise DataError(f"confidence is between 0 and 1, found {confidence!r}.")
    if draws < 0:
        raise DataError(f"draws is a number of 0 or more, found {draws!r}.")
    lengths = {"bin": to_frames(bin, fps, name="bin"), "block": to_frames(block, fps, name="block")}
    for name, frames in lengths.items():
        if not frames:
            raise DataError(
                f"{name} is shorter than a frame of {1 / fps:.3g} s: give a longer one."
            )
    return Settings(
        ious, to_frames(onset, fps, name="onset"), lengths["bin"], lengths["block"], int(draws),
        float(confidence), seed, f"{lengths['block'] / fps:g} s",
    )  # fmt: skip


def _measures(settings: Settings, fps: float) -> list[Measure]:
    return of_labels(settings.ious, settings.tolerance / fps, settings.bin / fps, fps)
