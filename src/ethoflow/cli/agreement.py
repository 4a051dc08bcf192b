"""The command that says how far raters, rules and programs agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ethoflow.cli.app import app
from ethoflow.cli.options import Columns, Fps, Scheduler, columns_of, number_of, pairs_of, rate_of
from ethoflow.cli.screen import out, plain_errors, print_table
from ethoflow.cli.shown import refuse_there, results_beside
from ethoflow.place import Place, local_path, place

if TYPE_CHECKING:
    import pandas as pd

SHOWN = {"kappa": "kappa", "f1": "F1", "banos_f1": "F1 of bouts", "share_difference": "b - a"}
"""Measures that are printed and what they are called; the table has all."""

MOST = 40
"""Rows that are printed."""


@app.command()
def agreement(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="A store (all its labels), or a store and groups of it; files of scoring."
        ),
    ],
    reference: Annotated[
        list[str] | None, typer.Option(help="The source taken as right; else all pairs (repeat).")
    ] = None,
    behaviour: Annotated[
        list[str] | None, typer.Option(help="Which behaviours; by default all of both (repeat).")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Rows for each recording, individual (repeat).")
    ] = None,
    rename: Annotated[
        list[str] | None, typer.Option(help="A behaviour by another name: old=new (repeat).")
    ] = None,
    individual: Annotated[
        list[str] | None, typer.Option(help="An animal by another name: old=new (repeat).")
    ] = None,
    animals: Annotated[
        str, typer.Option(help="each, or any: whether any animal does it.")
    ] = "each",
    offset: Annotated[
        list[str] | None,
        typer.Option(
            help="By how much the other is late on the reference's clock, or search; of several "
            "sources name=s (repeat)."
        ),
    ] = None,
    max_offset: Annotated[str, typer.Option(help="Largest offset looked for.")] = "30 s",
    iou: Annotated[
        list[float] | None, typer.Option(help="Overlap from which bouts match, 0.5 (repeat).")
    ] = None,
    onset: Annotated[str, typer.Option(help="Within how much bouts begin together.")] = "0.5 s",
    bin: Annotated[str, typer.Option(help="Length of bins whose shares are compared.")] = "1 min",
    block: Annotated[str, typer.Option(help="Blocks drawn where there is one recording.")] = "30 s",
    draws: Annotated[int, typer.Option(help="How often is drawn for intervals; 0: none.")] = 1000,
    fps: Fps = None,
    column: Columns = None,
    background: Annotated[
        str | None, typer.Option(help="What background means in files: absent, unlabelled.")
    ] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="The table, CSV or Parquet; agreement.csv.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the table there.")
    ] = False,
    scheduler: Scheduler = None,
) -> None:
    """How far people, rules, classifiers agree: frames, bouts and totals, in one table."""
    with plain_errors():
        from ethoflow.engine.schedule import use_scheduler
        from ethoflow.labels.comparison import agreement as compare

        options = {"columns": columns_of(column), "background": background}
        stores = [item for item in sources if _is_store(item)]
        files = _files(out_file, stores, overwrite)
        with use_scheduler(scheduler):
            table = compare(
                _collect(sources, rate_of(fps), {k: v for k, v in options.items() if v}),
                reference or None,
                behaviours=behaviour or None,
                by=by or (),  # type: ignore[arg-type]
                rename=pairs_of(rename, "--rename"),
                individuals=pairs_of(individual, "--individual"),
                animals=animals,  # type: ignore[arg-type]
                offset=_offset(offset or ["0 s"]),
                max_offset=number_of(max_offset),
                iou=iou or 0.5,
                onset=number_of(onset),
                bin=number_of(bin),
                block=number_of(block),
                draws=draws,
            )
        _write(table, files)
        _show(table)
        out.print(f"\nwritten:\n{chr(10).join(map(str, files))}", markup=False)
        out.print(
            "next: the column note says why a value is missing or doubtful; in R, "
            f"subset(read.csv('{files[0].with_suffix('.csv')}'), measure == 'kappa')",
            markup=False,
        )


def _offset(given: Sequence[str]) -> Any:
    """One offset for all, or one by source."""
    if len(given) == 1 and "=" not in given[0]:
        return given[0] if given[0] == "search" else number_of(given[0])
    return {n: number_of(late) for n, late in pairs_of(list(given), "--offset").items()}


def _is_store(item: str) -> bool:
    from ethoflow import store

    return "://" in item or store.exists(item)


def _collect(
    sources: Sequence[str], fps: float | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Sources by name: groups of the store before them, and files on the frames of its tracks.

    Raises
    ------
    DataError
        One is neither, or two have one name.
    """
    from ethoflow.engine.sources import open_store
    from ethoflow.errors import DataError
    from ethoflow.labels.comparison.sources import LABELS, read_sources
    from ethoflow.store import list_groups

    found: dict[str, Any] = {}
    stores = [item for item in sources if _is_store(item)]
    if len(stores) > 1:
        raise DataError(f"sources are of one store, found {' and '.join(stores)}: compare each.")
    groups = list_groups(place(stores[0])) if stores else []
    tracks = open_store(place(stores[0]), "tracks") if "tracks" in groups else None
    for item in sources:
        named = [group for group in (item, f"{LABELS}{item}") if group in groups]
        if item in stores:
            continue
        if named:
            found[named[0]] = open_store(place(stores[0]), named[0])
            continue
        for one in read_sources(local_path(item, "scores"), fps=fps, like=tracks, **options):
            if one.name in found:
                raise DataError(f"two sources are called {one.name!r}: rename one of the files.")
            found[one.name] = list(one.parts)
    if stores and not any(name in groups for name in found):
        all_labels = [group for group in groups if group.startswith(LABELS)]
        found = {group: open_store(place(stores[0]), group) for group in all_labels} | found
    return found


def _files(chosen: Path | None, stores: Sequence[str], overwrite: bool) -> list[Path]:
    """Where the table goes: both formats, or the one that was named.

    Raises
    ------
    DataError
        Something is there already, or the ending is of another format.
    """
    from ethoflow.errors import DataError

    if chosen is None:
        beside: Place = place(stores[0]) if stores else Path()
        folder = results_beside(beside) if stores else Path()
        files = [folder / f"agreement{end}" for end in (".csv", ".parquet")]
    else:
        files = [local_path(chosen, "tables")]
        if files[0].suffix not in (".csv", ".parquet"):
            raise DataError(f"--out ends in .csv or .parquet, found {str(chosen)!r}.")
    refuse_there(files, overwrite=overwrite)
    return files


def _write(table: pd.DataFrame, files: Sequence[Path]) -> None:
    from ethoflow.csv_text import save_table
    from ethoflow.disk import writing_to

    with writing_to(files[0].parent):
        files[0].parent.mkdir(parents=True, exist_ok=True)
        for file in files:
            save_table(table, file)


def _show(table: pd.DataFrame) -> None:
    """The main measures, a row for each pair and behaviour."""
    import pandas as pd

    who = [str(name) for name in table.columns[: list(table.columns).index("kind")]]
    who = [name for name in who if name in ("a", "b", "behaviour") or (table[name] != "").any()]
    rows = []
    for key, group in table.groupby(who, sort=False):
        own = group.drop_duplicates("measure").set_index("measure")[["value", "low", "high"]]
        values = {str(name): cells for name, *cells in own.itertuples()}
        cells = {said: _cell(*values[name]) for name, said in SHOWN.items() if name in values}
        rows.append({**dict(zip(who, key, strict=True)), **cells})
    shown = pd.DataFrame(rows[:MOST]).fillna("")
    for name in ("a", "b"):
        shown[name] = shown[name].str.removeprefix("labels/")
    print_table(shown)
    if len(rows) > MOST:
        out.print(f"... and {len(rows) - MOST} more in the table")


def _cell(value: float, low: float, high: float) -> str:
    """A value with its interval."""
    if value != value:
        return "–"
    return f"{value:.2f}" + (f" {low:.2f}–{high:.2f}" if low == low else "")
