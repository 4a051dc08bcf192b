"""Poses that move: a page that draws the skeletons frame by frame, and needs nothing else."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.colours import colour_of_seat
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.one_recording import (
    arena_outline,
    links_of,
    nose_of,
    one_recording,
    recording_title,
)
from ethoflow.origin import clock_times
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.floor import limits_of, shown_names
from ethoflow.plot.picture import Moving, Picture
from ethoflow.plot.pose import pose, tabulate
from ethoflow.schema import Data, as_dataset, position_units

MOST_FRAMES = 5000
"""Frames of a page: more make it slow to open."""


def _example() -> Picture:
    return animation(examples.one(), start=15.0, stop=17.0)


@plot(
    "one recording",
    example=_example,
    code='ef.plot.animation(poses.sel(recording="session_00"), start=15, stop=17)',
)
def animation(data: Data, *, start: float, stop: float) -> Picture:
    """Skeletons of all animals as they move, at the pace of the recording; y points down.

    A page of HTML with a button, a slider and a choice of pace; as PNG and SVG a few moments of it.
    Body parts that are not seen in a frame are left out, and so are the lines to them.

    Parameters
    ----------
    data
        Tracks or poses of one recording.
    start, stop
        Between which times, s of the recording's own clock.

    Raises
    ------
    DataError
        Nothing lies between these times, or too much.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> picture = animation(simulate.still_then_running(), start=1, stop=2)
    >>> picture.data.time.nunique()
    26
    """
    ds = one_recording(as_dataset(data, needs=["position"]))
    times = clock_times(ds)
    within = (times >= start - 1e-9) & (times <= stop + 1e-9)
    if within.sum() > MOST_FRAMES:
        raise DataError(
            f"from {start:g} to {stop:g} s there are {int(within.sum()):,} frames, and a page "
            f"holds {MOST_FRAMES:,}: choose a shorter stretch."
        )
    still = pose(ds, start=start, stop=stop).figure
    part = ds.isel(time=np.flatnonzero(within))
    position = part.position.transpose("individual", "time", "bodypart", "space").values[..., :2]
    content = _content(ds, part, position, times[within])
    text = json.dumps(content, allow_nan=False).replace("<", "\\u003c")
    page = PAGE.replace("CONTENT", text, 1)
    return Picture(Moving(page, still), tabulate(part, position, times[within]))


def _content(ds: xr.Dataset, part: xr.Dataset, position: Array, times: Array) -> dict[str, Any]:
    """What the page draws; null where a point is not seen."""
    outline = arena_outline(ds)
    known = position.reshape(-1, 2).T
    if outline is not None:
        known = np.concatenate([known, outline[:, :2].T], axis=1)
    (left, right), (top, bottom) = limits_of(known)
    digits = _digits(max(right - left, bottom - top))
    animals = [
        {"name": name, "colour": colour_of_seat(seat), "points": _rounded(position[seat], digits)}
        for seat, name in shown_names(part).items()
    ]
    return {
        "title": recording_title(ds),
        "units": position_units(ds),
        "times": np.round(times, 4).tolist(),
        "limits": [left, top, right, bottom],
        "arena": [] if outline is None else np.round(outline[:, :2].astype(float), digits).tolist(),
        "links": links_of(part),
        "nose": nose_of(part),
        "animals": animals,
    }


def _digits(extent: float) -> int:
    """Decimals that tell a tenth of a pixel of the page apart, whatever the unit is."""
    return max(4 - math.floor(math.log10(extent)), 0)


def _rounded(points: Array, digits: int) -> list[Any]:
    """(frame, bodypart, space) as lists, null where a point is not seen."""
    found = np.round(points.astype(float), digits).astype(object)
    found[np.isnan(points)] = None
    nested: list[Any] = found.tolist()
    return nested


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>ethoflow</title><style>
body { font: 14px sans-serif; margin: 12px } canvas { max-width: 100%; border: 1px solid #ddd }
input[type=range] { width: 420px; vertical-align: middle } output { margin-left: 8px }
</style></head><body>
<h3 id="title"></h3><canvas id="floor"></canvas>
<div><button id="play">play</button>
<input id="at" type="range" min="0" value="0" aria-label="frame">
<select id="pace" aria-label="pace"><option value="0.25">x 0.25</option>
<option value="1" selected>x 1</option><option value="4">x 4</option></select>
<output id="clock"></output></div>
<div id="who"></div>
<script type="application/json" id="content">CONTENT</script>
<script>
const told = JSON.parse(document.getElementById("content").textContent);
const get = name => document.getElementById(name);
const canvas = get("floor"), pen = canvas.getContext("2d");
const [left, top_, right, bottom] = told.limits;
const scale = Math.min(860 / (right - left), 600 / (bottom - top_));
canvas.width = Math.ceil((right - left) * scale);
canvas.height = Math.ceil((bottom - top_) * scale);
get("title").textContent = told.title;
get("at").max = told.times.length - 1;
const place = p => [(p[0] - left) * scale, (p[1] - top_) * scale];
const seen = p => p[0] !== null && p[1] !== null;
for (const animal of told.animals) {
  const name = document.createElement("span");
  name.style.color = animal.colour;
  name.textContent = "\\u25cf " + animal.name + "  ";
  get("who").append(name);
}
function line(points, colour, width) {
  pen.strokeStyle = colour; pen.lineWidth = width; pen.beginPath();
  points.forEach((p, i) => i ? pen.lineTo(...place(p)) : pen.moveTo(...place(p)));
  pen.stroke();
}
function draw(frame) {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  line(told.arena, "black", 1.5);
  for (const animal of told.animals) {
    const points = animal.points[frame];
    for (const [a, b] of told.links) {
      if (seen(points[a]) && seen(points[b])) line([points[a], points[b]], animal.colour, 2);
    }
    pen.fillStyle = animal.colour;
    points.forEach((p, i) => {
      if (!seen(p)) return;
      pen.beginPath();
      pen.arc(...place(p), i === told.nose ? 5 : 2, 0, 2 * Math.PI);
      pen.fill();
    });
  }
  get("at").value = frame;
  get("clock").textContent = told.times[frame].toFixed(2) + " s";
}
let playing = false, begun = 0, from = 0;
function step(now) {
  if (!playing) return;
  const gone = (now - begun) / 1000 * Number(get("pace").value);
  let frame = from;
  while (frame + 1 < told.times.length && told.times[frame + 1] - told.times[from] <= gone) frame++;
  draw(frame);
  if (frame + 1 < told.times.length) requestAnimationFrame(step); else stop();
}
function stop() { playing = false; get("play").textContent = "play"; }
function play() {
  const at = Number(get("at").value);
  from = at + 1 < told.times.length ? at : 0;
  playing = true; get("play").textContent = "stop"; begun = performance.now();
  requestAnimationFrame(step);
}
get("play").onclick = () => playing ? stop() : play();
get("at").oninput = () => { stop(); draw(Number(get("at").value)); };
get("pace").onchange = () => { if (playing) { stop(); play(); } };
draw(0);
</script></body></html>
"""
