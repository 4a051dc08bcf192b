"""The arena in a video: a circle or a four-sided floor in the median of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ethoflow.geometry.arena import Arena, circle, polygon
from ethoflow.geometry.rings import is_convex
from ethoflow.geometry.still import Image, median_frame
from ethoflow.schema import DataError

ENOUGH = 0.6
"""Confidence under which nothing is given."""

SMALLEST, LARGEST = 0.06, 0.97
"""Shares of the picture that an arena may have."""

APART = 4.0
"""How far within and without the outline, in px, its contrast is looked at."""


@dataclass(frozen=True)
class Found:
    """What was found in a picture of `width` x `height` px.

    `best` is the likeliest outline, None where there is no candidate, `confidence` from 0 to 1: the
    share of the outline along which the picture changes as at an edge, times how well it fits.
    `arena` is the outline where the confidence is enough, else None.
    """

    best: Arena | None
    confidence: float
    width: int
    height: int

    @property
    def arena(self) -> Arena | None:
        """The outline, where it is sure enough."""
        return self.best if self.confidence >= ENOUGH else None


def find_arena(source: str | Path | Image) -> Found:
    """The arena in a video or a picture: a circle, or a floor with four sides.

    Parameters
    ----------
    source
        A video, or a grey picture without the animal, dims (row, column), 0 to 255.

    Raises
    ------
    DataError
        The video cannot be read, OpenCV is missing, or the picture is none.

    Examples
    --------
    >>> picture = np.full((240, 320), 40, np.uint8); picture[40:200, 60:260] = 200
    >>> found = find_arena(picture)
    >>> found.confidence > 0.9, bool(np.abs(found.best.corners()[0] - [60, 40]).max() < 3)
    (True, True)
    """
    picture = source if isinstance(source, np.ndarray) else median_frame(source)
    if picture.ndim != 2 or min(picture.shape) < 16:
        raise DataError(f"a picture needs rows and columns of grey, found {picture.shape}.")
    try:
        import cv2
    except ModuleNotFoundError as error:
        raise DataError('videos need OpenCV: pip install "ethoflow[video]".') from error
    smooth = cv2.GaussianBlur(picture.astype(np.uint8), (5, 5), 0)
    best, most = None, 0.0
    for contour in _contours(smooth):
        for shape, fit in _shapes(contour):
            confidence = fit * _support(smooth, shape.corners())
            if confidence > most:
                best, most = shape, confidence
    height, width = picture.shape
    best = None if best is None else replace(best, picture=(width, height))
    return Found(best, round(most, 3), width, height)


def _contours(picture: Image) -> Iterator[Image]:
    """Outlines of what is brighter or darker than several thresholds, and of closed edges."""
    import cv2

    otsu, _ = cv2.threshold(picture, 0, 255, cv2.THRESH_OTSU)
    levels = {round(float(np.quantile(picture, share))) for share in np.arange(0.1, 0.95, 0.1)}
    masks = [picture > level for level in sorted({round(otsu), *levels})]
    edges = cv2.dilate(cv2.Canny(picture, 30, 90), np.ones((5, 5), np.uint8))
    area = picture.size
    for mask in (*masks, *(~mask for mask in masks), edges > 0, edges == 0):
        mode = (cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
        for contour in cv2.findContours(opened, *mode)[0]:
            if SMALLEST * area < cv2.contourArea(cv2.convexHull(contour)) < LARGEST * area:
                yield contour


def _shapes(contour: Image) -> Iterator[tuple[Arena, float]]:
    """The circle and the four corners nearest to an outline, and how well they fit, 0 to 1."""
    import cv2

    hull = cv2.convexHull(contour)
    inside = cv2.contourArea(hull)
    (x, y), axes, _ = cv2.fitEllipse(hull) if len(hull) > 5 else ((0, 0), (0, 0), 0)
    if min(axes) > 0.93 * max(axes) > 0:
        radius = float(np.sqrt(inside / np.pi))
        off = np.linalg.norm(hull[:, 0] - [x, y], axis=1) - radius
        yield circle(x, y, radius), max(0.0, 1 - 4 * float(np.abs(off).mean()) / radius)
    length = cv2.arcLength(hull, closed=True)
    for share in (0.02, 0.04, 0.06, 0.09):
        corners = cv2.approxPolyDP(hull, share * length, closed=True)[:, 0].astype(float)
        if len(corners) == 4 and is_convex(corners):
            corners = _sharpened(hull[:, 0].astype(float), corners)
            area = cv2.contourArea(corners.astype(np.float32))
            if not np.isfinite(corners).all() or not area > 0:
                continue
            first = int(np.argmin(corners.sum(axis=1)))
            ordered = np.roll(corners, -first, axis=0)
            if (ordered[1] - ordered[0])[0] < (ordered[3] - ordered[0])[0]:
                ordered = np.roll(ordered[::-1], 1, axis=0)
            fit = min(area, inside) / max(area, inside)
            yield polygon(ordered.round(1).tolist()), float(fit**2)
            return


def _sharpened(hull: Image, corners: Image) -> Image:
    """Corners where lines along the sides meet; a rounded corner is cut by the outline."""
    lines = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        way = (b - a) / np.linalg.norm(b - a)
        dense = _dense(hull)
        along, apart = (dense - a) @ way, (dense - a) @ np.array([-way[1], way[0]])
        extent = np.linalg.norm(b - a)
        near = (np.abs(apart) < 0.04 * extent) & (along > 0.1 * extent) & (along < 0.9 * extent)
        points = dense[near]
        if len(points) < 8:
            return corners
        middle = np.median(points, axis=0)
        lines.append((middle, np.linalg.svd(points - middle, full_matrices=False)[2][0]))
    found = []
    for (p, u), (q, v) in zip([lines[-1], *lines[:-1]], lines, strict=True):
        matrix = np.stack([u, -v], axis=1)
        if abs(np.linalg.det(matrix)) < 0.2:
            return corners
        found.append(p + np.linalg.solve(matrix, q - p)[0] * u)
    return np.array(found)


def _dense(hull: Image) -> Image:
    """Points every pixel along the sides of a hull."""
    sides = zip(hull, np.roll(hull, -1, axis=0), strict=True)
    rows = [
        a
        + np.linspace(0, 1, max(int(np.linalg.norm(b - a)), 1), endpoint=False)[:, np.newaxis]
        * (b - a)
        for a, b in sides
    ]
    return np.concatenate(rows)


def _support(picture: Image, corners: Image) -> float:
    """Share of an outline along which the picture changes across it, in one direction."""
    import cv2

    dense = _dense(corners)
    way = np.roll(dense, -2, axis=0) - np.roll(dense, 2, axis=0)
    normal = np.stack([-way[:, 1], way[:, 0]], axis=1)
    normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    sides = []
    for by in (-APART, APART):
        x, y = (dense + by * normal).T.astype(np.float32)
        grey = cv2.remap(
            picture.astype(np.float32), x[None], y[None], cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan"),
        )  # fmt: skip
        sides.append(grey[0])
    change = sides[1] - sides[0]
    grain = picture.astype(np.float32) - cv2.medianBlur(picture, 5)
    needed = max(8.0, 4 * float(np.abs(grain).mean()))
    brighter, darker = (change > needed).mean(), (change < -needed).mean()
    return float(max(brighter, darker))


def draw_found(picture: Image, found: Found, path: Path) -> None:
    """The picture with the outline that was found, green where it is given and red where not."""
    import cv2

    shown = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    colour = (60, 200, 60) if found.arena is not None else (40, 40, 230)
    if found.best is not None:
        corners = found.best.corners().round().astype(np.int32)
        cv2.polylines(shown, [corners], True, colour, 2, cv2.LINE_AA)
    said = f"confidence {found.confidence:.2f}{'' if found.arena else ': not given'}"
    cv2.putText(shown, said, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 2, cv2.LINE_AA)
    written, data = cv2.imencode(".png", shown)
    if not written:
        raise DataError(f"{path}: the picture cannot be encoded.")
    path.write_bytes(data.tobytes())
