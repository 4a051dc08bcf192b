"""Classifiers from labelled frames, with scores on frames that they did not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ethoflow.engine.model import content_digest
from ethoflow.errors import WrongUse
from ethoflow.learn.choices import Choices
from ethoflow.learn.classifier import Classifier, make_classifier
from ethoflow.learn.folds import By
from ethoflow.learn.models import Kind, describe_models, learnt_together, train
from ethoflow.learn.preparing import Prepared, prepare
from ethoflow.learn.recipe import Of
from ethoflow.learn.samples import Met, Track, labelled
from ethoflow.learn.scoring import calibration, plain_table, score
from ethoflow.learn.training import HeldOut, Settled, cross_validate
from ethoflow.networks.resuming import resuming
from ethoflow.schema import Data
from ethoflow.units import Quantity


def fit(
    data: Data,
    labels: Data,
    behaviours: str | Sequence[str] | None = None,
    *,
    model: Kind = "boosting",
    of: Of | None = None,
    rater: str | None = None,
    features: Sequence[str] | None = None,
    windows: Sequence[Quantity] | None = None,
    statistics: Sequence[str] | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    by: By | None = None,
    folds: int = 5,
    max_frames: int = 200_000,
    each: bool = False,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    checkpoint: str | Path | None = None,
) -> Classifier:
    """A classifier of behaviours from frames that somebody has labelled.

    Behaviours need not exclude each other: each has a probability of its own. Unlabelled frames are
    not learnt from. Lengths are brought to body lengths, and what two animals do is seen from the
    actor. The scores that it keeps are of frames that neither the model nor its threshold or
    filters had seen.

    Parameters
    ----------
    data
        Cleaned positions, and features that are to be learnt from.
    labels
        Of people, as `read_labels` gives them, or of any other source; categories are learnt one by
        one.
    behaviours
        Which of them; all by default.
    model
        ``"boosting"``, gradient-boosted trees for each behaviour (needs ``ethoflow[learn]``), or
        ``"tcn"``, small temporal convolutional networks that tell all of them at once (needs
        ``ethoflow[cluster]``, also to predict).
    of
        ``"individual"`` or ``"pair"``; by default as the labels are. With ``"pair"`` labels of two
        animals that do not say with whom are of both.
    rater
        Whose labels, where they are of several people.
    features
        Names of features and variables; the usual ones that the data have by default.
    windows, statistics
        Beside each feature trees have these statistics of these windows around each frame, as for
        `windowed`.
    parameters
        Of features, by name.
    by
        What is held out together when it is tested: ``"recording"``, ``"animal"`` or ``"block"``,
        stretches of time with an embargo of two windows' reach; recordings where there are several,
        blocks otherwise.
    folds
        How many parts are held out one after the other, default 5; 0 for no scores: the threshold
        is then 0.5, and probabilities are not calibrated.
    max_frames
        Of more labelled frames trees learn from every so manieth, default 200,000.
    each
        Whether every body part has columns of its own, beside the mean, least and most of all of
        them; default False: one recording is too little to tell them apart.
    settings
        Of the model: parameters of scikit-learn's HistGradientBoostingClassifier, or of
        `ethoflow.learn.network.TcnChoices`.
    seed
        Of the random numbers.
    checkpoint
        Folder in which networks are kept while they are trained: the same call goes on from there
        after it was stopped, and gives what it would have given. Remove the folder after it.

    Raises
    ------
    DataError
        Data and labels do not fit together, there is one class only, or nothing to test on.

    Warns
    -----
    LearnNote
        Labels that are not learnt from; a behaviour with so few bouts that its scores say little.

    Examples
    --------
    >>> import ethoflow as ef
    >>> poses = ef.simulate.still_then_running()
    >>> labels = ef.annotate(poses, ["moving"])
    >>> classifier = fit(poses, labels, "moving", folds=0)  # doctest: +SKIP
    >>> classifier.predict(poses).moving.mean("time").values.round(1).tolist()  # doctest: +SKIP
    [0.5]
    """
    choices = Choices(
        model, of, rater, features, windows, statistics, parameters, by, folds, max_frames, each,
        settings, seed,
    )  # fmt: skip
    if checkpoint is not None and model != "tcn":
        raise WrongUse("trees are not kept in a checkpoint: it is for model='tcn'.")
    learnt = prepare(data, labels, behaviours, choices)
    with resuming(checkpoint, lambda: _asked(learnt)):
        return _fit(learnt)


def _asked(learnt: Prepared) -> dict[str, Any]:
    """What a checkpoint has to agree with: what is learnt from, and all that was chosen."""
    plan = {f"choices.{name}": value for name, value in asdict(learnt.plan).items()}
    return {**plan, "labels or features": describe(learnt.met, learnt.tracks)["fingerprint"]}


def _fit(learnt: Prepared) -> Classifier:
    """The classifier of what is learnt from, tested on what is held out."""
    met, tracks, plan = learnt.met, learnt.tracks, learnt.plan
    tested: dict[str, HeldOut] = {}
    settled = {name: Settled() for name in met.behaviours}
    together = learnt_together(plan.model, met.behaviours)
    for names in together if plan.folds else ():
        found, chosen = cross_validate(tracks, names, plan)
        tested, settled = {**tested, **found}, {**settled, **chosen}
    every = [np.ones(track.x.shape[-1], bool) for track in tracks]
    models = [
        train(tracks, every, names, plan).calibrated([settled[n].calibration for n in names])
        for names in together
    ]
    arrays, described = describe_models(models)
    fps = learnt.recipe.fps
    return make_classifier(
        arrays,
        {
            "model": plan.model,
            "behaviours": list(met.behaviours),
            **described,
            "recipe": learnt.recipe.plain(),
            "decisions": {n: one.decision.in_seconds(fps) for n, one in settled.items()},
            "trained_on": describe(met, tracks),
            "plan": asdict(plan),
            "scores": plain_table(score(met, tracks, tested)) if tested else {},
            "calibration": plain_table(calibration(tracks, tested)) if tested else {},
        },
    )


def describe(met: Met, tracks: Sequence[Track]) -> dict[str, Any]:
    """What a classifier was trained on, and a fingerprint of it."""
    own = [labelled(tracks, [name]) for name in met.behaviours]
    counts = {
        name: {
            "frames": int(sum(one.sum() for one in masks)),
            "positive": int(
                sum((t.states[name][m] == 1).sum() for t, m in zip(tracks, masks, strict=True))
            ),
        }
        for name, masks in zip(met.behaviours, own, strict=True)
    }
    held = {f"x{i}": track.x for i, track in enumerate(tracks)}
    held |= {f"{n}{i}": t.states[n] for i, t in enumerate(tracks) for n in met.behaviours}
    return {
        "rater": met.rater,
        "recordings": list(dict.fromkeys(track.seat.recording for track in tracks)),
        "labels": counts,
        "fingerprint": content_digest(held, {}),
    }
