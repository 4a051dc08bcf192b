"""The command that writes a report of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ethoflow.cli.app import app
from ethoflow.cli.options import Animal, Correction, Reference, Test, Unit, names_of
from ethoflow.cli.screen import out, plain_errors
from ethoflow.cli.shown import VIDEOS, results_beside
from ethoflow.place import place


@app.command()
def report(
    path: Annotated[str, typer.Argument(metavar="STORE", help="The Zarr store.")],
    by: Annotated[
        str | None, typer.Option(help="Column of the condition to compare: treatment.")
    ] = None,
    unit: Unit = None,
    value: Annotated[
        str, typer.Option(help="Column of the time budget that is compared: share, n_bouts, ...")
    ] = "share",
    test: Test = None,
    correction: Correction = "holm",
    reference: Reference = None,
    animal: Animal = None,
    group: Annotated[
        str | None, typer.Option(help="Labels of the store, as in labels/rules; all by default.")
    ] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="The page; report.html in the results by default.")
    ] = None,
) -> None:
    """Write one page of HTML: cohort, data quality, budgets, clusters and comparisons."""
    from ethoflow.cli.explanation import explanations_of
    from ethoflow.disk import beside
    from ethoflow.report import Wanted, make_report

    store = place(path)
    with plain_errors():
        factors = names_of(by, "--by") if by else []
        wanted = Wanted(tuple(factors or ()), value, unit, test, correction, reference, animal)
        beside_it = results_beside(store)
        page = make_report(store, wanted, group, explained=explanations_of(store),
                           videos=beside_it / VIDEOS)  # fmt: skip
        file = out_file or beside_it / "report.html"
        with beside(file) as part:
            part.write_text(page, encoding="utf-8")
        out.print(f"written:\n{file}\n\nnext: open it in a browser; it needs no network",
                  markup=False)  # fmt: skip
