"""Classifiers from labelled frames: trained, tested on what they did not see, saved, applied."""

from __future__ import annotations

from ethoflow.learn.classifier import Classifier, open_classifier
from ethoflow.learn.fitting import fit
from ethoflow.learn.samples import LearnNote
from ethoflow.learn.scoring import mean_f1

__all__ = ["Classifier", "LearnNote", "fit", "mean_f1", "open_classifier"]
