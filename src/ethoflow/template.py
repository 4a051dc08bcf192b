"""The project file that `ethoflow init` writes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from ethoflow.io.reader import recognise
from ethoflow.schema import DataError

MOST_FILES = 300
"""Files that are looked into for a pattern."""

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
# px_per_mm: 3.2
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


def write_project(folder: Path, fps: float | None = None) -> Path:
    """A commented ``project.yaml`` in `folder` (made if need be), with the tracking files there.

    Raises
    ------
    DataError
        There is one already.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file: name the folder that holds your tracking files.")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "project.yaml"
    if path.exists():
        raise DataError(f"{path} is there already: change it, or remove it first.")
    rate = "# fps: 25" if fps is None else f"fps: {fps:g}"
    path.write_text(
        TEXT.format(name=path, tracks=json.dumps(_find_pattern(folder)), fps=rate),
        encoding="utf-8",
    )
    return path


def _find_pattern(folder: Path) -> str:
    """A pattern for the most frequent kind of tracking file below `folder`, by their content."""
    counts: dict[str, int] = {}
    files = (
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.parts)
    )
    for file in itertools.islice(files, MOST_FILES):
        try:
            recognise(file)
        except DataError:
            continue
        pattern = str(file.parent.relative_to(folder) / f"*{file.suffix}")
        counts[pattern] = counts.get(pattern, 0) + 1
    return max(counts, key=lambda pattern: counts[pattern], default="tracks/*.csv")
