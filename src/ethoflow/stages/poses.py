"""Tracks into poses: calibrated, cleaned, in mm where there is a scale."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import xarray as xr
from pydantic import AfterValidator, Field

from ethoflow import store
from ethoflow.cleaning import choose_max_jump, clean
from ethoflow.cleaning.scores import MOST_LOST, choose_min_confidence, describe_loss
from ethoflow.errors import DataError, listed
from ethoflow.geometry.arena import Arena, parse_arena
from ethoflow.geometry.calibration import calibrate
from ethoflow.geometry.scale import column_key, is_quantity
from ethoflow.identities.swapping import count_applied, swap_identities
from ethoflow.io.metadata_rows import read_rows
from ethoflow.points import add_points
from ethoflow.schema import position_units, text
from ethoflow.short_names import short_names, shortener
from ethoflow.skeleton import find_points, find_roles
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
    Where,
)
from ethoflow.stages.made import Group

TEMPLATE = """
# The arena gives the scale: a circle by centre, radius and diameter, or a polygon by its corners
# and the length of its first side. Without arena or px_per_mm everything stays in pixels.
# arena: circle 320 240 200 px = 380 mm
# arena: polygon 100,30 540,30 540,440 100,440 px = 380 mm
# px_per_mm: 3.2            # or 32 px/cm, or a column of the metadata
# identities: edits.csv     # swaps to correct: start, stop, a, b (see ethoflow identities)
# skeleton: {centre: Spine_2}   # roles of body parts that are not recognised by name
# skeleton: {centre: [left_ear, right_ear, tail_base]}   # or made of several

clean:
  min_confidence: auto      # points below become missing: 0.6 of likelihoods, 0.2 of SLEAP's
  max_jump: auto            # 20 mm off the path; nothing in pixels
  max_gap: 200 ms           # longest gap that is filled
  window: 200 ms            # running median

"""


def _check_text(value: str) -> str:
    parse_arena(value)
    return value


ArenaText = Annotated[str, AfterValidator(_check_text)]


class Cleaning(Keys):
    """Parameters of `ef.clean`."""

    min_confidence: Annotated[
        float | Literal["auto"] | None, Needs("must be a number, auto, or null to keep all points")
    ] = Field(default="auto", description="Points below become missing.")
    max_jump: Length = Field(
        default="auto", description="Points that far off the path become missing."
    )
    max_gap: Duration = Field(default="200 ms", description="The longest gap that is filled.")
    window: Duration = Field(default="200 ms", description="The window of the running median.")


class PosesKeys(SkeletonKeys, MetadataKeys):
    """What poses are made with."""

    arena: Annotated[
        ArenaText | dict[str, ArenaText] | None,
        Needs("must be a text such as 'circle 320 240 200 px = 380 mm', or one for each recording"),
    ] = Field(
        default=None,
        description="'circle X Y RADIUS px = 380 mm' or 'polygon X,Y ... px = 380 mm'.",
    )
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

    def arenas(self) -> Arena | dict[str, Arena] | None:
        """The arena, or one for each recording."""
        if isinstance(self.arena, dict):
            return {name: parse_arena(text) for name, text in self.arena.items()}
        return None if self.arena is None else parse_arena(self.arena)


def _check_scale(keys: PosesKeys, locate: Locate, where: Where) -> None:
    """A scale that is a name is that of a column of the metadata."""
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
    check=_check_scale,
    doing="cleaning",
)
def poses(job: Job, keys: PosesKeys) -> Group | None:
    """Positions calibrated and cleaned, in mm where there is a scale."""
    if not job.asked and _is_kept(job):
        return None
    ds = _correct(job.open("tracks"), keys, job)
    parts = [str(part) for part in ds.bodypart.values]
    if keys.skeleton:
        roles = text(find_roles(parts, keys.skeleton))
        ds = ds.assign_coords(role=("bodypart", roles))
    if keys.arena is not None or keys.px_per_mm is not None:
        ds = calibrate(ds, keys.arenas(), px_per_mm=keys.px_per_mm)
    cleaning: dict[str, Any] = keys.clean.model_dump()
    if choose_max_jump(ds, keys.clean.max_jump) is None:
        job.report.say("poses: jumps are not removed: positions in px have no scale for max_jump")
    _report_threshold(ds, keys.clean, job)
    cleaned = add_points(clean(ds, **cleaning), find_points(parts, keys.skeleton))
    return Group(cleaned, lambda stored: _find(stored, job))


def _correct(ds: xr.Dataset, keys: PosesKeys, job: Job) -> xr.Dataset:
    """Tracks with the identities as the project's corrections have them."""
    if not keys.identities:
        return ds
    corrected = swap_identities(ds, [job.locate(name) for name in keys.identities])
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
