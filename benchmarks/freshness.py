"""CPU seconds of what has little to do, beside a full run: 300 recordings, stored tracks to labels.

Two mice, 11 points: tracks, cleaned poses of all points, features and the seven behaviours, each
group written and opened again. Then, in the same process: nothing to do, one threshold changed, one
recording more.

    python benchmarks/freshness.py                        # 300 recordings of 10 minutes at 30 fps
    python benchmarks/freshness.py --recordings 20 --minutes 1
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from throughput import cpu_seconds

import ethoflow as ef
from ethoflow import simulate
from ethoflow.features import compute
from ethoflow.schema import make_time, text


def make_tracks(recordings: int, n_frames: int, fps: float) -> tuple[xr.Dataset, ef.Arena]:
    """Recordings that differ, cut from a simulated one at other moments."""
    simulation = simulate.simulate_recording(duration="5 min", fps=fps, seed=1)
    base = simulation.tracks.isel(recording=0)
    rng = np.random.default_rng(0)
    data = {}
    for name in ("position", "confidence"):
        values, n = base[name].values, base.sizes["time"]
        rows = [
            np.take(values, (np.arange(n_frames) + shift) % n, axis=-1)
            for shift in rng.integers(0, n, recordings)
        ]
        data[name] = (("recording", *base[name].dims), np.stack(rows), base[name].attrs)
    animals = np.array([[f"a{i}", f"b{i}"] for i in range(recordings)], object)
    tracks = xr.Dataset(
        data,
        coords={
            **{n: base[n].variable for n in ("individual", "bodypart", "space", "role", "fps")},
            "time": make_time(n_frames, fps),
            "recording": text([f"recording_{i:04d}" for i in range(recordings)]),
            "animal": (("recording", "individual"), animals),
        },
    )
    a = simulation.arena
    return tracks, ef.circle(a.x, a.y, a.radius, size=a.size)


def run(tracks: xr.Dataset | None, path: Path, arena: ef.Arena, parameters: Any) -> int:
    """New tracks, where there are any, and all groups behind; gives the parts written."""
    written = 0 if tracks is None else ef.write(tracks, path).written
    poses = ef.clean(ef.calibrate(ef.open(path, "tracks"), arena))
    written += ef.write(poses, path, "poses", keep=False).written
    features, _ = compute(ef.open(path, "poses"), ["body_length", "heading"])
    written += ef.write(features, path, "features", keep=False).written
    labels = ef.annotate(ef.open(path, "poses"), parameters=parameters)
    return written + ef.write(labels, path, "labels/rules", keep=False).written


def main() -> None:
    """Print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    n_frames = round(options.minutes * 60 * 30)
    tracks, arena = make_tracks(options.recordings + 1, n_frames, 30.0)
    most = tracks.isel(recording=slice(options.recordings))
    faster = {"moving": {"min_speed": "9 cm/s"}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cohort.zarr"
        run(tracks.isel(recording=[0]), Path(folder) / "compiled.zarr", arena, {})
        full = 0.0
        for title, new, parameters in (
            ("full", most, {}),
            ("nothing to do", None, {}),
            ("one recording more", tracks.isel(recording=[options.recordings]), {}),
            ("one threshold", None, faster),
        ):
            used = cpu_seconds()
            written = run(new, path, arena, parameters)
            used = cpu_seconds() - used
            full = full or used
            print(f"{title:20s} {written:6d} parts {used:8.2f} CPU s {used / full:8.1%}")


if __name__ == "__main__":
    main()
