"""A model with networks, as it is kept: arrays, ``config.json`` and ``model.safetensors``.

Numbers of networks have names that begin with that of their network, such as ``encoder.``; in
memory they lie beside the other arrays, in a folder in a file of their own.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.model import Model, content_digest

if TYPE_CHECKING:
    from torch import nn

WEIGHTS, CONFIG = "model.safetensors", "config.json"
KEPT = 8
"""Networks that a process keeps."""


def make_model(
    name: str, arrays: Mapping[str, Any], recipe: Mapping[str, Any], networks: Sequence[str]
) -> Model:
    """A model of arrays, numbers of networks among them, and a recipe that JSON can hold.

    Its digest is the one that it has when it is saved, so that labels do not become stale by it.
    """
    plain = json.loads(json.dumps(recipe))
    made = Model(name, "", {key: np.asarray(value) for key, value in arrays.items()}, plain)
    with _files(made, networks) as files:
        return replace(made, digest=content_digest({}, files, _base(made, networks)))


def save_model(model: Model, folder: str | Path, networks: Sequence[str]) -> Model:
    """The model, saved.

    Raises
    ------
    DataError
        The folder cannot be written, or holds something else than a model.
    """
    other = _split(model, networks)[1]
    plain = replace(model, digest=_base(model, networks), arrays=other, folder="")
    with _files(model, networks) as files:
        return plain.save(folder, files)


def weights_in(model: Model) -> Mapping[str, Array]:
    """Numbers of the networks of a model: beside its arrays, or in the file it was saved with."""
    if not model.folder:
        return model.arrays
    from safetensors.numpy import load_file

    weights: Mapping[str, Array] = load_file(model.file(WEIGHTS))
    return weights


_made: OrderedDict[tuple[str, str], tuple[nn.Module, ...]] = OrderedDict()
_making = threading.Lock()


def networks_of(
    model: Model, networks: Sequence[str], device: str = "cpu"
) -> tuple[nn.Module, ...]:
    """Networks of a model as its recipe describes them, made once in a process."""
    from ethoflow.networks.weights import build

    key = model.digest, device
    with _making:
        if key not in _made:
            weights = weights_in(model)
            made = (build(model.recipe[name], weights, name) for name in networks)
            _made[key] = tuple(one.to(device) for one in made)
            while len(_made) > KEPT:
                _made.popitem(last=False)
        return _made[key]


def _split(model: Model, networks: Sequence[str]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Numbers of networks, and the other arrays."""
    starts = tuple(f"{network}." for network in networks)
    held = {**model._held(), **weights_in(model)}
    own = {n: np.ascontiguousarray(value) for n, value in held.items() if n.startswith(starts)}
    return own, {name: value for name, value in held.items() if name not in own}


def _base(model: Model, networks: Sequence[str]) -> str:
    """Digest of all but the files."""
    other = _split(model, networks)[1]
    return content_digest(other, {}, json.dumps(dict(model.recipe), sort_keys=True))


@contextmanager
def _files(model: Model, networks: Sequence[str]) -> Iterator[dict[str, Path]]:
    """The files of a model, in a folder for a while."""
    from safetensors.numpy import save_file

    with tempfile.TemporaryDirectory() as there:
        files = {WEIGHTS: Path(there, WEIGHTS), CONFIG: Path(there, CONFIG)}
        save_file(_split(model, networks)[0], files[WEIGHTS])
        files[CONFIG].write_text(json.dumps(dict(model.recipe), indent=1) + "\n", "utf-8")
        yield files
