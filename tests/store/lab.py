"""A small project from files to labels in several blocks, its store, and what may be done to it."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from click.testing import Result
from typer.testing import CliRunner

from ethoflow import simulate, store
from ethoflow.cli import app
from ethoflow.engine import layout

GROUPS = ("tracks", "poses", "features", "labels/rules")
N_FRAMES = (500, 300, 450)
BLOCK = 200
NO_PICTURES = "pictures: {recordings: 0}\ncleaning: {pictures: 0}\n"


def invoke(*arguments: object) -> Result:
    """Run a command in this process; an exception that is no sentence is raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@dataclass(frozen=True)
class Lab:
    """A folder with tracking files, a project file, and the results of a run."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Lab:
        """Simulated files; in the second recording nothing is seen in the whole second block."""
        simulation = simulate.simulate_cohort(3, duration=[f"{n / 25} s" for n in N_FRAMES], seed=5)
        tracks = simulation.tracks
        tracks.position[1, ..., BLOCK : 2 * BLOCK] = np.nan
        simulate.write_dlc(tracks, folder / "tracks")
        simulate.write_metadata(tracks, folder / "animals.csv")
        lab, arena = cls(folder), simulation.arena
        lab.project.write_text(
            "tracks: tracks/*.csv\nfps: 25\nmetadata: animals.csv\n"
            f"arena: circle {arena.x} {arena.y} {arena.radius} px = {arena.size}\n"
            f"{NO_PICTURES}"
        )
        return lab

    @property
    def project(self) -> Path:
        """The project file."""
        return self.folder / "project.yaml"

    @property
    def store(self) -> Path:
        """The store of the results."""
        return self.folder / "results" / "cohort.zarr"

    def run(self) -> Result:
        """``ethoflow run`` on the project."""
        return invoke("run", self.project)

    def copy(self, folder: Path) -> Lab:
        """The same project and results elsewhere, with the times of the files."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return Lab(folder)


def small_blocks(monkeypatch: Any) -> None:
    """Several blocks a recording, although the recordings are short."""
    monkeypatch.setattr(layout, "BLOCK_BYTES", 1)
    monkeypatch.setattr(layout, "MIN_BLOCK", BLOCK)
    monkeypatch.setattr(layout, "choose_block", lambda *_: BLOCK)


@dataclass(frozen=True)
class Chunk:
    """A chunk that the metadata of a store speak of."""

    file: Path
    group: str
    name: str
    row: int | None = None
    block: int | None = None

    @property
    def folder(self) -> str:
        """Beginning of the path of all chunks of its array."""
        end = f"/{self.group}/{self.name}/"
        return self.file.as_posix().partition(end)[0] + end

    @property
    def wanted(self) -> list[str]:
        """What a message about it must name."""
        if self.row is None:
            return [self.group, self.name]
        recording = f"recording session_{self.row:02d}"
        return [self.group, self.name, recording, f"block {self.block}"]

    def named_in(self, text: str) -> bool:
        """Whether a message names it."""
        return all(re.search(rf"\b{re.escape(word)}", text) for word in self.wanted)


def chunks_of(path: Path) -> Iterator[Chunk]:
    """Every chunk that lies where the root's metadata look."""
    root = json.loads((path / "zarr.json").read_text())
    for node, document in root["consolidated_metadata"]["metadata"].items():
        if document["node_type"] != "array":
            continue
        group, _, name = node.rpartition("/")
        old = document["chunk_key_encoding"]["name"] == "default"
        dims = document.get("dimension_names", [])
        for file in sorted((path / node).rglob("*")):
            key = file.relative_to(path / node).as_posix()
            if not re.fullmatch(r"c(/\d+)*" if old else r"\d+(\.\d+)*", key) or file.is_dir():
                continue
            index = [int(part) for part in re.findall(r"\d+", key)]
            if "time" in dims and "recording" in dims:
                yield Chunk(file, group, name, index[0], index[-1])
            else:
                yield Chunk(file, group, name)


def stamps_of(path: Path) -> dict[Path, tuple[int, int]]:
    """Place and time of every chunk file that readers look at."""
    found = {chunk.file: chunk.file.stat() for chunk in chunks_of(path)}
    return {file: (stat.st_ino, stat.st_mtime_ns) for file, stat in found.items()}


def contents(path: Path) -> dict[str, xr.Dataset]:
    """All groups as plain xarray reads them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {g: xr.open_zarr(path, group=g, chunks=None).load() for g in GROUPS}


def documents(path: Path) -> dict[str, Any]:
    """What the root says of every node, but for where chunks lie."""
    root = json.loads((path / "zarr.json").read_text())
    nodes: Mapping[str, Any] = root["consolidated_metadata"]["metadata"]
    return {n: {k: v for k, v in d.items() if k != "chunk_key_encoding"} for n, d in nodes.items()}


def assert_mended(path: Path, whole: Mapping[str, xr.Dataset], said: Mapping[str, Any]) -> None:
    """The store equals the undamaged one, and nothing is found in it."""
    for group, ds in contents(path).items():
        xr.testing.assert_identical(ds, whole[group])
    assert documents(path) == said
    found = store.verify(path)
    assert not found.faults, list(map(str, found.faults))
    assert not found.stale
