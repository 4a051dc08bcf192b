"""On which device a process uses networks that were trained."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from ethoflow.errors import DataError

VARIABLE = "ETHOFLOW_DEVICE"
"""Environment variable of a process, or a worker, that names its device."""


def device_here() -> str:
    """The device that `VARIABLE` names: ``"cpu"`` without it, or ``"cuda"``, ``"cuda:1"``.

    Raises
    ------
    DataError
        There is no such device.

    Examples
    --------
    >>> device_here()
    'cpu'
    """
    name = os.environ.get(VARIABLE, "") or "cpu"
    kind, _, number = name.partition(":")
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    there = kind == "cuda" and (not number or (number.isdigit() and int(number) < gpus)) and gpus
    if name != "cpu" and not there:
        raise DataError(
            f"{VARIABLE} is {name!r}, and torch finds {gpus} GPUs here: give cpu, cuda, or cuda:N, "
            "where N is below that number."
        )
    return name


@contextmanager
def using(device: str) -> Iterator[None]:
    """Networks are used, not trained; on a GPU in whole precision, and the same each time."""
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode())
        if device != "cpu":
            flags = torch.backends.cudnn.flags(deterministic=True, allow_tf32=False)
            stack.enter_context(flags)
        yield
