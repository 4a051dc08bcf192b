"""A trained classifier: what it predicts, what it was trained on, and how well it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.model import Model, content_digest, open_model
from ethoflow.errors import DataError, WrongUse, no_such
from ethoflow.learn.predicting import predict_labels, recipe_of
from ethoflow.learn.recipe import Recipe
from ethoflow.networks.kept import make_model, save_model
from ethoflow.schema import Data

FORMAT = "ethoflow classifier 1"
SHIPPED = ("immobility",)


@dataclass(frozen=True)
class Classifier:
    """A classifier of one or several behaviours that need not exclude each other.

    It is a `Model` of arrays: nothing in it is a pickle, and predicting needs no scikit-learn.
    Networks are kept as ``files/config.json`` and ``files/model.safetensors``.
    """

    model: Model

    def __repr__(self) -> str:
        return f"<classifier of {', '.join(self.behaviours)} {self.digest[:8]}>"

    @property
    def digest(self) -> str:
        """Of its arrays, its recipe and what it was trained on."""
        return self.model.digest

    @property
    def behaviours(self) -> tuple[str, ...]:
        """What it labels."""
        return tuple(self.model.recipe["behaviours"])

    @property
    def recipe(self) -> Recipe:
        """Features, windows, frame rate and the unit of lengths."""
        return recipe_of(self.model)

    @property
    def decisions(self) -> Mapping[str, Mapping[str, float]]:
        """By behaviour the least probability, and the filters of bouts in s."""
        return dict(self.model.recipe["decisions"])

    @property
    def trained_on(self) -> Mapping[str, Any]:
        """Rater, recordings, frames by behaviour, and the fingerprint of numbers and labels."""
        return dict(self.model.recipe["trained_on"])

    @property
    def scores(self) -> pd.DataFrame:
        """Agreement of people and classifier on frames it had not seen, as `ef.agreement` has it.

        Empty where it was trained without evaluation.
        """
        return _table(self.model.recipe["scores"])

    @property
    def calibration(self) -> pd.DataFrame:
        """How often it is there where the classifier says so with some probability; see there."""
        return _table(self.model.recipe.get("calibration", {}))

    @property
    def training(self) -> pd.DataFrame:
        """Losses of networks by step, on what is trained on and what is held out; empty for trees.

        What is held out here says when to stop, and is part of what is learnt from: scores are of
        other frames. ``ef.plot.training_curves`` draws it.
        """
        return pd.DataFrame(self.model.recipe.get("training", []))

    def predict(self, data: Data) -> xr.Dataset:
        """Label (1, 0, NaN for unknown) and probability of every behaviour, lazy where `data` are.

        Unknown where nothing is seen of the animal, or of the two animals of a pair. The numbers
        are the same however the data are chunked.

        Parameters
        ----------
        data
            Cleaned positions of the frame rate the classifier was trained at, with the same points
            by role or name.

        Raises
        ------
        DataError
            They have another frame rate, other points or features, or another unit where lengths
            are not in body lengths.
        """
        found = predict_labels(data, self.model)
        found.attrs = {
            "label_source": "classifier",
            "classifier": self.digest,
            "trained_on_rater": str(self.trained_on.get("rater", "")),
            "trained_on_recordings": [str(n) for n in self.trained_on.get("recordings", ())],
        }
        return found

    def save(self, folder: str | Path) -> Classifier:
        """The classifier, saved as a folder of arrays and, for networks, two files.

        Raises
        ------
        DataError
            The folder cannot be written, or holds something else than a model.
        """
        networks = self.model.recipe.get("networks", ())
        if networks:
            return Classifier(save_model(self.model, folder, networks))
        return Classifier(self.model.save(folder))


def _table(plain: Mapping[str, Any]) -> pd.DataFrame:
    """A table as it was before JSON; missing numbers are NaN again."""
    made = pd.DataFrame(plain)
    numbers = [n for n in made if not any(isinstance(one, str) for one in made[n])]
    return made.astype(dict.fromkeys(numbers, float))


def make_classifier(arrays: Mapping[str, Any], recipe: Mapping[str, Any]) -> Classifier:
    """A classifier of arrays and a recipe that JSON can hold."""
    plain = {"format": FORMAT, **recipe}
    if "networks" in recipe:
        return Classifier(make_model("classifier", arrays, plain, recipe["networks"]))
    held = {name: np.asarray(array) for name, array in arrays.items()}
    digest = content_digest(held, {}, repr(sorted(plain.items())))
    return Classifier(Model("classifier", digest, held, plain))


def open_classifier(folder: str | Path) -> Classifier:
    """A classifier that was saved, or one that comes with ethoflow by its name: ``"immobility"``.

    Raises
    ------
    DataError
        There is none, it is another kind of model, or it is not as it was saved.

    Examples
    --------
    >>> open_classifier("immobility").behaviours
    ('immobility',)
    """
    path = Path(folder)
    if str(folder) in SHIPPED and not path.exists():
        path = Path(str(files("ethoflow.learn"))) / "shipped" / str(folder)
    model = open_model(path)
    if model.recipe.get("format") != FORMAT:
        raise DataError(f"the model in {folder} is a {model.name}, and no classifier.")
    return Classifier(model)


def check_behaviour(classifier: Classifier, behaviour: str | None) -> str:
    """One behaviour of a classifier; the only one where none is named.

    Raises
    ------
    DataError
        It has no such behaviour, or several.
    """
    if behaviour is None and len(classifier.behaviours) > 1:
        raise WrongUse(f"say which behaviour: {', '.join(classifier.behaviours)}.")
    name = behaviour or classifier.behaviours[0]
    if name not in classifier.behaviours:
        raise DataError(no_such("behaviour of the classifier", name, classifier.behaviours))
    return name
