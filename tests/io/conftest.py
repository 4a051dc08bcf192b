"""Tables as DeepLabCut writes them, made by pandas: the truth that readers are held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


def dlc_table(
    n_frames: int = 6,
    bodyparts: Sequence[str] = ("nose", "centre", "tailbase"),
    individuals: Sequence[str] | None = None,
    coords: Sequence[str] = ("x", "y", "likelihood"),
    seed: int = 0,
) -> pd.DataFrame:
    """A DataFrame with the header levels of DeepLabCut and random numbers."""
    levels = [["DLC_net"], list(bodyparts), list(coords)]
    names = ["scorer", "bodyparts", "coords"]
    if individuals is not None:
        levels.insert(1, list(individuals))
        names.insert(1, "individuals")
    columns = pd.MultiIndex.from_product(levels, names=names)
    values = np.random.default_rng(seed).uniform(1, 500, (n_frames, len(columns)))
    table = pd.DataFrame(values, columns=columns)
    scores = columns.get_level_values("coords") == "likelihood"
    table.loc[:, scores] /= 500
    return table


@pytest.fixture
def make_table() -> Callable[..., pd.DataFrame]:
    return dlc_table


@pytest.fixture
def lines_of(tmp_path: Path) -> Callable[..., list[str]]:
    """Lines of a good CSV, for tests that spoil one of them."""

    def lines(**options: object) -> list[str]:
        path = tmp_path / "good_lines.csv"
        dlc_table(**options).to_csv(path)  # type: ignore[arg-type]
        return path.read_text().splitlines()

    return lines


@pytest.fixture(scope="session")
def cases(real_data):
    """Folder of small inputs that went wrong once; what needs it skips where it is absent."""
    folder = next((p / "cases" for p in real_data.parents if (p / "cases").is_dir()), None)
    if folder is None:
        pytest.skip(f"no folder of cases above {real_data}")
    return folder
