"""The benchmarks run: once each, small, so that they cannot rot."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import REPOSITORY


@pytest.mark.slow
def test_throughput() -> None:
    script = REPOSITORY / "benchmarks" / "throughput.py"
    command = [sys.executable, str(script), "--recordings", "2", "--minutes", "0.5"]
    output = subprocess.check_output(command, text=True)
    assert output.count("frames/CPU s") == 3


@pytest.mark.slow
def test_freshness() -> None:
    script = REPOSITORY / "benchmarks" / "freshness.py"
    command = [sys.executable, str(script), "--recordings", "3", "--minutes", "0.2"]
    parts = [line.split()[-6] for line in subprocess.check_output(command, text=True).splitlines()]
    assert parts == ["45", "0", "15", "4"]


@pytest.mark.slow
def test_information() -> None:
    script = REPOSITORY / "benchmarks" / "information.py"
    command = [sys.executable, str(script), "--recordings", "2", "--minutes", "0.5"]
    assert "MB peak" in subprocess.check_output(command, text=True)


@pytest.mark.slow
def test_features() -> None:
    script = REPOSITORY / "benchmarks" / "features.py"
    command = [sys.executable, str(script), "--minutes", "0.2", "--repeats", "1"]
    assert subprocess.check_output(command, text=True).count("lazily") == 6
    wide = subprocess.check_output([*command[:2], "--wide", "--minutes", "0.1"], text=True)
    assert wide.startswith("4,508 columns of 180 frames")


@pytest.mark.slow
def test_regions() -> None:
    script = REPOSITORY / "benchmarks" / "regions.py"
    command = [sys.executable, str(script), "--minutes", "0.2", "--repeats", "1"]
    assert subprocess.check_output(command, text=True).count("lazily") == 8


@pytest.mark.slow
def test_cleaning() -> None:
    script = REPOSITORY / "benchmarks" / "cleaning.py"
    command = [sys.executable, str(script), "--minutes", "0.2", "--repeats", "1"]
    assert subprocess.check_output(command, text=True).count("lazily") == 9


@pytest.mark.slow
def test_statistics() -> None:
    command = [sys.executable, "-m", "benchmarks.statistics", "--cohorts", "10"]
    output = subprocess.check_output(command, text=True, cwd=REPOSITORY)
    assert "largest loss" in output


@pytest.mark.slow
def test_rules() -> None:
    script = REPOSITORY / "benchmarks" / "rules.py"
    command = [sys.executable, str(script), "--frames", "20000"]
    rows = subprocess.check_output(command, text=True).splitlines()
    rates = {row.split("  ")[0]: int(row.split()[-3].replace(",", "")) for row in rows}
    assert rates["all"] > 50_000  # a tenth of the usual: a busy machine is not a failure


@pytest.mark.slow
def test_noise() -> None:
    script = REPOSITORY / "benchmarks" / "noise.py"
    command = [
        sys.executable,
        str(script),
        "--noise",
        "0.3",
        "--recordings",
        "1",
        "--seconds",
        "60",
    ]
    rows = subprocess.check_output(command, text=True).splitlines()[2:]
    found = {row.split("|")[1].strip(): float(row.split("|")[2]) for row in rows}
    assert len(found) == 9
    assert min(found["contact"], found["climbing"], found["nose_to_nose"]) >= 0.95


@pytest.mark.slow
def test_networks() -> None:
    command = [sys.executable, "-m", "benchmarks.networks", "--repeats", "1", "--steps", "2"]
    output = subprocess.check_output([*command, "--frames", "1024"], text=True, cwd=REPOSITORY)
    assert output.count("frames/CPU s") == 8


@pytest.mark.slow
def test_gpu_says_where_there_is_none() -> None:
    command = [sys.executable, "-m", "benchmarks.gpu", "--steps", "8", "--batch", "64"]
    output = subprocess.check_output(command, text=True, cwd=REPOSITORY)
    assert "there is no GPU" in output or output.count("million frames/s") == 2


@pytest.mark.slow
def test_gpu_runs_on_a_processor() -> None:
    small = "--frames 8192 --batch 4 --steps 8 --pieces 66 --size 128 --device cpu"
    command = [sys.executable, "-m", "benchmarks.gpu", *small.split()]
    rows = subprocess.check_output(command, text=True, cwd=REPOSITORY).splitlines()
    assert rows[0].startswith("cpu: ")
    assert [row[:9].strip() for row in rows[1:]] == ["training", "streamed", "one pass"]
    assert all("FLOP a frame" in row and "of the bytes/s" in row for row in rows[1:])


@pytest.mark.slow
def test_streaming() -> None:
    small = "--hours 3 --length 0.03 --steps 8 --pieces 80 --repeats 1"
    command = [sys.executable, "-m", "benchmarks.streaming", *small.split()]
    output = subprocess.check_output(command, text=True, cwd=REPOSITORY)
    assert output.count("MB peak") == 3
    assert output.count("8,100 frames, 8 steps, all in memory") == 3
    assert output.count("frames/CPU s") == 2


@pytest.mark.slow
def test_explain() -> None:
    script = REPOSITORY / "benchmarks" / "explain.py"
    command = [sys.executable, str(script), "--rows", "1000", "--background", "500"]
    assert subprocess.check_output(command, text=True).count("rows/CPU s; sums off by") == 3


def test_a_probe_of_blocks_finds_what_is_in_its_rows_and_nothing_else() -> None:
    from benchmarks.real_clusters import blocked_f1, window_statistics

    random = np.random.default_rng(0)
    truth = ((np.arange(2000) // 40) % 2).astype(float)
    known = np.arange(2000) >= 100
    rows = random.normal(size=(2, 2000))
    assert blocked_f1(rows, truth, known, 10) < 0.7
    assert blocked_f1(rows + 5 * truth, truth, known, 10) > 0.97
    mean, spread = window_statistics(np.full((1, 50), 3.0), 13)
    assert (mean == 3).all()
    assert (spread == 0).all()


def test_a_table_of_clusterers_has_a_cell_for_every_set() -> None:
    from benchmarks.clustering import Score, markdown

    state = np.array([[0, 0, 1, 1, 2, 2]])
    half = np.array([[0, 0, 1, 1, 1, np.nan]])
    scores = [
        Score.between(of, name, found, state, 2.0)
        for of in ("a_1mm", "b_2mm")
        for name, found in (("right", state.astype(float)), ("half", half))
    ]
    assert scores[1].unknown == pytest.approx(1 / 6)
    lines = markdown(scores).splitlines()
    assert lines[2] == "| right | 1.000 | 1.000 | 1.000 | 2 |"
    assert lines[8] == "| half | 0.800 | 0.800 | 0.800 | 2 |"


@pytest.mark.slow
def test_long_pictures() -> None:
    script = REPOSITORY / "benchmarks" / "long_pictures.py"
    text = subprocess.check_output([sys.executable, str(script), "--hours", "0.2"], text=True)
    assert text.count("MB peak") == 6
    assert text.count("a zoom") == 2
