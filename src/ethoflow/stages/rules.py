"""Poses into labels by rules: which apply, with which thresholds, and what the others lack."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr
from pydantic import Field

from ethoflow import features as feature_set
from ethoflow import store
from ethoflow.engine import Declaration, declarations, find, load_project_rules
from ethoflow.engine.registry import maker_of
from ethoflow.errors import DataError, did_you_mean, no_such
from ethoflow.labels.annotation import apply_rules, choose_rules, is_all, tell_unscaled
from ethoflow.labels.doubt import doubt_shares
from ethoflow.labels.presets import find_preset
from ethoflow.schema import position_units
from ethoflow.skeleton import ALIASES
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import (
    FunctionKeys,
    Locate,
    Names,
    ProjectError,
    SkeletonKeys,
    Where,
    placing,
)
from ethoflow.stages.made import Group
from ethoflow.units import Quantity, UnitError, convert, same_dimension, to_frames, unit_of

LABELS = "labels/rules"

TEMPLATE = """\
# rules: [moving, immobile] # the usual ones by default; `all` for all
# rules: [freezing]         # needs no scale
# preset: deepof # its definitions and thresholds
# rule_files: [my_rules.py]
# parameters:
#   following: {max_distance: 30 mm}
"""


class RulesKeys(SkeletonKeys, FunctionKeys):
    """Which behaviours are labelled, and with which thresholds."""

    rules: Names | None = Field(
        default=None,
        description="Names of rules, or all; the usual ones that fit by default.",
    )
    preset: str | None = Field(
        default=None, description="Definitions and thresholds of another tool: deepof."
    )


def check_rules(keys: RulesKeys, locate: Locate, where: Where) -> None:
    """Rules and parameters exist, are of a rule that is used, and fit its unit; so do roles.

    Raises
    ------
    ProjectError
        Something does not; the message begins with where.
    """
    own = [one.name for one in keys.declare(locate, where) if one.kind == "behaviour"]
    with placing(where, ["preset"]):
        find_preset(keys.preset)
    for number, name in enumerate([] if is_all(keys.rules) else keys.rules or []):
        with placing(where, ["rules", number]):
            choose_rules([name], preset=keys.preset)
    used = _used(keys, own)
    for name, given in keys.parameters.items():
        with placing(where, ["parameters", name]):
            rule = _find_declared(name)
            if name not in used:
                kind = "rules" if rule.kind == "behaviour" else "features"
                labelled = _labelled(keys, own)
                chosen = ", ".join(labelled if kind == "rules" else _features_of(keys)) or "none"
                raise DataError(
                    f"{name!r} is not among the {kind}, which are: {chosen}; and no rule or "
                    f"feature that is used rests on it. Name it under {kind}, or leave its "
                    "parameters out."
                )
        for key, value in given.items():
            with placing(where, ["parameters", name, key], f"parameters.{name}.{key}: "):
                if key not in rule.defaults:
                    asked = did_you_mean(key, rule.defaults)
                    known = ", ".join(rule.defaults)
                    raise DataError(f"unknown parameter.{asked} {name} has: {known}")
                _check_parameter(value, rule.parameter_units.get(key))
    _check_skeleton(keys, where)


def _find_declared(name: str) -> Declaration:
    """A rule, or a feature, which rules may rest on and the features are made with."""
    found = declarations().get(name)
    of_feature = found is not None and found.kind in ("feature", "summary")
    return found if found is not None and of_feature else find(name, "behaviour")


def _features_of(keys: RulesKeys) -> list[str]:
    """Features that are made beside the labels: those that a project names, or the usual ones."""
    chosen: list[str] | None = getattr(keys, "features", None)
    in_matrix = getattr(getattr(keys, "windows", None), "features", [])
    makers = [maker for name in in_matrix if (maker := maker_of(name)) is not None]
    return [*(feature_set.usual() if chosen is None else chosen), *(one.name for one, _ in makers)]


def _labelled(keys: RulesKeys, own: Sequence[str]) -> list[str]:
    """Rules that are applied: those named, or the usual ones and ones own."""
    return [rule.name for rule in choose_rules(keys.rules, own, keys.preset)]


def _used(keys: RulesKeys, own: Sequence[str]) -> set[str]:
    """Every function that a project's features and labels are made with, by name."""
    applied = find_preset(keys.preset).applied_for(_labelled(keys, own))
    return _rest_on([*_features_of(keys), *_labelled(keys, own), *applied])


def _rest_on(names: Sequence[str]) -> set[str]:
    """Declared functions that those called `names` rest on, by name; they too."""
    found = list(dict.fromkeys(names))
    for name in found:
        makers = [maker_of(item.variable) for item in find(name).inputs]
        found += {maker[0].name for maker in makers if maker is not None} - set(found)
    return set(found)


def _check_skeleton(keys: SkeletonKeys, where: Where) -> None:
    """Roles are those that rules or features ask for: another would change nothing."""
    asked = {
        role
        for declaration in declarations().values()
        for roles in declaration.roles.values()
        for role in roles
    }
    known = [*ALIASES, *sorted(asked - set(ALIASES))]
    for role in keys.skeleton:
        if role not in known:
            raise ProjectError(f"{where(['skeleton', role])}: {no_such('role', role, known)}")


def _check_parameter(value: Quantity, unit: str | None) -> None:
    if value is not None and not isinstance(value, str) and not math.isfinite(value):
        raise UnitError(f"must be a finite number, found {value!r}.")
    if unit == "s":
        to_frames(value, 1000.0, name="it")
    elif unit is not None:
        others = [unit.replace("mm", length) for length in ("px", "body_length")]
        fits = [one for one in others if unit_of(value) and same_dimension(unit_of(value), one)]
        convert(value, fits[0] if fits else unit, name="it")


def _watch(keys: RulesKeys, locate: Locate) -> Sequence[Path] | None:
    """Rule files of the user's own may read other files, or the environment: nobody can tell."""
    return None if keys.rule_files else []


def _foresee(job: Job, keys: RulesKeys, others: Mapping[str, Any]) -> None:
    """Refuse rules that need mm where nothing gives a scale.

    Raises
    ------
    DataError
        As the stage would, after poses and features.
    """
    poses = others.get("poses")
    if poses is None or keys.rules is None or is_all(keys.rules):
        return
    tracks = job.open("tracks")
    scaled = poses.arena is not None or poses.px_per_mm is not None
    if scaled or any(
        position_units(job.open(n)) != "px" for n in ("tracks", "poses") if job.has(n)
    ):
        return  # poses that are there may keep a scale that was given before
    own = _own_rules(keys, job)
    found = tell_unscaled(
        tracks, keys.rules, own=own, preset=keys.preset, parameters=keys.parameters,
        also=_used(keys, own),
    )  # fmt: skip
    if found:
        raise DataError("\n".join(found))


@stage(
    reads=("poses",),
    uses=("features",),
    writes=LABELS,
    keys=RulesKeys,
    top=True,
    template=TEMPLATE,
    check=check_rules,
    watch=_watch,
    doing="labels",
    foresee=_foresee,
)
def rules(job: Job, keys: RulesKeys) -> Group:
    """Labels of behaviours by rules, present, absent or unknown in every frame.

    Labels of other rules that are there go, or stay where the job keeps them.
    """
    poses = job.open("poses")
    if job.has("features"):
        # A body length is measured once, not again for every rule that needs it.
        known = job.open("features")
        poses = poses.assign({n: known[n] for n in ("body_length",) if n in known.data_vars})
    own = _own_rules(keys, job)
    labels, lacking = apply_rules(
        poses,
        keys.rules,
        own=own,
        preset=keys.preset,
        parameters=keys.parameters,
        also=_used(keys, own),
    )
    job.lacking |= lacking
    job.tell_lacking()
    if not labels:
        job.report.warn(f"labels: no rule applies to these data{_others(keys, poses, own)}")
        return Group(None, keep=job.keep)
    gone = _find_outdated(labels, job) if job.keep else []
    return Group(
        labels,
        lambda stored: [f"labels: {', '.join(map(str, labels.data_vars))}", *doubt_shares(stored)],
        keep=job.keep,
        drop=gone,
    )


def _others(keys: RulesKeys, poses: xr.Dataset, own: Sequence[str]) -> str:
    """Which rules that are labelled on request would apply, where none was named."""
    if keys.rules is not None or keys.preset is not None:
        return ""
    found, _ = apply_rules(poses, "all", own=own, parameters=keys.parameters, also=_used(keys, own))
    names = ", ".join(sorted(map(str, found)))
    return f" by default. Of those on request these do: 'rules: [{names}]'." if names else "."


def _own_rules(keys: RulesKeys, job: Job) -> list[str]:
    """Names of the rules that the files declare."""
    found = [rule for file in keys.rule_files for rule in load_project_rules(job.locate(file))]
    return [rule.name for rule in found if rule.kind == "behaviour"]


def _find_outdated(labels: xr.Dataset, job: Job) -> list[str]:
    """Labels of other rules that are stored, and were made from poses that have changed since."""
    state = store.read_state(job.store)
    found = {} if state is None else store.find_stale(state, LABELS)
    names = sorted({name for names in found.values() for name in names if name not in labels})
    if names:
        job.report.warn(
            f"labels of {', '.join(names)} are taken out: they were made from poses that have "
            "changed since. Name them among the rules to have them again."
        )
    return names
