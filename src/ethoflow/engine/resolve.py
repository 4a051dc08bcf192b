"""The graph of what was asked for: declared functions and parameters become nodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from ethoflow.engine.calls import Call, Node, lineage_of
from ethoflow.engine.declare import Declaration, Input, Taken
from ethoflow.engine.members import find_members, take_members
from ethoflow.engine.parameters import convert_parameters
from ethoflow.engine.recipes import digest_of, write_recipe
from ethoflow.engine.recorded import check_recorded
from ethoflow.engine.registry import declarations, maker_of
from ethoflow.engine.relative import inputs_for
from ethoflow.engine.roles import find_places
from ethoflow.engine.sources import WAS, source_of
from ethoflow.errors import (
    DataError,
    Missing,
    UnknownName,
    WrongUse,
    did_you_mean,
    listed,
    one_or_many,
)
from ethoflow.schema import COORDINATES, VARIABLES, align_partners, position_units
from ethoflow.units import UnitError, factor, resolve, same_dimension

Settings = Mapping[str, Mapping[str, Any]]


@dataclass
class Request:
    """What is asked of one dataset: nodes resolved so far, and settings of functions by name.

    Settings reach every function that the request rests on.
    """

    ds: xr.Dataset
    settings: Settings = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Kernels take the place of an animal among the individuals for that among the partners.
        self.ds = align_partners(self.ds)

    def call(
        self, declaration: Declaration, given: Mapping[str, Any], asking: tuple[str, ...] = ()
    ) -> Call:
        """The node of `declaration`, with all it needs; see `resolve_call`."""
        asking = (*asking, declaration.name)
        self.used.add(declaration.name)
        given = {**self.settings.get(declaration.name, {}), **given}
        arguments = _bind(declaration, given)
        inputs = tuple(self._input(declaration, item, asking) for item in arguments)
        # Body parts that are missing are said before thresholds that do not fit.
        by_roles = tuple(
            self._take_roles(declaration, item, node)
            for item, node in zip(arguments, inputs, strict=True)
        )
        own = {n: v for n, v in given.items() if n not in _names_of_inputs(declaration)}
        parameters = convert_parameters(self.ds, declaration, own)
        beside = inputs_for(declaration, parameters)
        arguments = (*arguments, *beside)
        inputs = (*inputs, *(self._input(declaration, item, asking) for item in beside))
        by_roles = (*by_roles, *(None for _ in beside))
        found = find_members(self.ds, declaration, parameters, arguments, inputs)
        taken = tuple(
            take_members(declaration, item, node, found) or roles
            for item, node, roles in zip(arguments, inputs, by_roles, strict=True)
        )
        members = {dim: one.names for dim, one in found.items()}
        names = {**self._names(declaration, arguments, inputs, taken), **members}
        _check_reach(declaration, inputs)
        sizes = self._sizes(declaration, inputs, members)
        recipe = write_recipe(declaration, parameters, arguments, inputs, taken, members)
        return Call(
            declaration=declaration,
            arguments=arguments,
            inputs=inputs,
            parameters=parameters,
            sizes=sizes,
            length=position_units(self.ds),
            recipe=recipe,
            given=dict(given),
            taken=taken,
            members=members,
            names=names,
            job=digest_of([recipe, [node.key for node in inputs], sorted(sizes.items())]),
        )

    def find(self, declaration: Declaration, name: str) -> Node:
        """The node that the first input of `declaration` stands for when it is bound to `name`."""
        first = declaration.inputs[0]
        item = Input(name, first.view, first.many, first.argument)
        return self._input(declaration, item, (declaration.name,))

    def check_settings(
        self, asked_for: Sequence[str], also: Collection[str] = (), what: str = "rules"
    ) -> None:
        """Refuse settings of functions that those `asked_for` do not rest on, nor are `also`.

        `what` they are is said.

        Raises
        ------
        UnknownName
            There are some.
        """
        below = sorted(self.used - set(asked_for))
        for name in self.settings:
            if name in self.used or name in also:
                continue
            asked = did_you_mean(name, self.used)
            there = f" {name} is in the dataset, and is not computed." if name in self.ds else ""
            rest = f"; they rest on: {listed(below)}" if below else ""
            raise UnknownName(
                f"parameters for {name!r}, which is not among the {what}, nor among what they rest "
                f"on.{asked}{there} They are: {listed(asked_for)}{rest}."
            )

    def _input(self, declaration: Declaration, item: Input, asking: tuple[str, ...]) -> Node:
        name = item.variable
        if name not in self.nodes:
            self.nodes[name] = self._find(declaration, name, asking)
        node = self.nodes[name]
        if (
            "partner" in node.dims
            and declaration.scope == "individual"
            and item.argument not in declaration.optional
        ):
            raise WrongUse(
                f"{declaration.name} reads {name}, a quantity of pairs: declare scope='pair', or "
                f"optional=({name!r},) to get it with the dims (partner, time), its own row "
                "missing."
            )
        return node

    def _find(self, declaration: Declaration, name: str, asking: tuple[str, ...]) -> Node:
        ds = self.ds
        if _is_input(ds, name):
            _check_units(ds, declaration, name)
            _check_raw(ds, declaration, name)
            return self._as_it_is(name, lineage_of(ds, name) or source_of(ds[name]))
        if name in asking:
            raise WrongUse(f"{name} needs itself: {' needs '.join([*asking, name])}.")
        maker = maker_of(name)
        if maker is not None:
            made = self.call(maker[0], {}, asking).siblings
            self.nodes.update({call.name: call for call in made})
            return made[maker[1]]
        # What only the user can give is not looked for among what is there.
        way = VARIABLES[name].way if name in VARIABLES else ""
        has = "" if way else f"This dataset has: {listed(ds.data_vars)}."
        advice = way or _advice(ds, name, declaration)
        raise Missing(declaration.name, f"the variable {name!r}", has, advice)

    def _as_it_is(self, name: str, node: Node) -> Node:
        """A variable of the dataset, which has to be what the settings ask for."""
        maker = maker_of(name)
        if maker is not None and (asked := self.settings.get(maker[0].name)):
            check_recorded(self.ds, node, maker[0], asked)
            self.used.add(maker[0].name)
        return node

    def _take_roles(self, declaration: Declaration, item: Input, node: Node) -> Taken | None:
        """The places of the body parts that an input takes by their roles."""
        roles = declaration.roles.get(item.argument)
        if not roles or "bodypart" not in node.dims:
            return None
        if "bodypart" in self._names_of(item, node):
            raise WrongUse(
                f"{declaration.name} reads body parts by their roles, and {node.name} has body "
                f"parts of its own: {listed(node.named['bodypart'])}. Leave out the roles of "
                f"{item.argument}."
            )
        return Taken("bodypart", find_places(self.ds, declaration.name, roles))

    def _names_of(self, item: Input, node: Node) -> dict[str, tuple[str, ...]]:
        """Names along dims of an input that the dataset does not have, or calls otherwise."""
        there = _is_input(self.ds, item.variable)
        return {d: n for d, n in node.named.items() if not there or d not in self.ds.coords}

    def _names(
        self,
        declaration: Declaration,
        arguments: Sequence[Input],
        inputs: Sequence[Node],
        taken: Sequence[Taken | None],
    ) -> dict[str, tuple[str, ...]]:
        """Names along derived dims that the inputs have; they must not mean two things.

        Raises
        ------
        WrongUse
            Two inputs have other members along a dim: a place is not the same in both.
        """
        names: dict[str, tuple[str, ...]] = {}
        seen: dict[str, tuple[str, Any]] = {}
        given = {dim for output in declaration.outputs for dim in output.dims}
        for item, node, own in zip(arguments, inputs, taken, strict=True):
            derived = self._names_of(item, node)
            for dim in node.dims:
                if dim == "time" or (own is not None and dim == own.dim):
                    continue
                if item.many and (dim not in given or dim in declaration.over):
                    continue  # the function lays out what differs
                here = derived.get(dim) or self._members_in(dim, node)
                other, before = seen.setdefault(dim, (node.name, here))
                if here != before:
                    raise WrongUse(
                        f"{declaration.name} reads {other} and {node.name}, which have different "
                        f"{dim}s ({listed(before, 3)}; {listed(here, 3)}): they cannot be taken "
                        "together."
                    )
                if dim in derived:
                    names[dim] = derived[dim]
        return names

    def _members_in(self, dim: str, node: Node) -> tuple[str, ...]:
        """Names along a dim as the dataset has them; places where it has none."""
        if dim in self.ds.coords and self.ds.sizes[dim] == node.sizes.get(dim):
            return tuple(map(str, self.ds.variables[dim].values))
        return tuple(map(str, range(node.sizes.get(dim, 0))))

    def _sizes(
        self, declaration: Declaration, inputs: Sequence[Node], members: Mapping[str, Sequence[str]]
    ) -> dict[str, int]:
        """Length of every dim that the variables have, or are made from."""
        sizes = {str(dim): size for dim, size in self.ds.sizes.items()}
        sizes.setdefault("individual", 1)
        sizes["partner"] = sizes["individual"]
        for node in inputs:
            sizes |= {dim: node.sizes[dim] for dim in node.dims if dim in node.sizes}
        sizes |= {dim: len(names) for dim, names in members.items()}
        for output in declaration.outputs:
            unknown = [dim for dim in output.dims if dim not in sizes]
            if unknown:
                raise WrongUse(
                    f"{declaration.name} gives the dim {unknown[0]!r}, which neither the dataset "
                    f"nor what it reads has: say who its members are with "
                    f"over={{{unknown[0]!r}: ...}}."
                )
        return sizes


def _check_raw(ds: xr.Dataset, declaration: Declaration, name: str) -> None:
    """What a store keeps as floats is not what it was before: uint8 has an arithmetic of its own.

    Raises
    ------
    DataError
        A function asks for whole numbers as they were.
    """
    was = ds.variables[name].attrs.get(WAS)
    raw = any(i.variable == name and i.argument in declaration.raw for i in declaration.inputs)
    if raw and was is not None and ds.variables[name].dtype.kind == "f":
        raise DataError(
            f"{declaration.name} reads {name} as it is (raw=...): that was {was}, which a store "
            f"keeps as {ds[name].dtype}. Read it from where it came, or declare {declaration.name} "
            "without raw for it."
        )


def resolve_call(
    ds: xr.Dataset,
    declaration: Declaration,
    given: Mapping[str, Any],
    memo: dict[str, Node] | None = None,
) -> Call:
    """The node of `declaration` on `ds`, with all it needs.

    Parameters
    ----------
    ds
        Checked dataset.
    declaration
        What to compute.
    given
        Parameters by name, numbers or strings with units; and variables that inputs are bound to.
    memo
        Nodes resolved before, shared between the outputs of one request.

    Raises
    ------
    DataError
        A variable or a body part is missing.
    UnitError
        A parameter or an input has the wrong unit.
    TypeError
        An unknown parameter.
    """
    return Request(ds, nodes={} if memo is None else memo).call(declaration, given)


def _check_reach(declaration: Declaration, inputs: Sequence[Node]) -> None:
    """Refuse what would be a number of one block, where it shall be one of a recording."""
    if isinstance(declaration.halo, str) or not any("time" in node.dims for node in inputs):
        return
    for output in declaration.outputs:
        if "time" not in output.dims:
            raise WrongUse(
                f"{declaration.name} gives {output.name} without the dim time, from what runs "
                "along time: say that it needs the whole recording, with halo='whole' or @summary."
            )


def _names_of_inputs(declaration: Declaration) -> set[str]:
    return {item.argument for item in declaration.inputs}


def _bind(declaration: Declaration, given: Mapping[str, Any]) -> tuple[Input, ...]:
    """Inputs with the variables they stand for at this call."""
    bound: list[Input] = []
    for item in declaration.inputs:
        asked = given.get(item.argument)
        if asked is None and item.many:
            raise WrongUse(
                f"{declaration.name} reads several variables: name them, as in "
                f"{declaration.name}(ds, {item.argument}=['speed', 'heading'])."
            )
        if asked is None:
            bound.append(item)
            continue
        names = one_or_many(asked) if item.many else [asked]
        if not names or not all(isinstance(name, str) for name in names):
            what = "names of variables" if item.many else "the name of a variable"
            raise WrongUse(f"{declaration.name}({item.argument}) must be {what}, found {asked!r}.")
        bound += [Input(name, item.view, item.many, item.argument) for name in names]
    return tuple(bound)


def _is_input(ds: xr.Dataset, name: str) -> bool:
    """Whether a computation may read `name` from `ds`: variables, series, what every dataset has.

    Other coordinates are what somebody noted about recordings and animals: a column ``speed`` of
    theirs is not the feature.
    """
    if name in ds.data_vars:
        return True
    return name in ds.coords and (name in COORDINATES or "time" in ds.variables[name].dims)


def _advice(ds: xr.Dataset, name: str, declaration: Declaration) -> str:
    """How to come by an input that is not there."""
    if name in ds.coords:
        return (
            f"Its coordinate {name!r} is metadata, which no computation reads: make it a variable "
            f"with ds.reset_coords({name!r})."
        )
    known = {*declarations(), *VARIABLES, *map(str, ds.data_vars)} - {declaration.name}
    return did_you_mean(name, known).strip()


def _check_units(ds: xr.Dataset, declaration: Declaration, name: str) -> None:
    """Raise where a variable of the dataset is not in the unit its readers reckon in."""
    found, length = ds.variables[name].attrs.get("units"), position_units(ds)
    maker = maker_of(name)
    if maker is not None:
        declared = maker[0].outputs[maker[1]].units
        if declared in _names_of_inputs(maker[0]):
            return
        wanted = resolve(declared, length)
    elif name in VARIABLES and VARIABLES[name].units == "px or mm":
        wanted = length
    else:
        return
    if found is None or found == wanted:
        return
    if not same_dimension(found, wanted) or factor(found, wanted) != 1:
        raise UnitError(
            f"{declaration.name} needs {name} in {wanted}, as the positions are in {length}; "
            f"this dataset has it in {found}. Convert it, or drop it to have it computed."
        )
