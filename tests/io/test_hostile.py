"""Files that claim far more than they hold end in a sentence, in little time and memory."""

from __future__ import annotations

import gzip
import json
import random
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest
from openpyxl import Workbook

from ethoflow.io import limits
from ethoflow.io.loading import load
from ethoflow.io.sheets import sheets_of_workbook
from ethoflow.schema import DataError
from ethoflow.yaml_text import load_yaml
from tests.hostile import BAD, MEGABYTES, SECONDS, Taken


@pytest.fixture(scope="module")
def taken():
    """What each file took; one process imports for all, and each is read in a fork of it."""
    command = [sys.executable, "-m", "tests.hostile"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return {row["name"]: Taken(**row) for row in map(json.loads, run.stdout.splitlines())}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits and memory are Linux's")
@pytest.mark.parametrize("name", BAD)
def test_a_hostile_file_ends_in_a_sentence(taken, name):
    found = taken[name]
    said = re.sub(r"\s+", " ", found.said)
    assert found.code == 1, said
    assert "error:" in said
    assert "Traceback" not in said
    assert found.seconds <= SECONDS, said
    assert found.megabytes <= MEGABYTES, said


def test_gzip_of_real_tables_is_read(tmp_path):
    """Above what is always read: numbers as trackers write them, and hours without an animal."""
    rng = random.Random(1)
    seen = (f"{i},{rng.uniform(0, 500)},{rng.uniform(0, 500)},0.99\n" for i in range(200_000))
    unseen = (f"{i},,,\n" for i in range(200_000, 2_600_000))
    head = "scorer,net,net,net\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"
    text = (head + "".join([*seen, *unseen])).encode()
    assert len(text) > limits.SMALL
    path = tmp_path / "mouse.csv.gz"
    path.write_bytes(gzip.compress(text[: 10**7], 6) + gzip.compress(text[10**7 :], 6))
    assert load(path)[0].position.shape[-1] == 2_600_000


def test_arrays_of_what_is_hardly_ever_seen_are_read(tmp_path):
    """Tracks before proofreading: a hundred of them, each seen in one frame of a hundred."""
    position = np.full((100, 2, 4, 20_000), np.nan)
    for track in range(100):
        position[track, :, :, 200 * track : 200 * track + 200] = np.random.default_rng(
            track
        ).uniform(0, 500, (2, 4, 200))
    path = tmp_path / "mouse.h5"
    with h5py.File(path, "w") as file:
        file["node_names"] = [b"a", b"b", b"c", b"d"]
        file.create_dataset("tracks", data=position, compression="gzip", chunks=(1, 2, 4, 20_000))
    assert position.nbytes > limits.SMALL
    assert load(path)[0].position.shape == (100, 4, 2, 20_000)


def test_long_lines_of_json_are_read(tmp_path):
    places = np.round(np.random.default_rng(1).uniform(0, 500, (20_000, 2, 2, 7)), 2)
    content = {"task1": {"a": {"keypoints": places.tolist()}}}
    path = tmp_path / "calms.json"
    path.write_text(json.dumps(content))
    assert path.stat().st_size > limits.LONGEST_LINE / 2
    path.write_text(json.dumps({"note": " " * limits.LONGEST_LINE, **content}))
    path.write_text(json.dumps({**content, "note": " " * limits.LONGEST_LINE}))
    assert load(path)[0].position.shape[-1] == 20_000


def test_wide_tables_are_read(tmp_path):
    """300 points of a network with a name of 60 letters."""
    parts = [f"animal_{i // 15}_point_{i % 15}" for i in range(300)]
    rows = [",".join(["scorer", *["D" * 60] * 900])]
    rows += [",".join(["bodyparts", *[p for p in parts for _ in range(3)]])]
    rows += [",".join(["coords", *["x", "y", "likelihood"] * 300])]
    rows += [",".join([str(i), *["1.5"] * 900]) for i in range(5)]
    path = tmp_path / "mouse.csv"
    path.write_text("\n".join(rows) + "\n")
    assert load(path)[0].position.shape == (1, 300, 2, 5)


def test_rows_of_a_sheet_are_as_wide_as_the_widest(tmp_path):
    book = Workbook()
    book.active.append(["a"])
    book.active.append(["b", None, 3])
    path = tmp_path / "t.xlsx"
    book.save(path)
    assert sheets_of_workbook(path) == {"Sheet": [["a", None, None], ["b", None, 3]]}
    assert sheets_of_workbook(path, 1) == {"Sheet": [["a"]]}


def test_aliases_are_read():
    assert load_yaml("a: &a [1, 2]\nb: *a\nc: {<<: {d: 3}}\n")[1] == {
        "a": [1, 2], "b": [1, 2], "c": {"d": 3},
    }  # fmt: skip
    assert load_yaml("") == (None, None)


@pytest.mark.parametrize(("unpacked", "stored", "fits"), [
    (limits.SMALL, 1, True),
    (limits.SMALL + 1, 1, False),
    (10**11, 10**9, True),
    (10**9, 10**5, False),
])  # fmt: skip
def test_what_is_refused_is_neither_small_nor_like_its_file(unpacked, stored, fits):
    if fits:
        limits.check_unpacked(unpacked, stored)
        return
    with pytest.raises(DataError, match="compressed more than 500 times"):
        limits.check_unpacked(unpacked, stored)
