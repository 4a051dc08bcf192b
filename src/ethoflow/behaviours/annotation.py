"""Many rules on one dataset: which apply, which are skipped and why, and their labels together."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from ethoflow.engine import Declaration, builtin, find
from ethoflow.points import assign_roles
from ethoflow.schema import Data, DataError, as_dataset
from ethoflow.skeleton import Skeleton
from ethoflow.units import UnitError

if TYPE_CHECKING:
    from ethoflow.engine.graph import Call, Node


class SkippedRule(UserWarning):
    """A rule that cannot be applied to these data; the message says what is missing."""


def annotate(
    data: Data,
    rules: Sequence[str | Declaration] | None = None,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    skeleton: Skeleton | None = None,
) -> xr.Dataset:
    """Labels of many behaviours, computed together: 1, 0, NaN for unknown.

    A rule whose body parts, arena or units are missing is skipped with a warning that says what it
    needs; the reasons are also in ``attrs["skipped"]``.

    Parameters
    ----------
    data
        Positions, cleaned and in mm where rules have thresholds in mm.
    rules
        Names of behaviours, or functions declared with ``@behaviour``; all that come with ethoflow
        by default.
    parameters
        Thresholds by rule: ``{"following": {"max_distance": "30 mm"}}``.
    skeleton
        Roles by hand, and points made of others, as for `assign_roles`.

    Raises
    ------
    KeyError
        No rule of that name.
    DataError
        None of the rules applies; the message has every reason.
    TypeError
        A parameter that the rule does not have.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving", "immobile"])
    >>> labels.moving.mean("time").values.round(2).tolist()
    [0.5]
    """
    ds = assign_roles(data, skeleton) if skeleton else data
    labels, skipped = apply_rules(ds, rules, parameters=parameters)
    if not labels:
        raise DataError("no rule applies to these data.\n" + "\n".join(skipped.values()))
    for reason in skipped.values():
        warnings.warn(reason, SkippedRule, stacklevel=2)
    return labels


def apply_rules(
    data: Data,
    rules: Sequence[str | Declaration] | None = None,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[xr.Dataset, dict[str, str]]:
    """The same as `annotate`, with the reasons for skipped rules as values instead of warnings."""
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy, and rules are read without it

    ds = as_dataset(data, needs=["position"])
    chosen = choose_rules(rules)
    settings = dict(parameters or {})
    unused = set(settings) - {rule.name for rule in chosen}
    if unused:
        raise KeyError(
            f"parameters for {', '.join(sorted(unused))}, which is not among the rules: "
            f"{', '.join(rule.name for rule in chosen)}"
        )
    calls, skipped = _resolve(ds, chosen, settings)
    labels = xr.Dataset(compute_calls(ds, calls))
    labels.attrs = {"label_source": "rules", "skipped": list(skipped.values())}
    return labels, skipped


def choose_rules(rules: Sequence[str | Declaration] | None) -> list[Declaration]:
    """Declarations of the rules asked for; every built-in one by default."""
    if rules is None:
        return list(builtin("behaviour").values())
    chosen = [find(rule) if isinstance(rule, str) else rule for rule in rules]
    for rule in chosen:
        if not isinstance(rule, Declaration) or rule.kind != "behaviour":
            raise TypeError(f"{rule!r} is not a behaviour: declare it with @ef.behaviour(...)")
    return chosen


def _resolve(
    ds: xr.Dataset, rules: Sequence[Declaration], parameters: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Call], dict[str, str]]:
    from ethoflow.engine.graph import resolve_call

    calls: dict[str, Call] = {}
    skipped: dict[str, str] = {}
    memo: dict[str, Node] = {}
    for rule in rules:
        if rule.scope == "pair" and ds.sizes.get("individual", 1) < 2:
            skipped[rule.name] = f"{rule.name} needs two animals or more, these data have one."
            continue
        try:
            calls[rule.name] = resolve_call(ds, rule, parameters.get(rule.name, {}), memo)
        except (DataError, UnitError) as error:
            reason = str(error)
            skipped[rule.name] = (
                reason if reason.startswith(rule.name) else f"{rule.name}: {reason}"
            )
    return calls, skipped
