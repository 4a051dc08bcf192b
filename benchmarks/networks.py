"""Frames per CPU second of the networks of ethoflow.cluster: training, and one pass over signals.

A frame is a frame of one animal, and stands for the window around it: what a network with windows
calls a window. One thread; the best of some repeats, since machines are shared.

    python -m benchmarks.networks
    python -m benchmarks.networks --repeats 1 --steps 3 --frames 2000
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ethoflow.cluster.deep import Telling
from ethoflow.cluster.families.vade import Vade, VadeConfig
from ethoflow.cluster.networks.bodies import make_body
from ethoflow.cluster.networks.graph import Graph, GraphSettings
from ethoflow.networks.training import Plan, seeded, train

KINDS = ("convolutional", "recurrent", "transformer")
N_PARTS = 11
LINKS = tuple((part, part + 1) for part in range(N_PARTS - 1))


class Student(nn.Module):
    """A network that learns soft states of ten clusters."""

    def __init__(self, n_inputs: int) -> None:
        super().__init__()
        self.encoder = make_body("convolutional", n_inputs, latent=48, width=48)
        self.head = nn.Conv1d(48, 10, 1)

    def forward(self, batch: dict[str, Tensor], share: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        told = functional.log_softmax(self.head(self.encoder(batch["x"])), dim=1)
        return -(told * batch["wanted"]).sum(1).mean(), {}


def signals(n_inputs: int, n_pieces: int = 64, n_frames: int = 256) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_pieces, n_inputs, n_frames)).astype(np.float32)
    wanted = rng.dirichlet(np.ones(10), (n_pieces, n_frames)).astype(np.float32)
    return {"x": x, "wanted": np.ascontiguousarray(wanted.swapaxes(1, 2))}


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    """The least of `repeats`, after one that warms up."""
    work()
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def training(module: nn.Module, arrays: dict[str, np.ndarray], steps: int, repeats: int) -> float:
    """Frames trained on per CPU second, held-out looks left out."""
    plan = Plan(steps=steps, held_out=0, every=steps)
    recording = np.arange(len(arrays["x"]))
    spent = cpu_seconds(lambda: train(module, arrays, recording, plan, seed=0), repeats)
    return steps * plan.batch * plan.length / spent


def inference(encoder: nn.Module, n_inputs: int, frames: int, repeats: int) -> float:
    """Frames per CPU second of one pass over signals in tiles of 1,024 frames."""
    x = torch.randn(1, n_inputs, 1024)
    passes = max(frames // 1024, 1)
    encoder.eval()

    def work() -> None:
        for _ in range(passes):
            encoder(x)

    with torch.inference_mode():
        return passes * 1024 / cpu_seconds(work, repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--components", type=int, default=15)
    parser.add_argument("--frames", type=int, default=40_000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    n, frames, steps, repeats = (
        options.components, options.frames, options.steps, options.repeats
    )  # fmt: skip
    arrays = signals(n)
    with seeded(0):
        student, config = Student(n), VadeConfig()
        rate = training(student, arrays, steps, repeats)
        print(f"{'student, training':36s} {rate:>12,.0f} frames/CPU s")
        for kind in KINDS:
            encoder = make_body(kind, n, latent=config.latent, width=48)
            rate = inference(encoder, n, frames, repeats)
            print(f"{kind + ', one pass':36s} {rate:>12,.0f} frames/CPU s")
            telling = Telling(config.latent, torch.ones(n, 1), config.offsets)
            vade = Vade(encoder, telling, config)
            rate = training(vade, {"x": arrays["x"]}, steps, repeats)
            print(f"{'VaDE ' + kind + ', training':36s} {rate:>12,.0f} frames/CPU s")
        graph = Graph(GraphSettings(N_PARTS, LINKS))
        rate = inference(graph, 2 * N_PARTS, frames, repeats)
        print(f"{'skeleton, convolutional, one pass':36s} {rate:>12,.0f} frames/CPU s")


if __name__ == "__main__":
    main()
