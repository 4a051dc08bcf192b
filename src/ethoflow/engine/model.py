"""Something that was learnt: arrays and files by name, known by a digest of how it came about."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ethoflow import store
from ethoflow.disk import writing_to
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, UnknownName, listed, near_file, no_such

MARK = "ethoflow_model"
"""Attribute of the group that holds a model."""
FILES = "files"
"""Folder of a model's files beside its arrays."""


@dataclass(frozen=True, eq=False)
class Model:
    """Arrays (and files, such as a network's weights) that functions take as a parameter.

    A model that lies in a folder travels as its path and digest, and is read once in a process;
    one that is not saved travels with its arrays. Recipes hold its digest alone.

    Parameters
    ----------
    name
        What it is called.
    digest
        Of how it came about: the fit, its parameters, and the recordings.
    arrays
        By name; read from `folder` where it is saved.
    recipe
        How it came about.
    folder
        Where it is saved; empty where it is not.
    behind
        Stored variables it was fitted on, as their store and their place in it, and the digest that
        each recording had.

    Examples
    --------
    >>> model = Model.of("scale", {"mean": np.zeros(3)})
    >>> model["mean"].shape, len(model.digest)
    ((3,), 32)
    """

    name: str
    digest: str
    arrays: Mapping[str, Array] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""
    behind: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, name: str, arrays: Mapping[str, Any], *, recipe: Mapping[str, Any] | None = None
    ) -> Model:
        """A model of arrays that came from elsewhere; its digest is that of their numbers."""
        held = {key: np.asarray(value) for key, value in arrays.items()}
        return cls(name, content_digest(held, {}), held, dict(recipe or {}))

    def __repr__(self) -> str:
        return f"<model {self.name} {self.digest[:8]}>"

    def __getitem__(self, name: str) -> Array:
        held = self._held()
        if name not in held:
            raise UnknownName(no_such(f"array of the model {self.name}", name, held))
        return held[name]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "arrays": {}} if self.folder else self.__dict__

    def _held(self) -> Mapping[str, Array]:
        return _load(self.folder, self.digest) if self.folder and not self.arrays else self.arrays

    def file(self, name: str) -> Path:
        """Path of one of its files.

        Raises
        ------
        UnknownName
            It has no such file.
        DataError
            The model is not as it was when it was saved, or another lies there now.
        """
        path = Path(self.folder, FILES, name)
        self._held()  # reads what was saved and compares it
        if self.folder:  # arrays are kept once read, and files are not
            _own_card(Path(self.folder), self.digest)
        if not self.folder or not path.is_file():
            there = Path(self.folder, FILES)
            known = sorted(p.name for p in there.iterdir()) if there.is_dir() else []
            raise UnknownName(no_such(f"file of the model {self.name}", name, known))
        return path

    def save(self, folder: str | Path, files: Mapping[str, str | Path] | None = None) -> Model:
        """The model, saved as a Zarr group in a folder, with copies of `files` by name.

        What was there is replaced when all of the new one is written. With files its digest also
        stands for what is in them. Within a store, ``cohort.zarr/models/NAME``, it remembers what
        of that store it was fitted on.

        Raises
        ------
        DataError
            The folder cannot be written, or holds something else than a model.
        """
        folder = Path(folder).absolute()
        if folder.exists() and not is_model(folder):
            raise DataError(f"{folder} is there and is no model: save it to another folder.")
        held = self._held()
        digest = content_digest({}, files, self.digest) if files else self.digest
        content = content_digest(held, files or {})
        home = str(folder.parent.parent)
        behind = {place: dict(found) for (at, place), found in self.behind.items() if at == home}
        card = {"name": self.name, "digest": digest, "content": content, "behind": behind}
        with writing_to(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as part:
                made, before = Path(part, "new"), Path(part, "before")
                _write(made, held, files or {}, {**card, "recipe": dict(self.recipe)})
                if folder.exists():
                    folder.replace(before)
                made.replace(folder)
        return open_model(folder)


def is_model(folder: Path) -> bool:
    """Whether a model was saved in a folder."""
    return _card(folder) is not None


def open_model(folder: str | Path) -> Model:
    """A model that was saved.

    Raises
    ------
    DataError
        There is none, or it is not as it was when it was saved.

    Warns
    -----
    store.StaleGroup
        It lies in a store, and was fitted on numbers of it that have changed since.
    """
    folder = Path(folder).absolute()
    card = _card(folder)
    if card is None:
        raise DataError(f"there is no model in {folder}.{near_file(folder)}")
    home = folder.parent.parent
    behind = {(str(home), place): found for place, found in card["behind"].items()}
    changed = [
        place
        for place, found in card["behind"].items()
        if not found.items() <= store.digests_of(home, place).items()
    ]
    if changed:
        warnings.warn(
            f"the model in {folder} was fitted on {listed(changed)} of this store, which changed "
            "since: fit it again.",
            store.StaleGroup,
            stacklevel=2,
        )
    return Model(card["name"], card["digest"], {}, card["recipe"], str(folder), behind)


def content_digest(arrays: Mapping[str, Any], files: Mapping[str, Any], also: str = "") -> str:
    """Digest of arrays and of the bytes of files."""
    digest = hashlib.blake2b(also.encode(), digest_size=16)
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}{values.dtype.str}{values.shape}".encode())
        digest.update(values.tobytes())
    for name in sorted(files):
        digest.update(name.encode())
        with open(files[name], "rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def _card(folder: Path) -> dict[str, Any] | None:
    import zarr  # heavy: models are read when they are used

    if not (folder / "zarr.json").is_file():
        return None
    try:
        card = zarr.open_group(str(folder), mode="r").attrs.get(MARK)
    except (OSError, ValueError, KeyError):
        return None
    return dict(card) if isinstance(card, Mapping) else None


def _write(
    folder: Path, arrays: Mapping[str, Array], files: Mapping[str, Any], card: dict[str, Any]
) -> None:
    import zarr

    group = zarr.open_group(str(folder), mode="w", zarr_format=3, attributes={MARK: card})
    for name, values in arrays.items():
        dims = [f"{name}_{axis}" for axis in range(values.ndim)]
        group.create_array(name, data=np.asarray(values), dimension_names=dims)
    for name, path in files.items():
        (folder / FILES).mkdir(exist_ok=True)
        shutil.copyfile(path, folder / FILES / name)


_loaded: dict[tuple[str, str], Mapping[str, Array]] = {}
_loading = threading.Lock()


def _load(folder: str, digest: str) -> Mapping[str, Array]:
    """Arrays of a saved model, read once in a process."""
    with _loading:
        if (folder, digest) not in _loaded:
            _loaded[folder, digest] = _read(Path(folder), digest)
        return _loaded[folder, digest]


def _own_card(folder: Path, digest: str) -> dict[str, Any]:
    """What a folder says of the model in it, where that is still the one of this digest."""
    card = _card(folder)
    if card is None or card["digest"] != digest:
        raise DataError(
            f"the model in {folder} is {'gone' if card is None else 'another one now'}: open it "
            "again, and make anew what rests on it."
        )
    return card


def _read(folder: Path, digest: str) -> Mapping[str, Array]:
    import zarr

    card = _own_card(folder, digest)
    group: Any = zarr.open_group(str(folder), mode="r")
    # Zarr's own listing warns of the folder of files.
    names = sorted(path.parent.name for path in folder.glob("*/zarr.json"))
    arrays = {name: np.asarray(group[name][...]) for name in names}
    files = {path.name: path for path in (folder / FILES).glob("*")}
    if content_digest(arrays, files) != card["content"]:
        raise DataError(
            f"the model in {folder} is not as it was saved: it was changed, or copied in part. "
            "Fit it again, or copy it again."
        )
    return arrays
