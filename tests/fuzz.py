"""Mutated files: whatever is done to a file, a reader gives tracks or one of our own errors.

``python -m tests.fuzz SAMPLE... --n 10000`` reads mutations of each sample, in a process of its own
with limited memory and time of the processor per file, and prints what came out.
"""

from __future__ import annotations

import argparse
import ast
import collections
import queue
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from typing import IO

SECONDS = 20
"""Of the processor that a file may take, however busy the machine is."""

MEMORY = 6 * 2**30
_WORDS = (b"nan", b"-1", b"1e308", b"inf", b"", b"0", b"99999999999", b"x", b"'", b'"', b"\xff")


def mutate(data: bytes, rng: random.Random) -> bytes:
    """`data` with one to four faults: bytes changed, cut, doubled, moved, cells replaced."""
    # Binary files that lose their order are refused at once; changed bytes get further.
    faults = _FAULTS if b"\x00" not in data[:4096] else (*[_flip, _flip_early] * 6, _cut, _double)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if not data:
            return data
        data = rng.choice(faults)(data, rng)
    return data


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _flip_early(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(min(len(changed), 4096))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _remove(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, 200) :]


def _double(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randint(1, 200)]
    return data[:start] + piece + data[start:]


def _swap_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n", 12)
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def _replace_cell(data: bytes, rng: random.Random) -> bytes:
    at = data.find(rng.choice((b",", b";", b"\t", b" ", b'"')), rng.randrange(len(data)))
    if at < 0:
        return _flip(data, rng)
    stop = at + 1 + rng.randint(0, 12)
    return data[: at + 1] + rng.choice(_WORDS) + data[stop:]


_FAULTS = (_flip, _flip_early, _cut, _remove, _double, _swap_lines, _replace_cell)


class TooSlowError(Exception):
    """A file took longer than `SECONDS`."""


def _give_up(*_: object) -> None:
    raise TooSlowError


def _limit() -> None:
    """Give up after `SECONDS`; a library that hears nothing of it is ended after twice as long."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 2 * SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def read_mutations(
    sample: Path, start: int, n: int, seed: int, kind: str
) -> collections.Counter[str]:
    """Outcomes of reading mutations of `sample`: read, refused, or what else came out."""
    from ethoflow.io import apart
    from ethoflow.schema import DataError

    apart.SECONDS = 4.0  # samples are small: what takes longer hangs
    load = _loader(kind)
    data = sample.read_bytes()
    outcomes: collections.Counter[str] = collections.Counter()
    signal.signal(signal.SIGPROF, _give_up)
    with tempfile.TemporaryDirectory() as folder:
        for beside in sample.parent.iterdir():
            # Companions of small formats lie beside them.
            if beside != sample and beside.suffix in (".json", ".txt") and beside.is_file():
                (Path(folder) / beside.name).write_bytes(beside.read_bytes())
        for i in range(start, n):
            rng = random.Random(f"{seed}-{i}-{sample.name}")
            path = Path(folder) / sample.name
            path.write_bytes(mutate(data, rng))
            print(f"{i}\t{dict(outcomes)!r}", file=sys.stderr, flush=True)
            _limit()
            try:
                load(path)
                outcomes["read"] += 1
            except DataError:
                outcomes["refused"] += 1
            except Exception as error:  # what must not happen
                outcomes[f"{type(error).__name__}: {str(error)[:200]} (mutation {i})"] += 1
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    return outcomes


def _loader(kind: str):  # type: ignore[no-untyped-def]
    warnings.simplefilter("ignore")
    if kind == "labels":
        from ethoflow.io.scoring import list_labels

        return list_labels
    from ethoflow.io.loading import load

    return load


def run(sample: Path, n: int, seed: int = 0, kind: str = "tracks") -> dict[str, int]:
    """The same in processes of their own; a library that kills one, or hangs, is an outcome too."""
    outcomes: collections.Counter[str] = collections.Counter()
    start = 0
    while start < n:
        last, found, end = _run_from(sample, start, n, seed, kind)
        outcomes.update(found)
        if not end:
            break
        outcomes[end] += 1
        start = last + 1
    return dict(outcomes)


def _run_from(
    sample: Path, start: int, n: int, seed: int, kind: str
) -> tuple[int, dict[str, int], str]:
    """One process: the last mutation it began, its outcomes, and how it died if it did."""
    command = [sys.executable, "-m", "tests.fuzz", str(sample), "--here", "--start", str(start)]
    command += ["--n", str(n), "--seed", str(seed), "--kind", kind]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        lines: queue.Queue[str | None] = queue.Queue()
        assert process.stderr is not None
        threading.Thread(target=_listen, args=(process.stderr, lines), daemon=True).start()
        last, found = start - 1, "{}"
        while (line := lines.get()) is not None:
            number, tab, rest = line.partition("\t")
            if tab and number.isdigit():
                last, found = int(number), rest
        assert process.stdout is not None
        output = process.stdout.read()
    if process.returncode and last < n - 1:
        hung = process.returncode == -signal.SIGXCPU
        died = f"a library {'hung' if hung else 'crashed'} ({process.returncode}, mutation {last})"
        return last, ast.literal_eval(found), died
    counts = (item.split("\t", 1) for item in output.splitlines())
    return last, {text: int(count) for count, text in counts} or ast.literal_eval(found), ""


def _listen(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line.rstrip("\n"))
    lines.put(None)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", nargs="+", type=Path)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=("tracks", "labels"), default="tracks")
    parser.add_argument("--here", action="store_true", help="in this process, for one sample")
    given = parser.parse_args()
    if not given.here:
        for sample in given.samples:
            print(sample.name, run(sample, given.n, given.seed, given.kind), flush=True)
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes = read_mutations(given.samples[0], given.start, given.n, given.seed, given.kind)
    for text, count in outcomes.items():
        print(f"{count}\t{text}".replace("\n", " "))


if __name__ == "__main__":
    main()
