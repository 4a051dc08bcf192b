"""CPU seconds and peak memory of `ethoflow info` on a store of tracks and poses.

Two mice, 11 points. The whole command is measured, imports included.

    python benchmarks/information.py                     # 10 recordings of an hour at 25 fps
    python benchmarks/information.py --recordings 1 --minutes 600
"""

# Imports nothing large: the peak of a child counts what its parent held when it was started.
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FPS = 25.0

MAKE = """
import sys
import ethoflow as ef
from throughput import make_store
path, recordings, n_frames, fps = sys.argv[1], *map(int, sys.argv[2:4]), float(sys.argv[4])
arena = make_store(path, recordings, n_frames, fps)
ef.write(ef.clean(ef.calibrate(ef.open(path, "tracks"), arena)), path, "poses")
"""


def measure(path: Path) -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of the command in a process of its own."""
    command = [sys.executable, "-m", "ethoflow", "info", str(path)]
    silent = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    child = os.posix_spawn(sys.executable, command, dict(os.environ), file_actions=[silent])
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit("the command failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print the least of three."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    n_frames = round(options.minutes * 60 * FPS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.zarr"
        size = [str(options.recordings), str(n_frames), str(FPS)]
        subprocess.run(
            [sys.executable, "-c", MAKE, str(path), *size], check=True, cwd=Path(__file__).parent
        )
        rows = [measure(path) for _ in range(3)]
    cpu, peak = (min(column) for column in zip(*rows, strict=True))
    print(
        f"{options.recordings} recordings, {options.recordings * n_frames:,} frames: "
        f"{cpu:.2f} CPU s, {peak:.0f} MB peak"
    )


if __name__ == "__main__":
    main()
