"""GeoJSON: polygons with holes, and several of them as one region; pixels, y down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ethoflow.geometry.arena import Arena, polygon
from ethoflow.geometry.regions import Shape
from ethoflow.schema import DataError

SUFFIXES = (".geojson", ".json")


def read(path: Path) -> Mapping[str, Shape] | Mapping[str, Mapping[str, Shape]]:
    """Regions by name; by recording and name where features have the property ``recording``."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(f"{path}: this is no GeoJSON: {error}") from error
    if not isinstance(content, dict) or content.get("type") not in ("FeatureCollection", "Feature"):
        raise DataError(f"{path}: needed a GeoJSON FeatureCollection of named polygons.")
    features = content.get("features", []) if content["type"] != "Feature" else [content]
    found: dict[str, dict[str, Shape]] = {}
    for number, feature in enumerate(features if isinstance(features, list) else [], 1):
        where = f"{path}: feature {number}"
        if not isinstance(feature, dict):
            raise DataError(f"{where} is none: found {feature!r:.60}.")
        said = feature.get("properties") or {}
        name = str(said.get("name", "")).strip()
        if not name:
            raise DataError(f"{where} has no name: give it the property 'name'.")
        of = str(said.get("recording", "")).strip()
        if name in found.setdefault(of, {}):
            raise DataError(f"{where}: a second region is called {name!r}; join them as one.")
        found[of][name] = _shape(feature.get("geometry") or {}, f"{where} ({name})")
    if set(found) == {""}:
        return found[""]
    if "" in found:
        raise DataError(f"{path}: some features have the property 'recording' and others have not.")
    return found


def _shape(geometry: Any, where: str) -> Sequence[Sequence[Arena]]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise DataError(f"{where}: a region is a Polygon or a MultiPolygon, found {kind!r}.")
    parts = geometry.get("coordinates")
    try:
        parts = [parts] if kind == "Polygon" else list(parts)
        return [[_ring(ring) for ring in part] for part in parts]
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: {error}") from error


def _ring(corners: Any) -> Arena:
    """A ring, whose last corner is its first again."""
    places = [(float(corner[0]), float(corner[1])) for corner in corners]
    return polygon(places[:-1] if len(places) > 1 and places[0] == places[-1] else places)
