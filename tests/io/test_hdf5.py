"""Arrays that claim more than is stored are refused before memory is taken."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from ethoflow.io.loading import load
from ethoflow.schema import DataError


def test_an_array_of_nothing_is_not_read(tmp_path):
    path = tmp_path / "points3d.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("tracks", (10**9, 1, 15, 3), "f8", chunks=(1000, 1, 15, 3))
    with pytest.raises(DataError, match=r"claims 360 GB and \d+ bytes of it are stored"):
        load(path)


def test_compressed_and_small_arrays_are(tmp_path):
    path = tmp_path / "points3d.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("tracks", data=np.zeros((5000, 1, 15, 3)), compression="gzip")
    assert load(path)[0].position.shape == (1, 15, 3, 5000)
