"""What a group shall hold, as the engine asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.store.documents import Document
from ethoflow.store.record import Digests, Sources

Mask: TypeAlias = npt.NDArray[np.bool_]
Values: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Plan:
    """What a group shall hold.

    `documents` are those of all its arrays, `values` the contents of the small ones. For the
    `variables`, what is computed, `digests` tell how each recording comes about, and `needed` which
    blocks there are; those in `whole` have one number a recording instead of blocks. The variables
    in `made` are made for the recordings in `rows`; everything else stays as it is stored.
    """

    group: str
    attributes: Document
    documents: Mapping[str, Document]
    values: Mapping[str, Values]
    variables: tuple[str, ...]
    whole: frozenset[str]
    made: frozenset[str]
    rows: tuple[int, ...]
    recordings: tuple[str, ...]
    digests: Digests
    needed: Mask
    sources: Sources
