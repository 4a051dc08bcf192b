"""Workers of a cluster that take no task any more: said, where Dask waits without a word."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ethoflow.errors import OutOfMemory


class Paused(OutOfMemory):
    """All workers of a cluster are paused for want of memory, and stay so."""


LOOK = 5.0
"""Seconds between two looks at the workers."""

LOOKS = 4
"""Looks in a row at which nothing moved, after which nobody waits any more."""


@contextmanager
def refusing_pauses(client: Any, futures: Sequence[Any]) -> Iterator[None]:
    """Cancel `futures` where every worker of a cluster is paused and none is at work.

    Dask pauses a worker that uses most of its memory until it uses less. One whose memory is hardly
    enough for Python and its libraries never does.

    Raises
    ------
    Paused
        So it is; the message says how much memory they have and use.
    """
    said: list[str] = []
    over = threading.Event()

    def watch() -> None:
        stuck = 0
        while not over.wait(LOOK):
            workers = _workers_of(client)
            stuck = stuck + 1 if are_stuck(workers) else 0
            if stuck == LOOKS:
                said.append(_describe(workers))
                client.cancel(list(futures), force=True)
                return

    watcher = threading.Thread(target=watch, name="ethoflow-paused-workers", daemon=True)
    watcher.start()
    try:
        yield
    except BaseException as error:
        if said:
            raise Paused(said[0]) from error
        raise
    finally:
        over.set()
    if said:
        raise Paused(said[0])


def _workers_of(client: Any) -> Mapping[str, Any]:
    """What the scheduler knows of each worker; nothing where it does not answer."""
    try:
        found: Mapping[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    except (OSError, KeyError, TimeoutError):
        return {}
    return found


def are_stuck(workers: Mapping[str, Any]) -> bool:
    """Whether there are workers, all are paused, and none has a task under way.

    Examples
    --------
    >>> idle = {"status": "paused", "metrics": {"task_counts": {"ready": 3}}}
    >>> busy = {"status": "paused", "metrics": {"task_counts": {"executing": 1}}}
    >>> are_stuck({"a": idle}), are_stuck({"a": idle, "b": busy}), are_stuck({})
    (True, False, False)
    """
    at_work = ("executing", "long-running")
    return bool(workers) and all(
        worker["status"] == "paused"
        and not any(worker["metrics"].get("task_counts", {}).get(state) for state in at_work)
        for worker in workers.values()
    )


def _describe(workers: Mapping[str, Any]) -> str:
    """How much memory the worker with the least has, and uses."""
    least = min(workers.values(), key=lambda worker: worker["memory_limit"] or 0)
    used, limit = least["metrics"]["memory"] / 1e6, (least["memory_limit"] or 0) / 1e6
    who = "the worker of the cluster takes" if len(workers) == 1 else (
        f"all {len(workers)} workers of the cluster take"
    )  # fmt: skip
    return (
        f"{who} no task any more, as Dask pauses what uses most of its memory: {used:,.0f} MB of "
        f"the {limit:,.0f} MB that a worker may have, with no task under way. Give each more, as "
        "in LocalCluster(memory_limit='2 GB') or `dask worker --memory-limit 2GB`, or fewer "
        "threads."
    )
