"""Options that several commands have, and how what is typed becomes values."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Scheduler = Annotated[
    str | None,
    typer.Option(help="threads (the default), processes, or the address of a Dask scheduler."),
]

Fps = Annotated[
    str | None, typer.Option(help="Frames per second, or 'video': that of the videos beside.")
]

Individuals = Annotated[
    str | None, typer.Option(help="Animals by name, or by prefix of their body parts: B,W.")
]

Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="A column of a plain table: x=pos_x or nose=nx,ny (repeat)."),
]

Repeats = Annotated[str, typer.Option(help="Row that counts where a frame is twice: first, last.")]

Pickles = Annotated[
    bool, typer.Option("--allow-pickle", help="Open Python pickles, which can run any code.")
]

Links = Annotated[
    bool, typer.Option("--allow-links", help="Read HDF5 files whose arrays lie in other files.")
]

Units = Annotated[
    str | None,
    typer.Option("--time-unit", help="What times in tables and lists are in: s, ms, us, ns."),
]

Unit = Annotated[
    str | None, typer.Option(help="The sample: cage, litter, animal; found by default.")
]

Test = Annotated[
    str | None, typer.Option(help="permutation, t, welch, ranks, anova; found by default.")
]

Correction = Annotated[str, typer.Option(help="holm, benjamini-hochberg, bonferroni or none.")]

Reference = Annotated[str | None, typer.Option(help="The group that others are compared with.")]

Animal = Annotated[
    str | None, typer.Option(help="The column that names animals, where it is not found.")
]


def pairs_of(items: list[str] | None, what: str) -> dict[str, str]:
    """Names and values written as name=value."""
    from ethoflow.errors import DataError

    pairs = {}
    for item in items or []:
        key, sign, value = item.partition("=")
        if not sign or not key or not value:
            raise DataError(f"cannot read {what} {item!r}: write it as name=value.")
        pairs[key.strip()] = value.strip()
    return pairs


def options_of(
    individuals: str | None,
    columns: list[str] | None,
    repeats: str,
    allow_pickle: bool,
    time_unit: str | None,
    allow_links: bool,
) -> Any:
    """How files are to be read."""
    from ethoflow.io.options import Options

    names = names_of(individuals, "--individuals")
    mapped = columns_of(columns)
    return Options.of(names, mapped, repeats, allow_pickle, time_unit, allow_links)  # type: ignore[arg-type]


def names_of(text: str | None, what: str) -> list[str] | None:
    """Names with commas between; None where nothing was given."""
    from ethoflow.errors import DataError

    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise DataError(f"{what} names nothing: give names with commas between, or leave it out.")
    return names


def columns_of(items: list[str] | None) -> dict[str, str | list[str]] | None:
    """Columns of a table as typed, ``kind=name`` or ``kind=name,name``; None where none are."""
    pairs = pairs_of(items, "--column")
    return {key: v.split(",") if "," in v else v for key, v in pairs.items()} or None


def rate_of(fps: str | None) -> Any:
    """Frames per second as typed: a number, a fraction, or that of the video."""
    from ethoflow.errors import DataError

    if fps is None or fps == "video":
        return fps
    value = _fraction(fps)
    if isinstance(value, str) or not 0 < value < float("inf"):
        raise DataError(
            f"--fps must be frames per second, such as 25 or 30000/1001, or 'video'; found {fps!r}."
        )
    return value


def _fraction(text: str) -> float | str:
    """A rate as people write it: 29.97 or 30000/1001."""
    numbers = [number_of(part) for part in text.split("/")]
    if len(numbers) == 2 and all(isinstance(number, float) for number in numbers) and numbers[1]:
        return float(numbers[0]) / float(numbers[1])
    return number_of(text)


def number_of(text: str) -> float | str:
    """A number where `text` is one."""
    try:
        return float(text)
    except ValueError:
        return text
