"""Which reader a file gets, what all readers promise, and files that none can read."""

from __future__ import annotations

import subprocess
import sys

import h5py
import numpy as np
import pytest

import ethoflow.io.reader as reader_module
from ethoflow.io.one_file import read
from ethoflow.io.options import digest_of
from ethoflow.io.reader import Options, Tracks, reader, readers
from ethoflow.schema import DataError, as_dataset


def test_formats_are_found_in_their_modules():
    names = [item.name for item in readers()]
    assert len(names) == len(set(names)) >= 34
    assert {"DeepLabCut CSV", "SLEAP .slp", "NWB ndx-pose", "plain table"} <= set(names)
    assert all(item.load.__doc__ for item in readers())


def test_formats_are_found_in_a_fresh_process():
    code = "from ethoflow.io.reader import readers; print(len(readers()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(readers())


def test_threads_never_see_half_of_the_formats():
    code = """
from concurrent.futures import ThreadPoolExecutor
from ethoflow.io.reader import readers
with ThreadPoolExecutor(8) as pool:
    print(len({len(found) for found in pool.map(lambda _: readers(), range(32))}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_a_format_of_ones_own(tmp_path, monkeypatch):
    readers()
    kept = reader_module._READERS
    monkeypatch.setattr(kept, "entries", dict(kept.entries))
    monkeypatch.setattr(kept, "_homes", dict(kept._homes))

    @reader("dots", matches=lambda file: file.head.startswith(b"dots"))
    def read_dots(path):
        position = np.full((1, 1, 2, 3), 7, np.float32)
        return [Tracks(path.stem, position, None, ("nose",), fps=12.5, source_software="Dots")]

    (tmp_path / "a.txt").write_text("dots")
    ds = read(tmp_path / "a.txt")
    assert float(ds.fps) == 12.5
    assert ds.attrs["source_software"] == "Dots"
    assert float(read(tmp_path / "a.txt", fps=50).fps) == 50
    assert as_dataset(ds).identical(ds)
    with pytest.raises(ValueError, match="'DeepLabCut CSV' is declared twice"):
        reader("DeepLabCut CSV", matches=lambda path: True)(read_dots)


def test_fps_must_be_known_and_positive(tmp_path, make_table):
    make_table().to_csv(tmp_path / "a.csv")
    with pytest.raises(DataError, match="a.csv: the frame rate is not known.*--fps 25"):
        read(tmp_path / "a.csv")
    for fps in (0, -25, float("nan"), float("inf")):
        with pytest.raises(DataError, match="fps must be a positive number"):
            read(tmp_path / "a.csv", fps=fps)


def test_digest_changes_with_content_and_individuals(tmp_path, make_table):
    make_table(bodyparts=["B_nose", "W_nose"]).to_csv(tmp_path / "a.csv")
    make_table(bodyparts=["B_nose", "W_nose"], seed=1).to_csv(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_bytes((tmp_path / "a.csv").read_bytes())
    digests = [digest_of(tmp_path / name) for name in ("a.csv", "b.csv", "c.csv")]
    assert digests[0] == digests[2] != digests[1]
    chosen = [
        digest_of(tmp_path / "a.csv", Options.of(names))
        for names in (["B", "W"], ["W", "B"], ["B"])
    ]
    assert len({*digests, *chosen}) == 5


@pytest.mark.parametrize(
    ("content", "looks"),
    [
        (b"", "the file is empty \\(0 bytes\\)"),
        (b"\n\n", "blank lines"),
        (b"Time,x,y\n0,1,2\n", "text that begins with 'Time,x,y'"),
        (b"\x80\x04\x95", "a Python pickle"),
        (b"PK\x03\x04abc", "Excel workbook"),
        (b"\x00\x00\x00\x18ftypmp42", "a video"),
        (b"\x00\x01\x02\x03", "binary data"),
        (b"\x1f\x8b\x08garbage", "gzip"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.h5", "a.slp", "a"])
def test_content_that_is_no_tracks(tmp_path, content, looks, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=looks) as caught:
        read(tmp_path / name, fps=25)
    assert str(tmp_path / name) in str(caught.value)


def test_hdf5_of_something_else(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["weights"] = np.zeros(3)
    with pytest.raises(DataError, match="HDF5 file that holds: weights.*`ethoflow formats` lists"):
        read(tmp_path / "a.h5", fps=25)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="nowhere.csv: there is no such file"):
        read(tmp_path / "nowhere.csv", fps=25)
    with pytest.raises(DataError, match="this is a folder"):
        read(tmp_path, fps=25)


def test_individuals_are_a_list(tmp_path, make_table):
    make_table().to_csv(tmp_path / "a.csv")
    with pytest.raises(DataError, match="must be a list of names, found 'BW'"):
        read(tmp_path / "a.csv", fps=25, individuals="BW")


def test_names_are_kept_in_two_readings(tmp_path, make_table):
    make_table().to_csv(tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", fps=25).identical(read(str(tmp_path / "a.csv"), fps=25))


@pytest.mark.parametrize(
    ("module", "name", "advice"),
    [
        ("sleap_io", "sleap-flies/typical.slp", r"SLEAP .slp needs sleap_io: .*ethoflow\[sleap\]"),
        (
            "h5netcdf",
            "vame-one-recording-4-formats/tests_project_sample_nc/cropped_video.nc",
            r"movement netCDF needs h5netcdf: .*ethoflow\[netcdf\]",
        ),
    ],
)
def test_a_library_that_is_missing_is_named(monkeypatch, real_data, module, name, advice):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DataError, match=advice):
        read(real_data / name, fps=25)
