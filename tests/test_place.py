"""Where things lie: URLs that a store may lie at, others, and paths that were URLs once."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow import simulate
from ethoflow.place import SCHEMES, Url, local_path, place
from tests.store.lab import invoke
from tests.walks import walk

NAMES = st.text(st.characters(categories=("L", "N"), include_characters="-_ %#?"), min_size=1)
KEYS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)

OTHERS = (
    "gs://lab/x.zarr", "http://lab.org/x.zarr", "simplecache::s3://lab/x.zarr", "x+y://a/b",
    "results/s3://lab/x.zarr", "s3://", "memory://", "s3://lab/../x.zarr", "s3://lab//x.zarr",
    "s3:/lab/x.zarr", "s3:lab/x.zarr", "results/s3:/lab/x.zarr", "somewhere:/lab/x.zarr",
    "S3:/lab/x.zarr",
)  # fmt: skip
"""Texts that look as a URL does, at which no store can lie."""


@given(st.sampled_from(SCHEMES), KEYS)
def test_a_url_stays_what_it_is(scheme: str, key: str) -> None:
    url = place(f"{scheme}://{key}")
    assert url == Url(scheme, key)
    assert str(url) == f"{scheme}://{key}"
    assert place(str(url / "a/b")) == url / "a" / "b"
    assert (url / "a").parent == url
    assert pickle.loads(pickle.dumps(url)) == url
    with pytest.raises(TypeError):
        Path(url)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a/b.zarr", "/a/b.zarr", "a:b.zarr", "12:30/b.zarr", "x.zarr/",
                                  "mouse 1:/", "C:/lab/x.zarr", "../a", "."])  # fmt: skip
def test_a_path_stays_what_it_is(text: str) -> None:
    assert place(text) == Path(text)
    assert place(Path(text)) == Path(text)
    assert local_path(text, "results") == Path(text)


def test_a_url_of_a_file_is_its_path() -> None:
    assert place("file:///data/a%20b.zarr") == Path("/data/a b.zarr")
    assert local_path("file:///data/a%20b.zarr", "results") == Path("/data/a b.zarr")


@pytest.mark.parametrize("text", OTHERS)
def test_what_looks_like_a_url_makes_no_folder(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tracks = walk(50)
    for use in (lambda: ef.write(tracks, text), lambda: ef.open(text), lambda: ef.verify(text)):
        with pytest.raises(ef.DataError, match="URL"):
            use()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["s3://lab/x", "memory://x", "gs://lab/x"])
def test_what_lies_on_this_machine_makes_no_folder_of_a_url(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one = walk(50)
    cohort = simulate.simulate_recording(duration="2 s").tracks
    for name in (text, Path(text)):
        for use in (
            lambda name=name: ef.export(one, name, format="tidy CSV"),
            lambda name=name: simulate.write_dlc(cohort, name),
            lambda name=name: simulate.write_metadata(cohort, name),
            lambda name=name: ef.read(name),
            lambda name=name: ef.read_cohort([name], fps=25),
        ):
            with pytest.raises(ef.DataError, match=f"{text} is a URL"):
                use()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("url", ["gs://lab/x.zarr", "s3:/lab/x.zarr"])
def test_no_command_makes_a_folder_of_a_url(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    simulate.write_dlc(simulate.simulate_cohort(1, duration="4 s").tracks, "tracks")
    (tmp_path / "project.yaml").write_text(f"tracks: tracks/*.csv\nfps: 25\nout: {url}\n")
    before = sorted(tmp_path.rglob("*"))
    commands = (
        ("ingest", "tracks/*.csv", "--fps", 25, "--out", url), ("annotate", url),
        ("labels", "scores.csv", "--store", url), ("verify", url), ("info", url),
        ("export", url, "--format", "tidy CSV"), ("run", "project.yaml"), ("init", url),
        ("demo", "--out", url), ("run", f"{url}/project.yaml"),
        ("annotate", "x.zarr", "--project", f"{url}/project.yaml"),
    )  # fmt: skip
    for command in commands:
        result = invoke(*command)
        assert result.exit_code == 1, command
        assert "error:" in result.output
        assert sorted(tmp_path.rglob("*")) == before, command
