"""Running many small tasks on whatever scheduler the user has, hearing of each as it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import dask
from dask.base import get_scheduler
from dask.callbacks import Callback
from dask.threaded import get as get_threaded


def run_tasks(
    tasks: Mapping[Hashable, Any], wanted: set[Hashable], done: Callable[[Hashable, Any], None]
) -> None:
    """Run a graph; call `done` with the key and result of every wanted task as it ends.

    `done` runs in this process, never twice at a time, whatever the scheduler: threads (the
    default), processes, synchronous, or the `distributed.Client` that is current.

    Parameters
    ----------
    tasks
        A Dask graph.
    wanted
        Keys whose results are wanted; their results must be small.
    done
        What to do with each.
    """
    if not wanted:
        return
    get = get_scheduler() or get_threaded
    client = getattr(get, "__self__", None)
    if client is not None and hasattr(client, "scheduler_info"):
        _run_distributed(client, tasks, wanted, done)
    else:
        _run_here(get, tasks, wanted, done)


def _run_distributed(
    client: Any,
    tasks: Mapping[Hashable, Any],
    wanted: set[Hashable],
    done: Callable[[Hashable, Any], None],
) -> None:
    from distributed import as_completed

    keys = list(wanted)
    futures = client.get(dict(tasks), keys, sync=False)
    for future, result in as_completed(futures, with_results=True):
        done(future.key, result)
        future.release()


def _run_here(
    get: Callable[..., Any],
    tasks: Mapping[Hashable, Any],
    wanted: set[Hashable],
    done: Callable[[Hashable, Any], None],
) -> None:
    lock = threading.Lock()

    def heard(key: Hashable, result: Any, _graph: Any, _state: Any, _worker: Any) -> None:
        if key in wanted:
            with lock:
                done(key, result)

    with Callback(posttask=heard), dask.config.set({"optimization.fuse.active": False}):
        get(dict(tasks), list(wanted))
