"""The encoder that the settings of a family ask for, of the pieces that it reads."""

from __future__ import annotations

from typing import TypeAlias

from ethoflow.cluster.family import Pieces, Reads
from ethoflow.cluster.networks.bodies import Body, Kind, make_body
from ethoflow.cluster.networks.graph import Graph, GraphSettings
from ethoflow.errors import DataError

Encoder: TypeAlias = Body | Graph


def make_encoder(
    pieces: Pieces, kind: Kind, *, graph: bool, latent: int, width: int
) -> tuple[Encoder, Reads]:
    """A network over time on the signal, or one on poses that knows the skeleton; what it reads.

    Raises
    ------
    DataError
        The skeleton is asked for, and the pieces have no poses or no links.
    UnknownName
        There is no network of that name.
    """
    if not graph:
        return make_body(kind, pieces.n_components, latent=latent, width=width), "signal"
    if pieces.pose is None or not pieces.skeleton:
        raise DataError(
            "an encoder over the skeleton needs poses whose body parts are linked, and these "
            "pieces have none. Give poses of a known skeleton and leave out social, or leave out "
            "graph=True."
        )
    _, parts, space, _ = pieces.pose.shape
    settings = GraphSettings(parts, pieces.skeleton, space, kind=kind, latent=latent, width=width)
    return Graph(settings), "pose"
