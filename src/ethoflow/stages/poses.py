"""Tracks into poses: calibrated, cleaned, in mm where there is a scale."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import xarray as xr
from pydantic import Field

from ethoflow import store
from ethoflow.cleaning import Fill, Smoothing, clean
from ethoflow.cleaning.removal import choose_max_jump, choose_max_speed
from ethoflow.cleaning.scores import MOST_LOST, choose_min_confidence, describe_loss
from ethoflow.errors import DataError, listed
from ethoflow.geometry.by_name import unused
from ethoflow.geometry.calibration import calibrate
from ethoflow.geometry.files import is_file, read_arenas, read_regions
from ethoflow.geometry.pictures import OtherPicture
from ethoflow.geometry.regions import corners_of, mark_regions
from ethoflow.geometry.scale import column_key, is_quantity
from ethoflow.identities.rows import check_rows
from ethoflow.identities.swapping import check_edits, count_applied, swap_identities
from ethoflow.io.metadata_rows import read_rows
from ethoflow.points import add_points
from ethoflow.schema import position_units, text
from ethoflow.short_names import short_names, shortener
from ethoflow.skeleton import find_points, find_roles
from ethoflow.stages.corners import mark_corners
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import (
    Duration,
    Files,
    Keys,
    Length,
    Locate,
    MetadataKeys,
    Names,
    Needs,
    ProjectError,
    SkeletonKeys,
    Speed,
    Where,
    placing,
)
from ethoflow.stages.made import Group
from ethoflow.stages.shapes import ArenaText, RegionsText, RegionText

TEMPLATE = """
# The arena gives the scale: a circle by centre, radius and diameter, or a polygon by its corners
# and the length of its first side. Without arena or px_per_mm everything stays in pixels.
# arena: circle 320 240 200 px = 380 mm
# arena: arenas.csv         # a row per recording, as `ethoflow arenas` finds them in videos
# arena: polygon 100,30 540,30 540,440 100,440 px = 380 mm
# arena: polygon from tl, tr, br, bl = 380 mm    # corners that are tracked as body parts
# regions: {centre: centre 50 % of side, nest: circle 320 240 40 px}
# px_per_mm: 3.2            # or 32 px/cm, or a column of the metadata
# identities: edits.csv     # swaps to correct: start, stop, a, b (see ethoflow identities)
# skeleton: {centre: Spine_2}   # roles of body parts that are not recognised by name
# skeleton: {centre: [left_ear, right_ear, tail_base]}   # or made of several

clean:
  min_confidence: auto      # points below become missing: 0.6 of likelihoods, 0.2 of SLEAP's
  max_jump: auto            # 20 mm off the path; nothing in pixels
  # max_speed: auto         # reached and left faster than 2000 mm/s
  # n_deviations: 5         # so many times off what its neighbours scatter by, and 10 mm
  # max_stretch: 2.5        # so many times farther from the body than usual, however long
  # min_points: 2           # an animal of which fewer body parts are left is not there
  max_gap: 200 ms           # longest gap that is filled
  fill: linear              # or pchip, kalman, pose
  window: 200 ms            # of the smoothing
  smoothing: median         # or polynomial, kalman

"""


Share = Annotated[
    Annotated[float, Field(gt=0, allow_inf_nan=False)] | None,
    Needs("must be how many times, a number above 0, or null"),
]


class Cleaning(Keys):
    """Parameters of `ef.clean`."""

    min_confidence: Annotated[
        float | Literal["auto"] | None, Needs("must be a number, auto, or null to keep all points")
    ] = Field(default="auto", description="Points below become missing.")
    max_jump: Length = Field(
        default="auto", description="Points that far off the path become missing."
    )
    max_speed: Speed = Field(
        default=None, description="Points reached and left faster become missing."
    )
    n_deviations: Share = Field(
        default=None,
        description="Points so many times off what their neighbours scatter by become missing.",
    )
    outlier_window: Duration = Field(
        default="400 ms", description="The window of those neighbours, with n_deviations."
    )
    min_distance: Length = Field(
        default="auto", description="How far off an outlier is at least, with n_deviations."
    )
    max_stretch: Share = Field(
        default=None,
        description="Points so many times farther from the body than usual become missing.",
    )
    min_points: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Animals of which fewer body parts are left become missing."
    )
    max_gap: Duration = Field(default="200 ms", description="The longest gap that is filled.")
    fill: Fill = Field(default="linear", description="How gaps are filled.")
    max_pose_gap: Duration = Field(
        default="2 s", description="The longest gap that is filled from the pose, with fill: pose."
    )
    window: Duration = Field(default="200 ms", description="The window of the smoothing.")
    smoothing: Smoothing = Field(default="median", description="How points are smoothed.")


class PosesKeys(SkeletonKeys, MetadataKeys):
    """What poses are made with."""

    arena: Annotated[
        ArenaText | dict[str, ArenaText] | None,
        Needs("must be a text such as 'circle 320 240 200 px = 380 mm', or one for each recording"),
    ] = Field(
        default=None,
        description="'circle X Y RADIUS px = 380 mm' or 'polygon X,Y ... px = 380 mm'.",
    )
    regions: Annotated[
        RegionsText | dict[str, RegionText | dict[str, RegionText]] | None,
        Needs(
            "must be regions by name, such as {nest: circle 320 240 90 px}, the same by recording, "
            "a file of regions, or 'maze, open arms left right'"
        ),
    ] = Field(default=None, description="'maze, open arms left right', or a file of regions.")
    px_per_mm: Annotated[
        float | str | dict[str, float | str] | None,
        Needs("must be a number, a text such as '32 px/cm', or one for each recording"),
    ] = Field(
        default=None,
        description="Pixels per millimetre: 3.2, '32 px/cm', or a column of the metadata.",
    )
    identities: Annotated[
        Names, Needs("must be files with corrections, such as edits.csv"), Files()
    ] = Field(
        default_factory=list,
        description="Corrections of identities: a table with start, stop, a, b.",
    )
    clean: Cleaning = Cleaning()


def _find_files(keys: PosesKeys, locate: Locate) -> Sequence[Path]:
    """Tables about the animals, corrections, and files of arenas and regions."""
    shapes = [str(text) for text in (keys.arena, keys.regions) if is_file(text)]
    return [locate(name) for name in (*keys.metadata, *keys.identities, *shapes)]


def _check_texts(keys: PosesKeys, locate: Locate, where: Where) -> None:
    """A scale that is a name is that of a column of the metadata; files can be read."""
    for number, edits in enumerate(keys.identities):
        with placing(where, ["identities", number], "identities: "):
            check_rows(locate(edits))
    for key, read in (("arena", read_arenas), ("regions", read_regions)):
        if is_file(text := getattr(keys, key)):
            with placing(where, [key], f"{key}: "):
                read(locate(text))
    name = keys.px_per_mm
    if not isinstance(name, str) or is_quantity(name):
        return
    try:
        tables = [read_rows(locate(table))[1] for table in keys.metadata]
    except DataError:
        return  # said when the table is needed
    columns = [column for table in tables for column in table]
    if column_key(name) not in map(column_key, columns):
        raise ProjectError(
            f"{where(['px_per_mm'])}: px_per_mm: {name!r} is neither a scale "
            "such as 3.2 or '32 px/cm' nor a column of the metadata: "
            f"{', '.join(map(repr, columns)) or 'there are none'}."
        )


@stage(
    reads=("tracks",),
    writes="poses",
    keys=PosesKeys,
    top=True,
    template=TEMPLATE,
    check=_check_texts,
    watch=_find_files,
    doing="cleaning",
)
def poses(job: Job, keys: PosesKeys) -> Group | None:
    """Positions calibrated and cleaned, in mm where there is a scale."""
    if not job.asked and _is_kept(job):
        return None
    arena, regions = _shapes(job, keys)
    # Landmarks are nobody's: they leave before animals are exchanged.
    corners = corners_of(arena, regions)
    ds = _correct(mark_corners(job, job.open("tracks"), corners), keys, job)
    parts = [str(part) for part in ds.bodypart.values]
    if keys.skeleton:
        roles = text(find_roles(parts, keys.skeleton))
        ds = ds.assign_coords(role=("bodypart", roles))
    if arena is not None or keys.px_per_mm is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OtherPicture)  # `find_slips` says it of every arena
            ds = calibrate(ds, arena, px_per_mm=keys.px_per_mm)
    if regions is not None:
        ds = mark_regions(ds, regions)
    cleaning: dict[str, Any] = keys.clean.model_dump()
    for name, choose in (("max_jump", choose_max_jump), ("max_speed", choose_max_speed)):
        if cleaning[name] == "auto" and choose(ds, "auto") is None:
            job.report.say(
                f"poses: {name} removes nothing: positions in px have no scale; give it in px"
            )
    _report_threshold(ds, keys.clean, job)
    cleaned = add_points(clean(ds, **cleaning), find_points(parts, keys.skeleton))
    return Group(cleaned, lambda stored: _find(stored, job))


def _shapes(job: Job, keys: PosesKeys) -> tuple[Any, Any]:
    """Arena and regions, of files where the keys name some; names of no recording are told."""
    names = [str(name) for name in job.open("tracks").recording.values]
    found: list[Any] = [keys.arena, keys.regions]
    for place, read in enumerate((read_arenas, read_regions)):
        if is_file(text := found[place]):
            found[place] = read(job.locate(text))
    arena, regions = found
    by_recording = {"arena": arena} if isinstance(arena, dict) else {}
    if isinstance(regions, dict) and any(isinstance(one, dict) for one in regions.values()):
        by_recording["regions"] = regions
    for key, given in by_recording.items():
        if nobody := unused(given, names):
            job.report.warn(f"poses: {key} of no recording: {listed(nobody)}")
    return arena, regions


def _correct(ds: xr.Dataset, keys: PosesKeys, job: Job) -> xr.Dataset:
    """Tracks with the identities as the project's corrections have them."""
    if not keys.identities:
        return ds
    lists = [job.locate(name) for name in keys.identities]
    check_edits(job.open("tracks"), lists)  # with the landmarks, as swaps were looked for
    corrected = swap_identities(ds, lists)
    rows = count_applied(corrected)
    job.report.say(f"poses: identities corrected as {listed(keys.identities)} has it ({rows})")
    return corrected


def _find(stored: xr.Dataset, job: Job) -> list[str]:
    """What the poses are, and a warning of what looks wrong in them."""
    from ethoflow.stats.quality import share_missing  # Dask is heavy
    from ethoflow.stats.slips import find_slips
    from ethoflow.stats.survey import survey
    from ethoflow.stats.suspicion import find_pieces

    show = shortener(map(str, stored.recording.values))
    for slip in find_slips(stored):
        job.report.warn(f"poses: {show(str(slip))}")
    surveys = survey(stored)
    for pieces in find_pieces(stored, surveys):
        job.report.warn(f"poses: {show(pieces)}")
    missing = share_missing(stored, surveys)
    return [f"poses: positions in {position_units(stored)}, {missing:.1%} missing"]


def _report_threshold(ds: xr.Dataset, cleaning: Cleaning, job: Job) -> None:
    """The threshold of confidence, and what it costs; a warning where that is much."""
    from ethoflow.stats.survey import share_below  # Dask is heavy

    threshold = choose_min_confidence(ds, cleaning.min_confidence)
    if threshold is None:
        return
    lost = share_below(ds, threshold)
    if lost > MOST_LOST:
        job.report.warn(f"poses: {describe_loss(ds, threshold, lost)}")
    elif lost == lost:
        job.report.say(
            f"poses: {lost:.2%} of the points seen have a confidence under {threshold:g}"
        )


def _is_kept(job: Job) -> bool:
    """Whether the store has calibrated poses of all its tracks already, to label them as they are.

    Asked when nobody gave a calibration: making them anew would turn millimetres into pixels.
    """
    if not job.has("poses"):
        return False
    stored, known = job.open("poses"), job.open("tracks")
    if position_units(stored) == "px":
        return False
    new = sorted(set(known.recording.values) - set(stored.recording.values))
    if new:
        names = listed(short_names(new).values())
        raise DataError(
            f"{job.store}: poses are calibrated, and tracks were added since ({names}). Give "
            "the calibration again, with --arena, --px-per-mm or --project, to make theirs."
        )
    state = store.read_state(job.store)
    if state is not None and store.find_stale(state, "poses"):
        raise DataError(
            f"{job.store}: poses are calibrated, and tracks have changed since. Give the "
            "calibration again, with --arena, --px-per-mm or --project, to make them anew."
        )
    job.report.say(
        f"poses: kept as they are, in {position_units(stored)} (--arena, --px-per-mm or --project "
        "make them anew)"
    )
    return True
