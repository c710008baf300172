"""Debian's Chromium without a window, driven over two pipes by its DevTools protocol: no driver, no port, no library."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def browser():
    """A browser with one tab, until the block ends."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Chromium reads commands from descriptor 3 and answers on 4, each message ending in a zero byte.
        (there, commands), (answers, back) = os.pipe(), os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
        process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{there} 4>&{back}', "bash", PROGRAM, *flags, f"--user-data-dir={profile}"],
            pass_fds=(there, back),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
        )
        os.close(there)
        os.close(back)
        try:
            yield Browser(commands, answers)
        finally:
            process.kill()
            process.wait()
            os.close(commands)
            os.close(answers)


class Browser:
    """One tab, spoken to over two pipes."""

    def __init__(self, commands, answers):
        self._commands, self._answers = commands, answers
        self._read, self._count, self._session = b"", 0, None
        self.complaints = []
        """What the page logged, raised or asked of the network since it was opened."""
        tab = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        """The answer to one command; what the page complains of in the meantime is kept."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            event = self._next()
            if event.get("id") == self._count:
                assert "error" not in event, event
                return event["result"]

    def _next(self):
        while b"\0" not in self._read:
            part = os.read(self._answers, 1 << 20)
            assert part, "the browser went away"
            self._read += part
        line, _, self._read = self._read.partition(b"\0")
        event = json.loads(line)
        match event.get("method"):
            case "Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled":
                self.complaints.append(event["params"])
            case "Network.requestWillBeSent":
                self.complaints += [event["params"]["request"]["url"]] if event["params"]["type"] != "Document" else []
        return event

    def open(self, address):
        """Load a page to its end."""
        self.complaints.clear()
        self.send("Page.navigate", url=str(address))
        self.ask("new Promise(done => document.readyState == 'complete' ? done() : addEventListener('load', done))")

    def ask(self, expression):
        """The value of an expression in the page."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, timeout=60000
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, code, text=""):
        """A key, pressed and let go."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **typed)

    def look(self, *, theme="light", media="screen", width=1280, height=900):
        """Show the page in a theme, on a screen of this size or as printed."""
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self):
        """What is seen, as PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png", optimizeForSpeed=False)["data"])
