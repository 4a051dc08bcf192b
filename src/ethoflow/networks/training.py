"""Training of a network on sampled stretches: a plain function, the same weights for a seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import xxhash
from torch import Tensor, nn

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.networks import checkpoints
from ethoflow.networks.drawing import gather_looks, make_sampler
from ethoflow.networks.progress import Progress
from ethoflow.networks.resuming import next_file, what_was_asked
from ethoflow.networks.streams import Source, Stream
from ethoflow.networks.stretches import Sampler, enough, split_pieces


class Objective(Protocol):
    """What is minimised: a module whose forward gives the loss, and numbers to report.

    It is called with windows of every array, (window, channel, frame), and with the share of the
    training that is done, as a tensor: weights that grow with it are full at 1.
    """

    def __call__(self, batch: Mapping[str, Tensor], share: Tensor) -> tuple[Tensor, Numbers]:
        """Loss and numbers of one batch."""
        ...


Numbers = Mapping[str, Tensor]


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    `length` is that of the windows in frames; where pieces are shorter, theirs. The learning rate
    climbs over the share `warm_up` of `steps` and falls along a cosine. A share `held_out` of the
    recordings, or of the frames where there are fewer than three, is looked at every `every` steps;
    training ends where its loss has not fallen for `patience` looks, and the best weights are kept.
    """

    steps: int = 300
    batch: int = 16
    length: int = 128
    rate: float = 3e-3
    warm_up: float = 0.1
    decay: float = 1e-2
    clip: float = 1.0
    held_out: float = 0.15
    every: int = 25
    patience: int = 8
    balanced: bool = True


@dataclass
class History:
    """What training did: a row of numbers for every look, and the step of the best of them."""

    rows: list[dict[str, float]] = field(default_factory=list)
    best_step: int = 0
    stopped_early: bool = False

    @property
    def best(self) -> dict[str, float]:
        """The numbers of the weights that were kept."""
        return next(row for row in self.rows if row["step"] == self.best_step)


def train(
    module: nn.Module,
    pieces: Mapping[str, Array] | Source,
    recording: Array,
    plan: Plan,
    *,
    seed: int,
    device: str = "cpu",
    gap: int = 0,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
    room: int | None = None,
) -> History:
    """Train `module`, an `Objective`, in place, and leave it in use, with the best weights.

    Parameters
    ----------
    module
        An `Objective`. Weights it was made with are where training begins: make it under `seeded`.
    pieces
        Arrays, float32 (piece, channel, frame) each, NaN where not seen; or a source that reads
        them: where it has more than there is room for, they are streamed.
    recording
        The recording of each piece, by which some are held out.
    gap
        Frames between what is trained on and held-out blocks: the reach of the network.
    checkpoint
        A file that is written at every look, and gone on from where it exists; by default the next
        of the folder that `resuming` names, if any.
    room
        Bytes of a source that lie in memory, by default those of `room_on`.

    Raises
    ------
    DataError
        Fewer frames than a window needs, or a checkpoint of another training.
    """
    n_frames: int | Array
    if isinstance(pieces, Mapping):
        n_frames = next(iter(pieces.values())).shape[-1]
    else:
        # A piece shorter than a window is one, with missing frames behind it.
        n_frames = np.maximum(pieces.n_frames, min(plan.length, pieces.longest))
    runs, held = split_pieces(recording, n_frames, share=plan.held_out, gap=gap, seed=seed)
    enough(runs, n_frames, len(recording))
    length = min(plan.length, runs.longest())
    looks = gather_looks(pieces, held, length, device)
    chances = runs.chances(length, recording, balanced=plan.balanced)
    sampler = make_sampler(pieces, runs, length, chances, seed=seed, device=device, room=room)
    module.to(device)
    checkpoint = next_file() if checkpoint is None else checkpoint
    told = {} if checkpoint is None else _told(plan, seed, module, pieces, recording)
    told |= {"device": device.partition(":")[0], "room": getattr(sampler, "slots", None)}
    job = Job(module, plan, sampler, looks, device)
    with closing(sampler), seeded(seed, device):
        if checkpoint is not None and checkpoint.exists():
            checkpoints.restore(checkpoint, job, told=told)
        while not job.done:
            job.advance()
            if progress is not None:
                progress(job.step, plan.steps, job.history.rows[-1])
            if checkpoint is not None:
                checkpoints.write(checkpoint, job, told=told)
    job.finish()
    return job.history


def seeded(seed: int, device: str = "cpu") -> AbstractContextManager[None]:
    """Random numbers of torch begin at `seed` inside, and outside go on as if nothing had been."""
    return _Seeded(seed, device)


class _Seeded(AbstractContextManager[None]):
    def __init__(self, seed: int, device: str) -> None:
        devices = [torch.device(device)] if device.startswith("cuda") else []
        self.seed, self.fork = seed, torch.random.fork_rng(devices=devices)

    def __enter__(self) -> None:
        self.fork.__enter__()
        torch.manual_seed(self.seed)

    def __exit__(self, *told: Any) -> None:
        self.fork.__exit__(*told)


def _told(
    plan: Plan,
    seed: int,
    module: nn.Module,
    pieces: Mapping[str, Array] | Source,
    recording: Array,
) -> dict[str, Any]:
    """What a checkpoint has to agree with; of a source its first and last pieces stand for all."""
    sizes = {name: list(value.shape) for name, value in module.state_dict().items()}
    some = pieces if isinstance(pieces, Mapping) else pieces.read(_ends(len(recording)))
    digest = xxhash.xxh3_128(np.ascontiguousarray(recording, np.int64).data)
    for name in sorted(some):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(some[name]).data)
    own = {"plan": vars(plan), "seed": seed, "sizes": sizes, "data": digest.hexdigest()}
    return {**own, **what_was_asked()}


def _ends(n: int, most: int = 64) -> Array:
    return np.unique(np.r_[: min(most, n), max(n - most, 0) : n])


class Job:
    """The state of one training, as far as it has come."""

    def __init__(
        self,
        module: nn.Module,
        plan: Plan,
        sampler: Sampler | Stream,
        looks: dict[str, Tensor] | None,
        device: str,
    ) -> None:
        self.module, self.plan, self.sampler, self.looks = module, plan, sampler, looks
        self.device = device
        self.on_gpu = device.startswith("cuda")
        self.weights = [p for p in module.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.weights, lr=plan.rate, weight_decay=plan.decay, fused=True
        )
        self.step, self.lowest = 0, math.inf
        self.history = History()
        self.kept = {name: value.clone() for name, value in module.state_dict().items()}
        if self.on_gpu:
            module.compile(dynamic=False)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.step >= self.plan.steps or self.history.stopped_early

    def advance(self) -> None:
        """Train to the next look, look, and keep the weights where they are the best so far."""
        until = min(self.step + self.plan.every, self.plan.steps)
        self.module.train()
        told: list[dict[str, Tensor]] = []
        while self.step < until:
            told.append(self._descend())
            self.step += 1
        row = {name: float(torch.stack([one[name] for one in told]).mean()) for name in told[0]}
        if not math.isfinite(row["loss"]):
            raise DataError(
                f"training left the numbers at step {self.step}: its loss is {row['loss']}. Lower "
                f"the learning rate (it is {self.plan.rate:g}), or look for values that are far "
                "too large in the data."
            )
        row |= self._look() | self.sampler.numbers()
        row["step"] = self.step
        self.history.rows.append(row)
        self._judge(row.get("held_out", row["loss"]))

    def _descend(self) -> dict[str, Tensor]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate * pace(self.step, self.plan)
        batch = self.sampler.draw(self.plan.batch)
        with self._autocast():
            loss, numbers = self.module(batch, self._share(self.step))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights, self.plan.clip)
        self.optimiser.step()
        return {"loss": loss.detach(), **{name: value.detach() for name, value in numbers.items()}}

    def _look(self) -> dict[str, float]:
        """The loss at full weights on what is held out, with the same random numbers each time."""
        if self.looks is None:
            return {}
        self.module.eval()
        with seeded(0, self.device), torch.no_grad(), self._autocast():
            loss, numbers = self.module(self.looks, self._share(self.plan.steps))
        return {"held_out": float(loss), **{f"held_out_{n}": float(v) for n, v in numbers.items()}}

    def _judge(self, loss: float) -> None:
        if loss < self.lowest or not self.history.best_step:
            self.lowest, self.history.best_step = loss, self.step
            self.kept = {name: value.clone() for name, value in self.module.state_dict().items()}
        looked = (self.step - self.history.best_step) // self.plan.every
        self.history.stopped_early = self.looks is not None and looked >= self.plan.patience

    def _share(self, step: int) -> Tensor:
        return torch.tensor(min(step / max(self.plan.steps, 1), 1.0), device=self.device)

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast("cuda", torch.bfloat16) if self.on_gpu else nullcontext()

    def finish(self) -> None:
        """Put the best weights back."""
        self.module.load_state_dict(self.kept)
        self.module.eval()


def pace(step: int, plan: Plan) -> float:
    """Share of the learning rate at a step: a climb, then a cosine to a hundredth.

    Examples
    --------
    >>> plan = Plan(steps=100, warm_up=0.1)
    >>> [round(pace(step, plan), 2) for step in (0, 9, 55, 100)]
    [0.1, 1.0, 0.51, 0.01]
    """
    climb = max(round(plan.warm_up * plan.steps), 1)
    if step < climb:
        return (step + 1) / climb
    way = (step - climb) / max(plan.steps - climb, 1)
    return 0.01 + 0.99 * (1 + math.cos(math.pi * min(way, 1.0))) / 2
