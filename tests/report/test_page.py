"""The report: its numbers are those of the tables, it stands alone, and a browser loads it."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow import store as stored
from ethoflow.cli import app
from ethoflow.report import Wanted, make_report
from tests.chromium import load_page


def make_labels(n: int = 6) -> xr.Dataset:
    """Labels without tracks: two behaviours and clusters, half of the animals treated."""
    rng = np.random.default_rng(3)
    shown = (rng.random((2, n, 1, 200)) < 0.3).astype(np.float32)
    shown[0, 0, 0, 50:80] = np.nan
    kinds = rng.integers(0, 3, (n, 1, 200)).astype(np.float32)
    dims = ("recording", "individual", "time")
    return xr.Dataset(
        {
            "grooming": (dims, shown[0], {"kind": "label"}),
            "rearing": (dims, shown[1], {"kind": "label"}),
            "cluster": (dims, kinds, {"kind": "category", "flag_values": [0, 1, 2],
                                      "flag_meanings": "c0 c1 c2"}),
        },
        {
            "recording": [f"r{i}" for i in range(n)], "individual": ["individual_0"],
            "animal": (("recording", "individual"), [[f"m{i}"] for i in range(n)]),
            "time": ("time", np.arange(200) / 10, {"units": "s"}), "fps": 10.0,
            "n_frames": ("recording", [200] * n),
            "treatment": ("recording", ["drug" if i % 2 else "none" for i in range(n)]),
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "lab.zarr"
    ef.write(make_labels(), path, "labels/rules")
    return path


@pytest.fixture(scope="module")
def page(store: Path) -> Path:
    done = CliRunner().invoke(app, ["report", str(store), "--by", "treatment"])
    assert done.exit_code == 0, done.output
    return store.parent / "lab_results" / "report.html"


class Tables(HTMLParser):
    """Cells of the tables of a page, and what is saved from it."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self.saved: dict[str, pd.DataFrame] = {}
        self._open = False
        self._name = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._name = str(given["id"])
            self.rows[self._name] = []
        elif tag == "tr":
            self.rows[self._name].append([])
        elif tag in ("td", "th"):
            self.rows[self._name][-1].append("")
            self._open = True
        elif tag == "a" and "download" in given:
            text = base64.b64decode(str(given["href"]).partition("base64,")[2]).decode()
            self.saved[str(given["download"])] = pd.read_csv(io.StringIO(text))

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[self._name][-1][-1] += data


def read(page: Path) -> Tables:
    found = Tables()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def test_numbers_on_the_page_are_those_of_the_tables(page: Path) -> None:
    found, labels = read(page), make_labels()
    flags = labels[["grooming", "rearing"]]
    budget = ef.time_budget(flags)
    saved = found.saved["rules_budget.csv"]
    np.testing.assert_allclose(saved["share"], budget["share"])
    head, *rows = found.rows["rules_budget"]
    shown = [float(row[head.index("share")]) for row in rows]
    np.testing.assert_allclose(shown, budget["share"], rtol=1e-3)
    tested = ef.stats.compare(ef.time_budget(labels), by="treatment")
    head, *rows = found.rows["comparison_rules"]
    assert [row[0] for row in rows] == tested["behaviour"].tolist()
    for column in ("estimate", "low", "p", "p_adjusted"):
        shown = [float(row[head.index(column)]) for row in rows]
        np.testing.assert_allclose(shown, tested[column], rtol=1e-3)
    means = found.saved["rules_clusters_means.csv"].set_index(["behaviour", "treatment"])["share"]
    of_kinds = ef.time_budget(labels[["cluster"]])
    own = of_kinds[(of_kinds.category == "c1") & (of_kinds.treatment == "drug")]["share"].mean()
    assert means.loc[("cluster c1", "drug")] == pytest.approx(own)


def test_the_page_stands_alone(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"'](?!data:|#)", text)
    assert "<script" not in text
    assert text.count("<img") >= 4


def test_what_cannot_be_compared_is_said_on_the_page(store: Path, tmp_path: Path) -> None:
    ef.write(make_labels(2), tmp_path / "few.zarr", "labels/rules")
    text = make_report(tmp_path / "few.zarr", Wanted(("treatment",)))
    assert "Not compared:" in text
    done = CliRunner().invoke(app, ["report", str(store), "--by", "treatmant"])
    assert done.exit_code != 0
    assert "treatmant" in done.output
    done = CliRunner().invoke(app, ["report", str(store), "--group", "labels/none"])
    assert "labels/none" in done.output


def test_a_mean_says_how_many_it_is_of(tmp_path: Path) -> None:
    """An animal in which a behaviour was never scored is not one of them."""
    labels = make_labels()
    labels["rearing"][0] = np.nan
    ef.write(labels, tmp_path / "some.zarr", "labels/rules")
    (tmp_path / "some.html").write_text(make_report(tmp_path / "some.zarr"), encoding="utf-8")
    means = read(tmp_path / "some.html").saved["rules_budget_means.csv"].set_index("behaviour")
    assert means["n"].to_dict() == {"grooming": 6, "rearing": 5}


def test_labels_out_of_date_are_said_on_the_page(tmp_path: Path) -> None:
    tracks = ef.simulate.still_then_running()
    path = tmp_path / "old.zarr"
    ef.write(tracks, path, "poses")
    ef.write(ef.annotate(ef.open(path, "poses"), ["moving"]), path, "labels/rules")
    assert "have changed since" not in make_report(path)
    ef.write(tracks.assign(position=tracks.position + 5), path, "poses")
    with pytest.warns(stored.StaleGroup):
        page = make_report(path)
    assert "labels/rules was made from numbers that have changed since" in page


def test_a_browser_loads_it_without_an_error(page: Path, tmp_path: Path) -> None:
    assert "Comparisons" in load_page(page, tmp_path / "profile")
