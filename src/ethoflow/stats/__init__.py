"""From labels to knowledge: tables per animal."""

from ethoflow.labels.budget import time_budget
from ethoflow.stats.compare import ComparisonNote, compare
from ethoflow.stats.design import Design, find_design
from ethoflow.stats.foresight import foresee
from ethoflow.stats.stores import OtherSettings, Study, study

__all__ = [
    "ComparisonNote",
    "Design",
    "OtherSettings",
    "Study",
    "compare",
    "find_design",
    "foresee",
    "study",
    "time_budget",
]
