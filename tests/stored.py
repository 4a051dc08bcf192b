"""What a store on disk shows to each kind of reader, and which of its files nothing names.

Written against the documents alone, so that ethoflow's own account is checked from outside.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import xarray as xr
import zarr

import ethoflow as ef
from ethoflow import store

ALWAYS = ("zarr.json", "progress/state.json")
SOMETIMES = ("progress/lock", "progress/writer.json", "progress/files.json")
"""Files that belong to any store."""

EXPECTED = ("IncompleteGroup", "StaleGroup", "ZarrUserWarning", "UnstableSpecificationWarning")


def digest_of(ds: xr.Dataset) -> str:
    """Digest of values, dims, dtypes and attributes, of coordinates and variables."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(repr(sorted(ds.attrs.items())).encode())
    for name in sorted(map(str, ds.variables)):
        variable = ds.variables[name]
        values = np.asarray(variable.values)
        head = (name, name in ds.coords, variable.dims, values.shape, values.dtype.kind,
                sorted(variable.attrs.items()))  # fmt: skip
        digest.update(repr(head).encode())
        if values.dtype.kind == "f":
            values = np.where(np.isnan(values), np.nan, values)
        content = repr(values.tolist()).encode() if values.dtype.kind in "OTU" else values.tobytes()
        digest.update(content)
    return digest.hexdigest()


def look(
    path: Path, groups: Sequence[str], known: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Digest of each group as each reader sees it, and the errors and warnings nobody expects.

    What is `known` of a group, by `state_of`, is not read again.
    """
    digests = {g: dict((known or {}).get(state_of(path, g), {})) for g in groups}
    readers: dict[str, Callable[[], Mapping[str, xr.Dataset]]] = {
        "open_datatree": lambda: _parts(xr.open_datatree(path, engine="zarr", chunks=None)),
        "ef.open": lambda: _parts(ef.open(path)),
    }
    for group in groups:
        if not digests[group]:
            readers[f"open_zarr {group}"] = partial(_one, path, group, inside=True)
            readers[f"open_zarr of the folder {group}"] = partial(_one, path, group, inside=False)
    found: dict[str, dict[str, str]] = {}
    faults = []
    for reader, read in readers.items():
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                found[reader] = {
                    name: digests.get(name, {}).get(reader) or digest_of(ds.load())
                    for name, ds in read().items()
                }
            except (FileNotFoundError, KeyError, ef.DataError) as error:
                found[reader] = {}
                if (path / "zarr.json").is_file() and not _names_no_group(path, reader):
                    faults.append(f"{reader}: {type(error).__name__}: {error}")
            except Exception as error:  # what must not happen
                found[reader] = {}
                faults.append(f"{reader}: {type(error).__name__}: {error}")
        kinds = {w.category.__name__: w.message for w in said}
        faults += [f"{reader}: {k}: {text}" for k, text in kinds.items() if k not in EXPECTED]
    for group, own in digests.items():
        found |= {r: {group: d} for r, d in own.items() if r.startswith("open_zarr")}
    return found, faults


def state_of(path: Path, group: str) -> str:
    """What tells one state of a group's folder and documents from others."""
    nodes = documents(path).items() if (path / "zarr.json").is_file() else ()
    own = sorted((n, json.dumps(d)) for n, d in nodes if f"{n}/".startswith(f"{group}/"))
    found = [(f, (path / f).stat()) for f in sorted(files(path)) if f.startswith(f"{group}/")]
    return repr((group, own, [(f, s.st_size, s.st_mtime_ns) for f, s in found]))


def _parts(tree: xr.DataTree) -> dict[str, xr.Dataset]:
    return {
        node.path.strip("/"): node.to_dataset(inherit=False)
        for node in tree.subtree
        if node.has_data
    }


def _one(path: Path, group: str, *, inside: bool) -> dict[str, xr.Dataset]:
    place = {"store": path, "group": group} if inside else {"store": path / group}
    return {group: xr.open_zarr(**place, chunks=None)}


def _names_no_group(path: Path, reader: str) -> bool:
    """Whether a reader was to read a group that is not there."""
    group = reader.rpartition(" ")[2]
    if "folder" in reader:
        return not (path / group / "zarr.json").is_file()
    return reader.startswith("open_zarr") and group not in documents(path)


def documents(path: Path) -> dict[str, dict[str, Any]]:
    """Documents of all nodes but the root, as the root's says."""
    root = json.loads((path / "zarr.json").read_bytes())
    nodes = root["consolidated_metadata"]["metadata"]
    return {name: _bare(node) for name, node in nodes.items()}


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "consolidated_metadata"}


def disagreements(path: Path) -> list[str]:
    """Nodes whose own document, or that of a group above them, is not what the root's says."""
    found = []
    nodes = documents(path)
    for name, node in nodes.items():
        try:
            own = json.loads((path / name / "zarr.json").read_bytes())
        except (OSError, ValueError) as error:
            found.append(f"{name}/zarr.json: {error}")
            continue
        if _bare(own) != node:
            found.append(f"{name}/zarr.json is not what the root's says")
        if node["node_type"] == "group":
            inside = (own.get("consolidated_metadata") or {}).get("metadata", {})
            below = {
                n.removeprefix(f"{name}/"): d for n, d in nodes.items() if n.startswith(f"{name}/")
            }
            if {n: _bare(d) for n, d in inside.items()} != below:
                found.append(
                    f"{name}/zarr.json: what it says of its arrays is not what the root's says"
                )
    if (path / "progress/state.json").read_bytes() != (path / "zarr.json").read_bytes():
        found.append("the copy of the root's document is not what it is")
    return found


def contents(path: Path) -> dict[str, Any]:
    """All a store says: attributes and documents as the root has them."""
    root = json.loads((path / "zarr.json").read_bytes())
    return {"/": root["attributes"], **documents(path)}


def files(path: Path) -> set[str]:
    """All files of a store."""
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}


def named(path: Path) -> set[str]:
    """Files that the root's document, and the records it names, tell of."""
    nodes = documents(path)
    own = json.loads(json.loads((path / "zarr.json").read_bytes())["attributes"]["ethoflow"])
    records = {f"progress/{quote(g, safe='')}/record-{r}.npz" for g, r in own["records"].items()}
    found = {*ALWAYS, *records, *(f"{name}/zarr.json" for name in nodes)}
    for name, node in nodes.items():
        if node["node_type"] == "array":
            found |= {f"{name}/{key}" for key in _chunk_keys(path, nodes, name)}
    return found | {name for name in SOMETIMES if (path / name).is_file()}


def _chunk_keys(path: Path, nodes: Mapping[str, Any], name: str) -> Iterator[str]:
    node = nodes[name]
    dims = node.get("dimension_names") or []
    chunks = node["chunk_grid"]["configuration"]["chunk_shape"]
    counts = [-(-n // c) for n, c in zip(node["shape"], chunks, strict=True)]
    encoding = node["chunk_key_encoding"]
    separator = encoding["configuration"]["separator"]
    lengths = None
    if {"recording", "time"} <= set(dims):
        lengths = zarr.open_array(path, path=f"{name.rpartition('/')[0]}/n_frames", mode="r")[...]
    for index in itertools.product(*map(range, counts)):
        if lengths is not None and index[-1] * chunks[-1] >= lengths[index[0]]:
            continue
        if encoding["name"] == "default":
            yield separator.join(map(str, ("c", *index)))
        else:
            yield separator.join(map(str, index)) or "0"


def faults_of(path: Path) -> list[str]:
    """What is wrong with a store in which no write is under way."""
    found = disagreements(path)
    found += [f"{file} is missing" for file in sorted(named(path) - files(path))]
    found += [str(fault) for fault in store.verify(path).faults]
    unfinished = [f for f in files(path) if f.endswith((".partial", ".part")) or "/journal-" in f]
    return found + [f"{file} was left" for file in sorted(unfinished)]
