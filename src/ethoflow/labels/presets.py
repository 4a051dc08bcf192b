"""Presets: another tool's definitions, thresholds and bout filters for rules of ours.

A preset says which rules it has, what each is called with, and which declaration stands for one
whose definition differs by more than its parameters and inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ethoflow.engine import Declaration, declarations, find
from ethoflow.errors import UnknownName, no_such

Settings: TypeAlias = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Preset:
    """Settings of rules.

    Attributes
    ----------
    settings
        By rule, from frames per second: parameters, and what inputs are bound to.
    stand_ins
        Declarations by the name of the rule that they stand for.
    """

    settings: Callable[[float], Settings]
    stand_ins: Mapping[str, str]

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules it has; none for what stands for no preset."""
        return (*self.settings(1.0), *self.stand_ins)

    def standing_for(self, rule: Declaration) -> Declaration:
        """What is applied for a rule."""
        return find(self.stand_ins[rule.name]) if rule.name in self.stand_ins else rule

    def applied_for(self, rules: Sequence[str]) -> list[str]:
        """Functions that are applied for rules instead of, or beside, what they name themselves."""
        known = declarations()
        bound = [
            value
            for name, own in self.settings(1.0).items()
            if name in rules
            for value in own.values()
            if value in known
        ]
        return [*bound, *(other for name, other in self.stand_ins.items() if name in rules)]

    def merged(self, rules: Sequence[Declaration], fps: float, given: Settings) -> Settings:
        """Settings of `rules`, those that are given winning, by what they are applied as."""
        named = {rule.name for rule in rules}
        ours = {name: own for name, own in self.settings(fps).items() if name in named}
        as_given = {self.stand_ins.get(name, name): own for name, own in given.items()}
        return {
            name: {**ours.get(name, {}), **as_given.get(name, {})} for name in {**ours, **as_given}
        }


def find_preset(name: str | None) -> Preset:
    """The preset called `name`; an empty one for None.

    Raises
    ------
    UnknownName
        There is none of that name.
    """
    if name is None:
        return Preset(lambda _: {}, {})
    if name not in PRESETS:
        raise UnknownName(no_such("preset", name, PRESETS))
    return PRESETS[name]


def _deepof(fps: float) -> Settings:
    """DeepOF 0.9: thresholds are ours, windows are whole frames, rounded down."""
    vote = f"{int(fps / 2)} frames"
    filtered = {"majority": vote, "max_gap": 0, "min_bout": 0, "hysteresis": 0}
    bare = {**filtered, "majority": 0}
    follow = {
        "speed": "trailing_speed",
        "window": vote,
        "min_bout": f"{int(fps / 4)} frames",
    }
    return {
        "nose_to_nose": filtered,
        "side_by_side": filtered,
        "side_by_reverse_side": filtered,
        "nose_to_tail": filtered,
        "nose_to_body": filtered,
        "following": {**filtered, **follow},
        "climbing": {**filtered, "body_length": "spine_length"},
        "sniffing_wall": {**filtered, "speed": "trailing_speed"},
        "sniffing": {**bare, "speed": "trailing_speed"},
        "not_seen": bare,
    }


PRESETS: Mapping[str, Preset] = {
    "deepof": Preset(
        _deepof,
        {
            "moving": "deepof_moving",
            "stationary_active": "deepof_stationary_active",
            "stationary_passive": "deepof_stationary_passive",
            "look_around": "deepof_look_around",
        },
    )
}
