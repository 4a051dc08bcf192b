"""The base variables: one table with the dims, units and meaning of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """One base variable: its dims, units and meaning."""

    name: str
    dims: tuple[str, ...]
    units: str
    doc: str
    way: str = ""
    """How to come by one that only the user can give."""


VARIABLES = {
    variable.name: variable
    for variable in (
        Variable(
            "position",
            ("recording", "individual", "bodypart", "space", "time"),
            "px or mm",
            "Where a body part is; NaN where it was not seen.",
        ),
        Variable(
            "confidence",
            ("recording", "individual", "bodypart", "time"),
            "1",
            "The tracker's own score of a point; NaN where the tracker gives none.",
        ),
        Variable(
            "position_sd",
            ("recording", "individual", "bodypart", "space", "time"),
            "px or mm",
            "How far off a position may be, as one standard deviation: of what was read, over the "
            "networks of an ensemble; of what was filled or smoothed, as the way of it says. NaN "
            "where that is not known.",
        ),
        Variable(
            "filled",
            ("recording", "individual", "bodypart", "time"),
            "1",
            "1 where the point was filled in, by a line or a curve or from other body parts (see "
            "position_sd for how far off it may be), 0 where it was seen or is missing.",
        ),
        Variable(
            "removed",
            ("recording", "individual", "bodypart", "time"),
            "1",
            "The step of cleaning that took a point that was seen: low_confidence, fast, outlier, "
            "jump, stretched, absent; no where none did. It may have been filled again.",
        ),
        Variable(
            "arena",
            ("recording", "vertex", "space"),
            "px or mm",
            "Corners of the arena's floor; a circle is a polygon of 128 vertices.",
            "Give one with ef.calibrate(ds, ef.circle(x, y, radius, size='38 cm')) or ef.polygon "
            "(arena in a project file, --arena).",
        ),
        Variable(
            "arena_centre",
            ("recording", "space"),
            "px or mm",
            "Centre of a circular arena; NaN for a polygon.",
            "Give an arena with ef.calibrate(ds, ef.circle(...)) or ef.polygon.",
        ),
        Variable(
            "arena_radius",
            ("recording",),
            "px or mm",
            "Radius of a circular arena; NaN for a polygon.",
            "Give an arena with ef.calibrate(ds, ef.circle(...)) or ef.polygon.",
        ),
        Variable(
            "region_outline",
            ("recording", "region", "corner", "space"),
            "px or mm",
            "Corners of named regions; a corner of NaN stands between an outline and its holes.",
            "Give some with ef.mark_regions(ds, {'centre': ef.circle(320, 240, 90)}).",
        ),
        Variable(
            "region_centre",
            ("recording", "region", "space"),
            "px or mm",
            "Centres of named regions: their centroids, without the holes.",
            "Give some with ef.mark_regions(ds, {'centre': ef.circle(320, 240, 90)}).",
        ),
        Variable(
            "region_radius",
            ("recording", "region"),
            "px or mm",
            "Radius of circular regions; NaN of others.",
            "Give some with ef.mark_regions(ds, {'centre': ef.circle(320, 240, 90)}).",
        ),
        Variable(
            "landmark_position",
            ("recording", "landmark", "space"),
            "px or mm",
            "Fixed points of the arena that were tracked: their medians over the recording.",
            "Name them in the arena, as in 'polygon from a, b, c, d = 400 mm'.",
        ),
        Variable(
            "homography",
            ("recording", "row", "column"),
            "1",
            "From px to mm on the floor, where the camera looks at it askew.",
            "Give an arena of four corners with two lengths, ef.polygon(corners, sides=...).",
        ),
        Variable(
            "px_per_mm",
            ("recording",),
            "px/mm",
            "Scale of the calibration.",
            "Give one with ef.calibrate(ds, px_per_mm=3.2).",
        ),
    )
}

REMOVAL_STEPS = ("no", "low_confidence", "fast", "outlier", "jump", "stretched", "absent")
"""What the numbers of `removed` stand for: the steps of cleaning, in their order."""

LOW_CONFIDENCE = 0.6
"""Confidence under which reports count a point as doubtful."""
