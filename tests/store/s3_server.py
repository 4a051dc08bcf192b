"""An S3 server on loopback, in a process of its own, that tells which requests it has answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from tests.conftest import REPOSITORY

TOLD = "/requests-answered"


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    url: str

    def requests(self) -> list[str]:
        """What it was asked since this was asked last, as ``GET /bucket/key?query``."""
        with urllib.request.urlopen(f"{self.url}{TOLD}") as answer:
            found: list[str] = json.load(answer)
        return found


@contextmanager
def serving(bucket: str) -> Iterator[Server]:
    """A server with one bucket, which every process that is started inside finds."""
    from s3fs import S3FileSystem

    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.s3_server"], cwd=REPOSITORY, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    given = {
        "AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in (*given, "AWS_ENDPOINT_URL")}
    try:
        assert process.stdout is not None
        server = Server(process.stdout.readline().strip())
        os.environ.update(given, AWS_ENDPOINT_URL=server.url)
        S3FileSystem.clear_instance_cache()
        S3FileSystem().call_s3("create_bucket", Bucket=bucket)
        yield server
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        process.kill()
        process.communicate()


def _serve() -> None:
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept, as those of a real one are

        def log(self, *_: object, **__: object) -> None:
            pass

    app, answered = DomainDispatcherApplication(create_backend_app), []
    # Moto looks whether a key is there and writes it then: of S3 itself that is one step.
    one_write = threading.Lock()

    def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == TOLD:
            told = json.dumps(answered).encode()
            answered.clear()
            start_response("200 OK", [("Content-Length", str(len(told)))])
            return [told]
        query = environ.get("QUERY_STRING", "")
        answered.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{query}")
        with nullcontext() if environ["REQUEST_METHOD"] in ("GET", "HEAD") else one_write:
            return app(environ, start_response)  # type: ignore[no-any-return]

    server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=Quiet)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve()
