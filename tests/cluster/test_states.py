"""Hidden Markov models, merging, decoding and matching, against what can be counted by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from ethoflow.cluster.decoding import decode
from ethoflow.cluster.family import find_family
from ethoflow.cluster.hmm import (
    Gaussians,
    Prior,
    States,
    Stretches,
    density_of_frames,
    forward_backward,
    log_density,
)
from ethoflow.cluster.matching import adjusted_rand, match, matched_accuracy
from ethoflow.cluster.merging import Effort, chain_losses, merge_path, tree_of
from tests.cluster.worlds import switching

TRANSITIONS = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.3, 0.3, 0.4]])
USE = np.array([0.5, 0.3, 0.2])


def every_path(likely: np.ndarray) -> tuple[np.ndarray, float]:
    """Shares of states and the likelihood, by going through all paths."""
    frames, n = likely.shape
    share, total = np.zeros((frames, n)), 0.0
    for path in product(range(n), repeat=frames):
        chance = USE[path[0]] * likely[0, path[0]]
        for t in range(1, frames):
            chance *= TRANSITIONS[path[t - 1], path[t]] * likely[t, path[t]]
        total += chance
        share[range(frames), path] += chance
    return share / total, total


def test_shares_and_likelihood_are_those_of_all_paths() -> None:
    likely = np.random.default_rng(0).uniform(0.01, 3, (6, 3))
    share, total = every_path(likely)
    found = forward_backward(
        torch.tensor(np.log(likely))[None], torch.tensor(TRANSITIONS), torch.tensor(USE)
    )
    np.testing.assert_allclose(found.share[0], share, rtol=1e-6)
    assert found.likelihood == pytest.approx(np.log(total), rel=1e-6)
    assert float(found.steps.sum()) == pytest.approx(5)


def test_densities_by_products_are_those_of_rows() -> None:
    random = torch.Generator().manual_seed(0)
    x = 3 * torch.randn(2, 4, 50, generator=random)
    x[0, :, 7] = torch.nan
    data = Stretches.of(x)
    root = torch.randn(3, 4, 4, generator=random)
    mean, covariance = (
        torch.randn(3, 4, generator=random),
        root @ root.transpose(1, 2) + torch.eye(4),
    )
    expected = log_density(data.x.reshape(-1, 4), mean, covariance)
    found = density_of_frames(data, mean, covariance)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_long_stretches_do_not_vanish() -> None:
    scores = torch.full((1, 5000, 3), -800.0)
    found = forward_backward(scores, torch.tensor(TRANSITIONS).float(), torch.tensor(USE).float())
    assert found.likelihood == pytest.approx(-800.0 * 5000, rel=1e-6)
    assert not found.share.isnan().any()


def test_decoding_is_the_most_probable_of_all_paths_and_unknown_stays_unknown() -> None:
    likely = np.random.default_rng(1).uniform(0.01, 3, (6, 3))
    membership = (likely * USE).T
    membership = membership / membership.sum(axis=0)
    assert decode(membership, TRANSITIONS, USE).tolist() == every_path(likely)[0].argmax(1).tolist()
    likely[2] = 1.0
    membership[:, 2] = np.nan
    expected = every_path(likely)[0].argmax(1)
    expected[2] = -1
    assert decode(membership, TRANSITIONS, USE).tolist() == expected.tolist()
    alone = decode(membership, None, USE)
    assert alone[2] == -1
    assert alone[0] == membership[:, 0].argmax()


def test_density_is_that_of_a_gaussian() -> None:
    covariance = torch.tensor([[[2.0, 0.3], [0.3, 0.5]]], dtype=torch.float64)
    mean = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    x = torch.tensor([[0.3, 0.2]], dtype=torch.float64)
    known = torch.distributions.MultivariateNormal(mean[0], covariance[0]).log_prob(x)
    assert float(log_density(x, mean, covariance)) == pytest.approx(float(known))


def runs_of_three(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Signal (stretch, component, frame) of three states that stay for a while, and which."""
    random = np.random.default_rng(seed)
    state = np.repeat(random.integers(0, 3, (12, 10)), 20, axis=1)
    centre = np.array([[-3.0, 0, 0], [3, 0, 0], [0, 3, 0]])
    signal = centre[state].transpose(0, 2, 1) + random.normal(size=(12, 3, 200))
    return signal.astype(np.float32), state


def test_merging_finds_the_states_that_are_there_from_any_seed() -> None:
    signal, state = runs_of_three()
    signal[0, :, 50:80] = np.nan
    data = Stretches.of(torch.from_numpy(signal))
    for seed in range(2):
        path = merge_path(data, 8, 3, seed=seed, effort=Effort(first=8, last=5))
        assert [step.states.n for step in path] == [8, 7, 6, 5, 4, 3]
        found = path[-1].expected.share.argmax(-1).numpy()
        assert adjusted_rand(found[:, 100:], state[:, 100:]) > 0.97
    tree = tree_of(path[-1].states)
    assert len(tree) == 2
    assert 3 in tree[1][:2]
    assert tree[0][2] < tree[1][2]


def test_what_a_merge_of_the_chain_loses_is_what_its_likelihood_loses() -> None:
    steps = torch.rand(4, 4, generator=torch.Generator().manual_seed(0)) * 10 + 50 * torch.eye(4)

    def likelihood(counts: torch.Tensor) -> float:
        return float((counts * (counts / counts.sum(1, keepdim=True)).log()).sum())

    one, other = 1, 3
    joined = steps.clone()
    joined[one] += joined[other]
    joined[:, one] += joined[:, other]
    joined = joined[:3, :3]
    lost = likelihood(steps) - likelihood(joined)
    assert float(chain_losses(steps)[one, other]) == pytest.approx(lost, rel=1e-4)


def test_frames_that_are_not_seen_say_nothing() -> None:
    states = States(
        torch.zeros(2, 2), torch.eye(2).expand(2, 2, 2), torch.eye(2), torch.tensor([0.3, 0.7]),
        torch.ones(2),
    )  # fmt: skip
    x = torch.tensor([[[0.0, torch.nan], [1.0, 0.0]]])
    share = Gaussians.of(states)(x).softmax(1)[0]
    np.testing.assert_allclose(share[:, 1], [0.3, 0.7], rtol=1e-6)
    assert Prior().stay > 0


def test_agreement_is_that_of_scikit_learn_whatever_is_unknown() -> None:
    random = np.random.default_rng(0)
    one, other = random.integers(0, 4, 200), random.integers(0, 6, 200)
    other[:100] = one[:100]
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other))
    unknown = one.astype(float)
    unknown[::7] = np.nan
    kept = ~np.isnan(unknown)
    expected = adjusted_rand_score(one[kept], other[kept])
    assert adjusted_rand(unknown, other) == pytest.approx(expected)
    assert np.isnan(adjusted_rand(np.array([np.nan]), np.array([1])))


def test_clusters_are_matched_whatever_they_are_called() -> None:
    one = np.random.default_rng(0).integers(0, 5, 500)
    names = np.array([3, 0, 4, 1, 2])
    assert match(one, names[one]).tolist() == names.tolist()
    assert matched_accuracy(one, names[one]) == 1.0
    assert match(one, np.minimum(one, 3)).tolist().count(-1) == 1


def test_the_network_of_the_default_looks_as_far_in_seconds_at_any_frame_rate() -> None:
    pieces, _ = switching()
    family = find_family("syllables")
    few = family.configure({"clusters": 4, "most": 4, "again": 0, "steps": 2})
    for fps, frames, evidence in ((25.0, 14, 0.3), (60.0, 28, 0.15), (10.0, 14, 0.3)):
        fitted = family.fit(replace(pieces, fps=fps), few)
        assert fitted.encoder.receptive_field == frames
        assert fitted.evidence == evidence
