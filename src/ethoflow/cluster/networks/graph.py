"""An encoder over the skeleton: body parts and the links between them tell each other of motion.

After Battaglia et al. 2018, arXiv:1806.01261 (nodes and edges with features of their own).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ethoflow.cluster.networks.bodies import Kind, make_body


@dataclass(frozen=True)
class GraphSettings:
    """Sizes of an encoder over the skeleton; `skeleton` is pairs of body parts, by number.

    `hops` is how many links news travels, `per_part` how many channels a body part has. `kind` is
    the network that runs over time.
    """

    n_parts: int
    skeleton: tuple[tuple[int, int], ...]
    space: int = 2
    per_part: int = 8
    hops: int = 2
    kind: Kind = "convolutional"
    latent: int = 48
    width: int = 48


class Graph(nn.Module):
    """(batch, bodypart x space, frame) to (batch, latent, frame); space is the fast axis.

    Body parts, links, channels and frames are axes of their own all the way, and are joined only
    where the network over time begins.

    Examples
    --------
    >>> network = Graph(GraphSettings(n_parts=3, skeleton=((0, 1), (1, 2))))
    >>> network(torch.zeros(2, 6, 100)).shape, network.receptive_field
    (torch.Size([2, 48, 100]), 15)
    """

    first: Tensor
    second: Tensor
    to_parts: Tensor

    def __init__(self, settings: GraphSettings) -> None:
        super().__init__()
        self.settings = settings
        n, size, space = settings.n_parts, settings.per_part, settings.space
        first, second = torch.tensor(settings.skeleton, dtype=torch.long).reshape(-1, 2).unbind(1)
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("second", second, persistent=False)
        ends = torch.stack([functional.one_hot(end, n) for end in (first, second)]).float()
        count = ends.sum((0, 1)).clamp_min(1)
        self.register_buffer("to_parts", (ends / count).transpose(1, 2), persistent=False)
        self.enter_parts = nn.Linear(2 * space + 1, size)
        self.enter_links = nn.Linear(space + 2, size)
        self.hops = nn.ModuleList(_Hop(size) for _ in range(settings.hops))
        self.body = make_body(settings.kind, n * size, latent=settings.latent, width=settings.width)

    @property
    def tile(self) -> int:
        """As that of the network over time."""
        return self.body.tile

    @property
    def receptive_field(self) -> int:
        """Frames to either side that a frame depends on: velocities look one further."""
        return self.body.receptive_field + 1

    def forward(self, x: Tensor) -> Tensor:
        """Latent of every frame; `x` is NaN where nothing was seen."""
        out: Tensor = self.body(self.parts(x).flatten(2).transpose(1, 2))
        return out

    def parts(self, x: Tensor) -> Tensor:
        """Channels of every body part after all hops, (batch, frame, bodypart, channel)."""
        place = self.places(x)
        parts = self.enter_parts(of_parts(place))
        links = self.enter_links(of_links(place, self.first, self.second))
        for hop in self.hops:
            parts, links = hop(parts, links, self.first, self.second, self.to_parts)
        out: Tensor = parts
        return out

    def places(self, x: Tensor) -> Tensor:
        """What came in, as (batch, frame, bodypart, space)."""
        n, space = self.settings.n_parts, self.settings.space
        return x.reshape(len(x), n, space, x.shape[-1]).permute(0, 3, 1, 2)


def of_parts(place: Tensor) -> Tensor:
    """Place and velocity of body parts, 0 where not seen, and whether they were."""
    before, after = (
        functional.pad(place, (0, 0, 0, 0, 1, 1), value=torch.nan)
        .unfold(1, 3, 1)[..., [0, 2]]
        .unbind(-1)
    )
    velocity = (after - before) / 2
    seen = (~place.isnan().any(-1, keepdim=True)).to(place.dtype)
    return torch.cat([place.nan_to_num(0.0), velocity.nan_to_num(0.0), seen], dim=-1)


def of_links(place: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """From the first end of links to the second, how far that is, and whether both were seen."""
    away = place[:, :, second] - place[:, :, first]
    seen = (~away.isnan().any(-1, keepdim=True)).to(place.dtype)
    away = away.nan_to_num(0.0)
    # The root has no slope at 0: a link of no length, or one not seen, has to have a gradient.
    return torch.cat([away, (away.square().sum(-1, keepdim=True) + 1e-8).sqrt(), seen], dim=-1)


class _Hop(nn.Module):
    """News from both ends to each link, then from the links of a body part to it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.link = nn.Linear(3 * size, size)
        self.part = nn.Linear(3 * size, size)

    def forward(
        self, parts: Tensor, links: Tensor, first: Tensor, second: Tensor, to_parts: Tensor
    ) -> tuple[Tensor, Tensor]:
        ends = torch.cat([parts[:, :, first], parts[:, :, second], links], dim=-1)
        links = links + functional.relu(self.link(ends))
        # Sums by matrices: adding up by index has no fixed order on a GPU.
        heard = [torch.einsum("nl,btlc->btnc", side, links) for side in to_parts]
        parts = parts + functional.relu(self.part(torch.cat([parts, *heard], dim=-1)))
        return parts, links
