"""BehaviorDEPOT (``.mat``): frames and bouts by a person (hBehavior) or by its classifiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ethoflow.io.content import Content
from ethoflow.io.hdf5 import read_array
from ethoflow.io.matlab import read_matlab
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.formats.behaviordepot_table import is_matlab_table
from ethoflow.io.scoring.scored import Frames, Scored
from ethoflow.real import real_numbers
from ethoflow.schema import DataError

_ROOTS = ("hBehavior", "Behavior")


def _matches(file: Content) -> bool:
    if file.kind == "hdf5":
        return not is_matlab_table(file) and (
            (bool(file.keys & {*_ROOTS, "#refs#"}) and "#subsystem#" not in file.keys)
            or ("#refs#" in file.keys and bool(file.keys - {"#refs#", "#subsystem#"}))
        )
    return file.kind == "matlab" and bool(file.variables & set(_ROOTS))


@label_reader("BehaviorDEPOT", matches=_matches, extra="matlab")
def read_behaviordepot(path: Path) -> list[Scored]:
    """Labels of every behaviour with a vector of 0 and 1 per frame, MATLAB 5 and 7.3.

    The name of the recording is that of the video where the file has it.
    """
    with path.open("rb") as file:
        old = file.read(10) == b"MATLAB 5.0"
    root, is_human = _read_old(path) if old else _read_new(path)
    found = dict(_vectors(root))
    if not found:
        raise DataError(
            "no behaviour in it has a vector of frames: it holds results, not scored frames."
        )
    lengths = {len(vector) for vector in found.values()}
    if len(lengths) > 1:
        raise DataError(f"its behaviours have different numbers of frames: {sorted(lengths)}.")
    rate = root.get("FrameRate")
    return [
        Frames(
            name=_video_name(root) or recording_name(recording_name(path)),
            behaviours=tuple(found),
            values=np.array(list(found.values()), np.float32),
            rater=recording_name(recording_name(path)) if is_human else "",
            fps=None if rate is None else float(np.ravel(rate)[0]),
            source="human" if is_human else "classifier",
        )
    ]


def _numbers(vector: Any, name: str) -> Any:
    truths = np.asarray(vector).dtype.kind == "b"
    return real_numbers(np.asarray(vector, np.uint8) if truths else vector, name, np.float64)


def _video_name(root: Mapping[str, Any]) -> str:
    name = root.get("VideoName")
    return recording_name(name) if isinstance(name, str) and name else ""


def _vectors(root: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, found in root.items():
        if isinstance(found, Mapping) and "Vector" in found:
            vector = np.ravel(_numbers(found["Vector"], name))
            if not set(np.unique(vector)) <= {0.0, 1.0}:
                raise DataError(f"the vector of {name!r} holds other numbers than 0 and 1.")
            yield str(name), vector


def _read_old(path: Path) -> tuple[Mapping[str, Any], bool]:
    content = read_matlab(path, nested=True)
    name = next(name for name in _ROOTS if name in content)
    return content[name], name == "hBehavior"


def _read_new(path: Path) -> tuple[Mapping[str, Any], bool]:
    with h5py.File(path, "r") as file:
        name = next((name for name in _ROOTS if name in file), None)
        if name is None:
            tables = [n for n in file if not n.startswith("#")]
            raise DataError(
                f"it holds the MATLAB object {', '.join(tables)}, which only MATLAB can open: save "
                "it there as a struct or with writetable as CSV."
            )
        return _walk(file[name]), name == "hBehavior"


def _walk(group: h5py.Group) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            found[name] = _walk(item)
        elif item.attrs.get("MATLAB_class") == b"char":
            found[name] = "".join(chr(int(code)) for code in np.ravel(read_array(item)))
        else:
            found[name] = read_array(item)
    return found
