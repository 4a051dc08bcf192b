"""Encoders: what a frame depends on, and that one pass over a signal is as good as windows."""

from __future__ import annotations

import pytest
import torch

from ethoflow.cluster.networks.bodies import make_body
from ethoflow.cluster.networks.encoders import Encoder
from ethoflow.cluster.networks.graph import Graph, GraphSettings
from ethoflow.cluster.networks.recurrent import Recurrent, RecurrentSettings
from ethoflow.cluster.networks.transformer import Transformer, TransformerSettings
from ethoflow.errors import UnknownName
from ethoflow.networks.convolutional import Convolutional, ConvolutionalSettings
from ethoflow.networks.training import seeded

N = 6
MAKE = {
    "convolutional": lambda: Convolutional(ConvolutionalSettings(N, 7, 16)),
    "transformer": lambda: Transformer(TransformerSettings(N, 7, 16, reach=5)),
    "recurrent": lambda: Recurrent(RecurrentSettings(N, 7, 16, tile=8, margin=3)),
    "graph": lambda: Graph(GraphSettings(3, ((0, 1), (1, 2)), latent=7, width=16)),
}


@pytest.fixture(params=MAKE)
def network(request: pytest.FixtureRequest) -> Encoder:
    with seeded(0):
        return MAKE[request.param]().eval()


def signal(n_frames: int) -> torch.Tensor:
    return torch.randn(2, N, n_frames, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_dense_is_windowed(network: Encoder) -> None:
    """A pass over a signal gives what a pass over each window (or tile) gives."""
    x = signal(96)
    reach, tile = network.receptive_field, network.tile
    before = -(-reach // tile) * tile
    dense = network(x)
    assert dense.shape == (2, 7, 96)
    for at in range(before, 96 - before - tile, max(tile, 7)):
        window = network(x[..., at - before : at + tile + reach])
        torch.testing.assert_close(
            dense[..., at : at + tile],
            window[..., before : before + tile],
            rtol=1e-4,
            atol=2e-6,
        )


def test_reach_is_what_it_says(network: Encoder) -> None:
    x = signal(121).requires_grad_()
    network(x)[..., 60].sum().backward()
    assert x.grad is not None
    touched = x.grad.abs().sum((0, 1)).nonzero().flatten()
    first, last = 60 - int(touched.min()), int(touched.max()) - 60
    reach = network.receptive_field
    assert max(first, last) <= reach
    if network.tile == 1:
        assert (first, last) == (reach, reach)


@torch.no_grad()
def test_training_and_use_compute_the_same(network: Encoder) -> None:
    x = signal(60)
    used = network(x)
    torch.testing.assert_close(network.train()(x), used, rtol=0, atol=0)


def test_missing_is_no_number(network: Encoder) -> None:
    x = signal(60)
    x[:, :, 20:30] = torch.nan
    out = network(x)
    assert out.isfinite().all()
    zero = network(x.nan_to_num(0.0))
    assert (zero - out)[..., 25].abs().max() > 1e-3
    out.square().sum().backward()
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    assert all(grad.isfinite().all() for grad in grads)


@torch.no_grad()
def test_short_signals_have_a_latent(network: Encoder) -> None:
    for n in (1, 2, 9):
        assert network(signal(n)).shape == (2, 7, n)


def tagged(n_parts: int, n_space: int, n_frames: int) -> torch.Tensor:
    """A pose each number of which says where it belongs: batch, body part, space, frame."""
    axes = [torch.arange(n, dtype=torch.float64) for n in (2, n_parts, n_space, n_frames)]
    b, p, s, t = torch.meshgrid(*axes, indexing="ij")
    return b * 1000 + p * 100 + s * 10 + t / 16


def test_nodes_features_and_frames_stay_where_they_belong() -> None:
    """Tagged numbers are found again by body part, space and frame, in nodes and in edges."""
    from ethoflow.cluster.networks.graph import of_links, of_parts

    links = ((0, 1), (1, 4), (3, 2))
    network = Graph(GraphSettings(5, links, space=3)).double()
    pose = tagged(5, 3, 9)
    place = network.places(pose.flatten(1, 2))
    nodes = of_parts(place)
    edges = of_links(place, network.first, network.second)
    assert (place.shape, nodes.shape, edges.shape) == ((2, 9, 5, 3), (2, 9, 5, 7), (2, 9, 3, 5))
    for part in range(5):
        for space in range(3):
            own = pose[:, part, space]
            torch.testing.assert_close(place[:, :, part, space], own, rtol=0, atol=0)
            torch.testing.assert_close(nodes[:, :, part, space], own, rtol=0, atol=0)
            speed = torch.full((2, 7), 1 / 16, dtype=torch.float64)
            torch.testing.assert_close(nodes[:, 1:-1, part, 3 + space], speed)
    for number, (first, second) in enumerate(links):
        away = torch.full((2, 9), 100.0 * (second - first), dtype=torch.float64)
        for space in range(3):
            torch.testing.assert_close(edges[..., number, space], away)
        torch.testing.assert_close(edges[..., number, 3], away.abs() * 3**0.5)


@pytest.mark.parametrize("hops", [0, 1, 2])
def test_news_travels_along_links_only(hops: int) -> None:
    """A chain 0-1-2-3 and a lonely 4: a body part hears of those within `hops` links, in time."""
    with seeded(1):
        network = Graph(GraphSettings(5, ((0, 1), (1, 2), (2, 3)), hops=hops))
    x = torch.randn(1, 10, 9, generator=torch.Generator().manual_seed(0)).requires_grad_()
    for part in range(5):
        x.grad = None
        network.parts(x)[0, 4, part].sum().backward()
        assert x.grad is not None
        heard = x.grad.abs().reshape(5, 2, 9).sum(1) > 0
        near = [other for other in range(5) if other == part or (
            max(other, part) < 4 and abs(other - part) <= hops)]  # fmt: skip
        assert heard.any(1).nonzero().flatten().tolist() == near
        assert set(heard.any(0).nonzero().flatten().tolist()) <= {3, 4, 5}


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'recurrent'"):
        make_body("recurent", 3, latent=2, width=8)  # type: ignore[arg-type]
