"""Poses into labels by classifiers that were trained before and lie in folders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import xarray as xr
from pydantic import BeforeValidator, Field

from ethoflow import store
from ethoflow.errors import DataError
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Flag, Keys, Locate, Needs, Where, placing
from ethoflow.stages.made import Group
from ethoflow.stages.scored import NAMED_IN

if TYPE_CHECKING:
    from ethoflow.learn import Classifier

LABELS = "labels/classifier-"

TEMPLATE = """
# models: [models/freezing] # classifiers that were trained; labels go to labels/classifier-freezing
# models: {anna: models/freezing_of_anna, still: immobility} # or by names of your own
"""


def _by_name(value: Any) -> Any:
    """Folders alone are called as they are."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        return value
    names = [Path(one).name for one in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two folders are called {twice!r}: name them, as {{a: ..., b: ...}}")
    return dict(zip(names, given, strict=True))


class Learned(Keys):
    """Which classifiers label the poses."""

    models: Annotated[
        dict[str, str],
        BeforeValidator(_by_name),
        Needs("must be folders of classifiers, or folders by name, such as {still: immobility}"),
        Flag("--model", bare=True),
    ] = Field(
        default_factory=dict, description="A trained classifier: models/freezing, or name=folder."
    )


def _check(keys: Learned, locate: Locate, where: Where) -> None:
    """Every folder holds a classifier, and every name can be that of a group.

    Raises
    ------
    ProjectError
        One does not; the message begins with where.
    """
    for name, folder in keys.models.items():
        with placing(where, ["models", name]):
            if not re.fullmatch(r"[\w-][\w.-]*", name):
                raise DataError(f"{name!r} cannot be the name of a group: use letters, digits, _ -")
            _open(folder, locate)


def _open(folder: str, locate: Locate) -> Classifier:
    """A classifier in a folder, seen from the project, or one that comes with ethoflow."""
    from ethoflow.learn import open_classifier  # Dask is heavy

    path = locate(folder)
    return open_classifier(path if path.exists() or len(Path(folder).parts) > 1 else folder)


def _watch(keys: Learned, locate: Locate) -> Sequence[Path]:
    """What changes with a saved classifier: the file that has the digest of all its numbers."""
    return [card for f in keys.models.values() if (card := locate(f) / "zarr.json").exists()]


@stage(
    reads=("poses",),
    writes=f"{LABELS}*",
    keys=Learned,
    top=True,
    template=TEMPLATE,
    check=_check,
    watch=_watch,
    doing="labels of classifiers",
    command="predict",
)
def learned(job: Job, keys: Learned) -> list[Group]:
    """Labels of trained classifiers, with the probability of each.

    Groups of an earlier run that the project names no more go; those of the command line stay.
    """
    named = [_group(job, name, folder) for name, folder in keys.models.items()]
    return [*named, *([] if job.keep else _outdated(job, keys))]


def _group(job: Job, name: str, folder: str) -> Group:
    """Labels of one classifier, lazy.

    Raises
    ------
    DataError
        The poses have another frame rate, other points or another unit than it was trained with.
    """
    group = f"{LABELS}{name}"
    try:
        classifier = _open(folder, job.locate)
        labels = classifier.predict(job.open("poses"))
    except DataError as error:
        raise DataError(f"models: {name}: {error}") from error
    behaviours = classifier.behaviours

    def found(stored: xr.Dataset) -> list[str]:
        shares = [f"{one}: {float(stored[one].mean()):.1%} of known frames" for one in behaviours]
        return [f"{group}: {', '.join(behaviours)}", *shares]

    return Group(
        labels,
        found,
        place=group,
        keys=Learned.model_construct(models={name: folder}),
        marks={} if job.keep else {NAMED_IN: "project"},
    )


def _outdated(job: Job, keys: Learned) -> Iterator[Group]:
    """Groups that an earlier run made, and the project names no more."""
    state = store.read_state(job.store)
    if state is None:
        return
    for group in job.groups(f"{LABELS}*"):
        name = group.removeprefix(LABELS)
        if NAMED_IN in state.group_attributes(group) and name not in keys.models:
            job.report.warn(f"{group} is taken out: the project names no such model any more.")
            yield Group(None, place=group)
