"""Poses into clusters of behaviour: by a model that is fitted on them, or one fitted before."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import xarray as xr
from pydantic import Field

from ethoflow import store
from ethoflow.errors import DataError, listed, no_such
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Flag, Keys, Locate, Needs, Where, placing
from ethoflow.stages.made import Group
from ethoflow.stages.scored import NAMED_IN

if TYPE_CHECKING:
    from ethoflow.cluster import Clusterer

LABELS, EMBEDDING = "labels/clusters-", "embedding-"
DEFAULT = "syllables"

TEMPLATE = """\
# clusters: {model: syllables, n_clusters: 10} # clusters of behaviour, without labels
# clusters: {folder: models/mine} # by a clusterer that was fitted before
"""


class Clusters(Keys):
    """Which clusters are looked for."""

    model: str = Field(
        default="", description="Family of the clusterer, syllables by default; none in a project."
    )
    n_clusters: Annotated[
        int, Needs("must be how many, 1 or more; 0 lets the method choose"), Flag("--clusters")
    ] = Field(default=10, ge=0, description="How many clusters; 0 lets the method choose.")
    folder: str = Field(default="", description="A clusterer that was fitted before.")
    name: str = Field(
        default="", description="What the results are called; the family or folder by default."
    )
    seed: int = Field(default=0, ge=0, description="Of the random numbers.")
    frames: int = Field(
        default=0,
        ge=0,
        description="How many frames a network is trained on; 0 for those that are sampled. More "
        "than there are stand for all.",
    )
    social: bool = Field(
        default=False, description="Clusters of ordered pairs: what an animal does beside another."
    )
    balance: str = Field(
        default="", description="A condition of which as many frames of each are looked at."
    )


class ClusteredKeys(Keys):
    """The clusters."""

    clusters: Clusters = Clusters()


def _check(keys: ClusteredKeys, locate: Locate, where: Where) -> None:
    """The family exists, the folder holds a clusterer, and the name can be that of a group."""
    from ethoflow.cluster.family import family_names

    asked = keys.clusters
    with placing(where, ["clusters", "model"]):
        if asked.model and asked.model not in family_names():
            raise DataError(no_such("family of clusterers", asked.model, family_names()))
        if asked.model and asked.folder:
            raise DataError("give a model to fit or a folder of one that was fitted, not both.")
    with placing(where, ["clusters", "folder"]):
        if asked.folder:
            _load(asked.folder, locate)
            _refuse_beside_folder(asked)
    with placing(where, ["clusters", "name"]):
        if asked.name and not re.fullmatch(r"[\w-][\w.-]*", asked.name):
            raise DataError(
                f"{asked.name!r} cannot be the name of a group: use letters, digits, _ -"
            )


OF_A_FIT = ("n_clusters", "seed", "social", "balance", "frames")


def _refuse_beside_folder(asked: Clusters) -> None:
    """A clusterer that was fitted before has its clusters: what is asked of a fit is not done."""
    usual = Clusters()
    if stray := [key for key in OF_A_FIT if getattr(asked, key) != getattr(usual, key)]:
        raise DataError(
            f"a clusterer that was fitted before is as it is: leave out {listed(stray)}, or give a "
            "model to fit."
        )


def _load(folder: str, locate: Locate) -> Clusterer:
    from ethoflow.cluster import load

    return load(locate(folder))


def _watch(keys: ClusteredKeys, locate: Locate) -> Sequence[Path]:
    """What changes with a saved clusterer."""
    folder = keys.clusters.folder
    return [card] if folder and (card := locate(folder) / "zarr.json").exists() else []


@stage(
    reads=("poses",),
    writes=(f"{LABELS}*", f"{EMBEDDING}*"),
    keys=ClusteredKeys,
    top=True,
    template=TEMPLATE,
    check=_check,
    watch=_watch,
    doing="clusters of behaviour",
    command="cluster",
)
def clustered(job: Job, keys: ClusteredKeys) -> list[Group]:
    """Clusters of behaviour and the embedding they are found in, without labels."""
    asked = keys.clusters
    name = asked.name or asked.model or (Path(asked.folder).name if asked.folder else DEFAULT)
    wanted = job.keep or bool(asked.model or asked.folder)
    made = list(_groups(job, keys, name)) if wanted else []
    kept = {group.place for group in made}
    return [*made, *([] if job.keep else _outdated(job, kept))]


def _groups(job: Job, keys: ClusteredKeys, name: str) -> Iterator[Group]:
    poses, asked = job.open("poses"), keys.clusters

    @functools.cache
    def found() -> xr.Dataset:
        if asked.folder:
            return _load(asked.folder, job.locate).predict(poses)
        model = _fit(job, poses, asked)
        place = job.results / "clusterers" / name
        _tell_fitted_anew(job, place, name, model)
        model.save(place)
        return model.predict(poses)

    def part(*variables: str) -> xr.Dataset:
        try:
            return found()[list(variables)]
        except DataError as error:
            raise DataError(f"clusters: {error}") from error

    def told(stored: xr.Dataset) -> list[str]:
        words = str(stored.cluster.attrs.get("flag_meanings", "")).split()
        return [f"{LABELS}{name}: {len(words)} clusters"]

    marks = {} if job.keep else {NAMED_IN: "project"}
    yield Group(functools.partial(part, "cluster", "membership"), told, f"{LABELS}{name}",
                marks=marks)  # fmt: skip
    yield Group(functools.partial(part, "embedding"), place=f"{EMBEDDING}{name}", marks=marks)


def _fit(job: Job, poses: xr.Dataset, asked: Clusters) -> Clusterer:
    from ethoflow.cluster import fit

    with job.report.track("clusters") as heard:

        def progress(done: int, of: int, numbers: object) -> None:
            heard(done, of)

        return fit(poses, asked.n_clusters or None, asked.model or DEFAULT, seed=asked.seed,
                   social=asked.social, balance=asked.balance or None,
                   frames=asked.frames or None, progress=progress)  # fmt: skip


def _tell_fitted_anew(job: Job, place: Path, name: str, model: Clusterer) -> None:
    """Say that clusters of an earlier run are gone, where there was one with other clusters."""
    from ethoflow.cluster import load

    try:
        before = load(place)
    except DataError:  # there was none, or none that can be read
        return
    if before.digest != model.digest:
        job.report.warn(
            f"{LABELS}{name} are of a clusterer that was fitted anew: cluster_0 and the others "
            "need not be those of the run before. To label further recordings with clusters that "
            "are known, copy the folder of a clusterer and give it as folder."
        )


def _outdated(job: Job, kept: set[str]) -> Iterator[Group]:
    """Groups that an earlier run made, and the project names no more."""
    state = store.read_state(job.store)
    if state is None:
        return
    for group in [*job.groups(f"{LABELS}*"), *job.groups(f"{EMBEDDING}*")]:
        if NAMED_IN in state.group_attributes(group) and group not in kept:
            job.report.warn(f"{group} is taken out: the project names no such clusters any more.")
            yield Group(None, place=group)
