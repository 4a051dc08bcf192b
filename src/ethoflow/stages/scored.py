"""Files of scoring into labels: what people or programs scored, beside those of the rules."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import xarray as xr
from pydantic import BeforeValidator, Field

from ethoflow import store
from ethoflow.errors import DataError
from ethoflow.io.paths import explain_pattern
from ethoflow.io.scoring import LabelNote, read_labels
from ethoflow.io.scoring.background import Background
from ethoflow.io.scoring.clock import Since
from ethoflow.place import local_path
from ethoflow.stages.declare import maker_of, stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Files, Flag, Keys, Locate, Names, Needs, ProjectError, Rate, Where
from ethoflow.stages.made import Group
from ethoflow.stages.raters import Raters
from ethoflow.stages.tracks import count
from ethoflow.stamps import expand, folders_of

LABELS = "labels/"

USUAL = "human"
"""The group of scores whose rater is not named."""

NAMED_IN = "named_in"
"""Attribute of a group that a project names; one from the command line has none."""

NOTES, LEFT_OUT = "notes", "left_out"
"""Attributes of a group: how its files were understood, and those that could not be used."""

TEMPLATE = """
# labels: scores/*.csv      # what people scored, by any program, goes to labels/human
# labels:                   # or a group for every rater: labels/anna, labels/ben
#   anna: anna/*.boris
#   ben: {files: ben/*.csv, fps: 25, offset: 1.5}
"""


class Scoring(Keys):
    """Files of one rater, or of several who share a group, and how they are read."""

    files: Annotated[
        Names, Needs("name the files of scoring, such as 'files: scores/*.csv'"), Files()
    ] = Field(min_length=1, description="Files of scored behaviour.")
    rater: str | None = Field(default=None, description="Whose scores, where there are several.")
    individual: str | None = Field(
        default=None, description="About which animal, where the tracks have only one."
    )
    fps: Annotated[Rate | None, Needs("must be frames per second, a number above 0")] = Field(
        default=None, description="Rate of frame numbers, where the file does not state it."
    )
    offset: float = Field(
        default=0.0,
        allow_inf_nan=False,
        description="By how much the clock of the scores is ahead, s.",
    )
    since: Since = Field(
        default="origin",
        description="What scores count from: origin (of the video's clock), or tracks.",
    )
    columns: Annotated[
        dict[str, str | list[str]] | None,
        Needs("must be kinds and names of columns, such as {individual: Tier}"),
        Flag("--column", lists=True),
    ] = Field(
        default=None,
        description="A column of a table of bouts: individual=Tier, ignore=a,b.",
    )
    background: Background | None = Field(
        default=None,
        description="What background, none or other mean in labels frame by frame.",
    )


def _by_group(value: Any) -> Any:
    """Files alone are those of the usual group; a group may be files alone."""
    if isinstance(value, str | list):
        value = {USUAL: value}
    if not isinstance(value, dict):
        return value
    return {k: {"files": v} if isinstance(v, str | list) else v for k, v in value.items()}


class ScoredKeys(Keys):
    """Which files hold behaviour that people or programs scored."""

    labels: Annotated[
        dict[str, Scoring],
        BeforeValidator(_by_group),
        Needs("must be files, or files by group, such as {anna: anna/*.csv, ben: ben/*.csv}"),
    ] = Field(default_factory=dict, description="Files of scored behaviour, by group.")


def check_group(group: str) -> None:
    """Refuse to put labels where tracks or results of ours lie.

    Raises
    ------
    DataError
        The group is not one of labels, or another stage writes it.
    """
    is_named = re.fullmatch(r"labels(/(?!labels/)[\w.-]+)+", group) and ".." not in group
    parts = group.split("/")
    above = ["/".join(parts[:depth]) for depth in range(2, len(parts))]
    taken = next((one for one in [group, *above] if not _is_own(one)), None)
    if not is_named or taken is not None:
        maker = None if taken is None else maker_of(taken)
        inside = "" if taken in (group, None) else f" inside {taken}"
        whose = "" if maker is None else f"{inside}, which is that of the stage {maker.name}"
        raise DataError(
            f"labels cannot go into the group {group!r}{whose}: name one such as labels/human or "
            "labels/second_rater."
        )


def _is_own(group: str) -> bool:
    """Whether a group is of this stage, not of one that names it."""
    maker = maker_of(group)
    return maker is not None and maker.function is scored


def _check(keys: ScoredKeys, locate: Locate, where: Where) -> None:
    """Groups are of scores, and a group that is called as a key is a group left out."""
    for name in keys.labels:
        if name in Scoring.model_fields:
            raise ProjectError(
                f"{where(['labels', name])}: labels: {name!r} stands where the name of a group is "
                f"needed: write labels: {{{USUAL}: {{files: ..., {name}: ...}}}}."
            )
        try:
            check_group(f"{LABELS}{name}")
        except DataError as error:
            raise ProjectError(f"{where(['labels', name])}: {error}") from error


def _patterns(scoring: Scoring, locate: Locate) -> list[str]:
    return [str(locate(name)) for name in scoring.files]


def _watch(keys: ScoredKeys, locate: Locate) -> Sequence[Path]:
    """The files, and the folders in which others may come to fit their patterns."""
    patterns = [one for each in keys.labels.values() for one in _patterns(each, locate)]
    found = [name for pattern in patterns for name in expand([pattern]) or [pattern]]
    return [Path(name) for name in (*found, *folders_of(patterns))]


@stage(
    reads=("tracks",),
    writes=f"{LABELS}*",
    keys=ScoredKeys,
    top=True,
    template=TEMPLATE,
    check=_check,
    watch=_watch,
    doing="labels of people",
    command="labels",
)
def scored(job: Job, keys: ScoredKeys) -> list[Group]:
    """Labels of behaviour that people or programs scored, on the frames of the tracks.

    Groups of an earlier run that the project names no more go; those of the command line stay.
    """
    # A group inside another comes after it: it may be called as a variable that goes from there.
    ordered = sorted(keys.labels.items(), key=lambda item: item[0].count("/"))
    named = [_group(job, name, scoring) for name, scoring in ordered]
    return [*named, *([] if job.keep else _outdated(job, keys))]


def _group(job: Job, name: str, scoring: Scoring) -> Group:
    group = f"{LABELS}{name}"

    def found(stored: xr.Dataset) -> list[str]:
        for problem in stored.attrs.get(LEFT_OUT, []):
            job.report.warn(f"left out {problem}")
            job.left_out += 1
        for note in stored.attrs.get(NOTES, []):
            job.report.warn(note)
        shares = [_describe(str(n), label) for n, label in stored.data_vars.items()]
        return [f"{group}: {count(len(stored.data_vars), 'behaviour')}", *shares]

    return Group(
        lambda: _read(job, scoring),
        found,
        place=group,
        keys=ScoredKeys.model_construct(labels={name: scoring}),
        marks={store.FRAMES_OF: "tracks", **({} if job.keep else {NAMED_IN: "project"})},
    )


def _outdated(job: Job, keys: ScoredKeys) -> Iterator[Group]:
    """Groups that an earlier run made, of which the project says nothing any more.

    Of those that were added and stay it is said where the tracks have other frames since.
    """
    state = store.read_state(job.store)
    if state is None:
        return
    for group in state.groups():
        if not _is_own(group) or group.removeprefix(LABELS) in keys.labels:
            continue
        if NAMED_IN in state.group_attributes(group):
            job.report.warn(f"{group} is taken out: the project names no files of it any more.")
            yield Group(None, place=group)
        elif store.find_stale(state, group):
            job.report.warn(
                f"{group} was put on the frames of tracks that have changed since: make it again "
                f"with the same command (ethoflow labels ... --group {group})."
            )


def _describe(name: str, label: xr.DataArray) -> str:
    known = int(label.notnull().sum())
    share = float((label == 1).sum()) / known if known else float("nan")
    return f"{name}: " + (f"{share:.1%} of the scored frames" if known else "in no frame known")


def _read(job: Job, scoring: Scoring) -> xr.Dataset:
    """Everything that was scored in the files, and remarks on them in the attributes.

    Raises
    ------
    DataError
        No file can be used.
    """
    tracks = job.open("tracks")
    files, problems = _find_files(scoring, job)
    notes: list[str] = []
    labels: xr.Dataset | None = None
    raters = Raters()
    options = {name: getattr(scoring, name) for name in Scoring.model_fields if name != "files"}
    with job.report.track("reading labels") as progress:
        for number, file in enumerate(files, 1):
            try:
                with _noting(notes):
                    found = read_labels(file, like=tracks, **options)
                labels = found if labels is None else _combine(labels, found, file, notes)
                raters.add(found)
            except DataError as error:
                problems.append(str(error))
            progress(number, len(files))
    if labels is None:
        raise DataError("\n".join(problems))
    labels, several = raters.tell(labels)
    notes += several
    for kind, said in ((NOTES, notes), (LEFT_OUT, problems)):
        labels.attrs |= {kind: [_shorten(text, files, job) for text in said]} if said else {}
    return labels


def _shorten(text: str, files: Sequence[Path], job: Job) -> str:
    """A remark without the place of files on this machine, which is no part of a result."""
    for file in files:
        text = text.replace(str(file), file.name)
    return text if job.folder == Path() else text.replace(f"{job.folder}/", "")


def _find_files(scoring: Scoring, job: Job) -> tuple[list[Path], list[str]]:
    """Files in the order in which they are named, and what is wrong with patterns."""
    files: dict[Path, None] = {}
    problems: list[str] = []
    for name in scoring.files:
        local_path(name, "scores")
        pattern = str(job.locate(name))
        found = expand([pattern])
        files |= dict.fromkeys(map(Path, found))
        if not found:
            problems.append(f"{name} is a pattern that no file fits.{explain_pattern(pattern)}")
    return list(files), problems


@contextmanager
def _noting(notes: list[str]) -> Iterator[None]:
    """Keep what is said of how a file was understood; other warnings go their way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LabelNote)
        yield
    for one in caught:
        if not issubclass(one.category, LabelNote):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        elif str(one.message) not in notes:
            notes.append(str(one.message))


def _combine(labels: xr.Dataset, found: xr.Dataset, file: Path, notes: list[str]) -> xr.Dataset:
    """Labels of several files; where two know a frame the earlier counts, and it is said."""
    for name in sorted(set(labels.data_vars) & set(found.data_vars), key=str):
        one, other = labels[name], found[name]
        n_differ = int(((one != other) & one.notnull() & other.notnull()).sum())
        if n_differ:
            notes.append(
                f"{file.name}: {count(n_differ, 'frame')} of {name} scored otherwise in an "
                "earlier file, which counts: put raters into groups of their own (--group, or "
                "several groups under the key labels)."
            )
    return labels.combine_first(found)
