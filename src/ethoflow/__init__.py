"""Animal behaviour as a dataflow: tracking data to labelled, chunked datasets, labels and pictures.

Submodules load when they are first used, so that ``import ethoflow`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ethoflow import (
        assays,
        behaviours,
        cleaning,
        cluster,
        explain,
        features,
        labels,
        learn,
        plot,
        simulate,
        stats,
        video,
    )
    from ethoflow.cleaning import clean
    from ethoflow.engine import behaviour, feature, load_rules, step
    from ethoflow.engine.materialise import write
    from ethoflow.engine.sources import open_store as open
    from ethoflow.exporting.files import export
    from ethoflow.exporting.moseq import to_keypoint_moseq
    from ethoflow.exporting.movement import to_movement
    from ethoflow.exporting.nap import to_pynapple
    from ethoflow.exporting.tables import to_table
    from ethoflow.features.matrix import feature_matrix
    from ethoflow.features.scaling import apply_scaler, fit_scaler, read_scaler, save_scaler
    from ethoflow.features.windows import windowed
    from ethoflow.geometry.alignment import align, unalign
    from ethoflow.geometry.arena import Arena, circle, polygon
    from ethoflow.geometry.calibration import calibrate
    from ethoflow.geometry.detection import find_arena
    from ethoflow.geometry.files import read_regions
    from ethoflow.geometry.regions import ellipse, mark_regions
    from ethoflow.identities import (
        applied_edits,
        find_swaps,
        read_edits,
        restore_identities,
        swap_identities,
        write_edits,
    )
    from ethoflow.io.cohort import read_cohort
    from ethoflow.io.embeddings import add_embedding
    from ethoflow.io.ensemble import read_ensemble
    from ethoflow.io.movement import from_movement
    from ethoflow.io.one_file import read
    from ethoflow.io.scoring import find_offset, list_labels, read_labels
    from ethoflow.labels.annotation import annotate
    from ethoflow.labels.bouts import find_bouts
    from ethoflow.labels.budget import time_budget
    from ethoflow.labels.comparison.compare import agreement
    from ethoflow.labels.joining import join
    from ethoflow.points import assign_roles
    from ethoflow.schema import DataError
    from ethoflow.schema import make_tracks as from_arrays
    from ethoflow.stats.activity import summarise
    from ethoflow.stats.cleaning import report_cleaning
    from ethoflow.stats.stores import study
    from ethoflow.store import verify
    from ethoflow.units import UnitError

_MODULES = (
    "assays",
    "behaviours",
    "cleaning",
    "cluster",
    "explain",
    "features",
    "labels",
    "learn",
    "plot",
    "simulate",
    "stats",
    "video",
)
_NAMES = {
    "Arena": "ethoflow.geometry.arena",
    "DataError": "ethoflow.schema",
    "Declaration": "ethoflow.engine",
    "Members": "ethoflow.engine",
    "Model": "ethoflow.engine.model",
    "Output": "ethoflow.engine",
    "UnitError": "ethoflow.units",
    "add_embedding": "ethoflow.io.embeddings",
    "align": "ethoflow.geometry.alignment",
    "all_of": "ethoflow.engine",
    "any_of": "ethoflow.engine",
    "agreement": "ethoflow.labels.comparison.compare",
    "annotate": "ethoflow.labels.annotation",
    "apply_scaler": "ethoflow.features.scaling",
    "applied_edits": "ethoflow.identities",
    "assign_roles": "ethoflow.points",
    "behaviour": "ethoflow.engine",
    "calibrate": "ethoflow.geometry.calibration",
    "check": "ethoflow.checking",
    "circle": "ethoflow.geometry.arena",
    "claim": "ethoflow.engine",
    "clean": "ethoflow.cleaning",
    "feature": "ethoflow.engine",
    "feature_matrix": "ethoflow.features.matrix",
    "ellipse": "ethoflow.geometry.regions",
    "find_arena": "ethoflow.geometry.detection",
    "export": "ethoflow.exporting.files",
    "find_bouts": "ethoflow.labels.bouts",
    "fit": "ethoflow.engine",
    "fit_scaler": "ethoflow.features.scaling",
    "find_offset": "ethoflow.io.scoring",
    "find_swaps": "ethoflow.identities",
    "from_arrays": "ethoflow.schema:make_tracks",
    "from_movement": "ethoflow.io.movement",
    "join": "ethoflow.labels.joining",
    "list_labels": "ethoflow.io.scoring",
    "load_rules": "ethoflow.engine",
    "mark_regions": "ethoflow.geometry.regions",
    "open_model": "ethoflow.engine.model",
    "open": "ethoflow.engine.sources:open_store",
    "polygon": "ethoflow.geometry.arena",
    "read": "ethoflow.io.one_file",
    "read_cohort": "ethoflow.io.cohort",
    "read_edits": "ethoflow.identities",
    "read_ensemble": "ethoflow.io.ensemble",
    "read_regions": "ethoflow.geometry.files",
    "read_labels": "ethoflow.io.scoring",
    "read_scaler": "ethoflow.features.scaling",
    "save_scaler": "ethoflow.features.scaling",
    "restore_identities": "ethoflow.identities",
    "report_cleaning": "ethoflow.stats.cleaning",
    "some_of": "ethoflow.engine",
    "step": "ethoflow.engine",
    "study": "ethoflow.stats.stores",
    "summarise": "ethoflow.stats.activity",
    "summary": "ethoflow.engine",
    "swap_identities": "ethoflow.identities",
    "time_budget": "ethoflow.labels.budget",
    "to_keypoint_moseq": "ethoflow.exporting.moseq",
    "to_movement": "ethoflow.exporting.movement",
    "to_pynapple": "ethoflow.exporting.nap",
    "to_table": "ethoflow.exporting.tables",
    "unalign": "ethoflow.geometry.alignment",
    "verify": "ethoflow.store",
    "windowed": "ethoflow.features.windows",
    "write": "ethoflow.engine.materialise",
    "write_edits": "ethoflow.identities",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"ethoflow.{name}")
    if name not in _NAMES:
        from ethoflow.errors import did_you_mean

        asked = did_you_mean(name, __dir__())
        raise AttributeError(f"module 'ethoflow' has no attribute {name!r}.{asked}")
    module, _, attribute = _NAMES[name].partition(":")
    value: object = getattr(importlib.import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, and nothing that is there for Python alone."""
    return sorted({*_NAMES, *_MODULES, "__version__"})
