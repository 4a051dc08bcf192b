"""A page of HTML as a real browser loads it, and as somebody uses it with a mouse."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tornado.websocket import WebSocketClientConnection, websocket_connect

PATIENCE = 120.0
"""Seconds after which a browser that does not answer is an error, on a busy machine too."""


def find_browser() -> str:
    """The browser; a test without one is skipped and says so."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser: install chromium to see pages as people do")
    return browser


def start(profile: Path, *more: str) -> list[str]:
    """Command that starts the browser without a window and without a network."""
    return [
        find_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-dev-shm-usage", "--hide-scrollbars",
        f"--user-data-dir={profile}", *more,
    ]  # fmt: skip


def load_page(page: Path, profile: Path) -> str:
    """What the page has become once its scripts have run; a word on its console is an error."""
    done = subprocess.run(
        start(profile, "--enable-logging=stderr", "--v=0", "--dump-dom", page.as_uri()),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    return done.stdout


class Tab:
    """A page that is open: what its scripts say, and a mouse on it (Chrome DevTools Protocol)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: WebSocketClientConnection) -> None:
        self.errors: list[str] = []
        self._loop, self._socket, self._sent = loop, socket, 0

    def ask(self, method: str, **given: Any) -> dict[str, Any]:
        """A command of the protocol, and its answer; what the console says is kept."""
        self._sent += 1
        return self._loop.run_until_complete(
            asyncio.wait_for(self._ask(self._sent, method, given), PATIENCE)
        )

    async def _ask(self, number: int, method: str, given: dict[str, Any]) -> dict[str, Any]:
        await self._socket.write_message(
            json.dumps({"id": number, "method": method, "params": given})
        )
        while True:
            told = json.loads(str(await self._socket.read_message()))
            if told.get("id") == number:
                assert "error" not in told, told
                return dict(told["result"])
            self._listen(told)

    def _listen(self, told: dict[str, Any]) -> None:
        given = told.get("params", {})
        if told.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(given["exceptionDetails"])[:500])
        if told.get("method") == "Log.entryAdded" and given["entry"]["level"] == "error":
            self.errors.append(str(given["entry"]["text"]))
        if told.get("method") == "Runtime.consoleAPICalled" and given["type"] in (
            "error",
            "assert",
        ):
            self.errors.append(json.dumps(given["args"])[:500])

    def run(self, script: str) -> Any:
        """Value of an expression of the page."""
        found = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, script: str) -> Any:
        """The same, once it is true."""
        end = time.monotonic() + PATIENCE
        while not (found := self.run(script)):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.05)
        return found

    def drag(self, path: Sequence[tuple[float, float]]) -> None:
        """Press the mouse at the first point, move it along the others, and let it go."""
        (x, y), *others = path
        press = {"button": "left", "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.ask("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **press)
        for x, y in others:
            self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, buttons=1, **press)
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, **press)

    def click(self, x: float, y: float) -> None:
        """Click at a point."""
        self.drag([(x, y)])

    def shoot(self, path: Path, *, whole: bool = False) -> Path:
        """What is seen, or the `whole` page, as PNG."""
        found = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))
        return path


@contextmanager
def open_page(address: str, profile: Path, *, size: tuple[int, int] = (1280, 900)) -> Iterator[Tab]:
    """A page, once it is loaded, in a window of `size` pixels."""
    loop = asyncio.new_event_loop()
    command = start(profile, "--remote-debugging-port=0", "--window-size={},{}".format(*size))
    browser = subprocess.Popen(
        [*command, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    socket = None
    try:
        socket = loop.run_until_complete(_connect(profile, browser))
        tab = Tab(loop, socket)
        for name in ("Page", "Runtime", "Log"):
            tab.ask(f"{name}.enable")
        tab.ask(
            "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
            deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        tab.ask("Page.navigate", url=address)
        tab.wait(f"location.href.startsWith('{address[:8]}') && document.readyState == 'complete'")
        yield tab
    finally:
        if socket is not None:
            socket.close()
            loop.run_until_complete(asyncio.sleep(0))
        browser.terminate()
        browser.wait()
        loop.close()


async def _connect(profile: Path, browser: subprocess.Popen[bytes]) -> WebSocketClientConnection:
    """The tab of a browser that has just been started."""
    from tornado.httpclient import AsyncHTTPClient

    told, end = profile / "DevToolsActivePort", time.monotonic() + PATIENCE
    while not told.exists() or not told.read_text(encoding="utf-8"):
        assert browser.poll() is None, "the browser ended"
        assert time.monotonic() < end, "the browser says no port"
        await asyncio.sleep(0.05)
    port = told.read_text(encoding="utf-8").split()[0]
    found = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/json")
    address = next(one for one in json.loads(found.body) if one["type"] == "page")
    return await websocket_connect(
        str(address["webSocketDebuggerUrl"]), max_message_size=200 * 2**20
    )
