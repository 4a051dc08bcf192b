"""Killed writes, a few: one at each kind of operation on each kind of file.

``python -m tests.kills SCENARIO --every`` kills at all of them.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.slow
def test_readers_see_one_state_and_the_same_command_goes_on():
    # A process of its own: it forks, which one with threads cannot.
    command = [sys.executable, "-m", "tests.kills", "append", "threshold", "scale", "fresh"]
    ran = subprocess.run(
        [*command, "--kinds", "30"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr[-3000:]
