"""A dataset goes down through the engine once: who calls whom while one is annotated and stored."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import dask
import pytest
import xarray as xr

import ethoflow as ef
import ethoflow.engine
from tests.conftest import REPOSITORY
from tests.strategies import make_poses, stack

ENGINE = Path(ethoflow.engine.__file__).parent

HEARD = ("schedule", "materialise", "_Heard.hear")
"""The one way up, by design: the task loop tells who writes which blocks are finished."""


class Call(NamedTuple):
    """A call from one module of the engine to another, and the function that was called."""

    caller: str
    called: str
    function: str


def order() -> dict[str, int]:
    """How deep each module lies, as the import contract of the engine declares."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]
    [layers] = [
        contract["layers"]
        for contract in settings["contracts"]
        if all(layer.startswith("ethoflow.engine.") for layer in contract.get("layers", [""]))
    ]
    names = ((depth, name.strip()) for depth, row in enumerate(layers) for name in row.split("|"))
    return {name.removeprefix("ethoflow.engine."): depth for depth, name in names}


@cache
def module_of(file: str) -> str | None:
    """Name of the engine's module, or package in it, that a file is of."""
    path = Path(file)
    return path.relative_to(ENGINE).parts[0].removesuffix(".py") if ENGINE in path.parents else None


def heard_while(act: Callable[[], Any]) -> list[Call]:
    """Calls between modules of the engine, in order: of one right by the other."""
    found: list[Call] = []

    def hear(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or frame.f_back is None:
            return
        caller, called = (module_of(f.f_code.co_filename) for f in (frame.f_back, frame))
        if caller and called and caller != called:
            found.append(Call(caller, called, frame.f_code.co_qualname))

    before = sys.getprofile()
    sys.setprofile(hear)
    try:
        with dask.config.set(scheduler="synchronous"):
            act()
    finally:
        sys.setprofile(before)
    return found


def goes_up(call: Call, depths: dict[str, int]) -> bool:
    """Whether a call leads to a module above, or beside where the contract keeps them apart."""
    lowest = len(depths)  # a module that is in no layer is below them all
    caller, called = depths.get(call.caller, lowest), depths.get(call.called, lowest)
    return called < caller or (called == caller < lowest)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    path = tmp_path_factory.mktemp("layers") / "a.zarr"
    ef.write(stack([make_poses(1, 300, name="a"), make_poses(2, 100, name="b")]), path, "poses")
    ds = ef.open(path, "poses")
    assert isinstance(ds, xr.Dataset)
    ef.annotate(make_poses(1, 20)).compute()  # compiles the loops, which takes long when heard
    return heard_while(lambda: ef.write(ef.annotate(ds), path, "labels/rules"))


def test_from_annotating_to_a_store_no_call_goes_up(calls: list[Call]) -> None:
    depths = order()
    assert {call for call in calls if goes_up(call, depths)} == {Call(*HEARD)}


def test_the_calls_are_those_of_the_whole_way(calls: list[Call]) -> None:
    """Else nothing was heard: from what writes, over tasks and blocks, to kernel and sources."""
    ways = {(call.caller, call.called) for call in calls}
    assert ways >= {
        ("lazy", "tasks"), ("layout", "tasks"), ("materialise", "schedule"), ("blocks", "kernel"),
        ("blocks", "sources"), ("resolve", "declare"),
    }  # fmt: skip
