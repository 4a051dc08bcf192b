"""Commands that run stages in a way of their own: their options are the keys of these stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Annotated, Any

import typer

from ethoflow import pipeline
from ethoflow.cli.labels_alone import write_alone
from ethoflow.cli.options import rate_of
from ethoflow.cli.screen import PARTIAL, Screen, out, plain_errors, print_table
from ethoflow.cli.shown import print_made, print_next, results_beside
from ethoflow.cli.stage_commands import (
    FROM_PROJECT,
    STORE,
    check_reads,
    check_values,
    locate_files,
    make_command,
    naming,
    parameter,
)
from ethoflow.cli.stage_options import NUMBERS, Option, options_of
from ethoflow.engine import declarations, drop_project_rules, load_project_rules
from ethoflow.engine.schedule import use_scheduler
from ethoflow.errors import DataError
from ethoflow.io.scoring import list_labels
from ethoflow.place import Place, place
from ethoflow.project import Project, bare_project, keys_of, load_project, model_of, project_model
from ethoflow.schema import position_units
from ethoflow.stages import Files, Job, Stage, find_stage, leading_to
from ethoflow.stages.poses import PosesKeys
from ethoflow.stages.rules import RulesKeys
from ethoflow.stages.scored import LABELS, USUAL, ScoredKeys, Scoring, check_group
from ethoflow.stages.tracks import TracksKeys
from ethoflow.store import exists, list_groups, writing


def command_of_row(name: str, help: str) -> Any:
    """The command called `name`, with an option for every key of the stages that it runs."""
    return {"ingest": _ingest, "annotate": _annotate, "labels": _labels}[name](help)


def _ingest(help: str) -> Any:
    options = options_of(TracksKeys)
    del options["key_tracks"]  # they are what the command is given first

    def ingest(files: list[str], out_store: str, scheduler: str | None, **typed: Any) -> None:
        with plain_errors():
            keys = TracksKeys.model_construct(tracks=files, **_values(options, typed))
            path = place(out_store)
            job = Job(path, results_beside(path), Screen(), keep=True)
            with use_scheduler(scheduler):
                pipeline.run([(find_stage("tracks"), keys)], job)
            in_px = position_units(job.open("tracks")) == "px"
            scale = " --arena 'circle X Y RADIUS px = 380 mm' (or --px-per-mm 3.2)" if in_px else ""
            out.print(f"\nwritten:\n{path}\nnext: ethoflow annotate {path}{scale}", markup=False)
        if job.left_out:
            raise typer.Exit(PARTIAL)

    first = [
        parameter(
            "files", Annotated[list[str], typer.Argument(help="Tracking files or patterns.")]
        ),
        parameter(
            "out_store",
            Annotated[str, typer.Option("--out", help="The Zarr store, a folder or a URL.")],
            "cohort.zarr",
        ),
    ]
    return make_command("ingest", help, ingest, first, options, [])


def _annotate(help: str) -> Any:
    some = [*leading_to("rules"), find_stage("tables")]
    options = options_of(model_of(tuple(some)))
    for name in ("key_out", "key_folder"):
        del options[name]

    def annotate(path: str, project: Path | None, scheduler: str | None, **typed: Any) -> None:
        with plain_errors():
            store = place(path)
            list_groups(store)
            job = Job(store, results_beside(store), Screen())
            if not job.has("tracks"):
                raise DataError(
                    f"{store} has no tracks to label: `ethoflow ingest` writes them there."
                )
            drop_project_rules()
            base = bare_project() if project is None else load_project(project)
            given = _given(options, typed)
            asked = _settings(base, some, given, typed)
            job.keep = keys_of(asked, RulesKeys).rules is not None
            of_poses = {one.place[0] for one in given.values()} & set(PosesKeys.model_fields)
            job.asked = project is not None or bool(of_poses)
            with writing(store), use_scheduler(scheduler):
                made = pipeline.run([(stage, asked.keys_for(stage)) for stage in some], job)
            print_made(store, job.results, made.files, made.tables)
            print_next(store, 0, f"budgets by bins or tones with `ethoflow tables {store}`, ")

    return make_command("annotate", help, annotate, [STORE], options, [FROM_PROJECT])


def _labels(help: str) -> Any:
    options = options_of(Scoring)
    del options["key_files"]

    def labels(
        files: list[str],
        store: str | None,
        group: str,
        alone: bool,
        metadata: list[str] | None,
        scheduler: str | None,
        **typed: Any,
    ) -> None:
        with plain_errors():
            values = {"files": files, **_values(options, typed)}
            scoring = check_values(Scoring, list(Scoring.model_fields), values, options)
            if store is None:
                _list_labels(scoring)
                return
            path = place(store)
            if _stands_alone(path, alone=alone):
                check_group(group)
                write_alone(path, group, scoring, metadata or [])
                return
            if metadata:
                raise DataError(
                    f"--metadata is of a store of labels alone; those of {path} are its tracks': "
                    "`ethoflow ingest` takes them."
                )
            job = Job(path, results_beside(path), Screen(), keep=True)
            stage = find_stage("scored")
            check_reads(stage, job)
            check_group(group)
            keys = ScoredKeys.model_construct(labels={group.removeprefix(LABELS): scoring})
            with writing(path), use_scheduler(scheduler):
                pipeline.run([(stage, keys)], job)
            out.print(f"\nwritten:\n{path}/{group}\nnext: ethoflow info {path}", markup=False)
        if job.left_out:
            raise typer.Exit(PARTIAL)

    first = [
        parameter("files", Annotated[list[str], typer.Argument(help="Files of scored behaviour.")]),
        parameter(
            "store",
            Annotated[
                str | None,
                typer.Option(
                    help="The Zarr store of the tracks (or of labels alone); without it files are "
                    "listed."
                ),
            ],
            None,
        ),
        parameter(
            "alone",
            Annotated[
                bool,
                typer.Option("--alone", help="There are no tracks: make a store of labels alone."),
            ],
            False,
        ),
        parameter(
            "metadata",
            Annotated[
                list[str] | None,
                typer.Option(help="Table with a row per recording, for labels alone (repeat)."),
            ],
            None,
        ),
    ]
    last = [
        parameter(
            "group", Annotated[str, typer.Option(help="Where the labels go.")], f"{LABELS}{USUAL}"
        )
    ]
    return make_command("labels", help, labels, first, options, last)


def _stands_alone(path: Place, *, alone: bool) -> bool:
    """Whether labels go into a store without tracks: a new one only where that is said.

    Raises
    ------
    DataError
        There is no such store, or it has tracks that labels belong to.
    """
    if not exists(path):
        if alone:
            return True
        try:
            list_groups(path)
        except DataError as error:
            raise DataError(f"{error} For labels that have no tracks say --alone.") from error
    if not {"tracks", "poses"} & set(list_groups(path)):
        return True
    if alone:
        raise DataError(f"{path} has tracks, to which its labels belong: leave --alone out.")
    return False


def _list_labels(scoring: Scoring) -> None:
    for file in scoring.files:
        out.print(f"{file}:", markup=False)
        listed = list_labels(file, columns=scoring.columns, background=scoring.background)
        print_table(listed.drop(columns=["start", "stop"]))
    out.print("\nnext: ethoflow labels FILES --store cohort.zarr, to set them on its frames")


def _values(options: Mapping[str, Option], typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, by key; what is wrong with a value but its kind, its reader says."""
    values: dict[str, Any] = {}
    for name, one in _given(options, typed).items():
        is_rate = one.place == ("fps",)
        value = rate_of(typed[name]) if is_rate else one.value_of(typed[name])
        if isinstance(value, str) and not is_rate and one.kinds <= {*NUMBERS, NoneType}:
            raise DataError(f"{one.flag} must be a number, found {value!r}.")
        values[one.place[0]] = value
    return values


def _given(options: Mapping[str, Option], typed: Mapping[str, Any]) -> dict[str, Option]:
    """Options that were typed."""
    return {name: one for name, one in options.items() if typed[name] not in (None, [])}


def _settings(
    base: Project, some: Sequence[Stage], given: Mapping[str, Option], typed: Mapping[str, Any]
) -> Project:
    """A project as it would be with the options that were typed in it, checked.

    What is said by name, and files, come to those of the project; rules of the files that were
    typed are among those that are named.
    """
    model = project_model()
    values = {**locate_files(model, base, base.path), "folder": Path()}
    for name, one in given.items():
        *above, last = one.place
        inside, value = values, one.value_of(typed[name])
        for part in above:
            inside = inside[part]
        if any(isinstance(mark, Files) for mark in one.field.metadata):
            value = [*inside[last], *(str(Path(file).absolute()) for file in value)]
        elif isinstance(value, dict):
            value = _joined(inside[last] or {}, value)
        inside[last] = value
    files = [Path(file).absolute() for file in typed["key_rule_files"] or []]
    own = [rule.name for file in files for rule in load_project_rules(file)]
    own = [name for name in own if declarations()[name].kind == "behaviour"]
    values["rules"] = list(dict.fromkeys([*(values["rules"] or []), *own])) or None
    asked = check_values(model, list(values), values, given)
    for stage in some:
        # The scale may be of a column that the tracks have, whatever tables are named here.
        if stage.check is not None and "tracks" not in stage.reads:
            stage.check(asked.keys_for(stage), asked.path, naming(given))
    return asked


def _joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What is said by name, also within names; the later counts."""
    both = {
        name: _joined(one[name], value)
        for name, value in other.items()
        if isinstance(value, dict) and isinstance(one.get(name), dict)
    }
    return {**one, **other, **both}
