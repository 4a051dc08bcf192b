"""Encoders: what a frame depends on, and that one pass over a signal is as good as windows."""

from __future__ import annotations

import pytest
import torch

from ethoflow.cluster.networks.convolutional import Convolutional, ConvolutionalSettings
from ethoflow.cluster.training import seeded


@pytest.fixture
def network() -> Convolutional:
    with seeded(0):
        return Convolutional(ConvolutionalSettings(n_inputs=5, latent=7, width=16)).eval()


def signal(n_frames: int, n_inputs: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.randn(2, n_inputs, n_frames, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_dense_is_windowed(network: Convolutional) -> None:
    x = signal(120)
    reach = network.receptive_field
    dense = network(x)[..., reach:-reach]
    windows = x.unfold(-1, 2 * reach + 1, 1)
    one_by_one = torch.cat(
        [network(windows[:, :, at])[..., reach : reach + 1] for at in range(windows.shape[2])], -1
    )
    torch.testing.assert_close(dense, one_by_one, rtol=1e-4, atol=2e-6)


def test_reach_is_what_it_says(network: Convolutional) -> None:
    x = signal(101).requires_grad_()
    network(x)[..., 50].sum().backward()
    touched = x.grad.abs().sum((0, 1)).nonzero().flatten()
    assert (touched.min(), touched.max()) == (
        50 - network.receptive_field,
        50 + network.receptive_field,
    )


@torch.no_grad()
def test_training_and_use_compute_the_same(network: Convolutional) -> None:
    x = signal(60)
    used = network(x)
    torch.testing.assert_close(network.train()(x), used, rtol=0, atol=0)


@torch.no_grad()
def test_missing_is_no_number(network: Convolutional) -> None:
    x = signal(60)
    x[:, :, 20:30] = torch.nan
    out = network(x)
    assert out.isfinite().all()
    zero = x.nan_to_num(0.0)
    assert (network(zero)[..., 25] - out[..., 25]).abs().max() > 1e-3
