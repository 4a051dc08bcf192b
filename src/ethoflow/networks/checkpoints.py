"""A training on disk, to go on from: arrays and a text of JSON in one file, no pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from ethoflow.disk import writing_to
from ethoflow.errors import DataError

if TYPE_CHECKING:
    from ethoflow.networks.training import Job


def write(path: Path, job: Job, *, told: dict[str, Any]) -> None:
    """Write where `job` is; what was there before is replaced at once or not at all."""
    arrays = {f"now/{name}": value for name, value in job.module.state_dict().items()}
    arrays |= {f"kept/{name}": value for name, value in job.kept.items()}
    for number, state in job.optimiser.state_dict()["state"].items():
        arrays |= {f"optimiser/{number}/{name}": value for name, value in state.items()}
    arrays["random/sampler"] = job.sampler.generator.get_state()
    arrays["random/cpu"] = torch.get_rng_state()
    if job.on_gpu:
        arrays["random/gpu"] = torch.cuda.get_rng_state(job.device)
    history = job.history
    text = json.dumps(
        {
            "told": told,
            "step": job.step,
            "lowest": job.lowest,
            "rows": history.rows,
            "best_step": history.best_step,
            "stopped_early": history.stopped_early,
        }
    )
    beside = path.with_name(path.name + ".part")
    plain = {name: value.detach().cpu().numpy() for name, value in arrays.items()}
    with writing_to(path):
        with beside.open("wb") as file:
            np.savez(file, text=np.frombuffer(text.encode(), np.uint8), **plain)
        os.replace(beside, path)


def restore(path: Path, job: Job, *, told: dict[str, Any]) -> None:
    """Bring `job` to where the file left it.

    Raises
    ------
    DataError
        The file is broken, or is of another training.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: torch.from_numpy(file[name]) for name in file.files}
        state = json.loads(bytes(arrays.pop("text").numpy()))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise DataError(f"{path} is no checkpoint of a training. Remove it to begin anew.") from (
            error
        )
    other = [name for name, value in told.items() if state["told"].get(name) != _plain(value)]
    if other:
        raise DataError(
            f"{path} is of another training: it differs in {', '.join(other)}. Remove it to begin "
            "anew, or give another file."
        )
    job.module.load_state_dict(_under(arrays, "now/"))
    job.kept = {name: value.to(job.device) for name, value in _under(arrays, "kept/").items()}
    frame = job.optimiser.state_dict()
    frame["state"] = _states(_under(arrays, "optimiser/"), job.weights)
    job.optimiser.load_state_dict(frame)
    job.sampler.generator.set_state(arrays["random/sampler"])
    torch.set_rng_state(arrays["random/cpu"])
    if job.on_gpu:
        torch.cuda.set_rng_state(arrays["random/gpu"], job.device)
    job.step, job.lowest = state["step"], state["lowest"]
    job.sampler.seek(job.step * job.plan.batch)
    job.history.rows, job.history.best_step = state["rows"], state["best_step"]
    job.history.stopped_early = state["stopped_early"]


def _under(arrays: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    return {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}


def _states(arrays: dict[str, Tensor], weights: Sequence[Tensor]) -> dict[int, dict[str, Tensor]]:
    """States of the optimiser by the number of their weight, in its layout of memory.

    A fused step goes through memory, and takes numbers of another layout for those of others.
    """
    out: dict[int, dict[str, Tensor]] = {}
    for name, value in arrays.items():
        number, _, own = name.partition("/")
        like = weights[int(number)]
        if value.shape == like.shape:
            value = torch.empty_like(like, device="cpu").copy_(value)
        out.setdefault(int(number), {})[own] = value
    return out


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    return json.loads(json.dumps(value))
