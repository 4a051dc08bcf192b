"""Codes of clusters as arrays: NumPy files of VAME and B-SOiD, results of keypoint-MoSeq."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np

from ethoflow.io.content import Content
from ethoflow.io.hdf5 import read_array
from ethoflow.io.numpy_files import header_of_array, load_array
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.codes import labels_of_codes
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.scored import Frames, Scored
from ethoflow.schema import DataError

_VAME = re.compile(r"(?P<k>\d+)_(?P<how>km|kmeans|hmm)_label_(?P<name>.+)", re.IGNORECASE)


def _is_codes(file: Content) -> bool:
    if file.kind != "npy":
        return False
    shape, dtype = header_of_array(file.path)
    return dtype.kind in "iu" and sum(size != 1 for size in shape) == 1


@label_reader("codes per frame (NPY)", matches=_is_codes, fixture="built")
def read_code_array(path: Path) -> list[Scored]:
    """One whole number a frame, as VAME (``15_km_label_NAME.npy``) and B-SOiD write them.

    Every code is a behaviour (``motif_3``, ``cluster_3``); negative ones are unknown. The recording
    is called as in the name of the file.
    """
    codes = load_array(path).squeeze().astype(np.float64)
    vame = _VAME.fullmatch(recording_name(path))
    names, values = labels_of_codes(codes, "motif" if vame else "cluster")
    name = vame["name"] if vame else recording_name(path)
    return [Frames(name, names, values, source="classifier")]


def _syllables(path: Path) -> list[str]:
    with h5py.File(path, "r") as file:
        return [
            name
            for name, group in file.items()
            if isinstance(group, h5py.Group) and {"syllable", "syllables"} & set(group)
        ]


def _is_moseq(file: Content) -> bool:
    return file.kind == "hdf5" and bool(_syllables(file.path))


@label_reader("keypoint-MoSeq results", matches=_is_moseq, fixture="built")
def read_moseq(path: Path) -> list[Scored]:
    """Syllables of every recording in ``results.h5``; each is a behaviour (``syllable_3``)."""
    scored: list[Scored] = []
    with h5py.File(path, "r") as file:
        for name in _syllables(path):
            group = file[name]
            codes = group["syllable" if "syllable" in group else "syllables"]
            if codes.ndim != 1 or codes.dtype.kind not in "iu":
                raise DataError(
                    f"{name}: needed one whole number a frame, found {codes.dtype} of the shape "
                    f"{codes.shape}."
                )
            found, values = labels_of_codes(read_array(codes).astype(np.float64), "syllable")
            scored.append(Frames(name, found, values, source="classifier"))
    return scored
