"""Where things lie: a path on this machine, or a URL.

Joining a path to a URL, or making a path of one, gives a folder called ``s3:``. So what is given
as text becomes a place here, and what can only be a path is asked for by `local_path`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from ethoflow.errors import DataError

SCHEMES = ("s3", "memory")
"""Beginnings of the URLs that a store may lie at."""

_WORDS = {
    *SCHEMES,
    *("s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "http", "https", "ftp", "sftp", "ssh"),
    *("file", "local", "hdfs", "webdav", "dav", "smb", "github", "hf", "zip", "tar", "dask"),
}
"""Words that begin URLs: before a colon they are never meant as the name of a folder."""


@dataclass(frozen=True, order=True)
class Url:
    """The place of a store, or of something in it, that is no path; it is no `os.PathLike` either.

    Examples
    --------
    >>> url = Url("s3", "lab/cohort.zarr")
    >>> str(url / "tracks"), url.stem, str(url.parent)
    ('s3://lab/cohort.zarr/tracks', 'cohort', 's3://lab')
    """

    scheme: str
    key: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.key}"

    def __truediv__(self, name: str | os.PathLike[str]) -> Url:
        parts = os.fspath(name).replace(os.sep, "/").split("/")
        inside = [part for part in parts if part.strip(".")]
        return Url(self.scheme, "/".join([self.key, *inside]))

    @property
    def name(self) -> str:
        """The last part."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The last part without its ending."""
        return Path(self.name).stem

    @property
    def parent(self) -> Url:
        """The place that this one is in."""
        return Url(self.scheme, self.key.rpartition("/")[0] or self.key)


Place: TypeAlias = Path | Url


def place(given: str | os.PathLike[str] | Url) -> Place:
    """The place that somebody means; ``file://`` is a path as well.

    Raises
    ------
    DataError
        A URL that no store can lie at, or a path that was made of one.

    Examples
    --------
    >>> place("s3://lab/cohort.zarr/")
    Url(scheme='s3', key='lab/cohort.zarr')
    >>> place("results/cohort.zarr").name
    'cohort.zarr'
    """
    if isinstance(given, Url):
        return given
    text = os.fspath(given)
    before, mark, rest = text.partition("://")
    if not mark:
        return _path(given)
    scheme = before.lower()
    if _is_file_url(text):
        return _path(unquote(rest))
    if scheme not in SCHEMES:
        raise DataError(
            f"{text}: a store lies in a folder, or at a URL that begins with "
            f"{' or '.join(f'{name}://' for name in SCHEMES)}; found {before}://. Choose one of "
            "these places."
        )
    parts = rest.strip("/").split("/")
    if not all(part.strip(".") for part in parts):
        raise DataError(
            f"{text}: the URL of a store names every folder once, as in {scheme}://lab/cohort.zarr."
        )
    return Url(scheme, "/".join(parts))


def local_path(given: str | os.PathLike[str] | Url, what: str) -> Path:
    """The path of something that lies on this machine only; `what` names it in the message.

    Raises
    ------
    DataError
        A URL, or a path that was made of one.

    Examples
    --------
    >>> local_path("s3://lab/pictures", "pictures")
    Traceback (most recent call last):
    ...
    ethoflow.errors.DataError: s3://lab/pictures is a URL: pictures lie in a folder of...
    """
    refuse_url(given, what)
    assert not isinstance(given, Url)
    return Path(unquote(os.fspath(given)[7:]) if _is_file_url(given) else given)


def refuse_url(given: str | os.PathLike[str] | Url, what: str) -> None:
    """As `local_path`, for patterns and other texts that are to stay as they are."""
    text = str(given) if isinstance(given, Url) else os.fspath(given)
    url = text if "://" in text else _lost_url(Path(text))
    if url and not _is_file_url(given):
        raise DataError(
            f"{url} is a URL: {what} lie in a folder of this machine, only stores may lie "
            "elsewhere. Name a folder, and copy from or to the URL with the tool of its server."
        )


def _is_file_url(given: object) -> bool:
    return isinstance(given, str) and given.lower().startswith("file:///")


def _path(given: str | os.PathLike[str]) -> Path:
    """A path, unless it was a URL once."""
    path = Path(given)
    url = _lost_url(path)
    if url:
        raise DataError(
            f"{path} would lie in a folder called {url.partition('//')[0]!r}. If you mean the URL "
            f"{url}, give it as text, with both slashes: a pathlib.Path loses one of them."
        )
    return path


def _lost_url(path: Path) -> str:
    """The URL that a path was made of; empty for any other path."""
    parts = path.parts
    for number, part in enumerate(parts):
        word, colon, rest = part.partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z][\w.+-]+", word):  # one letter is a disk
            continue
        last = number == len(parts) - 1
        if word.lower() in _WORDS if not rest else number == 0 and word.lower() in SCHEMES:
            return f"{word}://{'/'.join([*filter(None, [rest]), *parts[number + 1 :]])}"
        if number == 0 and not rest and not last:
            return f"{word}://{'/'.join(parts[1:])}"
    return ""
