"""A page of HTML as a real browser loads it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def load_page(page: Path, profile: Path) -> str:
    """What the page has become once its scripts have run; a word on its console is an error."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser: install chromium to see the page loaded")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", f"--user-data-dir={profile}",
         "--enable-logging=stderr", "--v=0", "--dump-dom", page.as_uri()],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    return done.stdout
