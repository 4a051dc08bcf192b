"""Clusters of behaviour from poses that nobody has labelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.cluster.clusterer import Clusterer, make_clusterer
from ethoflow.cluster.family import Fitted, Pieces, Reads, find_family
from ethoflow.cluster.numbers import known_frames
from ethoflow.cluster.predicting import PARTS, TILE
from ethoflow.cluster.sampling import LENGTH, MAX_FRAMES, Sample, sample
from ethoflow.cluster.streaming import Frames, check_frames_asked, steps_to_pass, with_shelf
from ethoflow.engine.declare import Array
from ethoflow.errors import WrongUse
from ethoflow.networks.progress import Progress
from ethoflow.networks.resuming import resuming
from ethoflow.networks.weights import describe, weights_of
from ethoflow.schema import Data
from ethoflow.units import Quantity


def fit(
    data: Data | xr.DataArray,
    n_clusters: int | None = 10,
    model: str = "syllables",
    *,
    seed: int = 0,
    max_frames: int = MAX_FRAMES,
    frames: Frames | None = None,
    components: int | None = None,
    length: Quantity = LENGTH,
    social: bool = False,
    balance: str | None = None,
    settings: Mapping[str, Any] | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    checkpoint: str | Path | None = None,
) -> Clusterer:
    """Clusters of behaviour, found without labels.

    What is looked at: every animal's pose in its own frame and in body lengths, less its usual
    pose, how that changes, and how the body moves. All animals of all recordings are clustered
    together; of a large cohort stretches are sampled, the recordings in turn.

    Parameters
    ----------
    data
        Cleaned poses of one recording or a cohort; or a matrix of numbers (individual, feature,
        time) such as `feature_matrix` gives, or an embedding (individual, latent, time).
    n_clusters
        How many, default 10. None chooses the number of which each gains more likelihood
        than two cuts of what is one (docs/clusterers.md).
    model
        Name of the family, default ``"syllables"``; ``"hmm"``, ``"mixture"``, ``"kmeans"`` are
        baselines (docs/clusterers.md).
    seed
        Of the random numbers.
    max_frames
        Frames that are sampled, default 30,000.
    frames
        Of a family that trains a network: how many frames it is trained on beyond those that are
        sampled, or ``"all"``. They are computed once, lie on disk while it is trained, and are read
        from there; where `settings` do not say how many steps, so many are made that all are passed
        once. By default a network is trained on what is sampled.
    components
        Principal components, default 15, of pairs 20.
    length
        Of the stretches that are sampled, default 10 s.
    social
        Whether clusters are those of ordered pairs: what an animal does beside its partner, which
        is seen in the animal's own frame. Default False.
    balance
        A condition, such as ``"treatment"``, of which as many frames of each are sampled as there
        are of the rarest: a coordinate of recordings or animals.
    settings
        Of the family, by name.
    device
        Where a network is trained: ``"cpu"`` or ``"cuda"``.
    progress
        Called with steps done, steps in all and numbers.
    checkpoint
        Folder in which a network that is trained is kept at every look: the same call goes on from
        there after it was stopped, and gives what it would have given. Remove the folder after it.

    Raises
    ------
    DataError
        Nothing or too little is seen, for so many clusters; or one animal, with `social`; or what
        is in `checkpoint` is of another training.

    Examples
    --------
    >>> import ethoflow as ef
    >>> poses = ef.simulate.simulate_recording(duration="40 s", seed=1).tracks
    >>> model = fit(poses, n_clusters=3, model="mixture")
    >>> model.predict(poses).cluster.dims
    ('recording', 'individual', 'time')
    """
    family = find_family(model)
    if frames is not None:
        check_frames_asked(frames, family)
    if checkpoint is not None and not family.network:
        raise WrongUse(f"{model} trains no network, so there is nothing to keep in a checkpoint.")
    taken = sample(
        data, seed=seed, max_frames=max_frames, components=components, length=length,
        social=social, balance=balance,
    )  # fmt: skip
    chosen: dict[str, Any] = {}
    if n_clusters is None:
        from ethoflow.cluster.choosing import choose_n_clusters

        choice = choose_n_clusters(taken.pieces, seed=seed, device=device)
        n_clusters, chosen = choice.n_clusters, {"agreement": choice.agreement}
    if not isinstance(n_clusters, int) or n_clusters < 1:
        raise WrongUse(
            f"n_clusters must be a whole number, 1 or more, or None; found {n_clusters!r}."
        )
    config = family.configure({"clusters": n_clusters, **(settings or {})})
    if frames is not None:
        reads: Reads = "pose" if getattr(config, "graph", False) else "signal"
        taken = with_shelf(data, taken, frames, reads=reads, seed=seed, progress=progress)
        if "steps" not in (settings or {}):
            config = steps_to_pass(taken.recipe["fitted_on"]["network"]["frames"], config)
    with resuming(checkpoint, lambda: _asked(model, config, taken.pieces)):
        fitted = family.fit(taken.pieces, config, seed=seed, device=device, progress=progress)
    if fitted.emission is None:
        from ethoflow.cluster.latent import with_states  # torch is heavy

        fitted = with_states(fitted, taken.pieces, n_clusters, seed=seed)
    how = {"family": model, "settings": asdict(config), "seed": seed, **chosen}
    return _finish(fitted, taken, how)


def _asked(model: str, config: Any, pieces: Pieces) -> dict[str, Any]:
    """What a checkpoint has to agree with: the family, its settings, and all that is on disk."""
    held = {} if pieces.shelf is None else {"frames": pieces.shelf.digest}
    return {"model": model, **{f"settings.{k}": v for k, v in asdict(config).items()}, **held}


def _finish(fitted: Fitted, taken: Sample, how: Mapping[str, Any]) -> Clusterer:
    """A clusterer whose clusters are in the order of how much animals move in them."""
    from ethoflow.cluster.latent import tree_of_latent

    latent, membership = _run(fitted, taken.pieces)
    n = membership.shape[1]
    share = np.where(known_frames(taken.pieces)[:, None], membership, 0)
    frames = np.maximum(share.sum(axis=(0, 2)), 1e-6)
    if taken.log_speed is None:
        order = np.argsort(-frames, kind="stable")
    else:
        speed = np.nan_to_num(taken.log_speed)[:, None]
        order = np.argsort((share * speed).sum(axis=(0, 2)) / frames, kind="stable")
    use = np.full(n, 1 / n) if fitted.start is None else np.exp(fitted.start)
    decoded = fitted.transitions is not None
    steps = np.eye(n) if fitted.transitions is None else np.exp(fitted.transitions)
    tile = int(getattr(fitted.encoder, "tile", 1))
    look = int(getattr(fitted.encoder, "receptive_field", 0))
    arrays = {
        **taken.projection,
        "order": order,
        "use": np.maximum(use, 1e-12)[order],
        "transitions": steps[order][:, order],
        "tree": tree_of_latent(taken.pieces, share[:, order]),
        **weights_of(fitted.encoder, PARTS[0]),
        **weights_of(fitted.emission, PARTS[1]),  # type: ignore[arg-type]
    }
    recipe = {
        **taken.recipe,
        **how,
        "clusters": [f"cluster_{k}" for k in range(n)],
        "latent": int(latent.shape[1]),
        "reads": fitted.reads,
        "decoded": decoded,
        "evidence": float(fitted.evidence),
        "tile": max(TILE // tile, 1) * tile,
        "look": -(-look // tile) * tile,
        PARTS[0]: describe(fitted.encoder),
        PARTS[1]: describe(fitted.emission),  # type: ignore[arg-type]
        "scores": {name: float(value) for name, value in fitted.scores.items()},
        "training": [dict(row) for row in fitted.training],
    }
    return make_clusterer(arrays, recipe)


def _run(fitted: Fitted, pieces: Pieces) -> tuple[Array, Array]:
    """Latent and membership of all pieces."""
    import torch

    encoder, emission = fitted.encoder.cpu().eval(), fitted.emission.cpu().eval()  # type: ignore[union-attr]
    with torch.inference_mode():
        latent = encoder(torch.from_numpy(np.ascontiguousarray(pieces.read(fitted.reads))))
        return latent.numpy(), emission(latent).softmax(dim=1).numpy()
