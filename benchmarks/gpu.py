"""Frames per second of training and of a pass over signals on a GPU, against what it can do.

The limits are measured beside it: a product of large matrices, and a copy. Where there is no GPU it
says so.

    python -m benchmarks.gpu
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from benchmarks.networks import Student, signals
from torch import nn

from ethoflow.networks.training import Plan, seeded, train

GOALS = {"training": 3e6, "one pass": 30e6}
"""Frames per second of one data-centre GPU."""


def seconds(work: Callable[[], object], repeats: int = 10) -> float:
    """Seconds of one call, of `repeats` after three that warm up."""
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(repeats):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - begun) / repeats


def limits() -> tuple[float, float]:
    """Operations per second in bfloat16, and bytes per second, that this GPU reaches."""
    n = 8192
    a, b = (torch.randn(n, n, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    big = torch.empty(2**28, device="cuda")
    other = torch.empty_like(big)
    return 2 * n**3 / seconds(lambda: a @ b), 2 * 4 * big.numel() / seconds(
        lambda: other.copy_(big)
    )


def one_pass(encoder: nn.Module, n_inputs: int, frames: int) -> float:
    """Frames per second, from a signal on the GPU to its latent there."""
    x = torch.randn(frames // 4096, n_inputs, 4096, device="cuda")
    encoder.eval().cuda()
    fast = torch.compile(encoder)
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
        return x.shape[0] * x.shape[-1] / seconds(lambda: fast(x))


def training(student: nn.Module, n_inputs: int, batch: int, steps: int) -> float:
    """Frames per second of the training as it is used: drawn, gathered, and stepped."""
    arrays = signals(n_inputs, n_pieces=256, n_frames=2048)
    ends: list[tuple[int, float]] = []

    def heard(step: int, _steps: int, _numbers: object) -> None:
        torch.cuda.synchronize()
        ends.append((step, time.perf_counter()))

    plan = Plan(steps=steps, batch=batch, held_out=0, every=steps // 4)
    recording = torch.arange(256).numpy()
    train(student, arrays, recording, plan, seed=0, device="cuda", progress=heard)
    (first, begun), (last, ended) = ends[0], ends[-1]  # what comes before compiles
    return (last - first) * batch * plan.length / (ended - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--components", type=int, default=15)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--frames", type=int, default=4_194_304)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("there is no GPU here that torch can use: nothing is measured")
        return
    n = options.components
    operations, traffic = limits()
    print(f"{torch.cuda.get_device_name()}: {operations / 1e12:.0f} TFLOP/s in bfloat16, "
          f"{traffic / 1e9:.0f} GB/s")  # fmt: skip
    with seeded(0, "cuda"):
        student = Student(n)
        weights = sum(weight.numel() for weight in student.parameters())
        # Every weight is used once for each frame; backwards twice more.
        rates = {
            "training": (training(student, n, options.batch, options.steps), 6 * weights),
            "one pass": (one_pass(student.encoder, n, options.frames), 2 * weights),
        }
    for name, (rate, each) in rates.items():
        least = 4 * (n + 48)  # what has to be read and written, however much is kept on the chip
        print(
            f"{name:10s} {rate / 1e6:8.1f} million frames/s (goal {GOALS[name] / 1e6:.0f}), "
            f"{100 * rate * each / operations:.1f} % of the FLOP/s, "
            f"at least {100 * rate * least / traffic:.1f} % of the bytes/s"
        )
    print(f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB at most")


if __name__ == "__main__":
    main()
