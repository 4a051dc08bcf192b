"""A YAML file by its keys, with the line of each: what a message about it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ethoflow.errors import DataError, NoSuchFile, near_file
from ethoflow.yaml_limits import LARGEST, load_yaml


def read_yaml(path: Path, what: str, way: str) -> tuple[dict[str, Any], yaml.Node]:
    """Keys and values of a file, and its nodes; keys without a value are left out.

    Parameters
    ----------
    path
        The file.
    what
        What the file is, for messages.
    way
        How to come by one.

    Raises
    ------
    DataError
        It is not there, is no text or no YAML, has a key twice, or holds no keys.
    """
    if path.is_dir():
        inside = path / "project.yaml"
        there = f" Did you mean {str(inside)!r}?" if inside.is_file() else f" {way}"
        raise DataError(f"{path} is a folder: name the {what}.{there}")
    if not path.is_file():
        raise NoSuchFile(f"no {what} at {path}.{near_file(path)} {way}")
    if path.stat().st_size > LARGEST:
        raise DataError(
            f"{path} has {path.stat().st_size:,} bytes; a {what} has at most {LARGEST:,}."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is no text in UTF-8 (byte {error.start}): needed a {what} in YAML. Save it "
            "again as UTF-8, or name another file."
        ) from error
    try:
        tree, values = load_yaml(text)
        if tree is not None:
            _check_twice(tree, path)
    except yaml.YAMLError as error:
        raise DataError(f"{path} is not YAML: {_explain(error)}") from error
    except (ValueError, RecursionError) as error:  # a date of the 99th of May; brackets in brackets
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} is not YAML: {error}.") from error
    if tree is None or not isinstance(values, dict):
        raise DataError(
            f"{path} is no {what}: it must hold keys and values, such as 'tracks: tracks/*.csv'. "
            f"{way}"
        )
    return {str(key): value for key, value in values.items() if value is not None}, tree


def _explain(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None:
        return " ".join(str(error).split())
    tab = ". Indent with blanks, not with tabs" if "'\\t'" in str(problem) else ""
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}{tab}."


def _check_twice(tree: yaml.Node, path: Path) -> None:
    """Refuse a key that is there twice, of which YAML would silently take the last."""
    seen: set[int] = set()
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in lines and name != "<<":
                    raise DataError(
                        f"{path}: line {line}: the key {name!r} is there already, in line "
                        f"{lines[name]}: keep one of the two."
                    )
                lines[name] = line
                nodes.append(value)


def line_of(tree: yaml.Node | None, place: Sequence[Any]) -> int:
    """Line of a key (or of the nearest key above it), counted from one."""
    node, line = tree, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value)
        ):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
