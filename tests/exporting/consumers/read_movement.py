"""Run by movement's own interpreter: what movement (and VAME's loader) read of our files."""

import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np


def vame_loader():
    """VAME's module of loaders by itself: its package asks for torch when it is imported."""
    for path in map(Path, sys.path):
        if (path / "vame/io/load_poses.py").is_file():
            spec = importlib.util.spec_from_file_location("vame_io", path / "vame/io/load_poses.py")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.load_pose_estimation
    raise SystemExit("vame is not installed here")


def main(folder, files):
    from movement.io import load_dataset

    said = {
        "movement": importlib.metadata.version("movement"),
        "vame": importlib.metadata.version("vame-py"),
        "files": [],
    }
    for number, (path, software, fps) in enumerate(files):
        if software.startswith("VAME"):
            ds = vame_loader()(path, source_software=software.removeprefix("VAME "), fps=fps)
        elif software == "netCDF":
            import xarray as xr

            ds = xr.load_dataset(path)
            check = importlib.import_module("movement.validators.datasets")
            check.ValidPosesInputs.validate(ds)
        else:
            ds = load_dataset(path, source_software=software, fps=fps)
        ds = ds.rename({old: old[:-1] for old in ("keypoints", "individuals") if old in ds.dims})
        ds = ds.transpose("individual", "keypoint", "space", "time")
        np.savez(
            Path(folder) / f"{number}.npz",
            position=ds.position.values,
            confidence=ds.confidence.values,
            time=ds.time.values,
        )
        said["files"].append(
            {
                "individual": ds.individual.values.tolist(),
                "keypoint": ds.keypoint.values.tolist(),
                "space": ds.space.values.tolist(),
                "fps": ds.attrs.get("fps"),
                "time_unit": ds.attrs.get("time_unit"),
            }
        )
    (Path(folder) / "said.json").write_text(json.dumps(said))


main(sys.argv[1], json.loads(sys.argv[2]))
