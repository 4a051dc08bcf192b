"""Training: the same weights for a seed, what is held out, going on from a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ethoflow.errors import DataError
from ethoflow.networks.stretches import split_pieces
from ethoflow.networks.training import Plan, seeded, train

SHORT = Plan(steps=40, batch=4, length=20, every=10)


class Line(nn.Module):
    """Learns a slope; noise in its loss uses torch's random numbers, as dropout does."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.randn(()))

    def forward(
        self, batch: Mapping[str, Tensor], share: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        noise = 0.1 * torch.randn_like(batch["x"])
        loss = (batch["y"] - self.slope * batch["x"] - noise).square().mean()
        return loss, {"share": share}


def data(n_pieces: int = 6, n_frames: int = 60) -> dict[str, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(n_pieces, 1, n_frames)).astype(np.float32)
    return {"x": x, "y": 3 * x}


def fit(
    seed: int = 0,
    plan: Plan = SHORT,
    arrays: Mapping[str, np.ndarray] | None = None,
    **more: object,
):
    arrays = data() if arrays is None else arrays
    with seeded(seed):
        line = Line()
    recording = more.pop("recording", np.arange(len(arrays["x"])))
    history = train(line, arrays, recording, plan, seed=seed, **more)
    return line, history


def test_a_seed_gives_its_weights() -> None:
    one, two, other = fit(3)[0], fit(3)[0], fit(4)[0]
    assert one.slope == two.slope
    assert one.slope != other.slope


def test_it_learns_and_says_so() -> None:
    told: list[tuple[int, int]] = []
    line, history = fit(
        plan=replace(SHORT, steps=400, rate=0.03),
        progress=lambda step, steps, _: told.append((step, steps)),
    )
    assert line.slope.item() == pytest.approx(3, abs=0.1)
    assert history.best["held_out"] < 0.05
    assert history.rows[0]["held_out"] > history.best["held_out"]
    assert told == [(row["step"], 400) for row in history.rows]


def test_torch_is_left_as_it_was() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit()
    assert torch.equal(torch.rand(3), expected)


def test_it_stops_when_what_is_held_out_gets_no_better() -> None:
    arrays = data(6, 60)
    arrays["y"][:, :, :] = np.random.default_rng(1).normal(size=arrays["y"].shape)
    _, history = fit(plan=replace(SHORT, steps=4000, rate=0.1, every=5, patience=3), arrays=arrays)
    assert history.stopped_early
    assert history.rows[-1]["step"] == history.best_step + 3 * 5
    assert history.best["held_out"] == min(row["held_out"] for row in history.rows)


class Stop(Exception):
    """What ends a training from outside."""


@pytest.mark.parametrize("look", [1, 3])
def test_going_on_gives_what_one_run_gives(tmp_path: Path, look: int) -> None:
    whole, history = fit()
    file = tmp_path / "training.npz"
    seen = 0

    def stop(step: int, steps: int, numbers: Mapping[str, float]) -> None:
        nonlocal seen
        seen += 1
        if seen > look:
            raise Stop

    with pytest.raises(Stop):
        fit(progress=stop, checkpoint=file)
    again, second = fit(checkpoint=file)
    assert again.slope == whole.slope
    assert second.rows == history.rows


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "training.npz"
    fit(checkpoint=file)
    with pytest.raises(DataError, match="differs in seed"):
        fit(1, checkpoint=file)
    with pytest.raises(DataError, match="differs in plan"):
        fit(plan=replace(SHORT, rate=1.0), checkpoint=file)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match="no checkpoint"):
        fit(checkpoint=file)


def test_numbers_that_run_away_are_said() -> None:
    arrays = data()
    arrays["y"] = arrays["y"] * np.float32(1e30)
    with pytest.raises(DataError, match="Lower the learning rate"):
        fit(arrays=arrays)


def test_too_little_is_said() -> None:
    with pytest.raises(DataError, match="16 frames"):
        fit(arrays=data(1, 30), gap=14)
    line, _ = fit(arrays=data(1, 20))  # shorter than the windows of the plan, and enough
    assert line.slope.isfinite()


@given(
    n=st.integers(1, 12),
    per=st.integers(1, 4),
    frames=st.integers(20, 200),
    share=st.floats(0.05, 0.5),
    gap=st.integers(0, 20),
)
@settings(max_examples=60, deadline=None)
def test_held_out_is_out_of_reach(n: int, per: int, frames: int, share: float, gap: int) -> None:
    recording = np.repeat(np.arange(n), per)
    runs, held = split_pieces(recording, frames, share=share, gap=gap, seed=0)
    mine = np.zeros((n * per, frames), bool)
    theirs = mine.copy()
    for into, of in ((mine, runs), (theirs, held)):
        for piece, first, length in zip(of.piece, of.first, of.n_frames, strict=True):
            into[piece, first : first + length] = True
    assert theirs.any()
    if n >= 3:
        assert not set(recording[runs.piece]) & set(recording[held.piece])
        assert len(np.unique(recording[runs.piece])) >= 2
    elif n * per >= 6:
        assert not set(runs.piece) & set(held.piece)
    else:
        for kept, used in zip(theirs, mine, strict=True):
            at = np.flatnonzero(kept)[:, None] - np.flatnonzero(used)
            assert np.abs(at).min(initial=10**6) > gap


def test_recordings_are_drawn_from_equally_often() -> None:
    recording = np.array([0] * 9 + [1] + [2] * 5)
    runs, _ = split_pieces(recording, 50, share=0, gap=0, seed=0)
    for balanced, expected in ((True, [1 / 3] * 3), (False, [9 / 15, 1 / 15, 5 / 15])):
        chances = runs.chances(20, recording, balanced=balanced)
        np.testing.assert_allclose(np.bincount(recording, chances), expected)
