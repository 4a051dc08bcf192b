"""Labels of every form: of regions, raters and pairs, of a whole group, and categories."""

from __future__ import annotations

import numpy as np
import xarray as xr

import ethoflow as ef
from tests.strategies import FPS

REGIONS = ["centre", "wall", "nest"]
RATERS = ["A", "B"]
OWN = ["recording", "n_frames", "origin", "animal", "digest", "source_file"]
STATES = {2: "rest", 5: "walk_fast", 7: "never"}


def runs(rng: np.random.Generator, shape: tuple[int, ...], values: list[float]) -> np.ndarray:
    """Runs of random length of some values, NaN among them; dims (..., time)."""
    out = np.empty(shape, np.float32)
    for row in out.reshape(-1, shape[-1]):
        lengths = rng.integers(1, 9, shape[-1])
        row[:] = np.repeat(rng.choice([*values, np.nan], shape[-1]), lengths)[: shape[-1]]
    return out


def make_labels(seed: int = 0, n_frames: int = 60, *, name: str = "a", n: int = 2) -> xr.Dataset:
    """Labels of one recording of `n` animals."""
    rng = np.random.default_rng([seed, n_frames])
    base = ef.from_arrays(
        np.zeros((n, 1, 2, n_frames)), fps=FPS, bodyparts=["nose"], recording=name,
        animals=[f"{name}{i}" for i in range(n)],
    ).drop_vars(["position", "confidence", "bodypart", "space", "role"])  # fmt: skip
    label, category = {"kind": "label", "units": "1"}, {"kind": "category", "units": "1"}
    state = {"flag_values": list(STATES), "flag_meanings": " ".join(STATES.values())}
    r, k, size = len(REGIONS), len(RATERS), n_frames
    return base.assign({
        "moving": (("individual", "time"), runs(rng, (n, size), [0, 1]), label),
        "inside": (("individual", "region", "time"), runs(rng, (n, r, size), [0, 1]), label),
        "near": (
            ("individual", "partner", "region", "rater", "time"),
            runs(rng, (n, n, r, k, size), [0, 1]), label,
        ),
        "huddle": (("time",), runs(rng, (size,), [0, 1]), label),
        "crowded": (("region", "time"), runs(rng, (r, size), [0, 1]), label),
        "state": (
            ("individual", "rater", "time"), runs(rng, (n, k, size), [2, 5]), {**category, **state}
        ),
        "cluster": (("individual", "time"), runs(rng, (n, size), [0, 3]), category),
    }).assign_coords(
        region=REGIONS, rater=RATERS, partner=base.individual.values,
        surface=("region", ["sand", "glass", "paper"]),
    )  # fmt: skip


def make_cohort(n: int = 2) -> xr.Dataset:
    """The same of two recordings, the second one shorter, with metadata of both kinds."""
    parts = [make_labels(1, 60, name="a", n=n), make_labels(2, 41, name="b", n=n)]
    return stack_labels(parts).assign_coords(
        treatment=("recording", ["stress", "control"]),
        sex=(("recording", "individual"), np.array([["f", "m", "n"][:n]] * 2, dtype=object)),
    )


def stack_labels(parts: list[xr.Dataset]) -> xr.Dataset:
    """Recordings padded with unknown, `recording` first."""
    first = max(parts, key=lambda ds: ds.sizes["time"])
    shared = first.coords.to_dataset().drop_vars(OWN)
    own = {n: (("recording", *first[n].dims), np.stack([p[n].values for p in parts])) for n in OWN}
    variables = {}
    for name, array in first.data_vars.items():
        whole = np.full((len(parts), *array.shape), np.nan, np.float32)
        for row, part in enumerate(parts):
            whole[row, ..., : part.sizes["time"]] = part[name].values
        variables[name] = (("recording", *array.dims), whole, array.attrs)
    return shared.assign(variables).assign_coords(own)
