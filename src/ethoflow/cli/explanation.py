"""The command that explains clusters, or other labels, by named features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ethoflow.cli.app import app
from ethoflow.cli.options import Animal, Scheduler, Unit, names_of, pairs_of
from ethoflow.cli.screen import out, plain_errors, print_columns
from ethoflow.cli.shown import results_beside
from ethoflow.place import Place, place

if TYPE_CHECKING:
    import pandas as pd

    from ethoflow.explain import Cards

FOLDER = "explanations"
CLUSTERS = "labels/clusters-"


@app.command()
def explain(
    path: Annotated[str, typer.Argument(metavar="STORE", help="A store with poses and labels.")],
    labels: Annotated[
        str | None,
        typer.Option(
            help="What is explained: clusters-syllables, rules; the only clusters by default."
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Column of the condition that usage is shown by: treatment.")
    ] = None,
    unit: Unit = None,
    animal: Animal = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Whose frames are the background: treatment=saline (repeat)."),
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="Features, with commas between; the usual ones by default.")
    ] = None,
    window: Annotated[
        str, typer.Option(help="Lengths of windows, with commas between: 0.5 s,2 s.")
    ] = "1 s",
    behaviour: Annotated[
        list[str] | None, typer.Option(help="Which labels; all by default (repeat).")
    ] = None,
    rows: Annotated[int, typer.Option(help="How many frames are taken.")] = 20_000,
    group: Annotated[str, typer.Option(help="Group of positions.")] = "poses",
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder; explanations in the results by default.")
    ] = None,
    scheduler: Scheduler = None,
) -> None:
    """Explain clusters or labels: features that tell them, usage, overlaps, examples to look at."""
    from ethoflow.engine.schedule import use_scheduler
    from ethoflow.engine.sources import open_store
    from ethoflow.explain import cards, surrogate
    from ethoflow.explain.rows import of_one
    from ethoflow.labels.budget import time_budget
    from ethoflow.labels.runs import is_behaviour
    from ethoflow.report.cards import state_of
    from ethoflow.schema import as_dataset
    from ethoflow.stats import find_design
    from ethoflow.store import list_groups

    store = place(path)
    with plain_errors(), use_scheduler(scheduler):
        there = list_groups(store)
        taken = _choose(there, labels, path)
        others = [name for name in there if name.startswith("labels/") and name != taken]
        groups = [group, taken, *others]
        made_from = {"groups": groups, "state": state_of(store, groups)}
        poses = as_dataset(open_store(store, group))
        found = as_dataset(open_store(store, taken))
        factors = names_of(by, "--by") if by else None
        if factors:  # what cannot be shown by group is said before the trees are grown
            find_design(time_budget(of_one(found)), factors, unit=unit, animal=animal)
        out.print(f"{taken}: trees, tested on held-out frames; this may take minutes", markup=False)
        fitted = surrogate(
            poses, found, behaviour or None, max_rows=rows,
            features=names_of(features, "--features"), window=names_of(window, "--window"),
            reference=pairs_of(reference, "--reference"),
        )  # fmt: skip
        beside = {}
        for name in others:
            other = as_dataset(open_store(store, name))
            if any(map(is_behaviour, other.data_vars.values())):
                beside[name.removeprefix("labels/")] = other
        made = cards(
            fitted, found, poses=poses, by=factors, unit=unit, animal=animal,
            beside=beside,
        )  # fmt: skip
        _show(made)
        folder = out_folder or results_beside(store) / FOLDER / taken.rpartition("/")[2]
        files = _write(made, folder, made_from)
        fitted.save(folder / "surrogate")
        tables = [file for file in files if file.suffix == ".csv"]
        out.print("written:", *map(str, tables), sep="\n", markup=False)
        out.print(f"and {len(files) - len(tables)} pictures in {folder}", markup=False)
        out.print(
            f"\nnext: look at the bouts in {folder / 'examples.csv'}; `ethoflow report {path}` has "
            f"the cards in its page; in Python ef.explain.load('{folder / 'surrogate'}')",
            markup=False,
        )


def _choose(there: list[str], labels: str | None, path: str) -> str:
    """The group of labels that is meant.

    Raises
    ------
    DataError
        There is none, or it is not said which of several.
    """
    from ethoflow.errors import DataError, listed, no_such

    known = [name for name in there if name.startswith("labels/")]
    if labels is not None:
        named = [one for one in (labels, f"labels/{labels}") if one in known]
        if not named:
            raise DataError(no_such("group of labels", labels, known))
        return named[0]
    clusters = [name for name in known if name.startswith(CLUSTERS)]
    if len(clusters) == 1:
        return clusters[0]
    if not known:
        raise DataError(
            f"{path} has no labels to explain: `ethoflow cluster {path}` finds clusters."
        )
    raise DataError(
        f"say which labels are to be explained, as in --labels "
        f"{(clusters or known)[0].removeprefix('labels/')}; there are {listed(known)}."
    )


def _show(made: Cards) -> None:
    """Scores and the first reasons."""
    scores = made.surrogate.scores
    print_columns(
        {
            "label": scores["behaviour"].tolist(),
            "explained": ["yes" if one else "no" for one in scores["explains"]],
            "F1": [f"{a:.2f} (chance {b:.2f})" for a, b in
                   zip(scores["f1"], scores["f1_chance"], strict=True)],
            "AUC": [f"{one:.2f} (chance 0.50)" for one in scores["auc"]],
            "share of time": [f"{one:.1%}" for one in scores["share"]],
        }
    )  # fmt: skip
    out.print()
    for name in made.surrogate.behaviours:
        out.print(f"{name}:", *(f"  {words}" for words in made.surrogate.words(name, 3)),
                  sep="\n", markup=False)  # fmt: skip
    out.print()


def _write(made: Cards, folder: Path, made_from: Mapping[str, object]) -> list[Path]:
    """Tables, and pictures of every label, and a note of what they were made from."""
    from ethoflow import results
    from ethoflow.csv_text import save_table
    from ethoflow.disk import beside
    from ethoflow.names import clean_name
    from ethoflow.plot.cluster_card import cluster_card
    from ethoflow.plot.shap_bars import shap_bars
    from ethoflow.plot.shap_beeswarm import shap_beeswarm

    tables: dict[str, pd.DataFrame] = {
        "cards": made.table, "scores": made.surrogate.scores, "reasons": made.surrogate.reasons,
        "usage": made.usage, "usage_of_units": made.units, "bouts": made.bouts,
        "overlap": made.overlap, "nearest": made.nearest, "examples": made.examples,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    results.remove_others(folder, {})  # what an earlier run wrote, of labels that may be gone
    files = []
    for name, table in tables.items():
        with beside(folder / f"{name}.csv") as part:
            save_table(table, part)
        files.append(folder / f"{name}.csv")
    told = set(made.surrogate.scores.loc[made.surrogate.scores["explains"], "behaviour"])
    for number, name in enumerate(made.names):
        stem = f"{number:02d}_{clean_name(name)}"
        files.append(cluster_card(made, name).save(folder / f"card_{stem}.png"))
        if name in told:
            for begins, draw in (("beeswarm", shap_beeswarm), ("bars", shap_bars)):
                at = folder / f"{begins}_{stem}.png"
                files.append(draw(made.surrogate, name).save(at))
    for file in files:
        results.record(folder, file.name, made.surrogate.model.digest, made_from)
    return files


def explanations_of(store: Place) -> list[Path]:
    """Folders of explanations beside a store."""
    folder = results_beside(store) / FOLDER
    return sorted(p for p in folder.glob("*") if (p / "cards.csv").is_file())
