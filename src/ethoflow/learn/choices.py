"""What is chosen before a classifier is trained, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypedDict

from ethoflow.errors import WrongUse, no_such
from ethoflow.learn.folds import By
from ethoflow.learn.models import Kind
from ethoflow.learn.recipe import Of
from ethoflow.units import Quantity


class Settings(TypedDict, total=False):
    """The keywords of `fit`."""

    model: Kind
    of: Of | None
    rater: str | None
    features: Sequence[str] | None
    windows: Sequence[Quantity] | None
    statistics: Sequence[str] | None
    parameters: Mapping[str, Mapping[str, Any]] | None
    by: By | None
    folds: int
    max_frames: int
    each: bool
    settings: Mapping[str, Any] | None
    seed: int


@dataclass(frozen=True)
class Choices:
    """How a classifier is to be trained and tested; `fit` says what each means."""

    model: Kind = "boosting"
    of: Of | None = None
    rater: str | None = None
    features: Sequence[str] | None = None
    windows: Sequence[Quantity] | None = None
    statistics: Sequence[str] | None = None
    parameters: Mapping[str, Mapping[str, Any]] | None = None
    by: By | None = None
    folds: int = 5
    max_frames: int = 200_000
    each: bool = False
    settings: Mapping[str, Any] | None = None
    seed: int = 0

    @classmethod
    def read(cls, given: Settings) -> Choices:
        """The keywords of `fit`, the others at their defaults.

        Raises
        ------
        WrongUse
            There is no such keyword.

        Examples
        --------
        >>> Choices.read({"folds": 3}).folds
        3
        """
        known = [one.name for one in fields(cls)]
        for name in given:
            if name not in known:
                raise WrongUse(no_such("setting of a classifier", name, known))
        return cls(**given)
