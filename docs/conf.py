"""How the documentation is built; the reference is generated from the registry and the schema."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import ethoflow
from ethoflow.engine import Declaration, builtin
from ethoflow.exporting.declare import writers
from ethoflow.io.reader import readers
from ethoflow.io.scoring.declare import label_readers
from ethoflow.schema import COORDINATES, VARIABLES

sys.path.insert(0, str(Path(__file__).parent))
from behaviour_pictures import draw_all
from gallery_pictures import draw_gallery

project = "ethoflow"
author = "the ethoflow developers"
release = ethoflow.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
exclude_patterns = ["_build"]
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
autodoc_typehints = "none"
napoleon_google_docstring = False
suppress_warnings = ["mystnb.unknown_mime_type"]

HERE = Path(__file__).parent
GENERATED = HERE / "reference" / "generated"
EXECUTED = HERE.parent / "build" / "notebooks"
"""Copies of the notebooks that were executed in place, so that pages show what cells give:
``mkdir build; cp -r notebooks build; python -m pytest --nbmake --overwrite build/notebooks``."""

DECLARED = """\
# Declared functions

Every function here is called with a dataset. Results have the dim `recording` in front where the
dataset has it. The unit `position` stands for that of the positions, px or mm. The halo is how many
frames the function itself looks to either side; a behaviour looks further by `max_gap` and
`min_bout`, for its bouts.
"""


def _table(header: list[str], rows: list[list[str]]) -> str:
    safe = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *safe)]
    return "\n".join(lines) + "\n"


def _describe(item: Declaration) -> list[str]:
    parameters = ", ".join(
        f"`{name}` = {default} {item.parameter_units.get(name, '')}".strip()
        for name, default in item.defaults.items()
    )
    roles = sorted({role for wanted in item.roles.values() for role in wanted})
    dims = ", ".join(item.output_dims)
    return [
        f"`{item.name}`",
        item.summary,
        dims,
        item.units,
        parameters,
        ", ".join(roles),
        _describe_halo(item),
        item.reference,
    ]


def _roles_of(item: Declaration, argument: str, variable: str) -> tuple[str, ...]:
    """Body parts of an input: those it takes by role, or those that what it reads is made of."""
    made = {**builtin("feature"), **builtin("summary")}.get(variable)
    roles = tuple(item.roles.get(argument, ()))
    if roles or made is None:
        return roles
    below = (_roles_of(made, one.argument, one.variable) for one in made.inputs)
    return tuple(dict.fromkeys(role for found in below for role in found))


def _behaviour_page(item: Declaration, picture: str) -> str:
    """Definition, thresholds, needs and an example bout of a behaviour."""
    rows = [
        [f"`{name}`", str(default), item.parameter_units.get(name, "")]
        for name, default in item.defaults.items()
    ]
    needs = [
        [f"`{one.argument}`", ", ".join(_roles_of(item, one.argument, one.variable))]
        for one in item.inputs
    ]
    usual = "on request" if item.on_request else "by default"
    who = "the same seen from both animals" if item.symmetric else f"of each {item.scope}"
    reference = f"\nReference: {item.reference}\n" if item.reference else ""
    words = inspect.cleandoc(item.function.__doc__ or "").split("\nParameters\n")[0].strip()
    example = EXAMPLE.format(name=item.name, picture=picture) if picture else NO_EXAMPLE
    return (
        f"# {item.name}\n\n{words}\n\nLabelled {usual}; {who}; dims "
        f"{', '.join(item.output_dims)}.\n{reference}\n## Thresholds\n\n"
        + _table(["parameter", "default", "unit"], rows)
        + "\n## What it reads\n\n"
        + _table(["input", "body parts by role"], needs)
        + example
    )


EXAMPLE = """
## An example

![A bout of {name}]({picture})

A bout of simulated mice, seen from above, the earliest moment the palest: in blue the animal that
does it, in orange the partner. The dot is the nose, grey what else is there; how long the bout is
stands above.
"""

NO_EXAMPLE = "\nThe simulated mice do not show it: there is no picture of an example.\n"


def _behaviour_pages() -> None:
    folder = GENERATED / "behaviours"
    folder.mkdir(parents=True, exist_ok=True)
    items = dict(sorted(builtin("behaviour").items()))
    pictures = draw_all(folder)
    for name, item in items.items():
        page = _behaviour_page(item, pictures.get(name, ""))
        (folder / f"{name}.md").write_text(page, encoding="utf-8")
    text = "# Behaviours, one by one\n\n```{toctree}\n" + "\n".join(items) + "\n```\n"
    (folder / "index.md").write_text(text, encoding="utf-8")


def _describe_halo(item: Declaration) -> str:
    """Frames a function looks to either side, or the parameters they follow from."""
    if item.kind == "summary":
        return "whole recording"
    if not callable(item.halo):
        return str(item.halo)
    return "from " + ", ".join(f"`{name}`" for name in inspect.signature(item.halo).parameters)


def _document(directive: str, name: str) -> str:
    return f"\n## ef.{name}\n\n```{{eval-rst}}\n.. {directive}:: ethoflow.{name}\n```\n"


FORMATS = """\
# Formats

Every format is recognised by its content, never by the name of its file. An *extra* is installed
as `pip install "ethoflow[extra]"`. The *fixture* says what tests hold the reader to: files that
somebody recorded (real), or files built from the published layout (built). Formats marked with a
pickle are only opened with `allow_pickle=True`, HDF5 files whose arrays lie in other files with
`allow_links=True`. What *survives* writing and reading again is what a
property test finds unchanged, number by number.

"""


def _first_line(function: object) -> str:
    return (inspect.getdoc(function) or "").split("\n")[0]


def _formats() -> str:
    """Tables of what is read and written, from the registries."""
    back: dict[str, list[str]] = {}
    for one in writers().values():
        if one.reader:
            back.setdefault(one.reader, []).append(f"{one.name}: {', '.join(one.survives)}")

    def rows(read: list[Any], pickles: set[str]) -> list[list[str]]:
        return [
            [
                r.name + (" (pickle)" if r.name in pickles else ""),
                _first_line(r.load),
                r.extra,
                r.fixture,
                "; ".join(back.get(r.name, ["not written"])),
            ]
            for r in read
        ]

    tracks = rows(readers(), {r.name for r in readers() if r.pickle})
    scores = rows(label_readers(), set())
    out = [[w.name, _first_line(w.save), w.kind, w.suffix, w.extra] for w in writers().values()]
    header = ["format", "what is read", "extra", "fixture", "survives a round trip"]
    return (
        FORMATS
        + "## Tracks\n\n"
        + _table(header, tracks)
        + "\n## Scored behaviour\n\n"
        + _table(header, scores)
        + "\n## Written by ef.export\n\n"
        + _table(["format", "what is written", "takes", "ending", "extra"], out)
        + "\nObjects of other packages come from `ef.to_movement`, `ef.to_pynapple`, "
        "`ef.to_keypoint_moseq` and `ef.to_table`.\n"
    )


def _copy_notebooks() -> None:
    """The tutorials, executed where they are newer there, with links that hold from here."""
    for path in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
        executed = EXECUTED / path.name
        is_newer = executed.is_file() and executed.stat().st_mtime >= path.stat().st_mtime
        text = (executed if is_newer else path).read_text(encoding="utf-8")
        text = text.replace("](../docs/", "](../../")
        (GENERATED / path.name).write_text(text, encoding="utf-8")


def _generate() -> None:
    GENERATED.mkdir(parents=True, exist_ok=True)
    _copy_notebooks()
    header = ["name", "what it is", "dims", "units", "parameters", "body parts by role", "halo",
              "reference"]  # fmt: skip
    pages = {"feature": "Features", "summary": "Summaries", "behaviour": "Behaviours",
             "step": "Steps of cleaning and calibration"}  # fmt: skip
    text = DECLARED
    for kind, title in pages.items():
        rows = [_describe(item) for _, item in sorted(builtin(kind).items())]
        text += f"\n## {title}\n\n{_table(header, rows)}"
    (GENERATED / "declared.md").write_text(text, encoding="utf-8")

    _behaviour_pages()

    variables = [[f"`{v.name}`", ", ".join(v.dims), v.units, v.doc] for v in VARIABLES.values()]
    coordinates = [[f"`{name}`", doc] for name, doc in COORDINATES.items()]
    text = (
        "# Data model\n\n## Variables\n\n"
        + _table(["name", "dims", "units", "meaning"], variables)
        + "\n## Coordinates\n\n"
        + _table(["name", "meaning"], coordinates)
    )
    (GENERATED / "data_model.md").write_text(text, encoding="utf-8")

    (GENERATED / "formats.md").write_text(_formats(), encoding="utf-8")

    text = "# Functions and classes\n"
    for name in sorted(ethoflow._NAMES, key=lambda name: (name[0].isupper(), name)):
        is_class = inspect.isclass(getattr(ethoflow, name))
        text += _document("autoclass" if is_class else "autofunction", name)
    text += _document("autofunction", "plot.save") + _document("autoclass", "plot.Picture")
    for name in ethoflow.plot.plots():
        text += _document("autofunction", f"plot.{name}")
    for name in sorted(set(ethoflow.video.__all__) - {"VideoNote"}):
        text += _document("autofunction", f"video.{name}")
    for name in ethoflow.assays.__all__:
        text += _document("autofunction", f"assays.{name}")
    for name in ("surrogate", "Surrogate", "cards", "Cards"):
        is_class = name[0].isupper()
        text += _document("autoclass" if is_class else "autofunction", f"explain.{name}")
    (GENERATED / "functions.md").write_text(text, encoding="utf-8")

    gallery = draw_gallery(GENERATED / "gallery")
    (GENERATED / "gallery.md").write_text(gallery, encoding="utf-8")


_generate()
