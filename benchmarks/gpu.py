"""Frames per second of training and of a pass over signals on a GPU, against what it can do.

The limits are measured beside it: a product of large matrices, and a copy. Where there is no GPU it
says so; on a processor it runs all the same, so that it is known to run.

    python -m benchmarks.gpu
    python -m benchmarks.gpu --device cpu --frames 16384 --batch 8 --steps 8 --pieces 80 --size 256
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from benchmarks.networks import Student, signals
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ethoflow.networks.shelf import AT_ONCE, Shelf
from ethoflow.networks.streams import Source, size_of_piece
from ethoflow.networks.training import Plan, seeded, train

GOALS = {"training": 3e6, "streamed": 3e6, "one pass": 30e6}
"""Frames per second of one data-centre GPU."""
LATENT = 48
LONG = 2048
"""Frames of a piece."""


def wait(device: str) -> None:
    """Until the device has done what it was told."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def cast(device: str) -> AbstractContextManager[object]:
    """The precision in which networks are used on the device."""
    return torch.autocast("cuda", torch.bfloat16) if device.startswith("cuda") else nullcontext()


def seconds(work: Callable[[], object], device: str, repeats: int = 10) -> float:
    """Seconds of one call, of `repeats` after three that warm up."""
    for _ in range(3):
        work()
    wait(device)
    begun = time.perf_counter()
    for _ in range(repeats):
        work()
    wait(device)
    return (time.perf_counter() - begun) / repeats


def limits(device: str, size: int = 8192) -> tuple[float, float]:
    """Operations per second in the precision of networks, and bytes per second, that it reaches."""
    kind = torch.bfloat16 if device.startswith("cuda") else torch.float32
    a, b = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    big = torch.empty(4 * size**2, device=device)
    other = torch.empty_like(big)
    operations = 2 * size**3 / seconds(lambda: a @ b, device)
    return operations, 2 * 4 * big.numel() / seconds(lambda: other.copy_(big), device)


def operations_of(student: Student, n_inputs: int, device: str) -> dict[str, float]:
    """Operations a frame, of products of matrices and convolutions, as torch counts them."""
    arrays = signals(n_inputs, n_pieces=2, n_frames=128)
    batch = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
    student.to(device)
    with FlopCounterMode(display=False) as passed, torch.no_grad():
        student.encoder(batch["x"])
    with FlopCounterMode(display=False) as trained:
        student(batch, torch.tensor(0.0))[0].backward()
    student.zero_grad()
    each = {"one pass": passed, "training": trained, "streamed": trained}
    return {name: one.get_total_flops() / (2 * 128) for name, one in each.items()}


def one_pass(encoder: nn.Module, n_inputs: int, frames: int, device: str) -> float:
    """Frames per second, from a signal on the device to its latent there."""
    x = torch.randn(max(frames // 4096, 1), n_inputs, 4096, device=device)
    encoder.eval().to(device)
    run: Callable[[Tensor], Tensor] = encoder
    if device.startswith("cuda"):
        run = torch.compile(encoder)
    with torch.inference_mode(), cast(device):
        return x.shape[0] * x.shape[-1] / seconds(lambda: run(x), device)


def on_disk(arrays: Mapping[str, np.ndarray]) -> Shelf:
    """The pieces on disk."""
    n, _, longest = arrays["x"].shape
    shelf = Shelf({name: array.shape[1] for name, array in arrays.items()}, longest, n)
    for begin in range(0, n, AT_ONCE):
        some = {name: array[begin : begin + AT_ONCE] for name, array in arrays.items()}
        count = len(some["x"])
        shelf.put(some, range(begin, begin + count), [longest] * count)
    return shelf


def training(
    student: nn.Module,
    pieces: Mapping[str, np.ndarray] | Source,
    recording: np.ndarray,
    batch: int,
    steps: int,
    device: str,
    room: int | None = None,
) -> float:
    """Frames per second of the training as it is used: drawn, gathered, and stepped."""
    ends: list[tuple[int, float]] = []

    def heard(step: int, _steps: int, _numbers: object) -> None:
        wait(device)
        ends.append((step, time.perf_counter()))

    plan = Plan(steps=steps, batch=batch, held_out=0, every=max(steps // 4, 1))
    train(student, pieces, recording, plan, seed=0, device=device, progress=heard, room=room)
    (first, begun), (last, ended) = ends[0], ends[-1]  # what comes before compiles, and fills
    return (last - first) * batch * plan.length / (ended - begun)


def rates(
    n_inputs: int, batch: int, steps: int, frames: int, pieces: int, device: str
) -> dict[str, float]:
    """Frames per second of all that is measured."""
    found = {}
    arrays = signals(n_inputs, n_pieces=pieces, n_frames=LONG)
    recording = np.arange(pieces)
    with seeded(0, device):
        found["training"] = training(Student(n_inputs), arrays, recording, batch, steps, device)
        shelf = on_disk(arrays)
        room = size_of_piece(shelf) * pieces // 4
        found["streamed"] = training(
            Student(n_inputs), shelf, recording, batch, steps, device, room
        )
        found["one pass"] = one_pass(Student(n_inputs).encoder, n_inputs, frames, device)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--components", type=int, default=15)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--frames", type=int, default=4_194_304)
    parser.add_argument("--pieces", type=int, default=1024)
    parser.add_argument("--size", type=int, default=8192)
    options = parser.parse_args()
    device, n = options.device, options.components
    if device.startswith("cuda") and not torch.cuda.is_available():
        print("there is no GPU here that torch can use: nothing is measured")
        return
    operations, traffic = limits(device, options.size)
    name = torch.cuda.get_device_name() if device.startswith("cuda") else device
    print(f"{name}: {operations / 1e12:.3g} TFLOP/s, {traffic / 1e9:.3g} GB/s")
    each = operations_of(Student(n), n, device)
    found = rates(n, options.batch, options.steps, options.frames, options.pieces, device)
    for name, rate in found.items():
        least = 4 * (n + LATENT)  # what has to be read and written, whatever the chip keeps
        print(
            f"{name:10s} {rate / 1e6:8.3g} million frames/s (goal {GOALS[name] / 1e6:.0f}), "
            f"{each[name]:,.0f} FLOP a frame, {100 * rate * each[name] / operations:.1f} % of the "
            f"FLOP/s, at least {100 * rate * least / traffic:.1f} % of the bytes/s"
        )
    if device.startswith("cuda"):
        print(f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB at most")


if __name__ == "__main__":
    main()
