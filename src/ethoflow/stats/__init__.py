"""From labels to knowledge: tables per animal."""

from ethoflow.labels.budget import time_budget

__all__ = ["time_budget"]
