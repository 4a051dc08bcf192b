"""Frames per second and peak memory of tracker files to Zarr, and a thousand files in parallel.

    python benchmarks/ingest.py                          # DeepLabCut HDF5 and CSV, one core
    python benchmarks/ingest.py --parts parallel         # 1,000 recordings on a local cluster
    python benchmarks/ingest.py --parts memory           # a CSV that grows

One core means one thread everywhere: the reader's, Dask's, the codec's.
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
import pandas as pd

POINTS = [f"point_{i}" for i in range(11)]
FPS = 30.0


def make_table(n_frames: int, seed: int = 0) -> pd.DataFrame:
    """A DeepLabCut table of 11 points on random walks, with the digits DeepLabCut writes."""
    rng = np.random.default_rng(seed)
    names = ["scorer", "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product(
        [["DLC_net"], POINTS, ["x", "y", "likelihood"]], names=names
    )
    values = 500 + np.cumsum(rng.normal(0, 1, (n_frames, len(columns))), axis=0)
    values[:, 2::3] = rng.uniform(0, 1, (n_frames, len(POINTS)))
    return pd.DataFrame(values.astype(np.float32).astype(float), columns=columns)


def make_files(folder: Path, kind: str, count: int, n_frames: int) -> None:
    """`count` files of one kind, the same numbers under other names."""
    first = folder / f"recording_0000.{kind}"
    if kind == "csv":
        make_table(n_frames).to_csv(first)
    else:
        make_table(n_frames).to_hdf(first, key="df_with_missing", mode="w")
    for i in range(1, count):
        shutil.copy(first, folder / f"recording_{i:04d}.{kind}")


class Quiet:
    """Says nothing; keeps what was shown of the progress."""

    def __init__(self) -> None:
        self.steps: dict[str, list[int]] = {}

    def say(self, text: str, did: str = "") -> None:
        pass

    warn = say

    def track(self, task: str):  # type: ignore[no-untyped-def]
        from contextlib import contextmanager

        @contextmanager
        def steps():  # type: ignore[no-untyped-def]
            seen = self.steps.setdefault(task, [])
            yield lambda done, total: seen.append(done)

        return steps()


def ingest(pattern: str, out: Path, report: Quiet) -> None:
    """The stage of the tracks alone."""
    from ethoflow import pipeline
    from ethoflow.stages import Job

    pipeline.run_one("tracks", Job(out, out.parent, report), {"tracks": pattern, "fps": FPS})


def ingest_one_core(pattern: str, out: Path) -> dict[str, float]:
    """One ingest on one thread, after a tiny one that imports what is needed."""
    import dask
    import pyarrow

    from ethoflow.engine.sources import open_store

    pyarrow.set_cpu_count(1)
    with dask.config.set(scheduler="synchronous"):
        with tempfile.TemporaryDirectory() as folder:
            for kind in ("h5", "csv"):
                make_files(Path(folder), kind, 1, 50)
                out_small = Path(folder, f"{kind}.zarr")
                ingest(f"{folder}/*.{kind}", out_small, Quiet())
        wall, cpu = time.perf_counter(), time.process_time()
        ingest(pattern, out, Quiet())
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    frames = int(open_store(out, "tracks").n_frames.sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"frames": frames, "wall": wall, "cpu": cpu, "peak_mb": peak}


def measure(pattern: str, folder: Path) -> dict[str, float]:
    """The best of three, each in a process of its own."""
    best: dict[str, float] = {}
    for i in range(3):
        out = folder / f"out_{i}.zarr"
        command = [sys.executable, __file__, "--one", pattern, str(out)]
        found = json.loads(subprocess.check_output(command, text=True).splitlines()[-1])
        shutil.rmtree(out)
        if not best or found["cpu"] < best["cpu"]:
            best = found
    return best


def run_speed(folder: Path, files: int, n_frames: int) -> None:
    """DeepLabCut HDF5 and CSV, with the check of all numbers, to Zarr."""
    for kind in ("h5", "csv"):
        where = folder / kind
        where.mkdir()
        make_files(where, kind, files, n_frames)
        best = measure(str(where / f"*.{kind}"), folder)
        frames, wall, cpu, peak = (best[key] for key in ("frames", "wall", "cpu", "peak_mb"))
        print(
            f"{kind:4} {frames:,.0f} frames: {frames / cpu:,.0f} frames/CPU s, "
            f"{frames / wall:,.0f} frames/s, peak {peak:.0f} MB"
        )
        shutil.rmtree(where)


def run_memory(folder: Path) -> None:
    """Peak memory of one CSV of growing length."""
    for minutes in (10, 60, 360, 1440):
        n_frames = int(minutes * 60 * FPS)
        where = folder / f"csv_{minutes}"
        where.mkdir()
        write_long_csv(where / "recording_0000.csv", n_frames)
        size = (where / "recording_0000.csv").stat().st_size / 1e6
        best = measure(str(where / "*.csv"), folder)
        print(f"csv of {minutes} min ({size:.0f} MB): peak {best['peak_mb']:.0f} MB")
        shutil.rmtree(where)


def write_long_csv(path: Path, n_frames: int) -> None:
    """A long table written in pieces, so that making it takes little memory."""
    piece = make_table(min(n_frames, 20_000))
    for start in range(0, n_frames, len(piece)):
        part = piece.iloc[: n_frames - start].copy()
        part.index = range(start, start + len(part))
        part.to_csv(path, mode="a", header=start == 0)


def run_parallel(folder: Path, files: int, n_frames: int) -> None:
    """Many files on a local cluster of a process per core."""
    from ethoflow.engine.schedule import use_scheduler
    from ethoflow.engine.sources import open_store

    make_files(folder, "h5", files, n_frames)
    report = Quiet()
    with use_scheduler("processes") as where:
        wall = time.perf_counter()
        ingest(str(folder / "*.h5"), folder / "out.zarr", report)
        wall = time.perf_counter() - wall
    tracks = open_store(folder / "out.zarr", "tracks")
    frames = int(tracks.n_frames.sum())
    assert tracks.sizes["recording"] == files
    told = ", ".join(f"{task} {len(steps)} steps" for task, steps in report.steps.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{files} recordings, {frames:,} frames on {where}: {wall:.1f} s, {frames / wall:,.0f} "
        f"frames/s, peak of the coordinating process {peak:.0f} MB; progress: {told}"
    )


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=["speed"],
                        choices=("speed", "memory", "parallel"))  # fmt: skip
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(ingest_one_core(given.one[0], Path(given.one[1]))))
        return
    n_frames = int(given.minutes * 60 * FPS)
    with tempfile.TemporaryDirectory() as folder:
        if "speed" in given.parts:
            run_speed(Path(folder), given.files, n_frames)
        if "memory" in given.parts:
            run_memory(Path(folder))
        if "parallel" in given.parts:
            run_parallel(Path(folder), 1000 if given.files == 10 else given.files, n_frames // 20)


if __name__ == "__main__":
    main()
