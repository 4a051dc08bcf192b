"""Arenas and regions in a project file: what their values may be."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from ethoflow.geometry.files import is_file
from ethoflow.geometry.written import read_arena, read_region, read_regions_of_maze


def _check_arena(value: str) -> str:
    if not is_file(value):
        read_arena(value)
    return value


def _check_region(value: str) -> str:
    read_region(value)
    return value


def _check_regions(value: str) -> str:
    if not is_file(value):
        read_regions_of_maze(value)
    return value


ArenaText = Annotated[str, AfterValidator(_check_arena)]
"""An arena as written, or a table of arenas."""

RegionsText = Annotated[str, AfterValidator(_check_regions)]
"""All regions of a maze, or a file of regions."""

Shape = Annotated[str, AfterValidator(_check_region)]

RegionText: TypeAlias = Shape | list[Shape | list[Shape]]
"""An outline, an outline and its holes, or parts of these."""
