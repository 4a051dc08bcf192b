"""What a group shall hold beside what it holds: what is fresh, and where the rest goes."""

from __future__ import annotations

import uuid
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ethoflow.schema import DataError
from ethoflow.store.arrays import StoredArray, chunk_path, index_of, refer
from ethoflow.store.damage import DamagedChunk, read_damage
from ethoflow.store.documents import Document, chunks_of, encoding_of, form_of, with_encoding
from ethoflow.store.files import sizes_in, unlike
from ethoflow.store.plan import Mask, Plan, Values
from ethoflow.store.reading import read_whole
from ethoflow.store.record import Digests
from ethoflow.store.state import State


class Comparison:
    """A plan beside the state it starts from: what is fresh, and where the rest goes.

    `todo`, dims (variable, recording, block), are the blocks to be written, `left` those that are
    damaged and stay so, since what they are made from was not given.
    """

    def __init__(self, state: State, plan: Plan) -> None:
        self.state, self.plan = state, plan
        self.token = uuid.uuid4().hex
        self.old = state.arrays(plan.group)
        self.before = state.known(plan.group)
        self.stamp = state.stamp(plan.group)
        self.old_rows = {name: row for row, name in enumerate(self.before.recordings)}
        self.documents = dict(plan.documents)
        self.fresh = self._find_fresh()
        self.made: Mask = np.zeros(plan.needed.shape, bool)
        for place, name in enumerate(plan.variables):
            self.made[place, list(plan.rows)] = name in plan.made
        self.todo: Mask = plan.needed & ~self.fresh & self.made
        self.left: Mask = plan.needed & ~self.fresh & ~self.made
        self._check_left()
        self.links: Mask = np.zeros_like(self.todo)
        for place, name in enumerate(plan.variables):
            if name not in plan.whole:
                self._choose_place(place, name)

    # --- what is fresh ------------------------------------------------------------------------

    @cached_property
    def _known(self) -> tuple[Digests, npt.NDArray[np.uint32]]:
        """Digests and sizes of what is stored, in the order of the plan."""
        plan = self.plan
        return self.before.arrange(plan.variables, plan.recordings, plan.needed.shape[2])

    def _find_fresh(self) -> Mask:
        """Blocks that hold already what they shall, and are there."""
        plan, (digests, sizes) = self.plan, self._known
        fresh: Mask = plan.needed & (digests == plan.digests)[:, :, np.newaxis]
        damaged = read_damage(self.state.path)
        for place, name in enumerate(plan.variables):
            old = self.old.get(name)
            if old is None or form_of(old) != form_of(plan.documents[name]):
                fresh[place] = False
            elif name in plan.whole:
                fresh[place] &= self._read_old(name) is not None
            else:
                size_of = sizes_in(f"{self.state.path}/{plan.group}/{name}")
                for row, block in np.argwhere(fresh[place]).tolist():
                    at = self.old_rows[plan.recordings[row]], block
                    there = size_of(self._file(name, old, *at)) == sizes[place, row, block] > 0
                    fresh[place, row, block] = there and (plan.group, name, *at) not in damaged
        return fresh

    def _check_left(self) -> None:
        """Refuse what would give the recordings that stay another form, or no numbers at all."""
        for place in np.flatnonzero(self.left.any(axis=(1, 2))).tolist():
            name = self.plan.variables[place]
            old = self.old.get(name)
            if old is None or form_of(old) != form_of(self.plan.documents[name]):
                raise DataError(
                    f"{self.state.path}: the group {self.plan.group} has {name} in another form "
                    "for the recordings that stay. Write all recordings together, or to another "
                    "group."
                )
            if name in self.plan.whole:
                read_whole(self._refer(name, old))

    def _choose_place(self, place: int, name: str) -> None:
        """Where the chunks of a variable go: where they are, or beside, with links to the fresh."""
        old = self.old.get(name)
        if old is None:
            return
        beside = self._must_go_beside(place, old, self.documents[name])
        number = encoding_of(old)
        self.documents[name] = with_encoding(self.documents[name], 1 - number if beside else number)
        if beside:
            self.links[place] = self.plan.needed[place] & ~self.todo[place]

    def _must_go_beside(self, place: int, old: Document, new: Document) -> bool:
        """Whether chunks would be replaced, moved or cut off where readers look."""
        if form_of(old) != form_of(new):
            return True
        n_rows, n_frames = old["shape"][0], old["shape"][-1]
        if new["shape"][0] < n_rows or new["shape"][-1] < n_frames:
            return True
        if any(
            self.old_rows.get(name, row) != row for row, name in enumerate(self.plan.recordings)
        ):
            return True
        rows, blocks = np.ogrid[: self.todo.shape[1], : self.todo.shape[2]]
        seen = (rows < n_rows) & (blocks * chunks_of(old)[-1] < n_frames)
        # What is damaged is made again as it was, so it is mended in its place.
        digests, sizes = self._known
        mended = (digests[place] == self.plan.digests[place])[:, np.newaxis] & (sizes[place] > 0)
        return bool(np.any(self.todo[place] & seen & ~mended))

    @cached_property
    def _repeated(self) -> dict[str, bytes]:
        """Chunks of small arrays that agree with their copy in the record."""
        folder, small = f"{self.state.path}/{self.plan.group}", self.before.small
        others = unlike(folder, {f"{folder}/{name}": small[name] for name in small})
        return {name: small[name] for name in small if f"{folder}/{name}" not in others}

    def _read_old(self, name: str) -> Values | None:
        """A small array as it is stored; None where it is missing or damaged."""
        if name not in self.old:
            return None
        try:
            return read_whole(self._refer(name, self.old[name]), self._repeated)
        except DamagedChunk:
            return None

    # --- where it lies ------------------------------------------------------------------------

    def _file(self, name: str, document: Document, row: int, block: int) -> str:
        at = index_of(document, row, block)
        return chunk_path(self.state.path, self.plan.group, name, document, at)

    def _file_of(self, place: int, row: int, block: int) -> str:
        name = self.plan.variables[place]
        return self._file(name, self.documents[name], row, block)

    def _source_of(self, place: int, row: int, block: int) -> str:
        name = self.plan.variables[place]
        at = self.old_rows[self.plan.recordings[row]]
        return self._file(name, self.old[name], at, block)

    def _refer(self, name: str, document: Document) -> StoredArray:
        return refer(self.state.path, self.plan.group, name, document, self.stamp)


def equal(found: Values, values: Values) -> bool:
    """Whether two arrays hold the same."""
    return found.shape == values.shape and np.array_equal(
        found, values, equal_nan=values.dtype.kind == "f"
    )
