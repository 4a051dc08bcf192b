"""Interpreters of other programs: found, made where asked for, or the reason why there is none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = "ETHOFLOW_CONSUMERS"
"""Environment variable: a folder outside the repository, in which environments are kept."""
SCRIPTS = Path(__file__).parent / "consumers"


@dataclass(frozen=True)
class Environment:
    """One program: how its environment is called, what goes in, and what goes in by itself."""

    name: str
    needs: tuple[str, ...]
    bare: tuple[str, ...] = ()


# VAME's loaders need nothing but movement; all of it would bring torch.
MOVEMENT = Environment("movement-0.17.0", ("movement==0.17.0",), ("vame-py==0.14.4",))
MOSEQ = Environment("keypoint-moseq-0.8.1", ("keypoint-moseq==0.8.1",))


def read_by(environment: Environment, script: str, folder: Path, files: list[Any]) -> Any:
    """What a script says when the program's own interpreter runs it on `files`.

    It gives the facts it wrote, and the arrays of every file.
    """
    python = find_python(environment)
    done = subprocess.run(
        [python, SCRIPTS / script, folder, json.dumps(files)],
        capture_output=True, text=True, check=False, cwd=folder,
        env={**os.environ, "PYTHONPATH": "", "JAX_PLATFORMS": "cpu"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads((folder / "said.json").read_text())
    return said, [np.load(folder / f"{number}.npz") for number in range(len(files))]


def find_python(environment: Environment) -> Path:
    """The interpreter of an environment, which is made where it is not there yet."""
    if FOLDER not in os.environ:
        pytest.skip(
            f"{FOLDER} is not set: set it to a folder, and an environment with {environment.name} "
            "(1 to 3 GB) is found there, or made"
        )
    place = Path(os.environ[FOLDER]) / environment.name
    failed = place.with_suffix(".failed")
    if failed.exists():
        pytest.skip(f"{environment.name} could not be installed: {failed.read_text()}")
    if not (place / "made").exists():
        _make(environment, place, failed)
    return place / "bin" / "python"


def _make(environment: Environment, place: Path, failed: Path) -> None:
    python = _newer_python()
    if python is None:
        pytest.skip(f"{environment.name} needs Python 3.12, and there is none on this machine")
    pip = [place / "bin" / "python", "-m", "pip", "install", "-q"]
    steps: list[list[Any]] = [[python, "-m", "venv", "--clear", place], [*pip, *environment.needs]]
    if environment.bare:
        steps.append([*pip, "--no-deps", *environment.bare])
    place.parent.mkdir(parents=True, exist_ok=True)
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            failed.write_text((done.stderr.strip().splitlines() or ["no reason given"])[-1])
            pytest.skip(f"{environment.name} could not be installed: {failed.read_text()}")
    (place / "made").write_text("\n".join((*environment.needs, *environment.bare)))


def _newer_python() -> Path | None:
    if sys.version_info >= (3, 12):
        return Path(sys.executable)
    found = shutil.which("python3.12") or shutil.which("python3.13")
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = sorted(root.glob("versions/3.1[23].*/bin/python"))
    usable = [Path(found)] if found and root not in Path(found).parents else []
    return next(iter([*usable, *kept]), None)
