"""The command that writes everything known of each animal into tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ethoflow.cli.app import app
from ethoflow.cli.options import names_of
from ethoflow.cli.screen import out, plain_errors
from ethoflow.cli.shown import results_beside
from ethoflow.place import place


@app.command()
def measures(
    path: Annotated[str, typer.Argument(metavar="STORE", help="The Zarr store.")],
    bin: Annotated[
        str | None, typer.Option(help="Length of bins of time; all of a recording by default.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Columns of conditions, for the summary of groups.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="labels/rules,features: by default all that can be measured.")
    ] = None,
    transitions: Annotated[bool, typer.Option(help="Count transitions between behaviours.")] = True,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Folder of the tables.")] = None,
) -> None:
    """Everything of every animal (and bin) in one table: tidy, wide, and a summary of groups."""
    from ethoflow.csv_text import save_table
    from ethoflow.disk import beside
    from ethoflow.stats import describe, widen
    from ethoflow.stats import measures as measure
    from ethoflow.stats.levels import find_levels

    store = place(path)
    with plain_errors():
        table = measure(path, bin=bin, groups=names_of(group, "--group"), transitions=transitions)
        factors = names_of(by, "--by") or []
        made = {
            "measures": table,
            "measures_wide": widen(table),
            "measures_summary": describe(table, factors),
        }
        folder = out_folder or results_beside(store) / "measures"
        n_animals = find_levels(table, ()).ids["animal"].nunique()
        out.print(
            f"{table['behaviour'].nunique()} behaviours, features and transitions of "
            f"{n_animals} animals in {table['recording'].nunique()} recordings\n\n"
            "written:",
            markup=False,
        )
        for name, one in made.items():
            for end in (".csv", ".parquet"):
                with beside(folder / f"{name}{end}") as part:
                    save_table(one, part)
                out.print(str(folder / f"{name}{end}"), markup=False)
        out.print(
            f"\nnext, in Python: ef.stats.compare(pd.read_parquet('{folder}/measures.parquet'), "
            "by=..., value='value')",
            markup=False,
        )
