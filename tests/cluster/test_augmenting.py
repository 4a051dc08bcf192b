"""Augmentations: what they leave as it was."""

from __future__ import annotations

import pytest
import torch

from ethoflow.cluster.augmenting import Augmentation, disturb, drop, mirror, rotate, shift
from ethoflow.networks.training import seeded


@pytest.fixture
def pose() -> torch.Tensor:
    """Five windows of four body parts in the plane: tail, nose, left, right."""
    with seeded(0):
        return torch.randn(5, 4, 2, 20)


def lengths(pose: torch.Tensor) -> torch.Tensor:
    return (pose[:, :, None] - pose[:, None]).square().sum(3).sqrt()


def test_turning_keeps_the_skeleton(pose: torch.Tensor) -> None:
    turned = rotate(pose, 30.0)
    torch.testing.assert_close(lengths(turned), lengths(pose))
    angle = torch.atan2(turned[:, :, 1], turned[:, :, 0]) - torch.atan2(
        pose[:, :, 1], pose[:, :, 0]
    )
    angle = torch.remainder(angle + torch.pi, 2 * torch.pi) - torch.pi
    torch.testing.assert_close(angle, angle[:, :1, :1].expand_as(angle), rtol=0, atol=1e-5)
    assert 0.01 < angle.abs().max() <= torch.pi / 6 + 1e-5


def test_a_mirror_exchanges_sides(pose: torch.Tensor) -> None:
    over = mirror(pose, [(2, 3)], chance=1.0)
    torch.testing.assert_close(over[:, 2, 0], pose[:, 3, 0])
    torch.testing.assert_close(over[:, 3, 1], -pose[:, 2, 1])
    torch.testing.assert_close(over[:, 0, 1], -pose[:, 0, 1])
    torch.testing.assert_close(mirror(over, [(2, 3)], chance=1.0), pose)


def test_nothing_is_turned_over_unasked(pose: torch.Tensor) -> None:
    still = Augmentation(noise=0, gain=0, drop=0)
    flat = pose.flatten(1, 2)
    assert torch.equal(disturb(flat, still, n_parts=4), flat)
    asked = Augmentation(noise=0, gain=0, drop=0, mirror=True, sides=((2, 3),))
    assert not torch.equal(disturb(flat, asked, n_parts=4), flat)


def test_a_shift_moves_and_invents_nothing() -> None:
    x = torch.arange(20.0).expand(50, 3, 20) + 100 * torch.arange(3.0)[:, None]
    moved = shift(x, 4)
    by = (x - moved).nan_to_num(0.0).amax((1, 2)) + (x - moved).nan_to_num(0.0).amin((1, 2))
    assert set(by.tolist()) == set(range(-4, 5))
    for row, own, steps in zip(moved, x, by.int().tolist(), strict=True):
        kept = ~row.isnan()
        assert torch.equal(row[kept], (own - steps)[kept])
        assert int((~kept[0]).sum()) == abs(steps)


def test_dropped_points_are_not_seen_all_the_window(pose: torch.Tensor) -> None:
    with seeded(0):
        gone = drop(pose.expand(5, 4, 2, 20).repeat(200, 1, 1, 1), 0.25).isnan()
    assert torch.equal(gone.all((2, 3)), gone.any((2, 3)))
    assert gone.float().mean() == pytest.approx(0.25, abs=0.03)


def test_noise_has_the_size_asked_for() -> None:
    with seeded(0):
        x = disturb(torch.zeros(50, 2, 400), Augmentation(noise=0.3, gain=0, drop=0),
                    scale=torch.tensor([[1.0], [10.0]]))  # fmt: skip
    assert x.std((0, 2)).tolist() == pytest.approx([0.3, 3.0], rel=0.03)
