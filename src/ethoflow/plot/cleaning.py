"""What cleaning did: how much was missing, taken and left missing, per body part and over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ethoflow.cleaning import clean
from ethoflow.colours import PALETTE
from ethoflow.engine.declare import Array
from ethoflow.one_recording import one_recording, recording_title
from ethoflow.origin import clock_end, clock_times
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.schema import Data, DataError, as_dataset
from ethoflow.stats.cleaning import STEPS, Counts, count_cleaning, tabulate

BINS = 90
"""Parts of the recording that are told apart."""

ROW = 0.17
"""Height of a body part, in inches."""

MOST_ROWS = 150
"""Body parts of all animals that can still be told apart."""


def _example() -> Picture:
    return cleaning(clean(examples.raw()))


@plot(
    "quality",
    example=_example,
    code='ef.plot.cleaning(poses.sel(recording="session_00"))',
)
def cleaning(after: Data, before: Data | None = None) -> Picture:
    """What was missing before, what cleaning took, and what is missing after, of one recording.

    A row for each body part of each animal; left, the share of frames over time, right, that of the
    whole recording, and which step took how much.

    Parameters
    ----------
    after
        What `clean` made.
    before
        Tracks that it was made of; by default what was seen in them follows from the marks of
        `clean`.

    Raises
    ------
    DataError
        Several recordings, others before than after, or too many body parts.
    """
    from matplotlib.figure import Figure

    ds = one_recording(as_dataset(after, needs=["position"]))
    old = None if before is None else one_recording(as_dataset(before, needs=["position"]))
    counts = count_cleaning(ds, old, min(BINS, max(ds.sizes["time"], 1)))
    names = _names(counts)
    if len(names) > MOST_ROWS:
        raise DataError(
            f"there are {len(names)} body parts, too many for one picture; choose some with "
            ".sel(individual=...) or .sel(bodypart=...)."
        )
    begin = float(clock_times(ds)[0]) if ds.sizes["time"] else 0.0
    span = (begin, clock_end(ds))
    height = 1.6 + 3 * (0.45 + ROW * len(names))
    figure = Figure(figsize=(10, height), layout="constrained")
    figure.suptitle(f"{recording_title(ds)}: cleaning", fontsize=11)
    axes = figure.subplots(3, 2, width_ratios=(3, 1), sharey=True, sharex="col")
    taken = [name for name in (*STEPS, "other") if counts.of(name).any()]
    missing = counts.of("n_frames") - counts.of("seen_before")
    rows = (
        ("missing in the tracks", {"": missing}),
        ("taken by cleaning", {name: counts.of(name) for name in taken}),
        ("missing after cleaning", {"": counts.of("missing_after")}),
    )
    for (title, parts), pair in zip(rows, axes, strict=True):
        image = _draw(pair, title, parts, counts.of("n_frames"), names, span)
    if taken:
        figure.legend(*axes[1, 1].get_legend_handles_labels(), loc="outside lower right",
                      fontsize=7, ncols=3, title="taken as", title_fontsize=7)  # fmt: skip
    widest = max(axis.get_xlim()[1] for axis in axes[:, 1])
    axes[2, 1].set_xlim(0, min(1.1 * widest, 118))
    axes[2, 0].set_xlabel("time (s)", fontsize=8)
    axes[2, 1].set_xlabel("% of frames", fontsize=8)
    bar = figure.colorbar(image, ax=axes[:, 0], location="bottom", aspect=60, shrink=0.6, pad=0.01)
    bar.set_label("% of frames", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return Picture(figure, tabulate(counts, ds))


def _names(counts: Counts) -> list[str]:
    """What rows are called: body parts, with their animal where there are several."""
    several = len(counts.individuals) > 1
    return [
        f"{slot}: {part}" if several else part
        for slot in counts.individuals
        for part in counts.bodyparts
    ]


def _draw(
    axes: Any,
    title: str,
    parts: dict[str, Array],
    frames: Array,
    names: list[str],
    span: tuple[float, float],
) -> Any:
    """One row of the picture: shares over time, and of the whole recording part by part."""
    n = len(names)
    flat = {name: part.reshape(n, -1) for name, part in parts.items()}
    frames = frames.reshape(n, -1)
    total = sum(flat.values(), np.zeros_like(frames))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 100 * total / frames
    over_time, whole = axes
    image = over_time.imshow(
        share, aspect="auto", vmin=0, vmax=100, cmap="cividis", interpolation="nearest",
        extent=(*span, n - 0.5, -0.5),
    )  # fmt: skip
    over_time.set_yticks(range(n), names, fontsize=7)
    over_time.set_title(title, fontsize=9, loc="left")
    left = np.zeros(n)
    for (name, part), colour in zip(flat.items(), PALETTE, strict=False):
        width = 100 * part.sum(axis=1) / np.maximum(frames.sum(axis=1), 1)
        label = name.replace("_", " ")
        whole.barh(range(n), width, left=left, color=colour, height=0.8, label=label)
        left += width
    for row, width in enumerate(left):
        whole.annotate(f"{width:.1f}", (width, row), (2, 0), textcoords="offset points",
                       fontsize=6, va="center")  # fmt: skip
    for axis in axes:
        axis.tick_params(labelsize=7)
    return image
