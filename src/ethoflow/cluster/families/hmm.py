"""PCA and a hidden Markov model: too many states, merged to the number wanted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ethoflow.cluster.family import Fitted, Pieces, family
from ethoflow.cluster.hmm import Expected, Gaussians, Prior, States, Stretches
from ethoflow.cluster.merging import MOST_CUTS, Effort, Step, merge_path, tree_of
from ethoflow.cluster.networks.plain import Same, SameSettings
from ethoflow.cluster.numbers import check_frames, use_of
from ethoflow.networks.progress import Progress


@dataclass(frozen=True)
class HmmConfig:
    """Settings of a hidden Markov model.

    `most` states are merged to `clusters`; 0 stands for twice as many and four. With ``most ==
    clusters`` nothing is merged. Then states are cut in two and merged, until `again` cuts in a row
    gained nothing. `spread` and `stay` are those of `Prior`.
    """

    clusters: int = 10
    most: int = 0
    spread: float = 0.02
    stay: float = 20.0
    again: int = 6


@family(config=HmmConfig, reference="Rabiner 1989, Proc. IEEE 77:257")
def hmm(
    pieces: Pieces,
    config: HmmConfig,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """A hidden Markov model on the signal itself: its latent is the signal."""
    data, path = fit_states(pieces, config, seed=seed, device=device, progress=progress)
    states, found = path[-1].states, path[-1].expected
    return Fitted(
        Same(SameSettings(pieces.n_components)),
        Gaussians.of(states),
        states.transitions.log().cpu().numpy(),
        states.use.log().cpu().numpy(),
        scores_of(data, states, found),
    )


def fit_states(
    pieces: Pieces,
    config: HmmConfig,
    *,
    seed: int,
    device: str = "cpu",
    progress: Progress | None = None,
) -> tuple[Stretches, list[Step]]:
    """The steps from `most` states to the number wanted."""
    most = config.most or 2 * config.clusters + 4
    check_frames(pieces, most)
    data = Stretches.of(torch.from_numpy(pieces.read("signal")).to(device))

    done, all_merges = [0], most - config.clusters + MOST_CUTS * config.again

    def heard(left: int) -> None:
        done[0] += 1
        if progress is not None:
            progress(done[0], all_merges, {"states": float(left)})

    prior = Prior(spread=config.spread, stay=config.stay)
    effort = Effort(again=config.again)
    return data, merge_path(
        data, most, config.clusters, seed=seed, prior=prior, effort=effort, heard=heard
    )


def scores_of(data: Stretches, states: States, found: Expected) -> dict[str, float]:
    """Likelihood per frame, the criterion of Bayes, and how evenly clusters are used."""
    n, d = states.mean.shape
    frames = float(data.seen.sum())
    free = n * (d + d * (d + 1) / 2) + n * n - 1
    return {
        "likelihood": found.likelihood / frames,
        "bic": (free * np.log(frames) - 2 * found.likelihood) / frames,
        **use_of(states.use.cpu().numpy()),
        **{f"merge_{k}": lost for k, (_, _, lost) in enumerate(tree_of(states))},
    }
