"""The command that writes labelled videos, and examples of behaviours side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ethoflow.cli.app import app
from ethoflow.cli.screen import Screen, out, plain_errors
from ethoflow.cli.shown import VIDEOS, refuse_there, results_beside
from ethoflow.place import Place, local_path, place

if TYPE_CHECKING:
    import xarray as xr

LABELS = "labels/"
CLUSTERS = "labels/clusters-"


@app.command()
def video(
    path: Annotated[str, typer.Argument(metavar="STORE", help="The Zarr store.")],
    recording: Annotated[
        str | None, typer.Option(help="Which recording; not needed where there is one.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Labels of the store: rules, clusters-NAME, ...; or none.")
    ] = None,
    footage: Annotated[
        str | None,
        typer.Option("--video", help="Its video, or a folder of videos; 'none': an empty floor."),
    ] = None,
    start: Annotated[float | None, typer.Option(help="From when on, s of its clock.")] = None,
    stop: Annotated[float | None, typer.Option(help="Until when, s of its clock.")] = None,
    begin: Annotated[
        str | None, typer.Option(help="Second of the video at which the recording begins.")
    ] = None,
    trail: Annotated[str, typer.Option(help="How long paths are seen, such as '2 s'.")] = "0 s",
    examples: Annotated[
        list[str] | None, typer.Option(help="A grid of bouts of this behaviour (repeat).")
    ] = None,
    clusters: Annotated[
        str | None, typer.Option(help="A grid of bouts of each cluster of labels/clusters-NAME.")
    ] = None,
    n: Annotated[int, typer.Option(help="Most bouts in a grid.")] = 12,
    seed: Annotated[int, typer.Option(help="Of the choice of bouts.")] = 0,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", help="The video (.webm, .mp4); for grids the folder they go to."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a video there.")] = False,
) -> None:
    """Write a labelled video of a recording, or grids of examples of behaviours or clusters."""
    with plain_errors():
        from ethoflow import results
        from ethoflow.engine.sources import open_store
        from ethoflow.errors import DataError
        from ethoflow.report.videos import made_from
        from ethoflow.schema import as_dataset
        from ethoflow.store import list_groups

        store = place(path)
        groups = list_groups(store)
        track = next((name for name in ("poses", "tracks") if name in groups), None)
        if track is None:
            raise DataError(f"{store} holds labels alone: a video needs tracks, to draw them.")
        poses = as_dataset(open_store(store, track))
        if examples or clusters:
            group = f"{CLUSTERS}{clusters}" if clusters else _labels_of(labels, groups)
            if group is None or group not in groups:
                raise DataError(_no_labels(group or "labels", groups))
            if recording is not None:
                poses = _one(poses, recording)
            marked = as_dataset(open_store(store, group))
            folder = local_path(out_file or results_beside(store) / VIDEOS, "videos")
            grids = Grids(store, (track, group), folder, footage, n, seed)
            _write_grids(grids, poses, marked, examples, overwrite)
            return
        group = _labels_of(labels, groups)
        if group is not None and group not in groups:
            raise DataError(_no_labels(group, groups))
        one = _one(poses, recording)
        name = _name_of(one)
        file = out_file or results_beside(store) / VIDEOS / f"{name}.webm"
        _refuse_there([file], store, overwrite=overwrite)
        beside = None if group is None else as_dataset(open_store(store, group))
        named = [str(one.recording.values)] if "recording" in one.coords else None
        shows = f"{name}, {f'with {group}' if group else 'without labels'}"
        note = made_from(store, [track, *([group] if group else [])], named, shows)
        made = _write_one(one, beside, footage, file, name, group, start=start, stop=stop,
                          begin=begin, trail=trail)  # fmt: skip
        results.record(made.parent, made.name, note["state"], note)


def _write_one(
    one: xr.Dataset,
    marked: xr.Dataset | None,
    footage: str | None,
    file: Path,
    name: str,
    group: str | None,
    **options: Any,
) -> Path:
    """The labelled video, and what to do next."""
    from ethoflow.video import labelled

    with Screen().track(f"drawing {name}") as progress:
        made = labelled(one, marked, footage, to=file, progress=progress, **options)
    said = f"with {group}" if group else "without labels"
    next_ = "" if group else "; or `ethoflow annotate` first, for what the animals do"
    if footage is None and "video" not in one.coords:
        next_ += "; or name its video, or the folder of it, with --video"
    out.print(
        f"{name}, {said}\n\nwritten:\n{made}\n\nnext: open it in a browser or a player{next_}",
        markup=False,
    )
    return made


@dataclass(frozen=True)
class Grids:
    """Where grids come from and go to, and which bouts they show."""

    store: Place
    groups: tuple[str, str]
    folder: Path
    footage: str | None
    n: int
    seed: int

    def file(self, behaviour: str, category: str | None) -> Path:
        """The file of one; those of clusters are named after their group, which may be several."""
        from ethoflow.names import clean_name

        group = self.groups[1].removeprefix(LABELS)
        first = group if self.groups[1].startswith(CLUSTERS) else behaviour
        parts = [first, *([category] if category else [behaviour] if first == group else [])]
        return self.folder / f"{clean_name('-'.join(parts))}.webm"

    def clear(self, wanted: Sequence[Path]) -> None:
        """Take away grids of this group that an earlier run wrote, of clusters that are gone."""
        from ethoflow import results

        names = {file.name for file in wanted}
        for name in results.sources(self.folder):
            note = results.note_of(self.folder, name)
            if note and note.get("grid_of") == self.groups[1] and name not in names:
                results.record_none(self.folder, name, "")


def _write_grids(
    grids: Grids,
    poses: xr.Dataset,
    marked: xr.Dataset,
    behaviours: Sequence[str] | None,
    overwrite: bool,
) -> None:
    """A grid for each behaviour or cluster; those without whole bouts are told."""
    from ethoflow import results
    from ethoflow.errors import DataError
    from ethoflow.report.videos import made_from
    from ethoflow.video import examples

    recordings = None
    if "recording" not in poses.dims and "recording" in marked.dims:
        recordings = [str(poses.recording.values)]
        marked = marked.sel(recording=recordings)
    wanted = _wanted(marked, behaviours or ())
    files = [grids.file(*pair) for pair in wanted]
    _refuse_there(files, grids.store, overwrite=overwrite)
    note = made_from(grids.store, grids.groups, recordings, "")
    if not behaviours:
        note["grid_of"] = grids.groups[1]
        grids.clear(files)
    made, screen = [], Screen()
    for (behaviour, category), file in zip(wanted, files, strict=True):
        name = " ".join(filter(None, [behaviour, category]))
        try:
            with screen.track(f"drawing {name}") as progress:
                table = examples(
                    poses, marked, behaviour, category=category, video=grids.footage, n=grids.n,
                    seed=grids.seed, to=file, progress=progress,
                )  # fmt: skip
        except DataError as error:
            if len(wanted) == 1:
                raise
            screen.warn(str(error))
            continue
        counts = f"{len(table)} of {table.attrs['n_whole']} whole bouts"
        cut, of = table.attrs["n_cut"], table.recording.nunique()
        out.print(f"{name}: {counts}, {of} recording{'s' * (of != 1)}, seed {grids.seed}"
                  f"{f'; {cut} are cut and left out' if cut else ''}", markup=False)  # fmt: skip
        shows = f"{counts} of {name} of {grids.groups[1]}, seed {grids.seed}"
        results.record(file.parent, file.name, note["state"], {**note, "shows": shows})
        made.append(file)
    if not made:
        raise DataError("no video was written: none of these has a whole bout.")
    listed = "\n".join(map(str, made))
    out.print(
        f"\nwritten:\n{listed}\n\nnext: open one in a browser; other bouts with another --seed",
        markup=False,
    )


def _refuse_there(files: Sequence[Path], store: Place, *, overwrite: bool) -> None:
    """Refuse to replace videos that nobody said may be; of the first it is said if it is stale."""
    from ethoflow.report.videos import is_current

    there = next((file for file in files if file.exists()), None)
    stale = there is not None and is_current(there, store) is False
    note = ", and shows labels or poses that are others by now" if stale else ""
    refuse_there(files, overwrite=overwrite, note=note)


def _wanted(marked: xr.Dataset, asked: Sequence[str]) -> list[tuple[str, str | None]]:
    """What is shown: what was asked for, by its name; else every category, and every label.

    A name that is wrong is refused before anything is drawn.
    """
    from ethoflow.labels.runs import follow_tracks, label_names
    from ethoflow.video.picking import resolve

    tracks = follow_tracks(marked)
    for name in asked:
        resolve(tracks, label_names(marked), name, None)
    if asked:
        return [(name, None) for name in dict.fromkeys(asked)]
    found = {(track.behaviour, track.category or None) for track in tracks}
    return sorted(found, key=lambda pair: (pair[0], len(pair[1] or ""), pair[1] or ""))


def _labels_of(asked: str | None, groups: Sequence[str]) -> str | None:
    """The group of labels that is shown: the one asked for, else that of rules, else the first."""
    if asked == "none":
        return None
    if asked is not None:
        return asked if asked.startswith(LABELS) else f"{LABELS}{asked}"
    known = [group for group in groups if group.startswith(LABELS)]
    return "labels/rules" if "labels/rules" in known else next(iter(known), None)


def _no_labels(group: str, groups: Sequence[str]) -> str:
    from ethoflow.errors import no_such

    known = [name for name in groups if name.startswith(LABELS)]
    return no_such("group of labels", group, known)


def _one(poses: xr.Dataset, asked: str | None) -> xr.Dataset:
    """The recording that is meant, by its name or the short form of it."""
    from ethoflow.errors import DataError, no_such
    from ethoflow.short_names import short_names

    if "recording" not in poses.dims:
        return poses
    names = [str(name) for name in poses.recording.values]
    if asked is None and len(names) > 1:
        said = no_such("recording", "", names, most=5).partition("There ")[2]
        raise DataError(f"a video is of one recording: choose it with --recording. There {said}")
    short = {brief: name for name, brief in short_names(names).items()}
    name = names[0] if asked is None else asked if asked in names else short.get(asked)
    if name is None:
        raise DataError(no_such("recording", asked, names, most=5))
    return poses.sel(recording=name)


def _name_of(one: xr.Dataset) -> str:
    return str(one.recording.values).replace("/", "_") if "recording" in one.coords else "recording"
