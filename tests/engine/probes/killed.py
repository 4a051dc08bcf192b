"""Writes what a probe gives in small blocks, and ends at once after some of them.

``python -m tests.engine.probes.killed PROBE STORE AFTER``; 0 ends with what was done.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import dask

import ethoflow as ef
from ethoflow import store
from ethoflow.engine import layout


def main(name: str, path: str, after: str) -> None:
    """Write, and be killed."""
    from tests.engine.test_probes import killed_dataset

    layout.choose_block = lambda *_: 40
    left, write_chunk = int(after), store.write_chunk

    def dying(*given: Any) -> None:
        nonlocal left
        write_chunk(*given)
        left -= 1
        if left == 0:
            os._exit(9)

    store.write_chunk = dying
    probe = importlib.import_module(f"tests.engine.probes.{name}")
    with dask.config.set(scheduler="synchronous"):
        done = ef.write(probe.run(killed_dataset()), path, "probe")
    print(done.written, done.fresh)


if __name__ == "__main__":
    main(*sys.argv[1:])
