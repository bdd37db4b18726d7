"""Headless Chromium over its pipe: open a page, look at it, ask it; no driver and no library.

Messages of the DevTools protocol are JSON, each ended by a zero byte, on file descriptors 3 (to the browser) and 4.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

PATIENCE_S = 120
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27}
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


class BrowserError(RuntimeError):
    """The browser is not there, does not answer, or says that something went wrong."""


def browser_path() -> str | None:
    """Where Chromium is; None where it is not installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Tab:
    """One page.

    Attributes:
        errors: what the console was told as an error, and exceptions that nothing caught.
        requests: addresses that the page asked for; the page itself and what it carries (`data:`) are not counted.
    """

    _to: int
    _from: int
    session: str = ""
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _left: bytes = b""
    _sent: int = 0
    _page: str = ""
    _loaded: bool = False

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result; what happens meanwhile is noted.

        Raises:
            BrowserError: if the browser says so, or does not answer.
        """
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            told = self._read()
            if told.get("id") == self._sent:
                if "error" in told:
                    raise BrowserError(f"{method}: {told['error']}")
                return dict(told["result"])

    def open(self, page: Path, width: int, height: int, dark: bool = False) -> None:
        """Open a file in a window of that size and wait until it is loaded."""
        self.errors, self.requests, self._loaded = [], [], False
        self._page = page.resolve().as_uri()
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=self._page)
        while not self._loaded:
            self._read()

    def resize(self, width: int, height: int) -> None:
        """Give the window another size, in CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; of a promise, what it comes to.

        Raises:
            BrowserError: if it throws.
        """
        told = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise BrowserError(str(told["exceptionDetails"]))
        return told["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true.

        Raises:
            BrowserError: if it is not within two minutes.
        """
        end = time.monotonic() + PATIENCE_S
        while not self.ask(expression):
            if time.monotonic() > end:
                raise BrowserError(f"not within {PATIENCE_S} s: {expression}")
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """Press a key of `KEYS` and let go of it."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key], **text)

    def picture(self, path: Path) -> None:
        """Write what the window shows as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            read = os.read(self._from, 1 << 20)
            if not read:
                raise BrowserError("the browser is gone")
            self._left += read
        message, _, self._left = self._left.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        self._note(told.get("method", ""), told.get("params", {}))
        return told

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._loaded = True
        elif event == "Runtime.exceptionThrown":
            self.errors.append(str(told["exceptionDetails"].get("exception", told["exceptionDetails"])))
        elif event == "Runtime.consoleAPICalled" and told["type"] in ("error", "assert"):
            self.errors.append(str([value.get("value") for value in told["args"]]))
        elif event == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])
        elif event == "Network.requestWillBeSent":
            address = told["request"]["url"]
            if not address.startswith(("data:", self._page)):
                self.requests.append(address)


@contextmanager
def browser() -> Iterator[Tab]:
    """A browser with one tab, ended at the end.

    Raises:
        BrowserError: if Chromium is not installed.
    """
    path = browser_path()
    if path is None:
        raise BrowserError("Chromium is not installed: apt-get install chromium")
    to_browser, from_browser = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [
                "bash",  # sh may read one digit of a descriptor only
                "-c",
                f'exec "$0" "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}',
                path,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--remote-debugging-pipe",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            pass_fds=(to_browser[0], from_browser[1]),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        os.close(to_browser[0])
        os.close(from_browser[1])
        tab = Tab(to_browser[1], from_browser[0])
        try:
            targets = tab.call("Target.getTargets")["targetInfos"]
            page = next(target["targetId"] for target in targets if target["type"] == "page")
            tab.session = tab.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                tab.call(f"{domain}.enable")
            yield tab
        finally:
            # Its own processes outlive it for a moment, and would write to the profile while that is removed.
            started = psutil.Process(process.pid).children(recursive=True)
            for each in (process, *started):
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait()
            psutil.wait_procs(started, timeout=PATIENCE_S)
            os.close(to_browser[1])
            os.close(from_browser[0])
