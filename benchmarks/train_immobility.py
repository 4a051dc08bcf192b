"""Trains the classifier `immobility` that comes with ethoflow, on simulated animals.

    python benchmarks/train_immobility.py [FOLDER]

It is trained on points that most skeletons have, in body lengths, at several frame rates and
several amounts of tracking noise, so that neither is what it learns.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

import ethoflow as ef
from ethoflow.learn.choices import Choices
from ethoflow.learn.classifier import make_classifier
from ethoflow.learn.deciding import Decision
from ethoflow.learn.fitting import describe
from ethoflow.learn.models import describe_models, train
from ethoflow.learn.preparing import prepare
from ethoflow.learn.training import cross_validate

POINTS = ("nose", "left_ear", "right_ear", "centre", "tail_base")
WORLDS = ((25.0, 0.1), (25.0, 0.5), (50.0, 0.2), (50.0, 0.8), (30.0, 0.3))
"""Frames per second and tracking noise in mm."""

HERE = Path(__file__).parents[1] / "src/ethoflow/learn/shipped/immobility"


def learn_from(fps, noise, seed, duration):
    made = ef.simulate.simulate_cohort(
        2, n_individuals=1, duration=duration, fps=fps, noise=noise, seed=seed
    )
    poses = ef.clean(ef.calibrate(made.tracks, px_per_mm=made.px_per_mm))
    poses = poses.isel(bodypart=[str(role) in POINTS for role in poses.role.values])
    labels = made.truth[["immobile"]].rename(immobile="immobility")
    return prepare(poses, labels, "immobility", Choices(settings={"max_iter": 40}))


def train_classifier(worlds=WORLDS, duration="2 min"):
    learnt = [learn_from(*world, seed, duration) for seed, world in enumerate(worlds, 40)]
    first, tracks = learnt[0], []
    for number, one in enumerate(learnt):
        for track in one.tracks:
            seat = replace(track.seat, recording=f"{number}: {track.seat.recording}")
            tracks.append(replace(track, seat=seat))
    every = [np.ones(track.x.shape[-1], bool) for track in tracks]
    names = ("immobility",)
    tested, settled = cross_validate(tracks, names, first.plan)
    trees = train(tracks, every, names, first.plan)
    arrays, described = describe_models([trees.calibrated([settled["immobility"].calibration])])
    known = np.concatenate([t.states["immobility"] for t in tracks])
    said = np.concatenate(tested["immobility"].states)
    both, either = ((known == 1) & (said == 1)).sum(), (known == 1).sum() + (said == 1).sum()
    scores = {"a": ["script"], "b": ["classifier"], "behaviour": ["immobility"],
              "measure": ["f1"], "value": [float(2 * both / either)]}  # fmt: skip
    recipe = replace(first.recipe, fps=0.0)
    met = replace(first.met, rater="simulated script")
    return make_classifier(
        arrays,
        {
            "model": "boosting",
            "behaviours": ["immobility"],
            **described,
            "recipe": recipe.plain(),
            "decisions": {"immobility": {**asdict(Decision()), "min_bout": 0.5, "max_gap": 0.2}},
            "trained_on": describe(met, tracks),
            "plan": asdict(first.plan),
            "scores": scores,
        },
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    kept = train_classifier().save(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(kept, kept.scores, f"{size / 1000:.0f} kB in {folder}")
