"""Columns of tables of results."""

from __future__ import annotations

TABLE_COLUMNS = frozenset(
    (
        *(
            "recording",
            "individual",
            "partner",
            "animal",
            "length_unit",
            "partner_animal",
            "bodypart",
            "behaviour",
        ),
        *("start", "stop", "duration", "start_frame", "stop_frame", "cut"),
        *("observed", "time", "share", "n_bouts", "n_cut", "mean_bout"),
        *("latency_to_first", "latency_cut", "n_intervals", "mean_interval"),
        *("bin", "event", "trial", "window"),
        *("n_frames", "missing", "low_confidence", "jumps"),
        *("frame", "x", "y", "z", "confidence"),
    )
)
"""Columns that tables of results have of their own."""
