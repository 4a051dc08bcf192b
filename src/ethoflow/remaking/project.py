"""A project file put together from what the writers of groups said of themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from ethoflow.engine.attribution import Making
from ethoflow.stages import Files, Stage

OUT = "remade"
"""Folder of the results, so that those there are stay."""

WIDEST = 10_000
"""Letters of a value that stay in one line."""


def compose(
    made: Sequence[tuple[Stage, Sequence[Making]]],
) -> tuple[str, dict[str, str], list[str]]:
    """The keys of all stages as YAML, the files that they name, and what contradicts itself."""
    top: dict[str, Any] = {}
    inside: dict[str, dict[str, Any]] = {}
    files: dict[str, str] = {}
    conflicts: list[str] = []
    for one, makings in made:
        said = [item.by for item in makings if item.by is not None]
        keys: dict[str, Any] = {}
        for number, by in enumerate(said):
            files |= by.get("files", {})
            new = by.get("keys", {})
            apart = _apart(one, keys, new) if number and not one.reads else []
            conflicts += [
                _conflict(name, one.name, keys.get(name), new.get(name)) for name in apart
            ]
            keys = _merged(one, keys, new) if number else dict(new)
        order = one.names if one.top else list(one.keys.model_fields)
        keys = {name: keys[name] for name in order if name in keys}
        if not one.top:
            inside |= {one.name: keys} if keys else {}
            continue
        shared = [name for name in keys if name in top and top[name] != keys[name]]
        conflicts += [_conflict(name, one.name, top[name], keys[name]) for name in shared]
        top |= keys
    values = {**top, **inside, "out": OUT}
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=WIDEST)
    return text, files, conflicts


def _conflict(name: str, stage: str, before: object, now: object) -> str:
    return (
        f"Not one project: {name} was {say_value(before)} at first, and {say_value(now)} for "
        f"{stage} in another run."
    )


def say_value(value: object) -> str:
    """A value of a key or parameter, as a project file has it."""
    return "not given" if value is None else json.dumps(value, ensure_ascii=False)


def _apart(stage: Stage, one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Keys that two runs of a stage give otherwise, but for names of files."""
    names = [name for name in stage.keys.model_fields if not _names_files(stage, name)]
    return [name for name in names if one.get(name) != other.get(name)]


def _names_files(stage: Stage, name: str) -> bool:
    return any(isinstance(mark, Files) for mark in stage.keys.model_fields[name].metadata)


def _merged(stage: Stage, before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of two runs in one: lists and what is said by name together, else the later."""
    merged = {**before, **now}
    for name, value in list(merged.items()):
        one, other = before.get(name), now.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            merged[name] = {**one, **other}
        elif isinstance(one, list) and isinstance(other, list):
            merged[name] = list(dict.fromkeys([*one, *other]))
        elif isinstance(value, list) and not _names_files(stage, name):
            del merged[name]  # where a list is not given, all that fit are meant
    return merged
