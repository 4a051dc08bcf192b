"""Pages of the documentation that promise to run: every line of Python on them does, on real files.

A page names the folders that its code reads in a comment, ``<!-- files: here = set/folder -->``.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

import ethoflow as ef
from tests.conftest import REPOSITORY

PAGES = sorted((REPOSITORY / "docs").glob("from_*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILES = re.compile(r"<!-- files: (.*?) -->")
NAME = re.compile(r"\bef((?:\.[a-zA-Z_]+)+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs(
    page: Path, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One block after the other, as somebody would paste them."""
    text = page.read_text(encoding="utf-8")
    for named in FILES.search(text).group(1).split(";"):  # type: ignore[union-attr]
        here, folder = (part.strip() for part in named.split("="))
        (tmp_path / here).symlink_to(real_data / folder, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(text)
    assert blocks
    scope: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in blocks:
            exec(compile(block, str(page), "exec"), scope)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_what_there_is(page: Path) -> None:
    """Names of ours in its tables, and the headings of pages that it points to."""
    text = page.read_text(encoding="utf-8")
    for path in set(NAME.findall(text)):
        found: object = ef
        for part in path.strip(".").split("."):
            found = getattr(found, part)
    for target, _, heading in re.findall(r"\]\(([\w]+\.md)(#([\w-]+))?\)", text):
        there = (page.parent / target).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", there, re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
        assert not heading or heading in slugs, f"{target}#{heading}"


def test_pictures_of_pages_are_made_by_a_script_and_shown() -> None:
    docs = REPOSITORY / "docs"
    kept = {path.stem for path in (docs / "images").iterdir()}
    script = (docs / "page_pictures.py").read_text(encoding="utf-8")
    made = set(re.findall(r'^    "(\w+)": draw_', script, re.MULTILINE))
    pages = [REPOSITORY / "README.md", *docs.glob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert kept == made == set(re.findall(r"\]\((?:docs/)?images/(\w+)\.png\)", text))
