"""From labels to knowledge: tables per animal."""

from ethoflow.labels.budget import time_budget
from ethoflow.stats.stores import OtherSettings, Study, study

__all__ = ["OtherSettings", "Study", "study", "time_budget"]
