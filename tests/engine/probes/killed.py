"""Writes what every probe gives in small blocks, is killed after some of them, and writes again.

``python -m tests.engine.probes.killed FOLDER`` prints, for each probe, how the first writer ended,
and how many blocks the second one wrote and found there. It forks, which a process with threads
cannot: so it is one of its own.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import dask

import ethoflow as ef
from ethoflow import store
from ethoflow.engine import layout
from tests import kills
from tests.engine.test_probes import killed_dataset, probe
from tests.subjects import of_probes, probes_here

BLOCK = 40


def write(name: str, path: Path, left: int) -> tuple[int, int]:
    """Write what a probe gives, and be killed after `left` blocks; 0 is to the end."""
    write_chunk = store.write_chunk

    def dying(*given: Any) -> None:
        nonlocal left
        write_chunk(*given)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    store.write_chunk = dying
    with dask.config.set(scheduler="synchronous"):
        done = ef.write(probe(name).run(killed_dataset()), path, "probe")
    return done.written, done.fresh


def main(folder: Path) -> None:
    """Kill and resume all, one after the other."""
    of_probes()  # imported once, and not by every writer
    layout.choose_block = lambda *_: BLOCK
    for name in probes_here():
        path, log = folder / f"{name}.zarr", folder / f"{name}.txt"
        code, _ = kills.end(*kills.start(partial(write, name, path, 2), log))
        _, done = kills.end(*kills.start(partial(write, name, path, 0), log))
        print(json.dumps({"name": name, "code": code, "done": done}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
