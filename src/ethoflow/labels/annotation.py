"""Many rules on one dataset: which apply, which are skipped and why, and their labels together."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import xarray as xr

from ethoflow.engine import Declaration, builtin, find
from ethoflow.errors import DataError, Missing, WrongUse, tell_missing
from ethoflow.points import assign_roles
from ethoflow.schema import Data, as_dataset
from ethoflow.skeleton import Skeleton

if TYPE_CHECKING:
    from ethoflow.engine.calls import Call


Rules: TypeAlias = str | Declaration | Sequence[str | Declaration]
"""One rule, or several, by name or as they were declared."""


class SkippedRule(UserWarning):
    """A rule that cannot be applied to these data; the message says what is missing."""


def annotate(
    data: Data,
    rules: Rules | None = None,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    skeleton: Skeleton | None = None,
) -> xr.Dataset:
    """Labels of many behaviours, computed together: 1, 0, NaN for unknown.

    By default every rule that comes with ethoflow is applied; those whose body parts, arena or
    scale are missing are skipped, with one warning for each cause. The causes are also in
    ``attrs["skipped"]``. A rule that was named has to apply.

    Parameters
    ----------
    data
        Positions, cleaned and in mm where rules have thresholds in mm; or features of them, for
        rules that need no others.
    rules
        A behaviour by its name, a function declared with ``@behaviour``, or a list of them; all
        that come with ethoflow by default.
    parameters
        Thresholds by rule: ``{"following": {"max_distance": "30 mm"}}``; and parameters of what
        the rules rest on, by its name.
    skeleton
        Roles by hand, and points made of others, as for `assign_roles`.

    Raises
    ------
    UnknownName
        No rule of that name; parameters of something that no rule rests on.
    DataError
        A rule that was named cannot be applied, or none can; the message has every reason.
    WrongUse
        A parameter that the rule does not have.
    UnitError
        A parameter in the wrong unit.

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
        raise DataError("\n".join(["no rule applies to these data.", *tell_missing(skipped)]))
    for reason in labels.attrs["skipped"]:
        warnings.warn(reason, SkippedRule, stacklevel=2)
    return labels


def apply_rules(
    data: Data,
    rules: Rules | None = None,
    *,
    own: Sequence[str] = (),
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    also: Collection[str] = (),
) -> tuple[xr.Dataset, dict[str, Missing]]:
    """The same as `annotate`, with what skipped rules lack as values instead of warnings.

    Where none is named, rules of ones `own` are applied beside those that come with ethoflow.
    Parameters of functions that are computed `also`, elsewhere, are not refused.
    """
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy, and rules are read without it

    ds = as_dataset(data)
    chosen = choose_rules(rules, own)
    calls, skipped = _resolve(ds, chosen, dict(parameters or {}), also)
    if skipped and rules is not None:
        raise DataError("\n".join(tell_missing(skipped, "cannot apply")))
    labels = xr.Dataset(compute_calls(ds, calls))
    labels.attrs = {"label_source": "rules", "skipped": tell_missing(skipped)}
    return labels, skipped


def choose_rules(rules: Rules | None, own: Sequence[str] = ()) -> list[Declaration]:
    """Declarations of the rules asked for; every built-in one, and ones `own`, by default."""
    if rules is None:
        return [*builtin("behaviour").values(), *(find(name, "behaviour") for name in own)]
    given = [rules] if isinstance(rules, str | Declaration) else rules
    chosen = [find(rule, "behaviour") if isinstance(rule, str) else rule for rule in given]
    for rule in chosen:
        if not isinstance(rule, Declaration) or rule.kind != "behaviour":
            raise WrongUse(f"{rule!r} is not a behaviour: declare it with @ef.behaviour(...)")
    return chosen


def _resolve(
    ds: xr.Dataset,
    rules: Sequence[Declaration],
    parameters: Mapping[str, Mapping[str, Any]],
    also: Collection[str],
) -> tuple[dict[str, Call], dict[str, Missing]]:
    from ethoflow.engine.resolve import Request

    calls: dict[str, Call] = {}
    skipped: dict[str, Missing] = {}
    request = Request(ds, parameters)
    for rule in rules:
        if rule.scope == "pair" and ds.sizes.get("individual", 1) < 2:
            request.used.add(rule.name)
            skipped[rule.name] = Missing(rule.name, "two animals or more", "These data have one.")
            continue
        try:
            calls[rule.name] = request.call(rule, {})
        except Missing as error:
            skipped[rule.name] = error
    request.check_settings([rule.name for rule in rules], also)
    return calls, skipped
