"""The command that compares groups."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ethoflow.cli.app import app
from ethoflow.cli.options import Animal, Correction, Reference, Test, Unit, names_of
from ethoflow.cli.screen import out, plain_errors, print_columns
from ethoflow.cli.shown import refuse_there, results_beside
from ethoflow.place import place

if TYPE_CHECKING:
    import pandas as pd


@app.command()
def compare(
    path: Annotated[str, typer.Argument(metavar="STORE", help="The Zarr store.")],
    by: Annotated[str, typer.Option(help="Column of the condition: treatment, or genotype,sex.")],
    unit: Unit = None,
    value: Annotated[
        str, typer.Option(help="Column of the time budget: share, n_bouts, mean_bout, ...")
    ] = "share",
    test: Test = None,
    correction: Correction = "holm",
    reference: Reference = None,
    animal: Animal = None,
    independent: Annotated[
        str | None, typer.Option(help="A level to be taken as independent, though it is not.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Labels of the store, as in labels/rules; or features.")
    ] = None,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Folder of the tables.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the tables there.")
    ] = False,
) -> None:
    """Compare time budgets between groups; the cage or animal that was treated is the sample."""
    from ethoflow.csv_text import save_table
    from ethoflow.disk import beside
    from ethoflow.engine.sources import open_store
    from ethoflow.exporting.groups import choose_labels
    from ethoflow.labels.budget import time_budget
    from ethoflow.names import clean_name
    from ethoflow.stats import compare as test_groups
    from ethoflow.stats import find_design, foresee, measures
    from ethoflow.store import list_groups

    store = place(path)
    with plain_errors():
        factors = names_of(by, "--by") or []
        there = list_groups(store)
        kinds = [name for name in there if name.startswith("labels/")]
        taken = group or choose_labels(kinds, f"--group takes labels, and {path}")
        if taken in there and not taken.startswith("labels/"):
            # Features and poses have one number of each: the mean, or what was measured.
            table, value = measures(path, groups=[taken]), "value"
        else:
            table = time_budget(open_store(store, taken))
        given = {
            "by": factors, "unit": unit, "animal": animal, "independent": independent,
            "reference": reference,
        }  # fmt: skip
        design = find_design(table, **given)  # type: ignore[arg-type]
        out.print(f"{taken}: {value} of {table['behaviour'].nunique()} behaviours", markup=False)
        out.print(f"{design}\n{foresee(design, test)}\n", markup=False)
        folder = out_folder or results_beside(store) / "comparisons"
        stem = f"{clean_name('_'.join(factors))}_{value}"
        files = [folder / f"{stem}{end}" for end in (".csv", ".parquet")]
        refuse_there(files, overwrite=overwrite)  # perhaps of other labels, or another test
        found = test_groups(table, **given, value=value, test=test, correction=correction)  # type: ignore[arg-type]
        _show(found)
        for file in files:
            with beside(file) as part:
                save_table(found, part)
        out.print("written:", *map(str, files), sep="\n", markup=False)
        out.print(
            f"\nnext: `ethoflow compare {path} --by {by} --value n_bouts`, or in Python: "
            f"ef.stats.compare(ef.time_budget(ef.open('{path}', '{taken}')), by={factors})",
            markup=False,
        )


def _show(found: pd.DataFrame) -> None:
    """A table for every contrast, its rows as people read them."""
    shown = found[found["p"].notna()]
    for (contrast, test), part in shown.groupby(["contrast", "test"], sort=False):
        out.print(f"{contrast}, {test}, {part['unit'].iloc[0]} as unit:", markup=False)
        columns = {
            "behaviour": part["behaviour"],
            "difference": part["estimate"],
            "from": part["low"],
            "to": part["high"],
            "g": part["effect_size"].where(part["effect"] == "Hedges g"),
            "p": part["p"],
            f"p, {part['correction'].iloc[0]}": part["p_adjusted"],
            "units": part["n_each"],
        }
        known = {name: column for name, column in columns.items() if column.notna().any()}
        print_columns({name: column.tolist() for name, column in known.items()})
        out.print()
