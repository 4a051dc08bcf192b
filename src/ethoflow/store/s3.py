"""Objects of S3 and of servers that speak as it does; each operation is one request.

Address and keys of the server are found as the AWS tools find them: in the environment
(``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``, ...) or in ``~/.aws``.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from ethoflow.errors import DataError
from ethoflow.store.objects import ABSENT, Head, Listed, Stamp

MOST = 1000
"""Objects that one request lists or takes away."""

_GONE = {"NoSuchKey", "404", "NotFound"}
_OTHER = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey", "404"}
"""What a server says where something else is there than was expected."""


class CannotReach(DataError):
    """A server did not do what it was asked; the message says which, and why."""


class S3Objects:
    """What a store needs of them; nothing is kept but fsspec's own connections, made when used."""

    def get(self, key: str) -> tuple[bytes, int] | None:
        """Content of an object, and when it was written (ns); None where there is none."""
        from fsspec.asyn import sync

        files = _connect()
        found: tuple[bytes, int] | None = _ask(
            key, lambda: sync(files.loop, _read, files, _at(key)), _GONE
        )
        return found

    def put(self, key: str, content: bytes, expected: Stamp | None = None) -> bool:
        """Write an object, if what is there has the `expected` stamp; whether it did."""
        given: dict[str, Any] = {**_at(key), "Body": content}
        if expected is None:
            _call(key, "put_object", given)
            return True
        given |= {"IfNoneMatch": "*"} if expected == ABSENT else {"IfMatch": expected[0]}
        return _call(key, "put_object", given, _OTHER) is not None

    def head(self, key: str) -> Head | None:
        """What is known of an object; None where there is none."""
        found = _call(key, "head_object", _at(key), _GONE)
        if found is None:
            return None
        now = found["ResponseMetadata"]["HTTPHeaders"].get("date")
        then = found["LastModified"]
        age = (parsedate_to_datetime(now) - then).total_seconds() if now else 0.0
        return Head((found["ETag"],), int(then.timestamp() * 1e9), age)

    def stamp_for(self, content: bytes) -> Stamp:
        """The digest that servers give, but for some that encrypt: there nothing seems the same."""
        return (f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"',)

    def list(self, prefix: str, *, below: bool) -> Iterator[Listed]:
        """What begins so; if not `below`, up to the next slash, with it."""
        bucket, _, inside = prefix.partition("/")
        asked: dict[str, Any] = {"Bucket": bucket, "Prefix": inside, "MaxKeys": MOST}
        if not below:
            asked["Delimiter"] = "/"
        while asked:
            found = _call(prefix, "list_objects_v2", asked)
            for item in found.get("Contents", ()):
                yield Listed(f"{bucket}/{item['Key']}", int(item["Size"]), (item["ETag"],))
            for item in found.get("CommonPrefixes", ()):
                yield Listed(f"{bucket}/{item['Prefix']}", 0)
            more = found.get("NextContinuationToken")
            asked = {**asked, "ContinuationToken": more} if more else {}

    def delete(self, keys: Iterable[str]) -> None:
        """Take objects away, where they are there."""
        remaining = iter(keys)
        while some := list(itertools.islice(remaining, MOST)):
            bucket = some[0].partition("/")[0]
            named = [{"Key": key.partition("/")[2]} for key in some]
            asked = {"Bucket": bucket, "Delete": {"Objects": named, "Quiet": True}}
            done = _call(some[0], "delete_objects", asked)
            for fault in done.get("Errors", ()):
                raise CannotReach(f"s3://{bucket}/{fault['Key']} stays: {fault.get('Message')}.")

    def copy(self, source: str, target: str) -> None:
        """The same content under a second key, where there is a source."""
        bucket, _, inside = source.partition("/")
        given = {**_at(target), "CopySource": {"Bucket": bucket, "Key": inside}}
        _call(source, "copy_object", given, _GONE)


def _at(key: str) -> dict[str, str]:
    bucket, _, inside = key.partition("/")
    return {"Bucket": bucket, "Key": inside}


async def _read(files: Any, at: dict[str, str]) -> tuple[bytes, int]:
    found = await files._call_s3("get_object", **at)
    async with found["Body"] as body:
        return bytes(await body.read()), int(found["LastModified"].timestamp() * 1e9)


def _connect() -> Any:
    """The file system, one a process: fsspec keeps it, and makes another after a fork."""
    try:
        from s3fs import S3FileSystem
    except ImportError as error:
        raise DataError('a store at s3:// needs s3fs: pip install "ethoflow[s3]".') from error
    return S3FileSystem()


def _call(key: str, name: str, given: dict[str, Any], none: Collection[str] = ()) -> Any:
    return _ask(key, lambda: _connect().call_s3(name, **given), none)


def _ask(key: str, request: Callable[[], Any], none: Collection[str]) -> Any:
    """The answer to a request; None where the server says one of the codes in `none`.

    Raises
    ------
    CannotReach
        It said something else, or nothing.
    """
    try:
        return request()
    except DataError:
        raise
    except Exception as error:
        response = getattr(error, "response", None) or getattr(error.__cause__, "response", {})
        code = str((response or {}).get("Error", {}).get("Code", ""))
        if code in none and code != "NoSuchBucket":
            return None
        raise CannotReach(_explain(key, code, error)) from error


def _explain(key: str, code: str, error: Exception) -> str:
    """Why a server did not do what it was asked, and what to do about it."""
    bucket, name = key.partition("/")[0], type(error).__name__
    if code == "NoSuchBucket":
        why = f"there is no bucket {bucket!r}. Make it, or name another."
    elif "Credentials" in name or "credentials" in str(error):
        why = (
            "no keys to it were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run "
            "`aws configure`."
        )
    elif isinstance(error, PermissionError):
        why = f"the server does not allow it ({error}). Ask for the right to, or use other keys."
    else:
        why = (
            f"{error or name}. Look at the address of the server (AWS_ENDPOINT_URL), and run this "
            "again: what is finished is kept."
        )
    return f"s3://{key} cannot be used: {why}"
