"""Labels of any source: made by rules, joined with others, as bouts and as time budgets.

Rules, people, classifiers and clusters write the same kind of labels; what is here takes them all.
"""

from __future__ import annotations

from ethoflow.labels.annotation import SkippedRule, annotate
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import time_budget
from ethoflow.labels.events import EventNote
from ethoflow.labels.joining import join
from ethoflow.labels.wide import spread

__all__ = [
    "EventNote",
    "SkippedRule",
    "annotate",
    "find_bouts",
    "join",
    "spread",
    "time_budget",
]


def __dir__() -> list[str]:
    return sorted(__all__)
