"""Files of regions and arenas: one module per format, found by the ending of a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from ethoflow.errors import near_file
from ethoflow.geometry.files import behaviordepot, geojson, tables
from ethoflow.geometry.files.tables import read_arenas
from ethoflow.geometry.regions import Regions, Shape
from ethoflow.schema import DataError

__all__ = ["is_file", "read_arenas", "read_regions"]

FORMATS: Mapping[str, Callable[[Path], Mapping[str, Shape] | Mapping[str, Mapping[str, Shape]]]] = {
    **dict.fromkeys(geojson.SUFFIXES, geojson.read),
    **dict.fromkeys(tables.SUFFIXES, tables.read),
    **dict.fromkeys(behaviordepot.SUFFIXES, behaviordepot.read),
}

Read: TypeAlias = Regions | Mapping[str, Regions]


def is_file(text: object) -> bool:
    """Whether what is given as an arena or as regions names a file.

    Examples
    --------
    >>> is_file("zones.geojson"), is_file("circle 1 2 3 px")
    (True, False)
    """
    return isinstance(text, str) and Path(text).suffix.lower() in (*FORMATS, ".h5")


def read_regions(path: str | Path) -> Read:
    """Regions of a file, for `ef.mark_regions`.

    GeoJSON (polygons with holes and multipolygons, named by the property ``name``, of one recording
    by the property ``recording``); tables (CSV, TSV, Excel, Parquet) with the columns ``region``
    and ``shape``, and where there are several recordings ``recording``; tables of SimBA; and
    ``Params.mat`` of BehaviorDEPOT. Numbers are pixels of the video, y down.

    Raises
    ------
    DataError
        The file is missing or of another kind, or a shape in it makes no region.

    Examples
    --------
    >>> import json, tempfile
    >>> shape = {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}
    >>> feature = {"type": "Feature", "properties": {"name": "nest"}, "geometry": shape}
    >>> with tempfile.NamedTemporaryFile("w", suffix=".geojson") as file:
    ...     _ = file.write(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    ...     file.flush()
    ...     read_regions(file.name)
    {'nest': [[<Arena: polygon (0, 0), (9, 0), (9, 9) px, no scale>]]}
    """
    path = Path(path)
    if path.suffix.lower() == ".h5":
        raise DataError(
            f"{path}: regions of SimBA in HDF5 are Python pickles, which can run any code: save "
            "its tables as CSV (columns Video, Shape_type, Name, ...) and give that."
        )
    if path.suffix.lower() not in FORMATS:
        raise DataError(
            f"{path}: regions are read from files that end in {', '.join(sorted(FORMATS))}."
        )
    if not path.is_file():
        raise DataError(f"no file {path}.{near_file(path)}")
    found = FORMATS[path.suffix.lower()](path)
    if not found:
        raise DataError(f"{path}: there are no regions in it.")
    return found
