"""What a family of clusterers is given, what it gives, and where it is found by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, UnknownName, no_such

if TYPE_CHECKING:
    from torch import nn

    from ethoflow.networks.shelf import Shelf

_PACKAGE = "ethoflow.cluster.families"

Reads: TypeAlias = Literal["signal", "pose"]


@dataclass(frozen=True)
class Pieces:
    """Contiguous stretches sampled from a cohort; the axis of time is last and not windowed.

    Parameters
    ----------
    signal
        float32 (piece, component, frame): whitened features, or what stands for them.
    seen
        bool (piece, frame) or (piece, component, frame). What `signal` has elsewhere, NaN or not,
        is never used.
    recording
        int (piece,): which recording a piece comes from.
    fps
        Frames per second.
    pose
        float32 (piece, bodypart, space, frame), aligned; NaN not seen. For graph encoders.
    skeleton
        Pairs of body parts, by number, that are linked.
    shelf
        More pieces, on disk, of what an encoder reads: a network is trained on them instead.

    Raises
    ------
    DataError
        Shapes that do not go together.

    Examples
    --------
    >>> pieces = Pieces(np.zeros((2, 3, 50), np.float32), np.ones((2, 50), bool), np.array([0, 1]))
    >>> pieces.n_frames, pieces.mask.shape
    (50, (2, 1, 50))
    """

    signal: Array
    seen: Array
    recording: Array
    fps: float = 25.0
    pose: Array | None = None
    skeleton: tuple[tuple[int, int], ...] = ()
    shelf: Shelf | None = None

    def __post_init__(self) -> None:
        n, components, frames = self.signal.shape
        shapes = {(n, frames), (n, components, frames)}
        if self.seen.shape not in shapes:
            _refuse("seen", f"{(n, frames)} or {(n, components, frames)}", self.seen)
        if self.recording.shape != (n,):
            _refuse("recording", f"{(n,)}", self.recording)
        if self.pose is not None and (
            self.pose.ndim != 4 or (self.pose.shape[0], self.pose.shape[-1]) != (n, frames)
        ):
            _refuse("pose", f"({n}, bodypart, space, {frames})", self.pose)

    @property
    def n_pieces(self) -> int:
        """How many pieces there are."""
        return int(self.signal.shape[0])

    @property
    def n_components(self) -> int:
        """How many numbers a frame has."""
        return int(self.signal.shape[1])

    @property
    def n_frames(self) -> int:
        """Length of every piece."""
        return int(self.signal.shape[-1])

    @property
    def mask(self) -> Array:
        """`seen` as bool (piece, component or 1, frame)."""
        return self.seen if self.seen.ndim == 3 else self.seen[:, None]

    def read(self, what: Reads) -> Array:
        """float32 (piece, component, frame) of what an encoder reads, NaN where not seen.

        A pose has its body parts as the slow axis and the space of each as the fast one.

        Raises
        ------
        DataError
            A pose is asked for, and the pieces have none.
        """
        if what == "signal":
            return np.where(self.mask, self.signal, np.float32(np.nan))
        if self.pose is None:
            raise DataError(
                "an encoder over the skeleton reads the pose of one animal, and these pieces are a "
                "matrix of features, or pairs. Give poses without social, or take another encoder."
            )
        n, parts, space, frames = self.pose.shape
        return self.pose.reshape(n, parts * space, frames).astype(np.float32, copy=False)


def _refuse(name: str, needed: str, found: Array) -> None:
    raise DataError(f"pieces need {name} as {needed}; it is {found.shape}.")


@dataclass
class Fitted:
    """What a family gives.

    Parameters
    ----------
    encoder
        (batch, component, frame) to (batch, latent, frame), dense over a signal, NaN not seen. Its
        `receptive_field` is the frames to either side that it looks at.
    emission
        (batch, latent, frame) to (batch, cluster, frame): log scores of every cluster, up to what
        all clusters of a frame share; their softmax is the soft clusters without time. None where
        the family has no clusters of its own: they are those of an HMM on the latent.
    transitions
        log (cluster, cluster), from row to column, or None: decoded frame by frame.
    start
        log (cluster,): the share of each cluster that the scores have in them already, or None.
    scores
        Numbers: losses, occupied clusters, entropy of use, likelihoods.
    reads
        What the encoder is given: the signal, or the flattened pose.
    evidence
        Power of what one frame says when clusters are decoded in time: below 1 where the scores of
        neighbouring frames rest on the same frames, which would be counted again and again.
    training
        Of a network, a row of numbers for every look at how it does: the step, losses, clusters
        that are occupied.
    """

    encoder: nn.Module
    emission: nn.Module | None = None
    transitions: Array | None = None
    start: Array | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    reads: Reads = "signal"
    evidence: float = 1.0
    training: Sequence[Mapping[str, float]] = ()


Fit: TypeAlias = Callable[..., Fitted]
"""`fit(pieces, config, *, seed, device, progress)`."""


@dataclass(frozen=True)
class Family:
    """A declared family: the class of its settings, the function that fits, and a reference.

    `network` is whether it trains one, which can be on more than what is sampled.
    """

    name: str
    config: type
    fit: Fit
    reference: str
    network: bool = False

    def configure(self, settings: Mapping[str, Any]) -> Any:
        """The frozen settings, with those given instead of the defaults.

        Raises
        ------
        UnknownName
            A setting that the family does not have.
        """
        known = [item.name for item in fields(self.config)]
        for name in settings:
            if name not in known:
                raise UnknownName(f"{self.name}: {no_such('setting', name, known)}")
        return self.config(**settings)


_families: dict[str, Family] = {}


def family(*, config: type, reference: str, network: bool = False) -> Callable[[Fit], Fit]:
    """Declare the function below as the family of its name, in the file of that name."""

    def declare(fit: Fit) -> Fit:
        name = fit.__name__
        if fit.__module__.rpartition(".")[-1] != name:
            raise DataError(f"the family {name} has to lie in a file of that name.")
        _families[name] = Family(name, config, fit, reference, network)
        return fit

    return declare


def family_names() -> tuple[str, ...]:
    """Names of all families, found without importing what they need."""
    folder = Path(__file__).with_name("families")
    return tuple(sorted(item.name for item in pkgutil.iter_modules([str(folder)])))


def find_family(name: str) -> Family:
    """The family of that name.

    Raises
    ------
    UnknownName
        There is none of that name.
    """
    if name not in family_names():
        raise UnknownName(no_such("family of clusterers", name, family_names()))
    importlib.import_module(f"{_PACKAGE}.{name}")
    return _families[name]
