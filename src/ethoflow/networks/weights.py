"""Networks as arrays and plain settings, and back: no pickle, nothing but numbers and names."""

from __future__ import annotations

import importlib
import typing
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError

if TYPE_CHECKING:
    from torch import nn

HOMES = ("ethoflow.networks.", "ethoflow.cluster.", "ethoflow.learn.")
"""Where networks are defined: a saved model names a class, and none from elsewhere is made."""


def describe(module: nn.Module) -> dict[str, Any]:
    """The class and settings of a network, as JSON has them."""
    own = type(module)
    settings: Any = module.settings
    return {"class": f"{own.__module__}:{own.__qualname__}", "settings": asdict(settings)}


def weights_of(module: nn.Module, prefix: str) -> dict[str, Array]:
    """All numbers of a network by name."""
    return {
        f"{prefix}.{name}": value.detach().cpu().numpy()
        for name, value in module.state_dict().items()
    }


def build(described: Mapping[str, Any], weights: Mapping[str, Array], prefix: str) -> nn.Module:
    """The network that `describe` and `weights_of` wrote, in use.

    Raises
    ------
    DataError
        It is of a class that is not ours, or the numbers do not fit it.
    """
    import torch

    place, _, name = str(described["class"]).partition(":")
    try:
        if not place.startswith(HOMES):
            raise ValueError(f"{place} is no network of ethoflow")
        made = getattr(importlib.import_module(place), name)
        settings = typing.get_type_hints(made.__init__)["settings"]
        module: nn.Module = made(settings(**_as_tuples(described["settings"])))
        own = {
            key.removeprefix(f"{prefix}."): torch.from_numpy(np.array(value))
            for key, value in weights.items()
            if key.startswith(f"{prefix}.")
        }
        module.load_state_dict(own)
    except (ImportError, AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"the {prefix} of this model cannot be made ({type(error).__name__}: {error}): it was "
            "saved by another version of ethoflow. Fit it again."
        ) from error
    return module.eval()


def _as_tuples(value: Any) -> Any:
    """Settings as they were before JSON: lists were tuples."""
    if isinstance(value, Mapping):
        return {key: _as_tuples(one) for key, one in value.items()}
    return tuple(_as_tuples(one) for one in value) if isinstance(value, list | tuple) else value
