"""The command that trains a classifier on labels of people, and says how well it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ethoflow.cli.app import app
from ethoflow.cli.options import Fps, Scheduler, rate_of
from ethoflow.cli.screen import out, plain_errors, print_table
from ethoflow.place import local_path, place

if TYPE_CHECKING:
    import xarray as xr

    from ethoflow.learn import Classifier

SHOWN = {"f1": "F1", "kappa": "kappa", "precision": "precision", "recall": "recall",
         "banos_f1": "F1 of bouts"}  # fmt: skip


@app.command()
def learn(
    store: Annotated[str, typer.Argument(help="A store with poses.")],
    labels: Annotated[str, typer.Argument(help="A group of its labels, or a file of scoring.")],
    out_folder: Annotated[
        Path, typer.Option("--out", help="Folder for the classifier; its name is the folder's.")
    ],
    behaviour: Annotated[
        list[str] | None, typer.Option(help="Which behaviours; all by default (repeat).")
    ] = None,
    model: Annotated[
        str, typer.Option(help="boosting: trees; tcn: small networks over time.")
    ] = "boosting",
    of: Annotated[
        str | None, typer.Option(help="individual or pair; by default as the labels are.")
    ] = None,
    rater: Annotated[str | None, typer.Option(help="Whose labels, of several people.")] = None,
    by: Annotated[
        str | None, typer.Option(help="What is held out together: recording, animal, block.")
    ] = None,
    folds: Annotated[int, typer.Option(help="Parts held out one after the other; 0: none.")] = 5,
    group: Annotated[str, typer.Option(help="Group of positions.")] = "poses",
    apply: Annotated[
        bool, typer.Option("--apply", help="Write its labels of all recordings into the store.")
    ] = False,
    fps: Fps = None,
    scheduler: Scheduler = None,
) -> None:
    """Train a classifier on people's labels; its scores are of frames it had not seen."""
    with plain_errors():
        from ethoflow.engine.materialise import write
        from ethoflow.engine.schedule import use_scheduler
        from ethoflow.engine.sources import open_store
        from ethoflow.learn import fit
        from ethoflow.schema import as_dataset

        folder = local_path(out_folder, "models")
        _check_folder(folder)
        with use_scheduler(scheduler):
            poses = as_dataset(open_store(place(store), group))
            out.print("training, and testing on held-out frames: this may take minutes")
            classifier = fit(
                poses,
                _read(store, labels, poses, rate_of(fps)),
                behaviour or None,
                model=model,  # type: ignore[arg-type]
                of=of,  # type: ignore[arg-type]
                rater=rater,
                by=by,  # type: ignore[arg-type]
                folds=folds,
            ).save(folder)
            _show(classifier)
            out.print(f"\nwritten:\n{folder}", markup=False)
            if apply:
                where = f"labels/classifier-{folder.name}"
                write(classifier.predict(poses), place(store), where)
                out.print(f"{where} in {store}", markup=False)
        out.print(
            f"next: ethoflow predict {store} --model {folder}"
            if not apply
            else f"next: ethoflow agreement {store}",
            markup=False,
        )


def _check_folder(folder: Path) -> None:
    """Refuse a folder that is there: training takes long, and what is there may be wanted.

    Raises
    ------
    DataError
        It is.
    """
    from ethoflow.errors import DataError

    if folder.exists():
        raise DataError(f"{folder} is there already: give another place with --out.")


def _read(store: str, labels: str, poses: xr.Dataset, fps: float | None) -> xr.Dataset:
    """Labels of a group of the store, or of a file on the frames of its positions."""
    from ethoflow.engine.sources import open_store
    from ethoflow.io.scoring import read_labels
    from ethoflow.schema import as_dataset
    from ethoflow.store import list_groups

    there = list_groups(place(store))
    named = [one for one in (labels, f"labels/{labels}") if one in there]
    if named:
        return as_dataset(open_store(place(store), named[0]))
    return as_dataset(read_labels(local_path(labels, "scores"), fps=fps, like=poses))


def _show(classifier: Classifier) -> None:
    """The main scores, a row for each behaviour."""
    import pandas as pd

    scores = classifier.scores
    if scores.empty:
        out.print("trained without scores (--folds 0): nobody knows how good it is.")
        return
    rows = []
    for behaviour, own in scores.groupby("behaviour", sort=False):
        first = own.drop_duplicates("measure").set_index("measure")
        cells = {
            said: f"{first.value[name]:.2f} {first.low[name]:.2f}–{first.high[name]:.2f}"
            for name, said in SHOWN.items()
            if name in first.index
        }
        rows.append({"behaviour": behaviour, **cells})
    print_table(pd.DataFrame(rows))
