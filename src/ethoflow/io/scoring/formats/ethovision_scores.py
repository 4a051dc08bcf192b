"""EthoVision XT raw exports with scored behaviours: columns of 0 and 1 beside the track."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ethoflow.io.ethovision import Export, is_export, read_exports
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.scored import Frames, Scored

_MEASURED = re.compile(
    r"^(trial time|recording time|[xyz] \w+|area|areachange|elongation|direction|distance moved|"
    r"velocity|result \d+|in zone|.*\(.* / .*-point\))",
    re.IGNORECASE,
)


@label_reader("EthoVision XT scores", matches=is_export, extra="excel")
def read_ethovision_scores(path: Path) -> list[Scored]:
    """Behaviours scored in EthoVision, by animal and trial, sample by sample.

    A column counts as scored where it holds only 0 and 1 and is no zone or measure. Mutually
    exclusive groups keep the name of the behaviour in brackets.
    """
    exports = read_exports(path)
    return [frames for export in exports if (frames := _scores(export)) is not None]


def _scores(export: Export) -> Frames | None:
    scored = {
        name: values
        for name, values in export.columns.items()
        if not _MEASURED.match(name) and set(np.unique(values[~np.isnan(values)])) <= {0.0, 1.0}
    }
    if not scored:
        return None
    fps, numbers = export.rate()
    values = np.full((len(scored), int(numbers[-1]) + 1), np.nan, np.float32)
    values[:, numbers] = np.array(list(scored.values()))
    return Frames(
        export.name,
        tuple(scored),
        values,
        fps=fps,
        individual=export.subject,
        first=round(float(export.times[0]) * fps),
    )
