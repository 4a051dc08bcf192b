"""Where the numbers of blocks come from, and what stands for them."""

from ethoflow.engine.sources.opening import lazy_stored, open_store
from ethoflow.engine.sources.origin import Chunks, KnownLayer, Origin, StoredLayer, bounds_of, chain
from ethoflow.engine.sources.source import EXACT, WAS, Source, float_of, source_of

__all__ = [
    "EXACT",
    "WAS",
    "Chunks",
    "KnownLayer",
    "Origin",
    "Source",
    "StoredLayer",
    "bounds_of",
    "chain",
    "float_of",
    "lazy_stored",
    "open_store",
    "source_of",
]
