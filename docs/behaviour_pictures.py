"""A picture of an example bout for every behaviour, from simulated mice.

Run by `conf.py`; by itself ``python docs/behaviour_pictures.py FOLDER`` draws them into a folder.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import ethoflow as ef
from ethoflow.labels.presets import PRESETS
from ethoflow.simulate.body import Mouse, bodyparts, make_points
from ethoflow.skeleton import SEGMENTS

MOMENTS = 5
"""Times at which an animal is drawn, the earliest the palest."""

ROOM = 60.0
"""mm about what happens."""

LONGEST = 4.0
"""Seconds of a bout that are drawn."""

STAGED = ("chasing", "curled", "rearing")
"""What the mice of the simulator do not do."""

ACTOR, OTHER = "#0072b2", "#d55e00"


class Bout(NamedTuple):
    """One bout of a behaviour, and who does it to whom; frames, the stop exclusive."""

    behaviour: str
    recording: int
    actor: int
    partner: int | None
    start: int
    stop: int


def make_poses() -> xr.Dataset:
    """A few recordings of two simulated mice, cleaned, with an arena and a region."""
    made = ef.simulate.simulate_cohort(3, n_individuals=2, duration="150 s", fps=25, seed=7)
    floor = made.arena
    arena = ef.circle(floor.x, floor.y, floor.radius, size=floor.size)
    poses = ef.clean(ef.calibrate(made.tracks, arena))
    return ef.mark_regions(poses, {"object": ef.circle(floor.x, floor.y, floor.radius / 6)})


def make_staged(arena_like: xr.Dataset) -> xr.Dataset:
    """Two mice that do what those of the simulator never do: one chases, rears and rolls up."""
    fps, stretch = 25, 50
    poses = np.zeros((2, 4 * stretch, 6))
    way = np.clip(np.arange(4 * stretch) - 10, 0, 40) * 200 / fps
    poses[0, :, 0], poses[1, :, 0] = way - 160, way - 55
    points = np.stack([make_points(one, Mouse(40.0)) for one in poses])
    middle = points[0, 4:5, :, :]
    reared, rolled = slice(2 * stretch, 2 * stretch + 30), slice(3 * stretch, 3 * stretch + 40)
    points[0, ..., reared] = middle[..., reared] + (points[0] - middle)[..., reared] * 0.6
    points[0, 0, :, rolled] = middle[0][:, rolled] + np.array([[-20.0], [30.0]])
    points += arena_like.arena_centre.isel(recording=0).values[:, np.newaxis]
    made = ef.from_arrays(points, fps=fps, bodyparts=bodyparts(11), units="mm", recording="staged")
    beside = ["arena", "arena_centre", "arena_radius", "region_outline"]
    places = arena_like[beside].isel(recording=0, drop=True).reset_coords(drop=True)
    return made.assign(places.data_vars).expand_dims("recording")


def make_labels(poses: xr.Dataset) -> xr.Dataset:
    """Labels by all rules, those of presets under the name of what stands for them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = ef.annotate(poses, "all")
        for name, preset in PRESETS.items():
            own = ef.annotate(poses, preset=name)
            labels = labels.assign({to: own[of] for of, to in preset.stand_ins.items()})
    return labels


def find_bout(labels: xr.Dataset, behaviour: str) -> Bout | None:
    """The longest bout that lies in the recording and between known frames, up to `LONGEST` s."""
    table = ef.find_bouts(labels[[behaviour]])
    whole = table[~table.cut] if len(table) else table
    if not len(whole):
        return None
    most = LONGEST if (whole.duration <= LONGEST).any() else whole.duration.min()
    one = whole[whole.duration <= most].sort_values("duration").iloc[-1]
    names = [str(name) for name in labels.individual.values]
    partner = names.index(one.partner) if one.partner in names else None
    actor = names.index(one.individual) if one.individual in names else 0
    row = [str(name) for name in labels.recording.values].index(one.recording)
    start, stop = (round(float(t) * float(labels.fps)) for t in (one.start, one.stop))
    return Bout(behaviour, row, actor, partner, start, stop)


def draw(poses: xr.Dataset, bout: Bout, path: Path) -> None:
    """The animals at a few moments of a bout, the earliest the palest, seen from above."""
    stop = min(bout.stop, bout.start + round(LONGEST * float(poses.fps)))
    frames = np.unique(np.linspace(bout.start, stop - 1, MOMENTS).round().astype(int))
    one = poses.isel(recording=bout.recording)
    figure = Figure(figsize=(4.2, 3.2), layout="constrained")
    axes = figure.subplots()
    _draw_place(axes, one)
    seen = []
    for animal in range(one.sizes["individual"]):
        points = one.position.isel(individual=animal).transpose("bodypart", "space", "time").values
        colour = ACTOR if animal == bout.actor else OTHER if bout.partner == animal else "0.6"
        for number, frame in enumerate(frames):
            _draw_mouse(axes, one, points[..., frame], colour, (number + 1) / len(frames))
        if colour != "0.6":
            seen.append(points[..., frames])
    places = np.concatenate(seen).transpose(1, 0, 2).reshape(2, -1)
    low, high = np.nanmin(places, axis=1) - ROOM, np.nanmax(places, axis=1) + ROOM
    axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]), aspect="equal")
    axes.set(xlabel="x (mm)", ylabel="y (mm)")
    axes.set_title(f"{(bout.stop - bout.start) / float(poses.fps):.1f} s", loc="right", fontsize=9)
    figure.savefig(path, dpi=90, metadata={"Software": None})


def _draw_place(axes: Any, one: xr.Dataset) -> None:
    """The wall, and the regions."""
    wall = one.arena.values
    wall = wall[~np.isnan(wall[:, 0])]
    axes.plot(*np.vstack([wall, wall[:1]]).T[:2], color="0.3", linewidth=1.5)
    for outline in one.region_outline.transpose("region", ...).values:
        corners = outline[~np.isnan(outline[:, 0])]
        axes.fill(*corners.T[:2], facecolor="0.93", edgecolor="0.7", linewidth=0.8)


def _draw_mouse(
    axes: Any, one: xr.Dataset, points: np.ndarray, colour: str, strength: float
) -> None:
    roles = [str(role) for role in one.role.values]
    look = {"color": colour, "alpha": 0.15 + 0.85 * strength}
    for pair in SEGMENTS:
        ends = [points[roles.index(role)] for role in pair if role in roles]
        if len(ends) == 2:
            axes.plot(*np.array(ends).T, linewidth=1.6, **look)
    axes.plot(*points[roles.index("nose")], "o", markersize=4.5, **look)


def draw_all(folder: Path) -> dict[str, str]:
    """Draw every behaviour that the simulated mice show; gives the file of each by its name."""
    mpl.use("agg")
    folder.mkdir(parents=True, exist_ok=True)
    poses = make_poses()
    labels = make_labels(poses).compute()
    staged = make_staged(poses)
    drawn = {}
    for name in map(str, labels.data_vars):
        scene, bout = poses, find_bout(labels, name)
        if bout is None and name in STAGED:
            scene, bout = staged, find_bout(getattr(ef.behaviours, name)(staged).to_dataset(), name)
        if bout is not None:
            draw(scene, bout, folder / f"{name}.png")
            drawn[name] = f"{name}.png"
    return drawn


if __name__ == "__main__":
    print(", ".join(draw_all(Path(sys.argv[1]))))
