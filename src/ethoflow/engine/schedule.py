"""Running many small tasks on whatever scheduler the user has, hearing of each as it ends."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import dask
from dask.base import get_scheduler, named_schedulers
from dask.callbacks import Callback
from dask.threaded import get as get_threaded

from ethoflow.engine.paused import refusing_pauses
from ethoflow.errors import DataError, did_you_mean

Progress: TypeAlias = Callable[[int, int], None]
"""Called with what is done and what there is in all."""


class WorkerLost(Exception):
    """A worker of a cluster ended while it ran the task `key`, as often as the cluster tries."""

    def __init__(self, key: Hashable) -> None:
        self.key = key
        super().__init__(key)


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

    Raises
    ------
    WorkerLost
        A worker of a cluster ended again and again over one task.
    Paused
        All workers of a cluster are paused for want of memory.
    """
    if not wanted:
        return
    get = _find_get()
    client = getattr(get, "__self__", None)
    if client is not None and hasattr(client, "scheduler_info"):
        _run_distributed(client, tasks, wanted, done)
    else:
        _run_here(get, tasks, wanted, done)


def _find_get() -> Callable[..., Any]:
    """What Dask would run a graph on now.

    Dask imports distributed to see whether there is a client. Where nobody has, there is none, and
    a scheduler with a name needs none.
    """
    chosen = dask.config.get("scheduler", None)
    if isinstance(chosen, str) and chosen.lower() in named_schedulers:
        return named_schedulers[chosen.lower()]
    if chosen is None and "distributed" not in sys.modules:
        return get_threaded
    return get_scheduler() or get_threaded


def _run_distributed(
    client: Any,
    tasks: Mapping[Hashable, Any],
    wanted: set[Hashable],
    done: Callable[[Hashable, Any], None],
) -> None:
    from distributed import KilledWorker, as_completed

    keys = list(wanted)
    futures = client.get(dict(tasks), keys, sync=False)
    try:
        with refusing_pauses(client, futures):
            for future, result in as_completed(futures, with_results=True):
                done(future.key, result)
                future.release()
    except KilledWorker as error:
        raise WorkerLost(error.task) from error
    finally:
        waiting = [future for future in futures if not future.done()]
        if waiting:  # of a run that was stopped: nothing more is to be written for it
            client.cancel(waiting)


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

    hear = Callback(posttask=heard)
    with dask.config.set({"optimization.fuse.active": False}):
        if get in named_schedulers.values():
            # For this call alone: what is active for all is shared by the threads of a process.
            get(dict(tasks), list(wanted), callbacks=[*Callback.active, hear._callback])
        else:
            with hear:
                get(dict(tasks), list(wanted))


def _client(kind: Any, address: str) -> Any:
    """A client of the scheduler at an address, or a sentence on why there is none."""
    if not re.fullmatch(r"(\w+://)?\S+:\d+/?", address):
        raise DataError(
            f"the scheduler {address!r} is not known.{did_you_mean(address, KNOWN)} Give "
            "threads, processes, or the address of a Dask scheduler, such as tcp://node1:8786."
        )
    try:
        return kind(address)
    except (OSError, ValueError) as error:
        raise DataError(
            f"no Dask scheduler answers at {address} ({error}). Start one with `dask scheduler`, "
            "or use --scheduler threads."
        ) from error


KNOWN = ("threads", "processes", "sync")
"""Schedulers by name."""


@contextmanager
def use_scheduler(spec: str | None) -> Iterator[str]:
    """Run what is inside on the scheduler `spec`: threads (the default), processes, or an address.

    Kernels leave the interpreter lock, so that threads use all cores of a machine; processes, a
    local cluster with one per core, pay for their start and for what they send each other.
    """
    spec = spec or "threads"
    if spec in ("threads", "sync"):
        # The function, not its name: Dask imports distributed to look up a name.
        with dask.config.set(scheduler=named_schedulers[spec]):
            yield spec
        return
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise DataError(
            'a cluster needs distributed: pip install "ethoflow[distributed]", or use '
            "--scheduler threads."
        ) from error
    if spec != "processes":
        with _client(Client, spec) as client:
            yield str(client.scheduler.address)
        return
    with LocalCluster(threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        yield f"{len(cluster.workers)} local processes"
