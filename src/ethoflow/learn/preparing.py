"""From data and labels to tracks and a plan: what is refused before anything is trained."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from ethoflow.engine.bouts import find_runs
from ethoflow.errors import DataError, WrongUse, one_or_many
from ethoflow.geometry.own_frame import check_room
from ethoflow.learn.choices import Choices
from ethoflow.learn.columns import ROWS, WINDOWED, request_rows
from ethoflow.learn.folds import By, choose_by, split
from ethoflow.learn.models import Plan, check_model, learnt_together, room_for, sight
from ethoflow.learn.raters import LearnNote
from ethoflow.learn.recipe import PARAMETERS, Recipe, choose_recipe
from ethoflow.learn.samples import Met, Track, labelled, meet, read_tracks
from ethoflow.learn.stored import check_stored, without_stored
from ethoflow.points import by_role
from ethoflow.schema import Data, as_dataset
from ethoflow.units import Quantity

FEW = 5
"""Bouts below which it is said that scores rest on few."""


@dataclass(frozen=True)
class Prepared:
    """All that training needs."""

    met: Met
    tracks: list[Track]
    recipe: Recipe
    plan: Plan


def prepare(
    data: Data,
    labels: Data,
    behaviours: str | Sequence[str] | None,
    choices: Choices,
) -> Prepared:
    """Tracks and a plan, by what was chosen.

    Raises
    ------
    DataError
        Data and labels do not fit together, or there is nothing to learn.
    """
    settings = dict(choices.settings or {})
    check_model(choices.model, settings)
    wanted = None if behaviours is None else one_or_many(behaviours)
    data = as_dataset(data)
    check_room(data, "learning")
    check_stored(data, choices.features, choices.parameters)
    data = without_stored(data)
    met = meet(data, as_dataset(labels), wanted, choices.rater, choices.of)
    chosen = choose_recipe(
        by_role(met.data), met.of, features=choices.features, windows=_windows(choices),
        statistics=choices.statistics, parameters=choices.parameters, each=choices.each,
    )  # fmt: skip
    reach = reach_of_columns(met.data.isel(recording=[0]), chosen)
    reach += sight(choices.model, settings, chosen.fps)
    tracks, recipe = read_tracks(met, chosen, room=room_for(choices.model))
    if not tracks:
        raise DataError("no frame of these labels is known: there is nothing to learn.")
    for name in met.behaviours:
        _check_classes(tracks, name)
    seats = [track.seat for track in tracks]
    folds = choices.folds
    held_out: By = choose_by(seats, choices.by, folds) if folds else "block"
    plan = Plan(
        choices.model, held_out, folds, 2 * reach, choices.max_frames, choices.seed, settings,
        chosen.fps,
    )  # fmt: skip
    if folds and held_out == "block":
        _check_blocks(tracks, met.behaviours, plan)
    return Prepared(met, tracks, recipe, plan)


def reach_of_columns(ds: xr.Dataset, recipe: Recipe) -> int:
    """Frames to either side that the numbers of a frame rest on."""
    from ethoflow.engine.program import compile_program
    from ethoflow.engine.resolve import Request

    request = Request(by_role(ds, recipe.points), recipe.parameters)
    request_rows(request, recipe)
    request.check_settings([*recipe.own, *recipe.of_pairs], also=PARAMETERS, what="features")
    node = WINDOWED if recipe.windows else ROWS
    return compile_program({node: request.nodes[node]}).halo


def _windows(choices: Choices) -> Sequence[Quantity] | None:
    """Windows of the columns; a network makes its own of what is in its reach."""
    if choices.model == "boosting":
        return choices.windows
    if choices.windows or choices.statistics:
        raise WrongUse(
            "windows and statistics are what trees look at: a network makes its own of "
            "the seconds to either side that settings={'reach': 0.6} says."
        )
    return ()


def _check_classes(tracks: Sequence[Track], name: str) -> None:
    """Refuse what shows one class only: nothing tells it from something else.

    Raises
    ------
    DataError
        It does.
    """
    masks = labelled(tracks, [name])
    present = sum(int((t.states[name][m] == 1).sum()) for t, m in zip(tracks, masks, strict=True))
    frames = sum(int(mask.sum()) for mask in masks)
    if not frames:
        raise DataError(f"{name}: in no labelled frame is anything seen: there is nothing to learn")
    if present in (0, frames):
        what = "never there" if not present else "there in every frame"
        raise DataError(
            f"{name} is {what} in the {frames:,} labelled frames: a classifier needs frames with "
            "it and frames without it. Label others, or leave it out with behaviours=[...]."
        )
    # What two do together is in the tracks of both.
    shown = {(t.seat.recording, frozenset(t.seat.animals), t.states[name].tobytes()): t.states[name]
             for t in tracks}  # fmt: skip
    n_bouts = sum(len(find_runs(states)) for states in shown.values())
    if n_bouts < FEW:
        warnings.warn(
            f"{name} has {n_bouts} bout{'s' * (n_bouts != 1)}: scores rest on few, and say little "
            "of other animals. Label more.",
            LearnNote,
            stacklevel=4,
        )


def _check_blocks(tracks: Sequence[Track], behaviours: Sequence[str], plan: Plan) -> None:
    """Refuse blocks so short that the embargo leaves nothing to train on.

    Raises
    ------
    DataError
        They are.
    """
    for names in learnt_together(plan.model, behaviours):
        seats, usable = [t.seat for t in tracks], labelled(tracks, names)
        for fold in split(seats, usable, "block", plan.folds, plan.embargo):
            if not any(mask.any() for mask in fold.train):
                raise DataError(
                    f"{', '.join(names)}: the labelled stretch is too short to test on: with "
                    f"{plan.embargo} frames left out beside each of {plan.folds} blocks nothing is "
                    "left to train on. Label more, give fewer folds or shorter windows (of a "
                    "network: a shorter reach), or folds=0 for no scores."
                )
