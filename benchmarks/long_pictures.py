"""CPU seconds, size and peak memory of pictures of a long recording, and of a zoom in a notebook.

Two mice, 5 points, four behaviours with bouts of 3 s. Each picture is drawn from a store, in a
process of its own.

    python benchmarks/long_pictures.py                 # 24 h at 30 fps
    python benchmarks/long_pictures.py --hours 1
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

FPS = 30.0
BOUT = 90
"""Mean length of a bout and of the time between bouts, in frames."""

KINDS = ("ethogram", "cohort_ethogram", "traces", "traces_labels", "trajectories", "occupancy")


def make_store(path: Path, n_frames: int) -> None:
    """Paths that wander, and labels that come and go; neither is known for a while."""
    import numpy as np
    import xarray as xr

    import ethoflow as ef

    rng = np.random.default_rng(0)
    steps = rng.normal(0, 3, (2, 1, 2, n_frames)).astype(np.float32)
    middle = 200 * np.sin(np.cumsum(steps, axis=-1) / 200)
    points = middle + np.linspace(-30, 30, 5, dtype=np.float32)[:, np.newaxis, np.newaxis]
    gone = slice(n_frames // 25, n_frames // 20)
    points[..., gone] = np.nan
    parts = ["nose", "left_ear", "right_ear", "centre", "tail_base"]
    poses = ef.from_arrays(points, fps=FPS, bodyparts=parts, units="mm", animals=["m1", "m2"])
    poses = poses.assign_coords(recording="long").expand_dims("recording")
    ef.write(poses.chunk(time=100_000), path, "poses")
    n_bouts = 2 * n_frames // BOUT + 10
    labels = {}
    for name in ("immobile", "moving", "grooming", "rearing"):
        lengths = rng.geometric(1 / BOUT, (2, n_bouts))
        rows = [np.repeat(np.arange(n_bouts) % 2, row)[:n_frames] for row in lengths]
        shown = np.stack(rows).astype(np.float32)[np.newaxis]
        shown[..., gone] = np.nan
        labels[name] = (("recording", "individual", "time"), shown, {"kind": "label"})
    dims = {"recording", "individual", "time"}
    known = {name: c for name, c in poses.coords.items() if set(c.dims) <= dims}
    ef.write(xr.Dataset(labels, known).chunk(time=100_000), path, "labels/rules")


def draw(kind: str, path: Path) -> str:
    """A line of what one picture takes."""
    import holoviews as hv

    import ethoflow as ef

    poses = ef.open(path, "poses").isel(recording=0)
    labels = ef.open(path, "labels/rules").isel(recording=0)
    makers = {
        "ethogram": lambda: ef.plot.ethogram(labels),
        "cohort_ethogram": lambda: ef.plot.cohort_ethogram(labels),
        "traces": lambda: ef.plot.traces(ef.features.speed(poses)),
        "traces_labels": lambda: ef.plot.traces(ef.features.speed(poses), labels=labels),
        "trajectories": lambda: ef.plot.trajectories(poses),
        "occupancy": lambda: ef.plot.occupancy(poses),
    }
    begin = time.process_time()
    picture = makers[kind]()
    page = picture.save(path.parent / f"{kind}.html")
    drawn = time.process_time() - begin
    size = page.stat().st_size / 1e6
    zoomed = ""
    shown = hv.renderer("bokeh").get_plot(picture.figure)
    ranges = [one for one in shown.streams if isinstance(one, hv.streams.RangeX)]
    if ranges:
        times = poses.time.values
        begin = time.process_time()
        for start in range(10):
            at = float(times[len(times) * start // 20])
            ranges[0].event(x_range=(at, at + float(times[-1]) / 10))
        zoomed = f", {100 * (time.process_time() - begin):.0f} ms a zoom"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{kind}: {drawn:.1f} CPU s, page of {size:.1f} MB, {peak:.0f} MB peak{zoomed}"


def main() -> None:
    """Draw each, in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--draw", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.draw:
        print(draw(options.draw[0], Path(options.draw[1])))
        return
    if options.make:
        make_store(Path(options.make), round(options.hours * 3600 * FPS))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.zarr"
        # The peak of a process counts what the one held that it was started from.
        hours = ["--hours", str(options.hours)]
        subprocess.run([sys.executable, __file__, "--make", str(path), *hours], check=True)
        for kind in KINDS:
            subprocess.run([sys.executable, __file__, "--draw", kind, str(path)], check=True)


if __name__ == "__main__":
    main()
