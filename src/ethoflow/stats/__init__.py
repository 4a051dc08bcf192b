"""From labels to knowledge: tables per animal."""

from ethoflow.labels.budget import time_budget
from ethoflow.stats.around_events import around_events
from ethoflow.stats.associations import associations, correlograms
from ethoflow.stats.compare import ComparisonNote, compare
from ethoflow.stats.design import Design, find_design
from ethoflow.stats.flow import compare_flow
from ethoflow.stats.foresight import foresee
from ethoflow.stats.measures import describe, measures, widen
from ethoflow.stats.normative import deviations
from ethoflow.stats.power import power
from ethoflow.stats.quality import track_quality
from ethoflow.stats.sentences import sentences
from ethoflow.stats.separation import separation
from ethoflow.stats.slopes import compare_slopes
from ethoflow.stats.stores import OtherSettings, Study, study
from ethoflow.stats.transitions import chains, transitions

__all__ = [
    "ComparisonNote",
    "Design",
    "OtherSettings",
    "Study",
    "around_events",
    "associations",
    "chains",
    "compare",
    "compare_flow",
    "compare_slopes",
    "correlograms",
    "describe",
    "deviations",
    "find_design",
    "foresee",
    "measures",
    "power",
    "sentences",
    "separation",
    "study",
    "time_budget",
    "track_quality",
    "transitions",
    "widen",
]


def __dir__() -> list[str]:
    return sorted(__all__)
