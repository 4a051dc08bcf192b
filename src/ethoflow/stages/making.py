"""What a stage says of itself in the groups it writes: enough to make them again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ethoflow import __version__
from ethoflow.stages.declare import Stage
from ethoflow.stages.keys import Files, Keys, Locate


def describe_making(stage: Stage, keys: Keys, locate: Locate) -> dict[str, Any]:
    """The stage, its keys, and the texts of files that a project made of them has to bring along.

    Keys at their default are said too, but for those that say nothing: another version may have
    others.
    """
    values = keys.model_dump(mode="json", include=set(stage.keys.model_fields), warnings=False)
    texts: dict[str, str] = {}
    for name, field in stage.keys.model_fields.items():
        if any(isinstance(mark, Files) and mark.kept for mark in field.metadata):
            names = [values[name]] if isinstance(values[name], str) else values[name]
            texts |= (given := dict(_kept(names or [], locate)))
            values[name] = list(given)
    said = {n: v for n, v in values.items() if not _says_nothing(stage, n, v)}
    return {"stage": stage.name, "version": __version__, "keys": said, "files": texts}


def _says_nothing(stage: Stage, name: str, value: Any) -> bool:
    default = stage.keys.model_fields[name].get_default(call_default_factory=True)
    return value == default and value in (None, [], {})


def _kept(names: Sequence[str], locate: Locate) -> list[tuple[str, str]]:
    """Names and texts of files; the name has the digest of the text, and no folder."""
    found = []
    for name in names:
        text = locate(name).read_text(encoding="utf-8-sig")
        found.append((kept_name(name, text), text))
    return found


def kept_name(name: str, text: str) -> str:
    """The name under which a text is kept: that of its file and a digest, so that no other is read.

    Examples
    --------
    >>> kept_name("lab/rules.py", "x = 1"), kept_name("rules-26df36cb.py", "x = 1")
    ('rules-26df36cb.py', 'rules-26df36cb.py')
    """
    path = Path(name)
    end = f"-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
    return f"{path.stem.removesuffix(end)}{end}{path.suffix}"
