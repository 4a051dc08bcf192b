"""Killed writes: wherever a process dies, readers see the old state or the new, never a mixture.

``python -m tests.kills SCENARIO...`` kills a command at one of its file operations (SIGKILL, before
it, or with half of a file written) or at a random moment, looks at the store as its readers do,
runs the command again undisturbed, and compares with a store that nothing happened to. ``--every``
takes every operation, ``--at`` some, ``--kinds N`` one of each kind of operation on each kind of
file and N in all, ``--time N`` random moments.
"""

from __future__ import annotations

import argparse
import collections
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import kill_scenarios as scenarios
from tests import stored
from tests.kill_scenarios import Scenario
from tests.watch import WATCH, kind_of

SECONDS = 3600
"""After which a command counts as hung, however busy the machine is."""


# --- processes --------------------------------------------------------------------------------


def start(work: Callable[[], Any], log: Path) -> tuple[int, int]:
    """A child process that does `work`; its number, and where its answer can be read."""
    get, put = os.pipe()
    child = os.fork()
    if child:
        os.close(put)
        return child, get
    code = 1
    try:
        os.setpgid(0, 0)
        written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(written, 1)
        os.dup2(written, 2)
        answer = work()
        with os.fdopen(put, "wb") as pipe:
            pickle.dump(answer, pipe)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def end(child: int, get: int) -> tuple[int, Any]:
    """How a child ended (negative: the signal that killed it), and its answer."""
    clock = threading.Timer(SECONDS, lambda: os.kill(child, signal.SIGKILL))
    clock.start()
    with os.fdopen(get, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    clock.cancel()
    return os.waitstatus_to_exitcode(status), pickle.loads(content) if content else None


# --- one scenario -----------------------------------------------------------------------------


@dataclass
class Round:
    """One killed run: where, whether it was killed, what was wrong, and what was kept."""

    where: str
    at_once: int = 1
    """Blocks that may be under way when it is killed."""
    killed: bool = False
    faults: list[str] = field(default_factory=list)
    finished: int = 0
    computed: int = 0


class Trial:
    """A scenario in a folder: its state before, its state after, and the operations between."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario, self.folder = scenario, folder
        self.now, self.log = folder / "now", folder / "log.txt"
        self.store = self.now / scenarios.STORE
        self.diary, self.other_bytes = folder / "diary.txt", 0
        folder.mkdir(parents=True)
        scenario.lay_out(self.now)
        for step in scenario.before:
            step(self.now)
            self._must(self._command(scenarios.run))
        shutil.copytree(self.now, folder / "before")
        scenario.change(self.now)
        self.operations: list[tuple[str, str]] = []
        begun = time.monotonic()
        self.operations = self._must(self._command(scenario.command, self._list_operations))
        self.seconds = time.monotonic() - begun
        self.lines = self._lines()
        shutil.copytree(self.now, folder / "after")
        self.groups = sorted(
            name
            for name, node in stored.documents(self.store).items()
            if node["node_type"] == "group" and name != "labels"
        )
        self.contents = stored.contents(self.store)
        # Arrays of which every recording has blocks of its own; the others are small.
        self.blocks = tuple(
            f"{name}/"
            for name, node in self.contents.items()
            if {"recording", "time"} <= set(node.get("dimension_names", ()))
        )
        self.bytes = self._bytes()
        self.known: dict[str, dict[str, str]] = {}
        self.new = self._look()[0]
        self.old: dict[str, dict[str, str]] = {}
        self.old_files: set[str] = set()
        self._restore(changed=False)
        if self.store.exists():
            self.old = self._look()[0]
            self.old_files = stored.named(self.store)

    # what is done

    def _command(
        self, command: scenarios.Step, around: Callable[[Callable[[], None]], Any] | None = None
    ) -> Callable[[], Any]:
        def work() -> Any:
            os.environ["DIARY"] = str(self.diary)
            return around(lambda: command(self.now)) if around else command(self.now)

        self.diary.unlink(missing_ok=True)
        return work

    def _list_operations(self, work: Callable[[], None]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        with WATCH.on(self.store, lambda _, name, path: found.append((name, path))):
            work()
        return [(name, str(Path(path).relative_to(self.store))) for name, path in found]

    def _must(self, work: Callable[[], Any]) -> Any:
        code, answer = end(*start(work, self.log))
        if code:
            raise AssertionError(f"{self.scenario.name}: {self.log.read_text()[-3000:]}")
        return answer

    def _look(self) -> tuple[dict[str, dict[str, str]], list[str]]:
        """What readers see, each state of a group read once."""
        found, faults = self._must(lambda: stored.look(self.store, self.groups, self.known))
        for group in self.groups:
            seen = {reader: groups[group] for reader, groups in found.items() if group in groups}
            if len(seen) == 4 and not faults:
                self.known[stored.state_of(self.store, group)] = seen
        return found, faults

    def _bytes(self) -> dict[str, bytes]:
        """Content of every file that a document or a record names."""
        names = stored.named(self.store) - set(stored.SOMETIMES)
        return {n: (self.store / n).read_bytes() for n in names if (self.store / n).is_file()}

    def _lines(self) -> int:
        return len(self.diary.read_text().splitlines()) if self.diary.exists() else 0

    def _restore(self, *, changed: bool = True) -> None:
        shutil.rmtree(self.now)
        shutil.copytree(self.folder / "before", self.now)
        if changed:
            self.scenario.change(self.now)

    def kill_at(self, number: int) -> Round:
        """A run that is killed at its `number`-th file operation."""
        name, path = self.operations[number - 1]

        def die(i: int, name: str, path: str) -> None:
            if i == number:
                if name == "half":
                    os.truncate(path, os.path.getsize(path) // 2)
                os.kill(os.getpid(), signal.SIGKILL)

        def doomed(work: Callable[[], None]) -> None:
            with WATCH.on(self.store, die):
                work()

        self._restore()
        at = Round(f"{self.scenario.name} at {number} ({name} {path})")
        begun = time.time_ns()
        code, _ = end(*start(self._command(self.scenario.command, doomed), self.log))
        return self._judge(at, code, begun)

    def kill_after(self, seconds: float) -> Round:
        """A run, with threads, that is killed after some time."""
        self._restore()
        at = Round(f"{self.scenario.name} after {seconds:.3f} s", os.cpu_count() or 1)
        begun = time.time_ns()
        os.environ["SCHEDULER"] = "threads"
        child, get = start(self._command(self.scenario.command), self.log)
        os.environ["SCHEDULER"] = "sync"
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)  # a child that has ended is there until it is waited for
        code, _ = end(child, get)
        return self._judge(at, code, begun)

    # what is looked at

    def _judge(self, at: Round, code: int, begun: int) -> Round:
        at.killed = code == -signal.SIGKILL
        if not at.killed and code:
            at.faults.append(f"failed: {self.log.read_text()[-1500:]}")
        first = self._lines()
        if self.store.exists():
            at.faults += self._check_readers()
        made = {
            file: (self.store / file).stat()
            for file in stored.files(self.store)
            if file.startswith(self.blocks)
            and not file.endswith((".partial", "zarr.json"))
            and (self.store / file).stat().st_mtime_ns >= begun
        }  # fmt: skip
        content = {file: (self.store / file).read_bytes() for file in made}
        code, _ = end(*start(self._command(self.scenario.command), self.log))
        if code:
            at.faults.append(f"resuming failed ({code}): {self.log.read_text()[-1500:]}")
            return at
        at.computed = first + self._lines()
        again = [
            file
            for file, stat in made.items()
            if (self.store / file).is_file()
            and (self.store / file).read_bytes() == content[file]
            and _identity((self.store / file).stat()) != _identity(stat)
        ]
        at.finished = len(made)
        at.faults += [f"{file} was finished and is made again" for file in again]
        if at.computed > self.lines + scenarios.LINES * at.at_once:
            at.faults.append(f"{at.computed} blocks of the rule, undisturbed {self.lines}")
        at.faults += self._check_result()
        return at

    def _check_readers(self) -> list[str]:
        """Every group is as it was or as it shall be, whoever reads it."""
        found, faults = self._look()
        for reader in self.new:
            for group in self.new[reader]:
                allowed = [self.old.get(reader, {}).get(group), self.new[reader][group]]
                if found.get(reader, {}).get(group) not in allowed:
                    what = "is gone" if group not in found.get(reader, {}) else "is a mixture"
                    faults.append(f"{reader}: {group} {what}")
        return faults

    def _check_result(self) -> list[str]:
        """The store is the undisturbed one, with nothing left but what was replaced."""
        faults = self._must(lambda: stored.faults_of(self.store))
        contents = stored.contents(self.store)
        if self._bytes() != self.bytes:  # else all readers see the same
            found, said = self._look()
            faults += said
            faults += [
                f"{name} is not as if nothing had happened"
                for name in sorted(contents.keys() | self.contents.keys())
                if contents.get(name) != self.contents.get(name)
            ]
            others = [reader for reader in self.new if found.get(reader) != self.new[reader]]
            faults += [f"{reader} sees another state" for reader in others]
            self.other_bytes += 1
        orphans = stored.files(self.store) - stored.named(self.store) - self.old_files
        faults += [
            f"{file} was left" for file in sorted(orphans) if not file.endswith("dropped.json")
        ]
        first = contents
        self._must(self._command(self.scenario.command))
        if stored.contents(self.store) != first or self._lines():
            faults.append("running it once more changed something")
        left = stored.files(self.store) - stored.named(self.store)
        return faults + [f"{file} is still there" for file in sorted(left)]


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_ino, stat.st_mtime_ns


# --- from the command line --------------------------------------------------------------------


def choose(trials: Sequence[Trial], most: int) -> list[tuple[Trial, int]]:
    """One operation of every kind, up to `most`, spread over the trials.

    A file that is half written and one that lacks its name only are of one kind: either is taken.
    """
    kinds: dict[str, list[tuple[Trial, list[int]]]] = {}
    for trial in trials:
        own = collections.defaultdict(list)
        for number, operation in enumerate(trial.operations, 1):
            own[kind_of(*operation).replace("half ", "rename ")].append(number)
        for kind, numbers in own.items():
            kinds.setdefault(kind, []).append((trial, numbers))
    taken: collections.Counter[str] = collections.Counter()
    chosen = []
    for kind in sorted(kinds, key=lambda kind: (len(kinds[kind]), kind))[:most]:
        trial, numbers = min(kinds[kind], key=lambda pair: taken[pair[0].scenario.name])
        taken[trial.scenario.name] += 1
        chosen.append((trial, numbers[len(numbers) // 2]))
    return chosen


def run(names: Sequence[str], folder: Path, given: argparse.Namespace) -> list[Round]:
    """Kill, resume and compare as asked; prints what is wrong, and the figures."""
    scenarios.warm_up(folder / "warm")
    trials = [Trial(scenarios.SCENARIOS[name], folder / name) for name in names]
    rng = random.Random(given.seed)
    todo: list[tuple[Trial, Callable[[], Round]]] = []
    if given.kinds:
        todo += [(t, lambda t=t, n=n: t.kill_at(n)) for t, n in choose(trials, given.kinds)]
    for trial in trials:
        n = len(trial.operations)
        numbers = range(given.first, n + 1, given.step) if given.every else given.at
        todo += [(trial, lambda t=trial, i=i: t.kill_at(i)) for i in numbers if i <= n]
        for _ in range(given.time):
            moment = rng.uniform(0, trial.seconds)
            todo.append((trial, lambda t=trial, s=moment: t.kill_after(s)))
    rounds, begun = [], time.monotonic()
    for trial, kill in todo:
        if time.monotonic() - begun > given.limit:
            print(f"stopped after {given.limit:g} s: {len(todo) - len(rounds)} were not tried")
            break
        try:
            rounds.append(kill())
        except KeyboardInterrupt:
            print(f"interrupted: {len(todo) - len(rounds)} were not tried")
            break
        if rounds[-1].faults:
            print(rounds[-1].where, *rounds[-1].faults, sep="\n    ", flush=True)
            if given.keep:
                kept = given.keep / f"{trial.scenario.name}-{len(rounds)}"
                shutil.copytree(trial.now, kept, dirs_exist_ok=True)
    for trial in trials:
        own = [r for r in rounds if r.where.startswith(f"{trial.scenario.name} ")]
        print(
            f"{trial.scenario.name}: {len(trial.operations)} file operations; {len(own)} runs, "
            f"{sum(r.killed for r in own)} of them killed, {sum(bool(r.faults) for r in own)} with "
            f"faults; {sum(r.finished for r in own)} chunks were finished before the kill; "
            f"{trial.other_bytes} stores had other bytes than the undisturbed one",
            flush=True,
        )
    return rounds


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="+", choices=scenarios.SCENARIOS)
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--first", type=int, default=1, help="of --every: where to begin")
    parser.add_argument("--step", type=int, default=1, help="of --every: take every STEP-th")
    parser.add_argument("--at", type=int, nargs="*", default=[])
    parser.add_argument("--kinds", type=int, default=0)
    parser.add_argument("--time", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds")
    parser.add_argument("--keep", type=Path, help="where the folders of what is wrong are kept")
    parser.add_argument("--list", action="store_true", help="print the operations")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rounds = run(given.scenarios, Path(folder), given)
    return any(r.faults for r in rounds)


if __name__ == "__main__":
    sys.exit(main())
