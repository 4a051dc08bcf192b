"""Deep families: they find what is there, the missing does not count, a seed repeats them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch

import ethoflow as ef
from ethoflow.cluster.deep import Telling, around
from ethoflow.cluster.families import contrastive as contrasts
from ethoflow.cluster.families.masked import hide
from ethoflow.cluster.family import Fitted, Pieces, find_family
from ethoflow.errors import DataError, UnknownName
from ethoflow.networks.resuming import resuming
from ethoflow.networks.training import seeded
from tests.cluster.worlds import switching

SMALL = {"clusters": 4, "latent": 4, "width": 16, "steps": 60, "length": 64, "batch": 8}
FAMILIES = ("masked", "contrastive", "vade", "vqvae")
WITH_CLUSTERS = ("vade", "vqvae")


def fit(name: str, pieces: Pieces, *, seed: int = 0, progress=None, **settings: object) -> Fitted:
    family = find_family(name)
    config = family.configure({**SMALL, **settings})
    return family.fit(pieces, config, seed=seed, device="cpu", progress=progress)


class Halt(Exception):
    """What ends a fit from outside."""


@pytest.mark.parametrize("looks", [1, 30])
def test_a_fit_goes_on_where_it_was_stopped(tmp_path, looks: int) -> None:
    """VaDE trains twice; it is stopped in the first training, or in the second."""
    pieces, _ = switching(seed=3)
    small = {"steps": 40, "patience": 1000}
    whole = fit("vade", pieces, **small)
    seen = 0

    def halt(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen > looks:
            raise Halt

    with pytest.raises(Halt), resuming(tmp_path / "kept"):
        fit("vade", pieces, progress=halt, **small)
    assert len(list((tmp_path / "kept").glob("*.npz"))) == (1 if looks == 1 else 2)
    with resuming(tmp_path / "kept"):
        again = fit("vade", pieces, **small)
    assert list(again.training) == list(whole.training)
    np.testing.assert_array_equal(latent_of(again, pieces), latent_of(whole, pieces))
    other = replace(pieces, signal=pieces.signal + np.float32(0.01))
    with pytest.raises(DataError, match="differs in data"), resuming(tmp_path / "kept"):
        fit("vade", other, **small)


def test_a_checkpoint_of_another_loss_is_refused(tmp_path) -> None:
    """What a loss is set to leaves no trace in the weights: they would be given out as its own."""
    poses = ef.simulate.simulate_recording(duration="40 s", seed=1).tracks
    small = {"steps": 2, "width": 8, "latent": 4}

    def ask(**settings: object) -> str:
        return ef.cluster.fit(
            poses, 2, "contrastive", max_frames=1000, settings={**small, **settings},
            checkpoint=tmp_path / "c",
        ).digest  # fmt: skip

    assert ask() == ask()
    with pytest.raises(DataError, match=r"differs in settings\.temperature\."):
        ask(temperature=0.5)


@torch.no_grad()
def latent_of(fitted: Fitted, pieces: Pieces) -> np.ndarray:
    return fitted.encoder(torch.from_numpy(pieces.read(fitted.reads))).numpy()


def told_by(rows: np.ndarray, state: np.ndarray) -> float:
    """Share of frames whose state a linear map of their latent tells, of other frames learnt."""
    x = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    wanted = np.eye(state.max() + 1)[state]
    map_, *_ = np.linalg.lstsq(x[::2], wanted[::2], rcond=None)
    return float(((x[1::2] @ map_).argmax(1) == state[1::2]).mean())


@pytest.fixture(scope="module")
def fitted() -> Mapping[str, Fitted]:
    return {name: fit(name, switching()[0]) for name in FAMILIES}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_latent_tells_states(fitted: Mapping[str, Fitted], name: str) -> None:
    pieces, state = switching(seed=0)
    rows = np.moveaxis(latent_of(fitted[name], pieces), 1, -1).reshape(-1, SMALL["latent"])
    assert told_by(rows, state.ravel()) > 0.85


@pytest.mark.parametrize("name", WITH_CLUSTERS)
def test_clusters_are_the_states(fitted: Mapping[str, Fitted], name: str) -> None:
    pieces, state = switching()
    emission = fitted[name].emission
    assert emission is not None
    with torch.no_grad():
        cluster = emission(torch.from_numpy(latent_of(fitted[name], pieces))).argmax(1).numpy()
    table = np.zeros((4, 4))
    np.add.at(table, (cluster.ravel(), state.ravel()), 1)
    assert table.max(axis=1).sum() / table.sum() > 0.8
    assert fitted[name].scores["occupied"] == 4
    assert 0.7 < fitted[name].scores["evenness"] <= 1


@pytest.mark.parametrize("name", FAMILIES)
def test_the_missing_neither_leaks_nor_counts(name: str) -> None:
    """What lies under a gap changes no weight; a piece of which nothing is seen changes no loss."""
    pieces, _ = switching(4, 120)
    seen = np.random.default_rng(0).random((4, 120)) > 0.2
    other = pieces.signal.copy()
    other[~seen[:, None].repeat(6, 1)] = 1e6
    one = fit(name, replace(pieces, seen=seen), steps=10)
    two = fit(name, replace(pieces, signal=other, seen=seen), steps=10)
    for mine, yours in zip(one.encoder.parameters(), two.encoder.parameters(), strict=True):
        assert torch.equal(mine, yours)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_seed_repeats_it(name: str) -> None:
    pieces, _ = switching(4, 120)
    told: list[int] = []
    one, two, other = (
        fit(name, pieces, seed=seed, steps=5, progress=lambda step, *_: told.append(step))
        for seed in (1, 1, 2)
    )
    a, b, c = (latent_of(each, pieces) for each in (one, two, other))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    assert max(told) == 5


@pytest.mark.parametrize("encoder", ["recurrent", "transformer"])
def test_every_encoder_can_be_trained(encoder: str) -> None:
    pieces, _ = switching(4, 120)
    done = fit("masked", pieces, encoder=encoder, steps=10)
    assert latent_of(done, pieces).shape == (4, 4, 120)


def test_encoders_over_the_skeleton_read_poses() -> None:
    pieces, _ = switching(4, 120)
    pose = pieces.signal.reshape(4, 3, 2, 120).copy()
    pose[0, 1, :, 20:40] = np.nan
    linked = replace(pieces, pose=pose, skeleton=((0, 1), (1, 2)))
    for name in ("masked", "contrastive"):
        done = fit(name, linked, graph=True, steps=10)
        assert done.reads == "pose"
        assert np.isfinite(latent_of(done, linked)).all()
    with pytest.raises(DataError, match="leave out graph=True"):
        fit("masked", pieces, graph=True)


def test_eighty_seconds_are_enough() -> None:
    """Of one recording at 25 frames per second, with the windows that are the default."""
    pieces, _ = switching(1, 2000)
    for name in FAMILIES:
        family = find_family(name)
        done = family.fit(
            pieces,
            family.configure({"steps": 3, "batch": 2, "width": 16}),
            seed=0,
            device="cpu",
            progress=None,
        )
        assert done.scores


def test_an_unknown_loss_is_told() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'hard_dcl'"):
        fit("contrastive", switching()[0], loss="hard-dcl")


@pytest.mark.parametrize("loss", get_args(contrasts.Contrast))
def test_contrast(loss: contrasts.Contrast) -> None:
    """It falls as pairs get nearer, and as negatives go; and has numbers where there are none."""
    config = contrasts.ContrastiveConfig(loss=loss, temperature=0.5)
    apart = ~torch.eye(6, dtype=torch.bool)
    with seeded(0):
        rows = torch.nn.functional.normalize(torch.randn(6, 3), dim=1)
    likeness = rows @ rows.T / config.temperature
    near = contrasts.contrast(likeness, apart, config)
    far = contrasts.contrast(likeness - 1.0 * torch.eye(6), apart, config)
    assert (near < far).all()
    none = (likeness.clone().requires_grad_(), torch.zeros_like(apart))
    contrasts.contrast(*none, config).sum().backward()
    assert none[0].grad is not None
    assert none[0].grad.isfinite().all()


def test_nt_xent_is_the_cross_entropy_of_pairs() -> None:
    with seeded(0):
        likeness = 3 * torch.randn(7, 7)
    apart = ~torch.eye(7, dtype=torch.bool)
    expected = torch.nn.functional.cross_entropy(likeness, torch.arange(7), reduction="none")
    got = contrasts.contrast(likeness, apart, contrasts.ContrastiveConfig())
    torch.testing.assert_close(got, expected)
    plain = contrasts.ContrastiveConfig(loss="dcl", prior=0.0, temperature=0.05)
    torch.testing.assert_close(contrasts.contrast(likeness, apart, plain), expected)
    flat = contrasts.ContrastiveConfig(loss="hard_dcl", prior=0.0, hardness=0.0, temperature=0.05)
    torch.testing.assert_close(contrasts.contrast(likeness, apart, flat), expected)


def test_hidden_frames_are_as_many_as_asked() -> None:
    x = torch.zeros(200, 3, 128)
    with seeded(0):
        hidden = hide(x, 0.4, 8)
    assert hidden.shape == (200, 1, 128)
    assert hidden.float().mean() == pytest.approx(0.4, abs=0.02)


def test_what_is_told_counts_only_what_was_seen() -> None:
    x = torch.randn(3, 2, 30)
    with seeded(0):
        telling = Telling(4, torch.ones(2, 1), (-2, 0, 3))
        latent = torch.randn(3, 4, 30)
    x[1:, :, :] = torch.nan
    alone = telling(latent[:1], x[:1])
    torch.testing.assert_close(telling(latent, x), alone)
    assert around(x, (-2, 0, 3)).shape == (3, 6, 30)
