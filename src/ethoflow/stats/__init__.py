"""From labels to knowledge: tables per animal."""

from ethoflow.stats.budget import time_budget

__all__ = ["time_budget"]
