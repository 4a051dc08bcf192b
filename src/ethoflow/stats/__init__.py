"""From labels to knowledge: tables per animal."""

from ethoflow.labels.budget import time_budget
from ethoflow.stats.compare import ComparisonNote, compare
from ethoflow.stats.design import Design, find_design
from ethoflow.stats.flow import compare_flow
from ethoflow.stats.foresight import foresee
from ethoflow.stats.measures import describe, measures, widen
from ethoflow.stats.stores import OtherSettings, Study, study
from ethoflow.stats.transitions import chains, transitions

__all__ = [
    "ComparisonNote",
    "Design",
    "OtherSettings",
    "Study",
    "chains",
    "compare",
    "compare_flow",
    "describe",
    "find_design",
    "foresee",
    "measures",
    "study",
    "time_budget",
    "transitions",
    "widen",
]
