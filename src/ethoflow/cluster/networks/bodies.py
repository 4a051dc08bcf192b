"""Networks over time by name, and the encoder that a family's settings ask for."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from ethoflow.cluster.networks.recurrent import Recurrent, RecurrentSettings
from ethoflow.cluster.networks.transformer import Transformer, TransformerSettings
from ethoflow.errors import UnknownName, no_such
from ethoflow.networks.convolutional import Convolutional, ConvolutionalSettings

Kind: TypeAlias = Literal["convolutional", "recurrent", "transformer"]
Body: TypeAlias = Convolutional | Recurrent | Transformer


def make_body(kind: Kind, n_inputs: int, *, latent: int, width: int) -> Body:
    """A network over time.

    Raises
    ------
    UnknownName
        There is none of that name.
    """
    if kind == "convolutional":
        return Convolutional(ConvolutionalSettings(n_inputs, latent, width))
    if kind == "recurrent":
        return Recurrent(RecurrentSettings(n_inputs, latent, width))
    if kind == "transformer":
        return Transformer(TransformerSettings(n_inputs, latent, width))
    raise UnknownName(no_such("encoder", kind, get_args(Kind)))
