"""A surrogate: trees that tell a label from named features, and what each feature adds to it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.engine.model import Model, content_digest, open_model
from ethoflow.errors import UnknownName, no_such, one_or_many
from ethoflow.explain.choosing import default_features, embargo_of, matrix_of
from ethoflow.explain.packing import check_made_of, made_of, pack, unpack
from ethoflow.explain.predicting import LEAVES, arrays_of, explain_columns, explain_matrix
from ethoflow.explain.reasons import find_reasons
from ethoflow.explain.rows import ExplainNote, Rows, check_behaviours, in_reference, read_rows
from ethoflow.explain.shapley import MOST_DEPTH, leaves_of, tabulate
from ethoflow.explain.testing import as_tracks, check_settings, held_out, make_folds, score
from ethoflow.learn import boosting
from ethoflow.learn.folds import By
from ethoflow.learn.models import Plan, grow_trees
from ethoflow.learn.samples import labelled
from ethoflow.schema import Data
from ethoflow.units import Quantity


@dataclass(frozen=True)
class Surrogate:
    """Trees for every label, tested on recordings they had not seen, and the frames they explain.

    Attributes
    ----------
    model
        Trees and tables as arrays, and what they were fitted on.
    rows
        The real frames that were learnt from and are explained.
    scores
        A row per label: whether the surrogate explains it; F1, AUC and accuracy on recordings that
        were held out, each with its chance level; its share of time, how many frames it has, how
        many were taken, in how many recordings it is, and the share of its frames that is not
        explained because a feature is missing (`lost`).
    """

    model: Model
    rows: Rows
    scores: pd.DataFrame

    def __repr__(self) -> str:
        told = int(self.scores["explains"].sum())
        return f"<surrogate of {len(self.behaviours)} labels, {told} of them explained>"

    @property
    def behaviours(self) -> tuple[str, ...]:
        """The labels there are trees for."""
        return tuple(self.model.recipe["behaviours"])

    @property
    def background(self) -> str:
        """What Shapley values are compared with, in words."""
        return str(self.model.recipe["background"])

    @cached_property
    def sample(self) -> xr.Dataset:
        """Shapley values of the frames that were taken, dims (behaviour, feature, row), log odds.

        Beside them the values of the features, the labels, and of each row its recording, animal,
        time on the recording's clock and how many frames it stands for.
        """
        rows = self.rows
        found = [explain_columns(arrays_of(self.model, place), rows.x).astype(np.float32)
                 for place in range(len(self.behaviours))]  # fmt: skip
        base = [float(self.model[f"b{place}_base"][0]) for place in range(len(self.behaviours))]
        animals = np.array([" ".join(track.seat.animals) for track in rows.tracks], object)
        states = np.stack([rows.states[name] for name in self.behaviours])
        return xr.Dataset(
            {
                "shap": (("behaviour", "feature", "row"), np.stack(found), {"units": "log odds"}),
                "value": (("feature", "row"), rows.x),
                "label": (("behaviour", "row"), np.where(states < 0, np.nan, states)),
                "base": ("behaviour", base, {"units": "log odds"}),
            },
            {
                "behaviour": np.array(self.behaviours, object),
                "feature": np.array(rows.names, object),
                "unit": ("feature", np.array(rows.units, object)),
                "recording": ("row", rows.recordings()),
                "animal": ("row", animals[rows.track]),
                "time": ("row", rows.time, {"units": "s"}),
                "weight": ("row", rows.weight),
            },
            {"background": self.background, "rows": str(self.model.recipe["sampled"])},
        )

    @cached_property
    def reasons(self) -> pd.DataFrame:
        """The features that tell a label, the one that says most first; see `find_reasons`.

        Labels that the surrogate does not explain have no rows: a reason would be none.
        """
        told = self.scores.loc[self.scores["explains"], "behaviour"]
        return find_reasons(self.sample, self.rows.circular, list(told))

    def words(self, behaviour: str, n: int = 5) -> list[str]:
        """Reasons in sentences that a person reads, or the one that says why there are none."""
        row = self.scores.iloc[self.place(behaviour)]
        if not row["explains"]:
            return [not_explained(row)]
        own = self.reasons[self.reasons["behaviour"] == behaviour]
        return list(own["words"].head(n))

    def shap(self, data: Data | xr.DataArray, behaviour: str) -> xr.DataArray:
        """Shapley values of every frame, (recording, individual, feature, time), lazy where `data` are.

        In log odds: with the attribute `base` they add up to what the trees predict, which is
        tested while they are computed. Missing where a feature is missing. The same however the
        data are chunked.

        Parameters
        ----------
        data
            Poses, or a feature matrix, as the surrogate was fitted on.
        behaviour
            Which label.

        Raises
        ------
        DataError
            Other features, units or frames per second; there is no such label.
        """  # noqa: E501
        place, recipe = self.place(behaviour), self.model.recipe
        check_made_of(recipe)
        matrix = matrix_of(data, recipe["asked"], recipe["window"], recipe["statistic"],
                           recipe["partners"])  # fmt: skip
        found = explain_matrix(matrix, self.model, place)
        row = self.scores.iloc[place]
        return found.assign_attrs(
            behaviour=behaviour, base=float(self.model[f"b{place}_base"][0]),
            background=self.background, explains=str(bool(row["explains"])),
        )  # fmt: skip

    def save(self, folder: str | Path) -> Surrogate:
        """The surrogate, saved with its frames and scores as a folder of arrays, without pickles.

        ``ef.explain.load(folder)`` gives it back: reasons, cards and Shapley values are the same.

        Raises
        ------
        DataError
            The folder cannot be written, or holds something else than a model.
        """
        pack(self.model, self.rows, self.scores).save(folder)
        return load(folder)

    def place(self, behaviour: str) -> int:
        """Place of a label among the others.

        Raises
        ------
        UnknownName
            There is none.
        """
        if behaviour not in self.behaviours:
            raise UnknownName(no_such("label of the surrogate", behaviour, self.behaviours))
        return self.behaviours.index(behaviour)


def load(folder: str | Path) -> Surrogate:
    """A surrogate that was saved.

    Raises
    ------
    DataError
        There is none, it is another kind of model or of another version, it is not as it was saved,
        or a feature is computed otherwise by now.
    """
    model = open_model(folder)
    rows, scores = unpack(model)
    check_made_of(model.recipe)
    return Surrogate(model, rows, scores)


def not_explained(row: pd.Series) -> str:
    """Why a label has no reasons."""
    few = f" It is in {row['recordings']} recording only." if row["recordings"] == 1 else ""
    return (
        f"{row['behaviour']} is not explained: from these features it is not told in frames that "
        f"were held out (F1 {row['f1']:.2f}, chance {row['f1_chance']:.2f}; AUC "
        f"{row['auc']:.2f}, chance 0.50).{few}"
    )


def surrogate(
    data: Data | xr.DataArray,
    labels: Data,
    behaviours: str | Sequence[str] | None = None,
    *,
    features: Sequence[str] | None = None,
    window: Quantity | Sequence[Quantity] | None = "1 s",
    statistic: Sequence[str] = ("mean", "sd"),
    partners: str | None = None,
    reference: Mapping[str, object] | None = None,
    rater: str | None = None,
    by: By | None = None,
    folds: int = 5,
    embargo: Quantity | None = None,
    max_rows: int = 20_000,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Surrogate:
    """Why a frame has a label, in named features: gradient-boosted trees and their Shapley values.

    For every label, be it a cluster, a rule, a person's or a classifier's, trees are grown that
    tell it from the other frames. They are tested on recordings that were held out, or on blocks of
    time where there is one; a label they do not tell is not explained. Shapley values are exact and
    interventional: what each feature adds to the log odds of a frame, against real frames of
    `reference`. Frames are real ones, some of every label of every recording, evenly in time, and
    count as the frames they stand for. A frame in which a feature is missing is unknown, and not
    explained.

    What a feature adds says how the trees tell the label, and not what made the animal do it.

    Parameters
    ----------
    data
        Poses, or a feature matrix as `ef.feature_matrix` gives it.
    labels
        Labels or clusters of the same recordings; categories are explained one by one.
    behaviours
        Which of them; all by default.
    features, window, statistic, partners
        As for `ef.feature_matrix`, where `data` are poses; the usual features that the data have by
        default, and their mean and standard deviation in windows of a second.
    reference
        Metadata of the recordings or animals that are the background, as in
        ``{"treatment": "saline"}``; all by default.
    rater
        Whose labels, where they are of several people.
    by, folds
        What is held out together, as for `ef.learn.fit`; recordings where there are several.
    embargo
        Time beside a block that is not learnt from, where blocks of one recording are held out;
        twice the reach of the windows by default.
    max_rows
        How many frames are taken, default 20,000.
    settings
        Of the trees: parameters of scikit-learn's HistGradientBoostingClassifier; ``max_depth`` is
        6 by default, and 8 at most.
    seed
        Of the random numbers.

    Raises
    ------
    DataError
        Features and labels do not fit together; too few frames; one recording too short to test on.

    Warns
    -----
    ExplainNote
        Labels that are not explained, features left out, frames that are unknown.

    References
    ----------
    Lundberg et al. 2020, Nat. Mach. Intell. 2:56 (exact values of trees, interventional); Shapley
    1953, Contributions to the Theory of Games 2:307.

    Examples
    --------
    >>> import ethoflow as ef
    >>> poses = ef.simulate.simulate_cohort(2, n_individuals=1, duration="30 s", seed=1).tracks
    >>> poses = ef.calibrate(poses, px_per_mm=1.6)
    >>> labels = ef.annotate(poses, ["moving"])
    >>> found = surrogate(poses, labels, features=["speed"], window=None, folds=2, max_rows=600)
    >>> found.reasons.direction[0]
    'high'
    """
    settings = check_settings(dict(settings or {}), MOST_DEPTH)
    wanted = None if behaviours is None else one_or_many(behaviours)
    asked = list(features) if features is not None else default_features(data)
    matrix = matrix_of(data, asked, window, statistic, partners)
    rows = read_rows(matrix, labels, wanted, rater, max_rows)
    chosen = check_behaviours(rows, asked=wanted is not None)
    reach = embargo_of(matrix, embargo)
    held, parts = make_folds(rows, by, folds, reach)
    plan = Plan("boosting", held, folds, reach, 2**62, seed, settings)
    behind, name = in_reference(rows, reference)
    models, scores = [], []
    for one in chosen:
        scores.append(score(rows, one, held_out(rows, one, parts, plan)))
        models.append(_grow(rows, one, plan, behind, scores[-1]["share"]))
    table = pd.DataFrame(scores)
    recordings = len(set(rows.recordings()[behind]))
    recipe: dict[str, Any] = {
        "behaviours": list(chosen), "arrays": list(models[0]), "features": list(rows.names),
        "units": list(rows.units), "all_features": list(map(str, matrix.feature.values)),
        "all_units": list(map(str, matrix.unit.values)), "fps": float(matrix.fps),
        "asked": asked, "window": window, "statistic": list(statistic), "partners": partners,
        "background": f"{int(behind.sum()):,} real frames of {recordings} recordings ({name}), "
        "each weighing as the frames it stands for",
        "sampled": f"{len(rows.weight):,} real frames of {len(set(rows.recordings()))} recordings, "
        "some of every label, evenly in time",
        "held_out": held, "folds": len(parts), "settings": settings, "seed": seed,
        "made_of": made_of(asked),
    }  # fmt: skip
    recipe = json.loads(json.dumps(recipe))  # as it is once it has been saved
    arrays = {f"b{i}_{n}": one for i, own in enumerate(models) for n, one in own.items()}
    every = list(map(str, matrix.feature.values))
    places = [every.index(one) for one in rows.names]
    arrays["columns"] = np.array(places, np.int64)
    digest = content_digest(arrays, {}, repr(sorted(recipe.items(), key=lambda item: item[0])))
    _tell(table)
    return Surrogate(Model("surrogate", digest, arrays, recipe), rows, table)


def _grow(rows: Rows, behaviour: str, plan: Plan, behind: Array, share: float) -> dict[str, Array]:
    """Trees on all rows, and tables of the Shapley values of their leaves."""
    tracks = as_tracks(rows)
    trees = grow_trees(tracks, labelled(tracks, [behaviour]), behaviour, plan).arrays
    known = rows.states[behaviour] >= 0
    of_rows = float((rows.states[behaviour][known] == 1).mean())
    # The rows have as many of each label as can be; the odds are those of all frames.
    moved = np.log(share / (1 - share)) - np.log(of_rows / (1 - of_rows))
    trees = {**trees, "start": trees["start"] + moved}
    leaves = leaves_of(trees)
    x, weights = rows.x[:, behind], rows.weight[behind] / rows.weight[behind].sum()
    table, begins = tabulate(leaves, x, weights)
    base = np.array([float(np.dot(boosting.log_odds(trees, x), weights))])
    ways = {f"way_{name}": one for name, one in zip(LEAVES, leaves, strict=True)}
    return {**trees, **ways, "table": table, "begins": begins, "base": base}


def _tell(table: pd.DataFrame) -> None:
    """Warn of labels that are not explained, and of what is missing."""
    said = [not_explained(row) for _, row in table[~table["explains"]].iterrows()]
    for _, row in table[table["lost"] > 0.2].iterrows():
        said.append(
            f"{row['behaviour']}: in {row['lost']:.0%} of its frames a feature is missing; these "
            "are not explained, and may be other than the rest."
        )
    for one in said:
        warnings.warn(one, ExplainNote, stacklevel=3)
