"""Pieces of a page of HTML: sections, tables, pictures; nothing is fetched from anywhere."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ethoflow.plot.picture import Picture

LONG_CELL = ' class="long"'

MOST_ROWS = 400
"""Rows of a table that are shown; all of them can be saved from the page."""

LOOK = """
body {font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1180px; margin: 2rem auto;
  padding: 0 1rem; overflow-wrap: break-word}
h1 {font-size: 1.7rem} h2 {margin-top: 2.5rem; border-bottom: 1px solid #ccc}
h3 {margin-top: 1.6rem} nav a {margin-right: 1rem}
.wide {overflow-x: auto; max-height: 32rem; overflow-y: auto}
table {border-collapse: collapse; font-size: 13px}
th, td {padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #e4e4e4;
  white-space: nowrap; vertical-align: top}
th {position: sticky; top: 0; background: #fff} td.text, th.text {text-align: left}
td.long {text-align: left; white-space: normal; min-width: 20rem; overflow-wrap: anywhere}
img {max-width: 100%; height: auto} .note {color: #7a4a00} .save {font-size: 12px}
@media (max-width: 40rem) {td.long {min-width: 13rem} th, td {padding: .2rem .4rem}}
@media print {.wide {max-height: none; overflow: visible} .save, nav {display: none}}
"""


@dataclass
class Section:
    """A part of the page: its heading, and its pieces of HTML in order."""

    title: str
    pieces: list[str] = field(default_factory=list)

    def say(self, text: str, *, note: bool = False) -> None:
        """A sentence."""
        self.pieces.append(f'<p class="{"note" if note else "said"}">{html.escape(text)}</p>')

    def head(self, text: str) -> None:
        """A heading within."""
        self.pieces.append(f"<h3>{html.escape(text)}</h3>")

    def table(self, table: pd.DataFrame, name: str) -> None:
        """A table, which can be saved as CSV from the page in full precision."""
        shown = table.head(MOST_ROWS)
        numbers = [pd.api.types.is_numeric_dtype(table[column]) for column in table]
        kinds = ["" if number else ' class="text"' for number in numbers]
        head = _row("th", map(str, table.columns), kinds)
        body = "".join(
            _row("td", map(show_cell, row), kinds) for row in shown.itertuples(index=False)
        )
        self.pieces.append(
            f'<div class="wide"><table id="{html.escape(name)}"><thead>{head}</thead>'
            f"<tbody>{body}</tbody></table></div>"
        )
        data = base64.b64encode(table.to_csv(index=False).encode()).decode()
        more = f" ({len(table) - MOST_ROWS} rows more)" if len(table) > MOST_ROWS else ""
        self.pieces.append(
            f'<p class="save"><a download="{html.escape(name)}.csv" '
            f'href="data:text/csv;base64,{data}">save as CSV{more}</a></p>'
        )

    def picture(self, picture: Picture, about: str) -> None:
        """A picture, with what it shows for those who do not see it."""
        from ethoflow.plot.save import image_of

        self._image(image_of(picture), about)

    def file(self, path: Path, about: str) -> None:
        """A picture that was drawn before, as PNG."""
        data = base64.b64encode(path.read_bytes()).decode()
        self._image(f"data:image/png;base64,{data}", about)

    def _image(self, source: str, about: str) -> None:
        self.pieces.append(f'<p><img alt="{html.escape(about)}" src="{source}"></p>')


LONG = 50
"""Letters of a cell above which it has several lines: a table is not wider than its page for it."""


def _row(cell: str, values: Sequence[str] | map[str], kinds: Sequence[str]) -> str:
    cells = "".join(
        f"<{cell}{LONG_CELL if len(value) > LONG else kind}>{html.escape(value)}</{cell}>"
        for kind, value in zip(kinds, values, strict=True)
    )
    return f"<tr>{cells}</tr>"


def show_cell(value: object) -> str:
    """A cell as people read it: four figures of a number, nothing where it is not known.

    Examples
    --------
    >>> [show_cell(x) for x in (0.123456, 1200.0, 3, float("nan"), "cage 1", 123456.7, True)]
    ['0.1235', '1200', '3', '', 'cage 1', '123457', 'yes']
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
    return str(value)


def write_page(title: str, facts: str, sections: Sequence[Section]) -> str:
    """The whole page."""
    anchors = {section.title: f"part-{i}" for i, section in enumerate(sections)}
    links = "".join(
        f'<a href="#{anchor}">{html.escape(name)}</a>' for name, anchor in anchors.items()
    )
    parts = "".join(
        f'<section id="{anchors[section.title]}"><h2>{html.escape(section.title)}</h2>'
        f"{''.join(section.pieces)}</section>"
        for section in sections
    )
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,"><title>{html.escape(title)}</title><style>{LOOK}</style>'
    )
    return (
        f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{html.escape(title)}</h1>'
        f"<p>{html.escape(facts)}</p><nav>{links}</nav>{parts}</body></html>\n"
    )
