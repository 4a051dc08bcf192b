"""Classifiers from labelled frames: trained, tested on what they did not see, saved, applied."""

from __future__ import annotations

from ethoflow.learn.choosing import next_to_label
from ethoflow.learn.classifier import Classifier, open_classifier
from ethoflow.learn.curve import learning_curve
from ethoflow.learn.fitting import fit
from ethoflow.learn.samples import LearnNote
from ethoflow.learn.scoring import mean_f1

__all__ = [
    "Classifier",
    "LearnNote",
    "fit",
    "learning_curve",
    "mean_f1",
    "next_to_label",
    "open_classifier",
]


def __dir__() -> list[str]:
    return sorted(__all__)
