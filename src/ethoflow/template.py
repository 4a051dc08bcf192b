"""The project file that `ethoflow init` writes."""

from __future__ import annotations

import json
from pathlib import Path

from ethoflow.disk import beside, clear_parts
from ethoflow.io.finding import find_tracks
from ethoflow.place import local_path
from ethoflow.schema import DataError, check_fps

TEXT = """\
# ethoflow project: run it with `ethoflow run {name}`
tracks: {tracks}            # tracking files, or a list of patterns
{fps}                       # frames per second of the videos
# metadata: animals.csv     # a row per recording: recording, treatment, sex, ...
# individuals: [B, W]       # two animals in one single-animal file, by prefix of their points

# The arena gives the scale: a circle by centre, radius and diameter, or a polygon by its corners
# and the length of its first side. Without arena or px_per_mm everything stays in pixels.
# arena: circle 320 240 200 px = 380 mm
# arena: polygon 100,30 540,30 540,440 100,440 px = 380 mm
# px_per_mm: 3.2            # or 32 px/cm, or a column of the metadata
# skeleton: {{centre: Spine_2}}   # roles of body parts that are not recognised by name
# skeleton: {{centre: [left_ear, right_ear, tail_base]}}   # or made of several

clean:
  min_confidence: auto      # points below become missing: 0.6 of likelihoods, 0.2 of SLEAP's
  max_jump: auto            # 20 mm off the path; nothing in pixels
  max_gap: 200 ms           # longest gap that is filled
  window: 200 ms            # running median

# rules: [moving, immobile] # all by default
# rule_files: [my_rules.py]
# parameters:
#   following: {{max_distance: 30 mm}}
out: results
"""


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
    text = TEXT.format(name=path, tracks=_as_yaml(patterns), fps=rate)
    clear_parts(folder)
    with beside(path) as part:
        part.write_text(text, encoding="utf-8")
    return path, notes


def _as_yaml(patterns: list[str]) -> str:
    """One pattern as it is, several as a list with a line for each."""
    quoted = [json.dumps(pattern, ensure_ascii=False) for pattern in patterns]
    return quoted[0] if len(quoted) == 1 else "".join(f"\n  - {pattern}" for pattern in quoted)
