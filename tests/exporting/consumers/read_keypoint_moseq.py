"""Run by keypoint-MoSeq's own interpreter: what it reads of our files, and of our arrays."""

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np


def main(folder, files):
    import keypoint_moseq as kpms

    said = {"keypoint-moseq": importlib.metadata.version("keypoint-moseq"), "files": []}
    for number, (path, kind, _) in enumerate(files):
        if kind == "arrays":
            stored = np.load(path, allow_pickle=False)
            names = [str(name) for name in stored["names"]]
            coordinates = {name: stored[f"place_{i}"] for i, name in enumerate(names)}
            confidences = {name: stored[f"score_{i}"] for i, name in enumerate(names)}
            parts = [str(part) for part in stored["parts"]]
        else:
            coordinates, confidences, parts = kpms.load_keypoints(path, kind)
        np.savez(
            Path(folder) / f"{number}.npz",
            names=list(coordinates),
            **{f"place_{i}": values for i, values in enumerate(coordinates.values())},
            **{f"score_{i}": confidences[name] for i, name in enumerate(coordinates)},
        )
        data, _ = kpms.format_data(
            {name: values.copy() for name, values in coordinates.items()},
            {name: values.copy() for name, values in confidences.items()},
            bodyparts=list(parts),
            use_bodyparts=list(parts),
            min_fragment_length=3,
        )
        said["files"].append(
            {
                "parts": sorted(parts) if isinstance(parts, set) else list(parts),
                "finite": bool(np.isfinite(np.asarray(data["Y"])).all()),
                "shape": list(data["Y"].shape),
            }
        )
    (Path(folder) / "said.json").write_text(json.dumps(said))


main(sys.argv[1], json.loads(sys.argv[2]))
