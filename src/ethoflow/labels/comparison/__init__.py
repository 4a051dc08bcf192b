"""How far two sources of labels agree: people, rules, classifiers, clusters, other tools.

Read in the order of the data: sources (what somebody gave) and reading (what each says), seats and
clocks, meeting (both on the same frames), the kernels frames, bouts and totals, measures and
resampling, tallies (counts to rows), pairwise, compare (the public function).
"""

from __future__ import annotations

from ethoflow.labels.comparison.compare import agreement
from ethoflow.labels.comparison.notes import AgreementNote

__all__ = ["AgreementNote", "agreement"]
