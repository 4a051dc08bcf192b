"""Frames per CPU second and peak memory from Zarr to Zarr, beside a bare pass over the same data.

Two mice, 11 points: cleaning (confidence, jumps, gaps, median) and the seven behaviours.

    python benchmarks/throughput.py                       # 10 recordings of an hour at 30 fps
    python benchmarks/throughput.py --recordings 100 --minutes 6 --scheduler processes
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow import simulate, store
from ethoflow.engine.schedule import use_scheduler
from ethoflow.schema import make_time, text

MODES = ("labels", "poses and labels", "bare")


def make_store(path: Path, recordings: int, n_frames: int, fps: float) -> ef.Arena:
    """A store of `recordings` long recordings, written one by one in bounded memory."""
    simulation = simulate.simulate_recording(duration="5 min", fps=fps, seed=1)
    base = simulation.tracks.isel(recording=0)
    for number in range(recordings):
        parts = list(simulate.repeat_recording(base, n_frames))
        ds = xr.Dataset(
            {
                "position": (base.position.dims, np.concatenate([p for _, p, _ in parts], -1),
                             base.position.attrs),
                "confidence": (base.confidence.dims, np.concatenate([c for *_, c in parts], -1),
                               base.confidence.attrs),
            },
            coords={
                **{n: base[n].variable for n in ("individual", "bodypart", "space", "role", "fps")},
                "time": make_time(n_frames, fps),
                "recording": f"recording_{number:04d}",
                "animal": ("individual", text(["a", "b"])),
            },
        )  # fmt: skip
        ef.write(ds, path)
    a = simulation.arena
    return ef.circle(a.x, a.y, a.radius, size=a.size)


def run(mode: str, path: Path, arena: ef.Arena) -> None:
    """One pass over the store."""
    tracks = ef.open(path, "tracks")
    if mode == "bare":
        bare_pass(path, arena)
        return
    poses = ef.clean(ef.calibrate(tracks, arena))
    if mode == "poses and labels":
        ef.write(poses, path, "poses")
        poses = ef.open(path, "poses")
    ef.write(ef.annotate(poses), path, "labels/rules")


def bare_pass(path: Path, arena: ef.Arena) -> None:
    """The same kernels called by hand on whole recordings, one after the other: no engine."""
    import zarr

    from ethoflow.cleaning.confidence import mask_low_confidence
    from ethoflow.cleaning.gaps import fill_gaps
    from ethoflow.cleaning.outliers import remove_jumps
    from ethoflow.cleaning.smoothing import smooth
    from ethoflow.engine.bouts import filter_bouts
    from ethoflow.features.kinematics import differentiate

    root = zarr.open_group(str(path / "tracks"), mode="r")
    n, _, _, _, frames = root["position"].shape
    out = zarr.create_array(
        str(path / "bare"), shape=(n, 2, 9, frames), chunks=(1, 2, 9, root["position"].chunks[-1]),
        dtype="int8", fill_value=-1, overwrite=True,
    )  # fmt: skip
    fps, radius = 30.0, arena.radius / arena.px_per_mm
    centre = np.asarray(arena.centre) / arena.px_per_mm
    nose, middle, tail = 0, 4, 10

    def norm(x: np.ndarray) -> np.ndarray:
        return np.sqrt(np.square(x).sum(axis=-2))

    for row in range(n):
        position, confidence = root["position"][row], root["confidence"][row]
        for i in range(2):
            x = position[i] / np.float32(arena.px_per_mm)
            x = mask_low_confidence.function(x, confidence[i])
            x = remove_jumps.function(x, max_jump=20.0, max_length=12)
            position[i] = smooth.function(fill_gaps.function(x, max_gap=6), window=6)
        flags = np.zeros((2, 9, frames), bool)
        for i in range(2):
            speed = norm(differentiate(position[i], fps))
            length = np.nanmedian(
                norm(position[i, nose] - position[i, tail])[:: max(frames // 5000, 1)]
            )
            flags[i, 0] = speed[middle] >= 40
            flags[i, 1] = (speed[[nose, middle, tail]] < 10).all(axis=0)
            flags[i, 2] = radius - norm(position[i, nose] - centre[:, None]) < -0.15 * length
            j = 1 - i
            to_tail = norm(position[i, nose] - position[j, tail])
            noses = norm(position[i, nose] - position[j, nose])
            flags[i, 3] = noses < 25
            flags[i, 4] = to_tail < 25
            flags[i, 5] = (noses < 50) & (norm(position[i, tail] - position[j, tail]) < 50)
            flags[i, 6] = (
                (to_tail < norm(position[i, tail] - position[j, tail]))
                & (to_tail < noses)
                & (speed[nose] > 40)
            )
        state = flags.view(np.int8)
        for i in range(2):
            for k in range(9):
                state[i, k] = filter_bouts(state[i, k], 6, 8)
        out[row] = state


def measure(mode: str, path: Path, arena: ef.Arena, scheduler: str) -> dict[str, float]:
    """Wall and CPU seconds and peak memory of one pass, workers included."""
    for group in store.list_groups(path)[1:]:
        store.drop_group(str(path), group)
    shutil.rmtree(path / "bare", ignore_errors=True)
    with use_scheduler(scheduler):
        begun, used = time.perf_counter(), cpu_seconds()
        run(mode, path, arena)
        wall = time.perf_counter() - begun
        inside = cpu_seconds() - used
    used = cpu_seconds() - used
    peak = max(
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {"wall": wall, "cpu": max(used, inside), "peak_mb": peak}


def cpu_seconds() -> float:
    """CPU seconds of this process and its finished children."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


def main() -> None:
    """Print a row per mode; each runs in a process of its own, after one that compiles."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--scheduler", default="threads")
    parser.add_argument("--modes", nargs="*", default=list(MODES))
    parser.add_argument("--store", type=Path, help="(used by the script itself)")
    options = parser.parse_args()
    n_frames = round(options.minutes * 60 * 30)
    if options.store is not None:
        base = simulate.simulate_recording(duration="1 s", fps=30).arena
        arena = ef.circle(base.x, base.y, base.radius, size=base.size)
        result = measure(options.modes[0], options.store, arena, options.scheduler)
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.zarr"
        make_store(path, options.recordings, n_frames, 30.0)
        total = options.recordings * n_frames
        print(f"{options.recordings} recordings, {total:,} frames, {options.scheduler}")
        for mode in options.modes:
            command = [sys.executable, __file__, "--store", str(path), "--modes", mode,
                       "--scheduler", options.scheduler]  # fmt: skip
            rows = [json.loads(subprocess.check_output(command)) for _ in range(3)]
            best = min(rows, key=lambda row: row["wall"])
            print(
                f"{mode:18s} {total / best['wall']:>12,.0f} frames/s "
                f"{total / best['cpu']:>12,.0f} frames/CPU s {best['peak_mb']:>8.0f} MB peak"
            )


if __name__ == "__main__":
    main()
