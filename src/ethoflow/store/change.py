"""One group on its way from what it holds to what it shall hold.

New chunks are written where no reader looks: behind the ends of the arrays, or under the other of
the two encodings of chunk keys, to which chunks that stay are linked. Then the root document is
replaced. A journal tells the next writer what a killed one left behind: it goes on with what it can
use, and takes away the rest. What was replaced is taken away by the next write, so that whoever
opened the store before the switch can still read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ethoflow.place import Place
from ethoflow.schema import DataError
from ethoflow.store.arrays import StoredArray
from ethoflow.store.checksums import holds
from ethoflow.store.clearing import Clearing
from ethoflow.store.commit import commit, publish
from ethoflow.store.compare import Comparison, equal
from ethoflow.store.damage import forget_damage, read_damage
from ethoflow.store.documents import Document, encoding_of, form_of, with_encoding
from ethoflow.store.files import is_local, link, place_of, read_file, remove, sizes_in, write_file
from ethoflow.store.journal import Journal, journal_path, journals_in
from ethoflow.store.names import check_apart
from ethoflow.store.plan import Mask, Values
from ethoflow.store.progress import progress_of, record_path
from ethoflow.store.record import Record, name_of
from ethoflow.store.root import read_state
from ethoflow.store.saving import encode_chunks, write_whole
from ethoflow.store.state import State


class Change(Comparison):
    """The comparison carried out: `begin`, write the blocks in `todo`, `finish`."""

    @property
    def folder(self) -> Place:
        """Where the records and journals of the group lie."""
        return progress_of(self.state.path, self.plan.group)

    def begin(self) -> None:
        """Take up or clear away what earlier writers left, tell the next one, link what stays.

        Raises
        ------
        DataError
            A variable would lie where a group does, or the group where a variable does.
        """
        check_apart(self.state, self.plan.group, self.documents)
        journals = {path: Journal.load(path) for path in journals_in(self.folder)}
        if journals and self.plan.group in self.state.nodes:
            # One that was killed behind the switch: nobody may look where things are taken away.
            publish(self.state, self.plan.group)
        found = [journal for journal in journals.values() if journal is not None]
        done = self._take_up(found)
        kept = {self._file_of(*cell) for cell in np.argwhere(done).tolist()}
        Clearing(self.state, self.plan.group, self.plan.documents, found, kept).run(
            interrupted=bool(journals)
        )
        if self._differs():
            self._journal().save(journal_path(self.folder, self.token))
        for path in journals:
            remove(path)
        for cell in np.argwhere(self.links & ~done).tolist():
            link(self._source_of(*cell), self._file_of(*cell))
        self.todo &= ~done

    def _take_up(self, journals: list[Journal]) -> Mask:
        """Blocks that a killed writer finished and that are wanted now."""
        done = np.zeros_like(self.todo)
        wanted = self.todo | self.links
        for journal in journals:
            for name, recording, row, block, digest in journal.cells():
                if (
                    name in self.plan.made
                    and name not in self.plan.whole
                    and row < len(self.plan.recordings)
                    and self.plan.recordings[row] == recording
                    and block < wanted.shape[2]
                ):
                    place = self.plan.variables.index(name)
                    if (
                        wanted[place, row, block]
                        and int(self.plan.digests[place, row]) == digest
                        and _is_place(journal.documents[name], self.documents[name])
                        and holds(self._file_of(place, row, block))
                    ):
                        done[place, row, block] = True
        return done

    def _differs(self) -> bool:
        """Whether anything of the group is to be changed."""
        plan = self.plan
        if self.todo.any() or self.links.any() or set(self.old) != set(self.documents):
            return True
        if plan.attributes != self.state.group_attributes(plan.group):
            return True
        return any(self._is_other(name) for name in self.documents)

    def _is_other(self, name: str) -> bool:
        old, new = self.old[name], self.documents[name]
        if name in self.plan.values and name not in self.plan.whole:
            new = with_encoding(new, encoding_of(old))
            found = self._read_old(name)
            if found is None or not equal(found, self.plan.values[name]):
                return True
        return old != new

    def _journal(self) -> Journal:
        blocks = [p for p, name in enumerate(self.plan.variables) if name not in self.plan.whole]
        return Journal(
            self.documents,
            tuple(self.plan.variables[place] for place in blocks),
            self.plan.recordings,
            self.plan.digests[blocks],
            (self.todo | self.links)[blocks],
        )

    def target(self, name: str) -> StoredArray:
        """Reference to a variable as it will be."""
        return self._refer(name, self.documents[name])

    def finish(self, numbers: Mapping[str, Mapping[int, Values]]) -> State:
        """Write the small arrays, and let all of it be seen at once.

        Parameters
        ----------
        numbers
            Of the variables in `whole`: what was computed, by row.

        Raises
        ------
        DataError
            A block that was to be written is not there.
        """
        plan = self.plan
        self.small = {n: self._complete(n, numbers.get(n, {})) for n in plan.values}
        for name, values in self.small.items():
            self._write_small(name, values)
        record = Record(
            plan.variables,
            plan.recordings,
            plan.digests,
            self._measure(),
            plan.sources,
            self._repeat(),
        ).to_bytes()
        place = record_path(self.state.path, plan.group, name_of(record))
        if read_file(place) != record:  # it may lie there damaged
            write_file(place, record)
        after = self.state.replaced(plan.group, self.documents, plan.attributes, name_of(record))
        if after.stamp(plan.group) != self.stamp:
            dropped = sorted(set(self.old) - set(self.documents))
            if dropped:
                write_file(self.folder / "dropped.json", json.dumps(dropped).encode())
            commit(after, self.state)
        publish(after, plan.group)
        remove(journal_path(self.folder, self.token))
        forget_damage(self.state.path, self._mended())
        return after

    def _complete(self, name: str, rows: Mapping[int, Values]) -> Values:
        """Values of a small array, with the numbers of whole recordings, known or made now."""
        values = self.plan.values[name]
        if name not in self.plan.whole:
            return values
        values, place = values.copy(), self.plan.variables.index(name)
        old = self._read_old(name)
        for row, recording in enumerate(self.plan.recordings):
            if row in rows:
                values[row] = rows[row]
            elif old is not None and (self.fresh[place, row, 0] or name not in self.plan.made):
                at = self.old_rows.get(recording)
                values[row] = values[row] if at is None else old[at]
        return values

    def _write_small(self, name: str, values: Values) -> None:
        old, new = self.old.get(name), self.documents[name]
        if old is not None:
            found = self._read_old(name)
            same = form_of(old) == form_of(new) and found is not None and equal(found, values)
            new = with_encoding(new, encoding_of(old) if same else 1 - encoding_of(old))
            self.documents[name] = new
            if same:
                return
        write_whole(self._refer(name, new), values)

    def _repeat(self) -> dict[str, bytes]:
        """Chunks of the small arrays for the record, where each is a request of its own."""
        if is_local(self.state.path):
            return {}
        return {
            f"{name}/{key}": content
            for name, values in sorted(self.small.items())
            if values.size
            for key, content in encode_chunks(self.target(name), ..., values).items()
        }

    def _measure(self) -> npt.NDArray[np.uint32]:
        """Bytes of every chunk; chunks that stay were measured before."""
        plan, (_, known) = self.plan, self._known
        sizes = np.zeros(plan.needed.shape, np.uint32)
        for place, name in enumerate(plan.variables):
            if name in plan.whole:
                continue
            stays = plan.needed[place] & (self.fresh[place] | ~self.made[place])
            sizes[place] = np.where(stays, known[place], 0)
            size_of = sizes_in(f"{self.state.path}/{plan.group}/{name}")
            for row, block in np.argwhere(plan.needed[place] & ~stays).tolist():
                size = size_of(self._file_of(place, row, block))
                if not size:
                    raise DataError(
                        f"{self.state.path}: {plan.group} {name}, recording "
                        f"{plan.recordings[row]}, block {block} was written and is gone: somebody "
                        "else changes this folder. Nothing was committed: run the command again."
                    )
                sizes[place, row, block] = size
        return sizes

    def _mended(self) -> set[tuple[str, str, int, int]]:
        """Noted damage of this group that was mended now, or is gone."""
        names = self.plan.variables
        kept = {(names[place], row) for place, row, _ in np.argwhere(self.left)}
        noted = read_damage(self.state.path)
        return {p for p in noted if p[0] == self.plan.group and p[1:3] not in kept}

    def describe_left(self) -> list[str]:
        """The chunks that are `left` damaged, by variable, recording and block."""
        plan = self.plan
        return [
            f"{plan.group} {plan.variables[place]}, recording {plan.recordings[row]}, block {block}"
            for place, row, block in np.argwhere(self.left).tolist()
        ]


def _is_place(one: Document, other: Document) -> bool:
    """Whether a chunk of one array lies where that of the other does, and has its form."""
    return encoding_of(one) == encoding_of(other) and form_of(one) == form_of(other)


def drop_group(path: str, group: str) -> None:
    """Take a group out of a store, and its folder away; groups inside it and other arrays stay."""
    state = read_state(path)
    if state is None:
        return
    path, before = state.path, state
    state = before.without(group)
    if state != before:
        commit(state, before)
        forget_damage(path, {place for place in read_damage(path) if place[0] == group})
    publish(state, group)
    if state.is_group(group):
        for name in before.arrays(group):
            if not state.is_group(f"{group}/{name}"):
                remove(place_of(path) / group / name)
    elif not state.is_array(group):
        remove(place_of(path) / group)
    remove(progress_of(path, group))
