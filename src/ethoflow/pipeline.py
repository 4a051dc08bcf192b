"""The main job step by step: files to tracks, poses, features, labels, tables and pictures.

Each step writes one group of the store (or a folder of files), computes only what is missing or
stale, and says what it found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import pandas as pd
import xarray as xr
import xxhash

import ethoflow
from ethoflow import features as feature_set
from ethoflow import results, store
from ethoflow.behaviours.annotation import apply_rules
from ethoflow.behaviours.bouts import find_bouts
from ethoflow.cleaning import choose_max_jump, clean
from ethoflow.cleaning.scores import MOST_LOST, choose_min_confidence, describe_loss
from ethoflow.csv_text import write_csv
from ethoflow.disk import beside
from ethoflow.engine.materialise import GOES_ON, Written, write
from ethoflow.engine.source import open_store
from ethoflow.errors import DataError, Missing, listed, tell_missing
from ethoflow.geometry.arena import Arena
from ethoflow.geometry.calibration import calibrate
from ethoflow.geometry.scale import Scale
from ethoflow.io.cohort import open_cohort
from ethoflow.io.options import DEFAULTS, EmptyGroups, Options
from ethoflow.io.prefixes import tell_prefixes
from ethoflow.io.scoring import read_labels
from ethoflow.io.scoring.clock import Since
from ethoflow.names import clean_name
from ethoflow.place import Place
from ethoflow.points import add_points
from ethoflow.schema import position_units, text
from ethoflow.short_names import short_names, shortener
from ethoflow.skeleton import Skeleton, find_points, find_roles
from ethoflow.stats.budget import time_budget
from ethoflow.stats.quality import share_missing
from ethoflow.stats.slips import find_slips
from ethoflow.stats.survey import share_below, survey
from ethoflow.stats.suspicion import find_pieces

LABELS = "labels/rules"
LOOKED_AT = Path(store.PROGRESS, "files.json")
"""Catalogue of files within a store."""


class Report(Protocol):
    """Where a step says what it does."""

    def say(self, text: str, did: str = "") -> None:
        """A finding that holds until something changes, and what this run `did` for it."""

    def warn(self, text: str) -> None:
        """Something that was left out, and why."""

    def track(self, task: str) -> Any:
        """A context that gives a `Progress` for a long task."""


@dataclass(frozen=True)
class Settings:
    """What poses and labels are made with."""

    arena: Arena | Mapping[str, Arena] | None = None
    px_per_mm: Scale | None = None
    skeleton: Skeleton = field(default_factory=dict)
    clean: Mapping[str, Any] = field(default_factory=dict)
    features: Sequence[str] | None = None
    rules: Sequence[str] | None = None
    own_rules: Sequence[str] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def ingest(
    files: Sequence[str],
    path: Place,
    report: Report,
    *,
    fps: float | Literal["video"] | None = None,
    metadata: Sequence[str] = (),
    empty_groups: EmptyGroups = "error",
    skeleton: Skeleton | None = None,
    resample_fps: float | None = None,
    options: Options = DEFAULTS,
    keep: bool = True,
) -> int:
    """Tracking files into ``tracks``; gives how many files could not be used.

    Recordings of the store that are not among the files stay there, or go if not `keep`.

    Raises
    ------
    DataError
        No file can be used, or the frame rate is not known.
    """
    with report.track("checking files") as progress:
        cohort = open_cohort(
            files,
            fps=fps,
            metadata=metadata,
            empty_groups=empty_groups,
            skeleton=skeleton or None,
            resample_fps=resample_fps,
            options=options,
            progress=progress,
            remembered=_looked_at(path),
        )
    show = shortener([*_recordings(path), *map(str, cohort.dataset.recording.values)])
    for note in cohort.dataset.attrs.get("notes", []):
        report.warn(show(note))
    twofold = tell_prefixes([str(part) for part in cohort.dataset.bodypart.values])
    if twofold and cohort.dataset.sizes["individual"] == 1:
        report.warn(f"tracks: {twofold}")
    for problem in cohort.problems:
        report.warn(f"left out {problem}")
    for joined in cohort.reports:
        (report.say if joined.complete else report.warn)(show(str(joined)))
    before = _recordings(path)
    with report.track("reading tracks") as progress:
        written = write(cohort.dataset, path, "tracks", keep=keep, progress=progress)
    looked_at = _looked_at(path)
    if looked_at is not None:
        cohort.catalogue.save(looked_at)
    tracks = _group(path, "tracks")
    gone = [name for name in before if name not in tracks.recording.values]
    if gone:
        report.warn(
            f"{listed(map(show, gone))}: taken out of the store, as no file of the tracks gives "
            f"{'it' if len(gone) == 1 else 'them'} any more."
        )
    report.say(f"tracks: {describe(tracks)}", _effort(written))
    report.say(f"        read now: {cohort.counts.describe()}")
    return len(cohort.problems)


def _looked_at(path: Place) -> Path | None:
    """The catalogue of files in a store on this machine."""
    return path / LOOKED_AT if isinstance(path, Path) else None


def _recordings(path: Place) -> tuple[str, ...]:
    """Names of the recordings whose tracks are stored."""
    state = store.read_state(path)
    return () if state is None else state.known("tracks").recordings


def add_labels(
    files: Sequence[Path],
    path: Place,
    report: Report,
    *,
    fps: float | None = None,
    rater: str | None = None,
    individual: str | None = None,
    offset: float = 0.0,
    since: Since = "origin",
    group: str = "labels/human",
    columns: Mapping[str, str | Sequence[str]] | None = None,
    background: Literal["absent", "unlabelled"] | None = None,
) -> int:
    """Scored behaviour on the frames of the tracks; gives how many files could not be used.

    Raises
    ------
    DataError
        No file can be used.
    """
    tracks = _group(path, "tracks")
    _check_labels_group(group)
    labels: xr.Dataset | None = None
    problems: list[str] = []
    with report.track("reading labels") as progress:
        for number, file in enumerate(files, 1):
            try:
                found = read_labels(
                    file, like=tracks, fps=fps, rater=rater, individual=individual, offset=offset,
                    since=since, columns=columns, background=background,
                )  # fmt: skip
                labels = found if labels is None else _combine(labels, found, file, report)
            except DataError as error:
                problems.append(str(error))
            progress(number, len(files))
    if labels is None:
        raise DataError("\n".join(problems))
    for problem in problems:
        report.warn(f"left out {problem}")
    written = write(labels, path, group)
    for name, label in labels.data_vars.items():
        known = int(label.notnull().sum())
        share = float((label == 1).sum()) / known if known else float("nan")
        happens = f"{share:.1%} of the scored frames" if known else "in no frame known"
        report.say(f"{name}: {happens}")
    report.say(f"{group}: {_count(len(labels.data_vars), 'behaviour')}", _effort(written))
    return len(problems)


def _combine(labels: xr.Dataset, found: xr.Dataset, file: Path, report: Report) -> xr.Dataset:
    """Labels of several files; where two know a frame the earlier counts, and it is said."""
    for name in sorted(set(labels.data_vars) & set(found.data_vars), key=str):
        one, other = labels[name], found[name]
        n_differ = int(((one != other) & one.notnull() & other.notnull()).sum())
        if n_differ:
            report.warn(
                f"{file.name}: {_count(n_differ, 'frame')} of {name} scored otherwise in an "
                "earlier file, which counts: put raters into groups of their own (--group)."
            )
    return labels.combine_first(found)


def _check_labels_group(group: str) -> None:
    """Refuse to put labels where tracks or results of ours lie."""
    if not re.fullmatch(r"labels(/[\w.-]+)+", group) or ".." in group or group == LABELS:
        raise DataError(
            f"labels cannot go into the group {group!r}: name one such as labels/human or "
            "labels/second_rater; labels/rules is that of the rules."
        )


def make_poses(path: Place, settings: Settings, report: Report) -> xr.Dataset:
    """Calibrated and cleaned positions into ``poses``."""
    ds = _group(path, "tracks")
    parts = [str(part) for part in ds.bodypart.values]
    if settings.skeleton:
        roles = text(find_roles(parts, settings.skeleton))
        ds = ds.assign_coords(role=("bodypart", roles))
    if settings.arena is not None or settings.px_per_mm is not None:
        ds = calibrate(ds, settings.arena, px_per_mm=settings.px_per_mm)
    if choose_max_jump(ds, settings.clean.get("max_jump", "auto")) is None:
        report.say("poses: jumps are not removed: positions in px have no scale for max_jump")
    _report_threshold(ds, settings, report)
    with report.track("cleaning") as progress:
        cleaned = add_points(clean(ds, **settings.clean), find_points(parts, settings.skeleton))
        written = write(cleaned, path, "poses", keep=False, progress=progress)
    poses = _group(path, "poses")
    show = shortener(map(str, poses.recording.values))
    for slip in find_slips(poses):
        report.warn(f"poses: {show(str(slip))}")
    surveys = survey(poses)
    for pieces in find_pieces(poses, surveys):
        report.warn(f"poses: {show(pieces)}")
    report.say(
        f"poses: positions in {position_units(poses)}, {share_missing(poses, surveys):.1%} missing",
        _effort(written),
    )
    return poses


def _report_threshold(ds: xr.Dataset, settings: Settings, report: Report) -> None:
    """The threshold of confidence, and what it costs; a warning where that is much."""
    threshold = choose_min_confidence(ds, settings.clean.get("min_confidence", "auto"))
    if threshold is None:
        return
    lost = share_below(ds, threshold)
    if lost > MOST_LOST:
        report.warn(f"poses: {describe_loss(ds, threshold, lost)}")
    elif lost == lost:
        report.say(f"poses: {lost:.2%} of the points seen have a confidence under {threshold:g}")


def keep_poses(path: Place, report: Report) -> bool:
    """Whether the store has calibrated poses of all its tracks already, to label them as they are.

    Asked when nobody gave a calibration: making them anew would turn millimetres into pixels.
    """
    if not store.has_data(path, "poses"):
        return False
    poses, tracks = _group(path, "poses"), _group(path, "tracks")
    if position_units(poses) == "px":
        return False
    new = sorted(set(tracks.recording.values) - set(poses.recording.values))
    if new:
        names = listed(short_names(new).values())
        raise DataError(
            f"{path}: poses are calibrated, and tracks were added since ({names}). Give "
            "the calibration again, with --arena, --px-per-mm or --project, to make theirs."
        )
    state = store.read_state(path)
    if state is not None and store.find_stale(state, "poses"):
        raise DataError(
            f"{path}: poses are calibrated, and tracks have changed since. Give the calibration "
            "again, with --arena, --px-per-mm or --project, to make them anew."
        )
    report.say(
        f"poses: kept as they are, in {position_units(poses)} (--arena, --px-per-mm or --project "
        "make them anew)"
    )
    return True


def make_features(path: Place, settings: Settings, report: Report) -> dict[str, Missing]:
    """Features of the poses into ``features``; gives what those lack that are left out."""
    computed, skipped = feature_set.compute(_group(path, "poses"), settings.features)
    if not computed:
        store.drop_group(str(path), "features")
        return skipped
    with report.track("features") as progress:
        written = write(computed, path, "features", keep=False, progress=progress)
    report.say(f"features: {', '.join(map(str, computed.data_vars))}", _effort(written))
    return skipped


def make_labels(
    path: Place,
    settings: Settings,
    report: Report,
    *,
    keep: bool = False,
    skipped: Mapping[str, Missing] | None = None,
) -> xr.Dataset | None:
    """Labels of the rules into ``labels/rules``; None when no rule applies.

    Labels of other rules that are there go, or stay if `keep`. What `skipped` features lack is told
    with what rules do: one note for each cause.
    """
    poses = _group(path, "poses")
    if store.has_data(path, "features"):
        # A body length is measured once, not again for every rule that needs it.
        known = _group(path, "features")
        poses = poses.assign({n: known[n] for n in ("body_length",) if n in known.data_vars})
    labels, lacking = apply_rules(
        poses, settings.rules, own=settings.own_rules, parameters=settings.parameters
    )
    for reason in tell_missing({**(skipped or {}), **lacking}):
        report.warn(reason)
    if not labels:
        report.warn("labels: no rule applies to these data")
        if not keep:
            store.drop_group(str(path), LABELS)
        return None
    gone = _find_outdated(path, labels, report) if keep else []
    with report.track("labels") as progress:
        written = write(labels, path, LABELS, keep=keep, drop=gone, progress=progress)
    report.say(f"labels: {', '.join(map(str, labels.data_vars))}", _effort(written))
    return _group(path, LABELS)


def _find_outdated(path: Place, labels: xr.Dataset, report: Report) -> list[str]:
    """Labels of other rules that are stored, and were made from poses that have changed since."""
    state = store.read_state(path)
    found = {} if state is None else store.find_stale(state, LABELS)
    names = sorted({name for names in found.values() for name in names if name not in labels})
    if names:
        report.warn(
            f"labels of {', '.join(names)} are taken out: they were made from poses that have "
            "changed since. Name them among the rules to have them again."
        )
    return names


def write_tables(path: Place, folder: Path, report: Report) -> tuple[pd.DataFrame, list[Path]]:
    """Bouts and time budgets as CSV and Parquet, those that are not fresh.

    Gives the budget of each behaviour over all animals, and the paths of all tables.
    """
    source = _digest(store.fingerprint(path, LABELS))
    made: Mapping[str, Callable[[xr.Dataset], pd.DataFrame]] = {
        "bouts": find_bouts,
        "time_budget": time_budget,
    }
    wanted = {f"{name}{suffix}": source for name in made for suffix in (".csv", ".parquet")}
    results.remove_others(folder, wanted)
    stale = results.stale(folder, wanted)
    for name, make in made.items():
        files = [folder / file for file in stale if Path(file).stem == name]
        if files:
            table = make(_group(path, LABELS))
            note = summarise(table).to_dict("list") if name == "time_budget" else None
            for file in files:
                with beside(file, goes_on=GOES_ON) as part:
                    _save_table(table, part)
                results.record(folder, file.name, source, note)
    report.say("", f"tables: {_made(len(stale), len(wanted), 'written')}")
    budget = pd.DataFrame(results.note_of(folder, "time_budget.csv"))
    return budget, [folder / name for name in wanted]


def remove_tables(folder: Path) -> None:
    """Take away the tables of an earlier run that no labels stand behind any more."""
    results.remove_others(folder, {})


def summarise(budget: pd.DataFrame) -> pd.DataFrame:
    """The mean share of each behaviour over the animals (or pairs) observed, and its bouts."""
    shown = budget.groupby("behaviour", sort=False).agg(
        animals=("share", "count"), share=("share", "mean"), bouts=("n_bouts", "sum"),
        mean_bout_s=("mean_bout", "mean"),
    )  # fmt: skip
    return shown.reset_index()


def _save_table(table: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        write_csv(table, path)
    else:
        table.to_parquet(path, index=False)


def draw_pictures(path: Place, folder: Path, report: Report, *, most: int = 12) -> list[Path]:
    """Ethogram and trajectories of the first `most` recordings, as HTML and PNG.

    Only those are drawn that are not fresh; gives the paths of all.
    """
    names = [str(name) for name in _group(path, "poses").recording.values]
    if len(names) > most:
        report.say(
            f"pictures: of the first {most} of {len(names)} recordings (pictures.recordings)"
        )
    groups, short = {"trajectories": "poses"}, short_names(names)
    if store.has_data(path, LABELS):
        groups["ethogram"] = LABELS
    pictures: dict[tuple[str, str], dict[str, str]] = {}
    for name in names[:most]:
        for kind, group in groups.items():
            source = _digest(kind, short[name], store.fingerprint(path, group, name))
            stem = f"{kind}_{clean_name(name)}"
            pictures[name, kind] = {f"{stem}{suffix}": source for suffix in (".html", ".png")}
    wanted = {file: source for files in pictures.values() for file, source in files.items()}
    results.remove_others(folder, wanted)
    stale = results.stale(folder, wanted)
    missing = {
        key: {file: source for file, source in files.items() if file in stale}
        for key, files in pictures.items()
        if not files.keys().isdisjoint(stale)
    }
    if missing:
        with report.track("pictures") as progress:
            for number, ((name, kind), files) in enumerate(missing.items(), 1):
                one = _group(path, groups[kind]).sel(recording=name)
                _draw(kind, one.assign_coords(recording=short[name]), folder, files)
                progress(number, len(missing))
    if wanted:
        report.say("", f"pictures: {_made(len(stale), len(wanted), 'drawn')}")
    return [folder / file for file in wanted]


def _draw(kind: str, ds: xr.Dataset, folder: Path, files: Mapping[str, str]) -> None:
    """A picture of one recording into its files."""
    from ethoflow import plot

    figure = plot.ethogram(ds) if kind == "ethogram" else plot.trajectories(ds)
    for file, source in files.items():
        plot.save(figure, folder / file)
        results.record(folder, file, source)


def _digest(*parts: str) -> str:
    """What a result is made from, in a word: the data, and the code by its version."""
    return xxhash.xxh3_128_hexdigest(repr((*parts, ethoflow.__version__)).encode())


def _made(n_new: int, n_all: int, verb: str) -> str:
    kept = f"{n_all - n_new} kept, as what they show has not changed"
    new = f"{n_new} {verb}"
    return new if n_new == n_all else kept if not n_new else f"{new}, {kept}"


def describe(ds: xr.Dataset) -> str:
    """One line: recordings, animals, body parts, length."""
    n, frames = ds.sizes.get("recording", 1), int(ds.n_frames.sum())
    animals, parts = ds.sizes["individual"], ds.sizes["bodypart"]
    fewer = "animal" in ds.coords and bool((ds.animal == "").any())
    return (
        f"{_count(n, 'recording')}, {_count(animals, 'animal')} {'at most' if fewer else 'each'}, "
        f"{_count(parts, 'body part')}, {frames:,} frames at {float(ds.fps):g} fps "
        f"({duration(frames / float(ds.fps))})"
    )


def duration(seconds: float) -> str:
    """A time in s where it is less than a minute, else in min."""
    return f"{seconds:.3g} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"


def _effort(written: Written) -> str:
    if not written.written:
        return " (nothing to do: all is fresh)"
    return f" ({written.written} parts written, {written.fresh} fresh)" if written.fresh else ""


def _group(path: Place, name: str) -> xr.Dataset:
    ds = open_store(path, name)
    assert isinstance(ds, xr.Dataset)
    return ds
