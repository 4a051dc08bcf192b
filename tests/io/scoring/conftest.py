"""Small tables of scored behaviour, and the frames that labels made of them hold."""

from __future__ import annotations

import numpy as np
import pytest


def frames(label):
    """Frames at which a label is 1."""
    return np.flatnonzero(label.values == 1).tolist()


@pytest.fixture
def table(tmp_path):
    def write(text, name="m.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write
