"""What a computation is, and how it runs: declarations, graph, blocks, and the two faces.

A declared function on a dataset is lazy where the data are; `write` materialises the same blocks
into a Zarr store. The engine and `io` are the only parts that know Dask.
"""

from ethoflow.engine.claims import all_of, any_of, claim, negate
from ethoflow.engine.declare import Declaration, Members, Output, some_of
from ethoflow.engine.presets import Function, behaviour, feature, fit, step, summary
from ethoflow.engine.registry import (
    builtin,
    declarations,
    drop_project_rules,
    find,
    load_project_rules,
    load_rules,
)

__all__ = [
    "Declaration",
    "Function",
    "Members",
    "Output",
    "all_of",
    "any_of",
    "behaviour",
    "builtin",
    "claim",
    "declarations",
    "drop_project_rules",
    "feature",
    "find",
    "fit",
    "load_project_rules",
    "load_rules",
    "negate",
    "some_of",
    "step",
    "summary",
]
