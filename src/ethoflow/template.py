"""The project file that `ethoflow init` writes: what each stage says of its keys."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from pydantic_core import to_jsonable_python

from ethoflow.disk import beside, clear_parts
from ethoflow.io.finding import find_tracks
from ethoflow.place import local_path
from ethoflow.schema import DataError, check_fps
from ethoflow.stages import Stage, stages

HEAD = "# ethoflow project: run it with `ethoflow run {name}`\n"

COLUMN = 28
"""Where comments of keys begin."""

WIDEST = 10_000
"""Letters of a value that stay in one line."""


def compose() -> str:
    """The text of a project file, from the stages, with places for what is found."""
    parts = [one.template or comment_out(one) for one in stages()]
    return "".join([HEAD, *parts, "out: results\n"])


def comment_out(stage: Stage) -> str:
    """The keys of a stage as they are by default, as comments that say what they are."""
    if not stage.names:
        return ""
    fields = stage.keys.model_fields.items()
    inset = "" if stage.top else "  "
    lines = [] if stage.top else [_line(f"# {stage.name}:", stage.summary)]
    for name, field in fields:
        text = "" if field.is_required() else _flow(field.get_default(call_default_factory=True))
        lines.append(_line(f"# {inset}{name}: {text}".rstrip(), field.description or ""))
    return "".join(lines)


def _flow(value: object) -> str:
    """A value in one line of YAML."""
    plain = to_jsonable_python(value)
    return yaml.safe_dump(plain, default_flow_style=True, width=WIDEST).partition("\n")[0]


def _line(text: str, comment: str) -> str:
    said = comment.rstrip(".")
    if said[1:2].islower():
        said = said[0].lower() + said[1:]
    return f"{text:<{COLUMN - 1}} # {said}\n" if said else f"{text}\n"


def write_project(folder: Path, fps: float | None = None) -> tuple[Path, list[str]]:
    """A commented ``project.yaml`` in `folder` (made if need be), with the tracking files below it.

    Gives its path, and sentences on what was found and left out.

    Raises
    ------
    DataError
        There is one already.
    """
    folder = local_path(folder, "projects")
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file: name the folder that holds your tracking files.")
    path = folder / "project.yaml"
    if path.exists():
        raise DataError(f"{path} is there already: change it, or remove it first.")
    rate = "# fps: 25" if fps is None else f"fps: {check_fps(fps, str(folder)):.10g}"
    folder.mkdir(parents=True, exist_ok=True)
    patterns, notes = find_tracks(folder)
    found = {"{name}": str(path), "{tracks}": _as_yaml(patterns), "{fps}": rate}
    text = re.sub(r"\{(name|tracks|fps)\}", lambda place: found[place[0]], compose())
    clear_parts(folder)
    with beside(path) as part:
        part.write_text(text, encoding="utf-8")
    return path, notes


def _as_yaml(patterns: list[str]) -> str:
    """One pattern as it is, several as a list with a line for each."""
    quoted = [json.dumps(pattern, ensure_ascii=False) for pattern in patterns]
    return quoted[0] if len(quoted) == 1 else "".join(f"\n  - {pattern}" for pattern in quoted)
