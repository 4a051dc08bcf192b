"""How the documentation is built; the reference is generated from the registry and the schema."""

from __future__ import annotations

import shutil
from pathlib import Path

import ethoflow
from ethoflow.engine import Declaration, builtin
from ethoflow.io.reader import readers
from ethoflow.schema import COORDINATES, VARIABLES

project = "ethoflow"
author = "the ethoflow developers"
release = ethoflow.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
exclude_patterns = ["_build"]
nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence"]
autodoc_typehints = "none"
napoleon_google_docstring = False
suppress_warnings = ["mystnb.unknown_mime_type"]

HERE = Path(__file__).parent
GENERATED = HERE / "reference" / "generated"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines) + "\n"


def _describe(item: Declaration) -> list[str]:
    parameters = ", ".join(
        f"`{name}` = {default} {item.parameter_units.get(name, '')}".strip()
        for name, default in item.defaults.items()
    )
    roles = sorted({role for wanted in item.roles.values() for role in wanted})
    dims = ", ".join(item.output_dims)
    return [f"`{item.name}`", item.summary, dims, item.units, parameters, ", ".join(roles)]


def _generate() -> None:
    GENERATED.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE.parent / "notebooks" / "tracks_to_ethogram.ipynb", GENERATED)
    header = ["name", "what it is", "dims", "units", "parameters", "body parts by role"]
    pages = {"feature": "Features", "summary": "Summaries", "behaviour": "Behaviours",
             "step": "Steps of cleaning and calibration"}  # fmt: skip
    text = "# Declared functions\n\nEvery function here is called with a dataset.\n"
    for kind, title in pages.items():
        rows = [_describe(item) for _, item in sorted(builtin(kind).items())]
        text += f"\n## {title}\n\n{_table(header, rows)}"
    (GENERATED / "declared.md").write_text(text, encoding="utf-8")

    variables = [[f"`{v.name}`", ", ".join(v.dims), v.units, v.doc] for v in VARIABLES.values()]
    coordinates = [[f"`{name}`", doc] for name, doc in COORDINATES.items()]
    formats = [[reader.name] for reader in readers()]
    text = (
        "# Data model\n\n## Variables\n\n"
        + _table(["name", "dims", "units", "meaning"], variables)
        + "\n## Coordinates\n\n"
        + _table(["name", "meaning"], coordinates)
        + "\n## Formats that are read\n\nRecognised by content, never by the name of the file.\n\n"
        + _table(["format"], formats)
    )
    (GENERATED / "data_model.md").write_text(text, encoding="utf-8")

    text = "# Functions\n"
    for name, place in sorted(ethoflow._NAMES.items()):
        module, _, attribute = place.partition(":")
        if name[0].islower():
            title = f"ef.{name}"
            path = f"{module}.{attribute or name}"
            text += (
                f"\n## {title}\n\n```{{eval-rst}}\n.. autofunction:: {path}\n   :noindex:\n```\n"
            )
    (GENERATED / "functions.md").write_text(text, encoding="utf-8")


_generate()
