"""Labels of any source: made by rules, counted as bouts, summed up as time budgets.

Rules, people, classifiers and clusters write the same kind of labels; what is here takes them all.
"""

from __future__ import annotations

from ethoflow.labels.annotation import SkippedRule, annotate
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import time_budget

__all__ = ["SkippedRule", "annotate", "find_bouts", "time_budget"]
