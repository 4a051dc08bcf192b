"""Every measure of agreement: its name, unit, what it is made of, and why it may be undefined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ethoflow.labels.comparison import bouts, frames, totals
from ethoflow.labels.comparison.frames import Array, Sums


@dataclass(frozen=True)
class Measure:
    """One row of the table.

    Attributes
    ----------
    kind
        What it compares: frames, bouts or totals.
    name
        What it is called.
    value
        Makes it of the sums of one or of many draws.
    count
        How much it rests on, of the same sums.
    counted
        What that is a number of.
    why
        The reason where the value is NaN.
    unit
        Unit of the value.
    at
        The threshold it is at; NaN where there is none.
    at_unit
        Unit of the threshold.
    is_count
        It is a number of bouts, which has no interval.
    """

    kind: str
    name: str
    value: Callable[[Sums], Array]
    count: Callable[[Sums], Array]
    counted: str
    why: Callable[[Sums, str], str]
    unit: str = "1"
    at: float = float("nan")
    at_unit: str = ""
    is_count: bool = False


def _pick(name: str) -> Callable[[Sums], Array]:
    def value(sums: Sums) -> Array:
        return sums[name]

    return value


def _added(*names: str) -> Callable[[Sums], Array]:
    def value(sums: Sums) -> Array:
        total: Array = np.sum([sums[name] for name in names], axis=0)
        return total

    return value


def _of_frames() -> list[Measure]:
    functions = (
        frames.accuracy, frames.kappa, frames.f1, frames.precision, frames.recall, frames.mcc,
    )  # fmt: skip
    return [
        Measure("frames", one.__name__, one, frames.n_frames, "frames", frames.why_frames)
        for one in functions
    ]


def of_categories() -> list[Measure]:
    """Measures of all categories of a variable together."""
    named = {
        "accuracy": frames.cells_accuracy,
        "kappa": frames.cells_kappa,
        "adjusted_rand": frames.cells_rand,
    }
    return [
        Measure("frames", name, value, _n_cells, "frames", frames.why_cells)
        for name, value in named.items()
    ]


def _n_cells(sums: Sums) -> Array:
    total: Array = sums["cells"].sum((-2, -1))
    return total


def _of_bouts(ious: Sequence[float], tolerance: float, fps: float) -> list[Measure]:
    def counts(name: str, of: str) -> Measure:
        value = _pick(of)
        return Measure(
            "bouts", name, value, value, "bouts", bouts.why_bouts, "bouts", is_count=True
        )

    def of_kind(kind: str, prefix: str, at: float = np.nan, at_unit: str = "") -> list[Measure]:
        n = _added(f"{kind}_hit", f"{kind}_missed", f"{kind}_false")
        return [
            Measure(
                "bouts", f"{prefix}_{one.__name__}", partial(one, kind=kind), n, "bouts",
                bouts.why_bouts, at=at, at_unit=at_unit,
            )
            for one in (bouts.precision, bouts.recall, bouts.f1)
        ]  # fmt: skip

    def lag(edge: str) -> Measure:
        seen, sum_of = _pick(f"{edge}_seen"), f"{edge}_lag"
        return Measure(
            "bouts", f"{edge}_lag", lambda sums: frames.ratio(sums[sum_of], seen(sums)) / fps,
            seen, "pairs", bouts.why_bouts, "s", ious[0], "1",
        )  # fmt: skip

    return [
        counts("bouts_a", "bouts_a"),
        counts("bouts_b", "bouts_b"),
        counts("bouts_cut_a", "cut_a"),
        counts("bouts_cut_b", "cut_b"),
        *(
            Measure("bouts", name, _mean_of(name), _pick(f"{name}_n"), "tracks", bouts.why_bouts)
            for name in bouts.BANOS
        ),
        counts("bouts_hit", "met_hit"),
        counts("bouts_missed", "met_missed"),
        counts("bouts_false", "met_false"),
        *of_kind("met", "hit"),
        *(one for level in ious for one in of_kind(f"iou_{level:g}", "overlap", level, "1")),
        *of_kind("onset", "onset", tolerance, "s"),
        lag("start"),
        lag("stop"),
    ]


def _mean_of(name: str) -> Callable[[Sums], Array]:
    def value(sums: Sums) -> Array:
        return frames.ratio(sums[name], sums[f"{name}_n"])

    return value


def _of_totals(bin: float) -> list[Measure]:
    def measure(name: str, value: Callable[[Sums], Array], of: str, counted: str) -> Measure:
        at, unit = (bin, "s") if of == "bin" else (np.nan, "")
        return Measure(
            "totals", name, value, _pick(f"{of}_n"), counted, totals.why_totals, at=at, at_unit=unit
        )

    def of_frames(name: str, value: Callable[[Sums], Array]) -> Measure:
        return Measure("totals", name, value, frames.n_frames, "frames", frames.why_frames)

    return [
        of_frames("share_a", partial(totals.share, name="a")),
        of_frames("share_b", partial(totals.share, name="b")),
        of_frames("share_difference", lambda s: totals.share(s, "b") - totals.share(s, "a")),
        measure("icc", partial(totals.icc, name="total"), "total", "tracks"),
        measure("bin_error", totals.mean_error, "bin", "bins"),
        measure("bin_icc", partial(totals.icc, name="bin"), "bin", "bins"),
    ]


def of_labels(ious: Sequence[float], tolerance: float, bin: float, fps: float) -> list[Measure]:
    """Measures of a label; thresholds in s."""
    return [*_of_frames(), *_of_bouts(ious, tolerance, fps), *_of_totals(bin)]
