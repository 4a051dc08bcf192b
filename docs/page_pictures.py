"""The pictures of pages and of the README, which are kept beside them in ``images``.

``python docs/page_pictures.py [NAME ...]`` draws them anew, all or those that are named; that of
cleaning is of a real recording, in the folder ``ETHOFLOW_DATA``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import ethoflow as ef
from ethoflow.colours import PALETTE
from ethoflow.one_recording import links_of
from ethoflow.plot import examples
from ethoflow.plot.save import sequential, still_of

IMAGES = Path(__file__).parent / "images"
BLUE, ORANGE, GREEN, PINK = PALETTE[:4]


def pair(duration: str = "150 s", seed: int = 3) -> xr.Dataset:
    """Two simulated mice, calibrated and cleaned."""
    made = ef.simulate.simulate_cohort(1, n_individuals=2, duration=duration, seed=seed)
    floor = made.arena
    arena = ef.circle(floor.x, floor.y, floor.radius, size=floor.size)
    return ef.clean(ef.calibrate(made.tracks, arena)).isel(recording=0).compute()


def draw_ethogram() -> Any:
    """What two mice do, by the usual rules."""
    return still_of(ef.plot.ethogram(ef.annotate(pair()), title="Two simulated mice"))


def draw_swaps() -> Any:
    """Suspected swaps, as tracked and exchanged."""
    return still_of(ef.plot.swaps(*examples.swapped()))


def draw_cleaning() -> Any:
    """What cleaning took from a real recording in a T maze."""
    folder = Path(os.environ["ETHOFLOW_DATA"]) / "tracking" / "freezing-behaviordepot" / "demo5"
    (table,) = folder.glob("*racking*")
    tracks = ef.calibrate(ef.read(table, fps=29.385), px_per_mm=1.4)
    return still_of(ef.plot.cleaning(ef.clean(tracks), tracks))


def draw_windows() -> Any:
    """A heading that crosses ±π, its circular mean, and the mean that it does not have."""
    rng = np.random.default_rng(2)
    time = np.arange(250) / 25
    angle = np.pi + 0.55 * np.sin(2 * np.pi * time / 5) + rng.normal(0, 0.05, time.size)
    wrapped = np.angle(np.exp(1j * angle))
    heading = xr.DataArray(
        wrapped[np.newaxis], dims=("individual", "time"), name="heading",
        coords={"individual": ["a"], "time": ("time", time, {"units": "s"}), "fps": 25.0},
        attrs={"units": "rad"},
    )  # fmt: skip
    ds = heading.to_dataset()
    mean = ef.windowed(ds, "heading", window="1 s", statistic="mean")
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(time, wrapped, ".", color="0.6", markersize=4, label="heading")
    axes.plot(time, mean.values.squeeze(), ".", color=BLUE, label="circular mean of 1 s")
    line = heading.rolling(time=25, center=True).mean().values[0]
    axes.plot(time, line, color=ORANGE, label="mean along a line: wrong")
    axes.set(xlabel="time (s)", ylabel="heading (rad)")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def draw_own_frames() -> Any:
    """Points as tracked, in the animal's own frame, and where its partner is from there."""
    poses = pair("40 s", seed=1)
    one = poses.position.isel(individual=0)
    own = ef.align(poses, "centre", along="nose").position.isel(individual=0)
    other = ef.features.pose_of_other(poses).isel(individual=0, partner=1)
    middle = list(map(str, poses.role.values)).index("centre")
    figure = Figure(figsize=(11, 3.9), layout="constrained")
    left, centre, right = figure.subplots(1, 3)
    shades = [sequential()[i] for i in np.linspace(60, 255, one.sizes["bodypart"]).astype(int)]
    for part, colour in enumerate(shades):
        for axes, array in ((left, one), (centre, own)):
            x, y = array.isel(bodypart=part).transpose("space", "time").values[:2]
            axes.plot(x, y, ".", markersize=1.2, color=colour)
    x, y = other.isel(bodypart=middle).transpose("space", "time").values[:2]
    right.plot(x, y, ".", markersize=2, color=ORANGE)
    right.plot(0, 0, marker=(3, 0, -90), markersize=9, color="black")
    right.annotate("the animal,\nnose ahead", (12, 0), va="center", fontsize=8)
    left.set_title("as tracked", fontsize=10)
    centre.set_title('ef.align(poses, "centre", along="nose")', fontsize=10)
    right.set_title("pose_of_other: the partner's centre", fontsize=10)
    for axes in (left, centre, right):
        axes.set(xlabel="x (mm)", ylabel="y (mm)", aspect="equal")
        axes.invert_yaxis()
    return figure


def draw_features() -> Any:
    """Directions and angles of two animals, and the stops of one."""
    figure = Figure(figsize=(11, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    _draw_directions(left)
    poses = pair("40 s", seed=1).isel(individual=[0])
    middle = list(map(str, poses.role.values)).index("centre")
    speed = ef.features.speed(poses).isel(individual=0, bodypart=middle)
    stopped = ef.features.stopped(poses).isel(individual=0).values == 1
    right.plot(poses.time, speed, color=BLUE, linewidth=0.9)
    right.fill_between(
        poses.time, 0, 1, where=stopped, transform=right.get_xaxis_transform(), color=ORANGE,
        alpha=0.2, linewidth=0, label="stopped",
    )  # fmt: skip
    right.set(xlabel="time (s)", ylabel="speed of the centre (mm/s)", title="a simulated mouse")
    beside = right.twinx()
    beside.step(poses.time, ef.features.stops(poses).isel(individual=0), color="black")
    beside.set(ylabel="stops (begun within 10 s)", ylim=(0, None), yticks=range(5))
    right.legend(loc="upper right")
    return figure


def _draw_directions(axes: Any) -> None:
    """An animal, a partner, and what is measured between them."""
    places = {"nose": (30, -22), "left_ear": (22, -8), "right_ear": (8, -16), "centre": (0, 0),
              "tail_base": (-28, 8)}  # fmt: skip
    first = np.array(list(places.values()), float)
    second = first[:, ::-1] * [1, -1] + [165, 20]
    points = np.stack([first, second])[..., np.newaxis].repeat(3, axis=-1)
    ds = ef.from_arrays(points, fps=25, bodyparts=list(places), units="mm", animals=["a", "b"])
    for seat, colour in enumerate((BLUE, ORANGE)):
        shown = points[seat, :, :, 0]
        for ends in links_of(ds):
            axes.plot(*shown[list(ends)].T, color=colour, linewidth=1.5)
        axes.plot(*shown.T, "o", color=colour, markersize=5)
    f = ef.features
    heading = float(f.heading(ds).isel(individual=0, time=1))
    head = float(f.head_direction(ds).isel(individual=0, time=1))
    bearing = float(f.bearing(ds).isel(individual=0, partner=1, time=1))
    distance = float(f.centre_distance(ds).isel(individual=0, partner=1, time=1))
    for angle, length, style, said, at in (
        (heading, 95, "--", f"heading {heading:.2f}", (6, -2)),
        (head, 95, ":", f"head_direction {head:.2f}", (6, -6)),
    ):
        end = (length * np.cos(angle), length * np.sin(angle))
        axes.plot([0, end[0]], [0, end[1]], style, color="black", linewidth=1)
        axes.annotate(said, end, at, textcoords="offset points", fontsize=8)
    axes.plot(*np.stack([first[3], second[3]]).T, color="0.5", linewidth=1)
    axes.annotate(f"centre_distance {distance:.0f} mm", (70, 12), (0, -16), fontsize=8,
                  textcoords="offset points", color="0.35")  # fmt: skip
    arc = np.linspace(heading, heading + bearing, 40)
    axes.plot(55 * np.cos(arc), 55 * np.sin(arc), color=PINK)
    middle = heading + bearing / 2
    axes.annotate(f"bearing {bearing:.2f}", (58 * np.cos(middle), 58 * np.sin(middle)),
                  color=PINK, fontsize=8, va="center")  # fmt: skip
    for name, (x, y) in places.items():
        if name in ("nose", "centre", "tail_base"):
            aside = (-16, 6) if name == "centre" else (0, 8)
            axes.annotate(name, (x, y), aside, textcoords="offset points", fontsize=8, ha="center")
    axes.set(xlabel="x (mm)", ylabel="y (mm), down as in videos", aspect="equal",
             title="angles in rad, positive from +x towards +y", xlim=(-50, 215),
             ylim=(-62, 62))  # fmt: skip
    axes.invert_yaxis()


def draw_arenas_found() -> Any:
    """What is found on a round floor, on four sides seen askew, and in clutter."""
    rng = np.random.default_rng(5)

    def room() -> Any:
        return np.clip(70 + rng.normal(0, 4, (240, 320)), 0, 255).astype(np.uint8)

    round_floor, askew, clutter = room(), room(), room()
    cv2.circle(round_floor, (160, 120), 95, 165, -1)
    cv2.fillPoly(askew, [np.array([(70, 30), (245, 40), (285, 215), (45, 200)])], 165)
    for _ in range(90):
        place = tuple(int(v) for v in rng.uniform((0, 0), (320, 240)))
        cv2.circle(clutter, place, int(rng.uniform(6, 30)), int(rng.uniform(0, 255)), -1)
    figure = Figure(figsize=(11, 3.1), layout="constrained")
    for axes, image in zip(figure.subplots(1, 3), (round_floor, askew, clutter), strict=True):
        found = ef.find_arena(image)
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        if found.best is not None:
            corners = found.best.corners()
            ring = np.concatenate([corners, corners[:1]])
            sure = found.arena is not None
            axes.plot(*ring.T, color=GREEN if sure else ORANGE, linestyle="-" if sure else "--")
        said = "found" if found.arena is not None else "not taken"
        axes.set_title(f"confidence {found.confidence:.2f}: {said}", fontsize=10)
        axes.set(xlabel="x (px)", ylabel="y (px)")
    return figure


def mice() -> xr.Dataset:
    """Ten recordings of two simulated mice, half of them treated, calibrated and cleaned."""
    made = ef.simulate.simulate_cohort(10, n_individuals=2, duration="60 s", seed=3)
    floor = made.arena
    arena = ef.circle(floor.x, floor.y, floor.radius, size=floor.size)
    return ef.clean(ef.calibrate(made.tracks, arena)).compute()


def draw_explain() -> Any:
    """The card of the cluster that is told best."""
    poses = mice()
    clusters = ef.cluster.fit(poses, n_clusters=5, model="mixture").predict(poses)
    surrogate = ef.explain.surrogate(poses, clusters, max_rows=6000)
    rules = ef.annotate(poses, ["moving", "immobile", "climbing", "side_by_side"])
    cards = ef.explain.cards(
        surrogate, clusters, poses=poses, by="treatment", beside={"rules": rules}
    )
    best = surrogate.scores.sort_values("f1").behaviour.iloc[-1]
    return still_of(ef.plot.cluster_card(cards, best))


def draw_video() -> Any:
    """A frame of a labelled video, and one of a grid of examples."""
    poses = mice()
    labels = ef.annotate(poses, ["moving", "immobile", "climbing", "side_by_side"]).compute()
    regions = ef.mark_regions(poses, {"centre": "centre 50 % of side"})
    with tempfile.TemporaryDirectory() as folder:
        one, grid = Path(folder) / "one.webm", Path(folder) / "grid.webm"
        first = {"recording": [0]}
        ef.video.labelled(
            regions.isel(first), labels.isel(first), to=one, start=52, stop=54, trail="1 s"
        )
        ef.video.examples(poses, labels, "climbing", to=grid, n=8, seed=0)
        stills = [ef.video.frames(path).isel(time=30).values for path in (one, grid)]
    figure = Figure(figsize=(14, 7.4), layout="constrained", facecolor="white")
    for axes, still in zip(figure.subplots(1, 2), stills, strict=True):
        axes.imshow(still, interpolation="antialiased")
        axes.set_axis_off()
    return figure


PICTURES: dict[str, Callable[[], Any]] = {
    "arenas_found": draw_arenas_found,
    "cleaning": draw_cleaning,
    "ethogram": draw_ethogram,
    "explain": draw_explain,
    "features": draw_features,
    "own_frames": draw_own_frames,
    "swaps": draw_swaps,
    "video": draw_video,
    "windows": draw_windows,
}


def draw_pages(names: list[str], folder: Path = IMAGES) -> None:
    """Draw the named pictures into `folder`."""
    mpl.use("agg")
    for name in names or list(PICTURES):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figure = PICTURES[name]()
        figure.savefig(
            folder / f"{name}.png", dpi=110, bbox_inches="tight", metadata={"Software": None}
        )


if __name__ == "__main__":
    draw_pages(sys.argv[1:])
