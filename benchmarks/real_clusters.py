"""Clusterers on real recordings: what their embedding knows of freezing, and whether seeds agree.

python benchmarks/real_clusters.py FOLDER --probe      # freezing-behaviordepot/demo1, linear probe
python benchmarks/real_clusters.py FOLDER --seeds      # agreement of seeds, and of halves

FOLDER holds the folders of the recordings.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import torch
import xarray as xr

import ethoflow as ef
from ethoflow.cluster.request import COLUMN_NODE, describe_input, request_columns
from ethoflow.cluster.sampling import STEP, STRIDE
from ethoflow.engine.lazy import compute_calls

FREEZING = "freezing-behaviordepot/demo1/demo1_tracking.csv"
PERSON = "freezing-behaviordepot/demo1/hB_demo1_manual_annotations.mat.mat"
RECORDINGS = {
    "dlc-openfield-bsoid": (
        "dlc-openfield-bsoid/raw_clip1DLC_resnet50_OpenFieldHighResApr8shuffle1_1030000.h5", 60.0
    ),
    "freezing-behaviordepot": (FREEZING, 50.0),
    "dlc-openfield-m3v1": (
        "dlc-openfield-m3v1/m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5", 30.0
    ),
}  # fmt: skip
FOLDS = 10
WINDOW = 0.5
CONTEXTS = (0.1, 0.5, 1.5)


def read(folder: Path, name: str, fps: float) -> xr.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ef.clean(ef.read(folder / name, fps=fps))


def columns_of(poses: xr.Dataset) -> xr.DataArray:
    """What a clusterer looks at, (column, time)."""
    recipe = {**describe_input(poses), "step": STEP, "stride": STRIDE}
    request = request_columns(poses, recipe)
    found = compute_calls(request.ds, {COLUMN_NODE: request.nodes[COLUMN_NODE]})[COLUMN_NODE]
    return found.squeeze(drop=True).transpose("column", "time")


def window_statistics(rows: np.ndarray, width: int) -> np.ndarray:
    """Mean and spread of rows (number, time) in a centred window, (2 x number, time)."""
    padded = np.pad(rows, ((0, 0), (width // 2, width - 1 - width // 2)), mode="edge")
    view = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
    return np.concatenate([view.mean(axis=-1), view.std(axis=-1)])


def means(row: np.ndarray, widths: list[int]) -> np.ndarray:
    """Means of a row (1, time) in centred windows of several widths, of what is seen in each."""
    seen = ~np.isnan(row)
    held = [np.stack([np.convolve(one[0], np.ones(width), "same") for one in
                      (np.nan_to_num(row), seen)]) for width in widths]  # fmt: skip
    return np.stack([total / np.maximum(count, 1) for total, count in held])


def blocked_f1(rows: np.ndarray, truth: np.ndarray, known: np.ndarray, embargo: int) -> float:
    """F1 of a linear probe of rows (number, time), every tenth of the time foretold by the rest."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frames = np.flatnonzero(known)
    told = np.zeros(truth.size)
    for block in np.array_split(frames, FOLDS):
        train = frames[(frames < block[0] - embargo) | (frames > block[-1] + embargo)]
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
        told[block] = probe.fit(rows[:, train].T, truth[train]).predict(rows[:, block].T)
    hits = float((told[frames] * truth[frames]).sum())
    return 2 * hits / float(told[frames].sum() + truth[frames].sum())


def probe(folder: Path, n_clusters: int) -> None:
    tracks = ef.read(folder / FREEZING, fps=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = ef.read_labels(folder / PERSON, like=tracks)
    poses = read(folder, FREEZING, 50.0)
    truth = labels["Freezing"].squeeze(drop=True).values.astype(float)
    columns = columns_of(poses)
    width = round(WINDOW * float(poses.fps))
    speed = columns.sel(column=["log speed"]).values
    begun = time.process_time()
    model = ef.cluster.fit(poses, n_clusters)
    spent = time.process_time() - begun
    embedding = model.predict(poses).embedding.squeeze(drop=True).transpose("latent", "time").values
    smooth = window_statistics(speed, width)[:1]
    given = {
        "log speed": speed,
        f"log speed, mean of {WINDOW} s": smooth,
        f"log speed, means of {CONTEXTS} s": means(speed, [round(x * 50) for x in CONTEXTS]),
        f"statistics of {WINDOW} s": window_statistics(columns.values, width),
        "embedding": embedding,
        "embedding and log speed": np.concatenate([embedding, speed]),
        f"embedding and log speed, mean of {WINDOW} s": np.concatenate([embedding, smooth]),
        f"embedding and log speed, statistics of {WINDOW} s": window_statistics(
            np.concatenate([embedding, speed]), width
        ),
    }
    # All on the same frames: those in which all is known.
    known = ~np.isnan(truth) & ~np.isnan(np.concatenate(list(given.values()))).any(axis=0)
    for name, rows in given.items():
        score = blocked_f1(rows, truth, known, embargo=2 * width)
        print(f"freezing, {n_clusters} clusters: F1 {score:.3f} {name}", flush=True)
    print(f"{known.sum():,} frames, {np.nanmean(truth[known]):.1%} freezing", flush=True)
    print(f"fitted in {spent:.1f} CPU s", flush=True)


def seeds(folder: Path, n_clusters: int) -> None:
    for name, (file, fps) in RECORDINGS.items():
        poses = read(folder, file, fps)
        models = [ef.cluster.fit(poses, n_clusters, seed=seed) for seed in (0, 1)]
        first, second = (model.predict(poses).cluster.values for model in models)
        kept = ef.cluster.stability(poses, models[0])
        minutes = poses.sizes["time"] / fps / 60
        print(
            f"{name} ({minutes:.1f} min, {n_clusters} clusters): two seeds "
            f"{ef.cluster.adjusted_rand(first, second):.2f}, halves of {kept.by} "
            f"{kept.agreement:.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clusters", type=int, default=10)
    parser.add_argument("--probe", action="store_true")
    parser.add_argument("--seeds", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.probe:
        probe(given.folder, given.clusters)
    if given.seeds:
        seeds(given.folder, given.clusters)


if __name__ == "__main__":
    main()
