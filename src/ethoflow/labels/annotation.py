"""Many rules on one dataset: which apply, which are skipped and why, and their labels together."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import xarray as xr

from ethoflow.engine import Declaration, builtin, find
from ethoflow.errors import DataError, Missing, UnknownName, WrongUse, listed, no_such, tell_missing
from ethoflow.geometry.own_frame import check_room
from ethoflow.labels.presets import PRESETS, Preset, find_preset
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
    preset: str | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    skeleton: Skeleton | None = None,
) -> xr.Dataset:
    """Labels of many behaviours, computed together: 1, 0, NaN for unknown.

    By default the usual rules (`behaviours.usual`) are applied; those whose body parts, arena or
    scale are missing are skipped, with one warning for each cause. The causes are also in
    ``attrs["skipped"]``. A rule that was named has to apply.

    Parameters
    ----------
    data
        Positions, cleaned and in mm where rules have thresholds in mm; or features of them, for
        rules that need no others.
    rules
        A behaviour by its name, a function declared with ``@behaviour``, or a list of them; the
        usual ones by default. ``"all"`` stands for every one that comes with ethoflow and fits.
    preset
        ``"deepof"`` for the definitions, thresholds and bout filters of DeepOF 0.9; by default all
        the behaviours that it has are labelled. `parameters` win over it.
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
    labels, skipped = apply_rules(ds, rules, preset=preset, parameters=parameters)
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
    preset: str | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    also: Collection[str] = (),
) -> tuple[xr.Dataset, dict[str, Missing]]:
    """The same as `annotate`, with what skipped rules lack as values instead of warnings.

    Where none is named, rules of ones `own` are applied beside the usual ones.
    Parameters of functions that are computed `also`, elsewhere, are not refused.
    """
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy, and rules are read without it

    ds = as_dataset(data)
    given = find_preset(preset)
    chosen = choose_rules(rules, own, preset)
    ours = [rule.name for rule in chosen if rule.name in builtin("behaviour")]
    if ours:
        check_room(ds, listed(ours, 3))
    settings = given.merged(chosen, float(ds.fps), parameters or {})
    calls, skipped = _resolve(ds, chosen, given, settings, also)
    if skipped and rules is not None and not is_all(rules):
        raise DataError("\n".join(tell_missing(skipped, "cannot apply")))
    arrays = compute_calls(ds, calls)
    # The coordinates are those of one dataset: nothing has to be compared.
    coords = {n: v for array in arrays.values() for n, v in array.coords.variables.items()}
    labels = xr.Dataset({name: array.variable for name, array in arrays.items()}, coords)
    labels.attrs = {"label_source": "rules", "skipped": tell_missing(skipped)}
    if preset is not None:
        labels.attrs["preset"] = preset
    return labels, skipped


def tell_unscaled(
    ds: xr.Dataset,
    rules: Rules,
    *,
    own: Sequence[str] = (),
    preset: str | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    also: Collection[str] = (),
) -> list[str]:
    """Sentences on the rules that are refused for positions in px, whatever else they lack.

    Parameters are those of `apply_rules`.
    """
    from ethoflow.engine.parameters import Uncalibrated

    given, chosen = find_preset(preset), choose_rules(rules, own, preset)
    settings = given.merged(chosen, float(ds.fps), parameters or {})
    _, skipped = _resolve(ds, chosen, given, settings, also)
    found = {name: why for name, why in skipped.items() if isinstance(why, Uncalibrated)}
    return tell_missing(found, "cannot apply")


ALL = "all"
"""Stands for every rule that comes with ethoflow and fits."""


def is_all(rules: Rules | None) -> bool:
    """Whether every rule is asked for."""
    return rules is not None and list_of(rules) == [ALL]


def list_of(rules: Rules) -> list[str | Declaration]:
    """Rules as a list."""
    return [rules] if isinstance(rules, str | Declaration) else list(rules)


def choose_rules(
    rules: Rules | None, own: Sequence[str] = (), preset: str | None = None
) -> list[Declaration]:
    """Declarations of the rules asked for; by default the usual ones or a preset's, and ones own.

    Raises
    ------
    UnknownName
        A rule of that name is not there, or not in the preset.
    """
    names = find_preset(preset).rules
    if rules is None or is_all(rules):
        by_default = [find(name) for name in names] if names else _of_ours(every=rules is not None)
        return [*by_default, *(find(name, "behaviour") for name in own)]
    chosen = [find(rule, "behaviour") if isinstance(rule, str) else rule for rule in list_of(rules)]
    for rule in chosen:
        if not isinstance(rule, Declaration) or rule.kind != "behaviour":
            raise WrongUse(f"{rule!r} is not a behaviour: declare it with @ef.behaviour(...)")
        if names and rule.name not in names and rule.name in builtin("behaviour"):
            raise UnknownName(no_such(f"rule of the preset {preset}", rule.name, names))
    return chosen


def _of_ours(*, every: bool) -> list[Declaration]:
    """Rules that come with ethoflow, those of presets left out: every one, or the usual ones."""
    stand_ins = {name for one in PRESETS.values() for name in one.stand_ins.values()}
    rules = [rule for name, rule in builtin("behaviour").items() if name not in stand_ins]
    return [rule for rule in rules if every or not rule.on_request]


def _resolve(
    ds: xr.Dataset,
    rules: Sequence[Declaration],
    preset: Preset,
    parameters: Mapping[str, Mapping[str, Any]],
    also: Collection[str],
) -> tuple[dict[str, Call], dict[str, Missing]]:
    from ethoflow.engine.resolve import Request

    calls: dict[str, Call] = {}
    skipped: dict[str, Missing] = {}
    request = Request(ds, parameters)
    for rule in rules:
        if _needs_others(rule) and ds.sizes.get("individual", 1) < 2:
            request.used.add(rule.name)
            skipped[rule.name] = Missing(rule.name, "two animals or more", "These data have one.")
            continue
        try:
            calls[rule.name] = request.call(preset.standing_for(rule), {})
        except Missing as error:
            skipped[rule.name] = error
    request.check_settings([rule.name for rule in rules], also)
    return calls, skipped


def _needs_others(rule: Declaration) -> bool:
    """Whether one animal alone cannot show it; of a user's own rule of groups nobody knows."""
    return rule.scope == "pair" or (rule.scope == "group" and rule.name in builtin("behaviour"))
