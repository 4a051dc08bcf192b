"""Which format a file has, by its content."""

from __future__ import annotations

from pathlib import Path

from ethoflow.errors import near_file
from ethoflow.io.content import Content
from ethoflow.io.options import DEFAULTS, Options
from ethoflow.io.paths import explain_folder
from ethoflow.io.reader import TABLE, Reader, reader_named, readers
from ethoflow.schema import DataError


def recognise(path: Path, options: Options = DEFAULTS) -> Reader:
    """The format of a file.

    Raises
    ------
    DataError
        There is no such file, or it has no known format: the message says what it looks like.
    """
    if not path.exists():
        raise DataError(f"there is no such file.{near_file(path)}")
    if path.is_dir():
        raise DataError(explain_folder(path))
    try:
        if path.stat().st_size == 0:
            raise DataError("the file is empty (0 bytes).")
        known = readers()
        if options.columns is not None:
            return reader_named(TABLE)
        content = Content(path).check(allow_links=options.allow_links)
        for candidate in known:
            if not candidate.last and _has_format(content, candidate):
                return candidate
        looks = content.describe()
    except OSError as error:
        raise DataError(f"the file cannot be opened ({error.strerror or error}).") from error
    scored = _scored_format(content)
    for candidate in known:
        if not scored and candidate.last and _has_format(content, candidate):
            return candidate
    if scored:
        raise DataError(
            f"no tracks: it looks like {looks}, which is scored behaviour ({scored}): read it with "
            "ef.read_labels, or list it with `ethoflow labels FILE`."
        )
    raise DataError(
        f"no known format: it looks like {looks}. {len(known)} formats can be read; "
        "`ethoflow formats` lists them."
    )


def _scored_format(content: Content) -> str:
    """Name of the format of scored behaviour a file has; empty where it has none."""
    from ethoflow.io.scoring.declare import recognise_labels

    try:
        return recognise_labels(content.path).name
    except DataError:
        return ""


def _has_format(content: Content, candidate: Reader) -> bool:
    """Whether the content is of that format; what a library cannot even open is of none."""
    try:
        return bool(candidate.matches(content))
    except PermissionError:
        raise
    except Exception:
        return False
