"""Memory of trainings on all frames of a cohort, and how quick a stream is beside memory.

A cohort is written to Zarr, recordings of an hour of one animal at 25 frames per second, 15 numbers
a frame and a behaviour that they tell. Each training is a process of its own.

    python benchmarks/streaming.py                       # 20 and 200 hours, clusterer, classifier
    python benchmarks/streaming.py --hours 20 --parts rate
"""

# Imports nothing large: the peak of a child counts what its parent held when it was started.
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PARTS = ("clusterer", "student", "classifier", "rate")

MAKE = """
import sys
import numpy as np, xarray as xr
path, hours, n = sys.argv[1], int(sys.argv[2]), round(float(sys.argv[3]) * 3600 * 25)
random = np.random.default_rng(0)
noise = random.standard_normal((15, n), np.float32)
there = (np.arange(n) // 40 + np.arange(n) // 97) % 2
dims = ("recording", "individual", "feature", "time")
for hour in range(hours):
    state = np.roll(there, 1000 * hour)
    x = np.roll(noise, 977 * hour, axis=1)
    x[:3] += 2 * state.astype(np.float32)
    own = {
        "numbers": (dims, x[None, None], {"units": "1"}),
        "there": (dims[:2] + dims[3:], state[None, None].astype("int8"), {"kind": "label"}),
    }
    names = {"recording": np.array([f"r{hour:05d}"], object), "individual": np.array(["a"], object)}
    made = xr.Dataset(own, names)
    if hour:
        made.to_zarr(path, append_dim="recording", consolidated=False)
        continue
    made = made.assign_coords(
        time=("time", np.arange(n) / 25, {"units": "s"}), fps=25.0,
        feature=np.array([f"f{k}" for k in range(15)], object),
    )
    chunks = {"numbers": {"chunks": (1, 1, 15, min(n, 30000))},
              "there": {"chunks": (1, 1, min(n, 30000))}}
    made.to_zarr(path, mode="w", encoding=chunks, consolidated=False)
"""

BEGIN = """
import sys
import torch, xarray as xr
import ethoflow as ef
torch.set_num_threads(1)
path, steps = sys.argv[1], int(sys.argv[2])
cohort = xr.open_zarr(path, chunks={}, consolidated=False)

def tell(frames, training):
    passes = f"{training.passes.iloc[-1]:.2f} passes" if "passes" in training else "all in memory"
    print(f"{frames:,} frames, {training.step.iloc[-1]:.0f} steps, {passes}")

"""

CHILD = {
    "clusterer": """
settings = {"steps": steps, "patience": 1000}
model = ef.cluster.fit(cohort.numbers, 4, "masked", frames="all", settings=settings)
tell(model.fitted_on["network"]["frames"], model.training)
""",
    "student": """
settings = {"steps": steps, "again": 1}
model = ef.cluster.fit(cohort.numbers, 4, frames="all", settings=settings)
tell(model.fitted_on["network"]["frames"], model.training)
""",
    "classifier": """
settings = {"steps": steps, "networks": 1, "patience": 1000}
model = ef.learn.fit(cohort[["numbers"]], cohort[["there"]], model="tcn", features=["numbers"],
                     folds=0, settings=settings)
tell(model.trained_on["labels"]["there"]["frames"], model.training)
""",
}

RATE = """
import sys, time
import numpy as np, torch
from benchmarks.networks import Student
from ethoflow.networks import streams
from ethoflow.networks.shelf import AT_ONCE, Shelf
from ethoflow.networks.stretches import Sampler, split_pieces
from ethoflow.networks.training import Job, Plan, seeded
torch.set_num_threads(1)
pieces, steps = int(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(0)
shelf = Shelf({"x": 15, "wanted": 10}, 2048, pieces)
for begin in range(0, pieces, AT_ONCE):
    n = min(AT_ONCE, pieces - begin)
    x = random.standard_normal((n, 15, 2048), np.float32)
    wanted = np.full((n, 10, 2048), 0.1, np.float32)
    shelf.put({"x": x, "wanted": wanted}, range(begin, begin + n), [2048] * n)
runs, _ = split_pieces(shelf.recording, shelf.n_frames, share=0, gap=0, seed=0)
plan = Plan(steps=10 * steps, every=steps)
chances = runs.chances(plan.length, shelf.recording, balanced=True)
room = streams.size_of_piece(shelf) * pieces // 4

def rate(sampler):
    with seeded(0):
        job = Job(Student(15), plan, sampler, None, "cpu")
    job.advance()  # what lies in memory is read before the first step
    waited = getattr(sampler, "waited", 0.0)
    wall, spent = time.perf_counter(), time.process_time()
    job.advance()
    wall, spent = time.perf_counter() - wall, time.process_time() - spent
    waited = getattr(sampler, "waited", 0.0) - waited
    sampler.close()
    return steps * plan.batch * plan.length / spent, 100 * waited / wall

def drawn():
    return torch.Generator().manual_seed(0)

for _ in range(int(sys.argv[3])):
    memory = Sampler(streams.load(shelf, "cpu"), runs, plan.length, chances, drawn())
    print(f"memory {rate(memory)[0]:,.0f} frames/CPU s", flush=True)
    del memory
    stream = streams.Stream(shelf, runs, plan.length, chances, drawn(), seed=0, room=room)
    found, waited = rate(stream)
    print(f"stream {found:,.0f} frames/CPU s, waits {waited:.1f} % of the time", flush=True)
"""


def measure(code: str, *given: object) -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of a program in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, given)]
    child = os.posix_spawn(sys.executable, command, dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit("the program failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print one row for each training and cohort."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--length", type=float, default=1.0, help="hours of a recording")
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--pieces", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    if "rate" in options.parts:
        measure(RATE, options.pieces, options.steps, options.repeats)
    for hours in options.hours:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cohort.zarr"
            size = [str(hours), str(options.length)]
            subprocess.run([sys.executable, "-c", MAKE, str(path), *size], check=True)
            for part in options.parts:
                if part == "rate":
                    continue
                spent, peak = measure(BEGIN + CHILD[part], path, options.steps)
                print(f"{part:10s} {hours:4d} recordings: {spent:.0f} CPU s, {peak:.0f} MB peak",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
