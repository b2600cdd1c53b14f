"""When a page is there on a phone: `python -m tests.bench.paint [--instance FOLDER] [--rounds N] [--compressed]`.

FOLDER holds a demonstration firm; gunicorn serves it as ./run does, and a real browser opens each page with an empty cache, as
Lighthouse's mobile profile does: 150 ms to and fro, 1.6 Mbit/s down, 750 kbit/s up, the processor four times slower. Per page: the
median of the first and of the largest contentful paint, what moved afterwards, and the bytes over the wire.
Budget: largest contentful paint ≤ 1.5 s.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from playwright.sync_api import Browser, sync_playwright

from models.identity import Role
from portal import create_app
from portal.settings import ROOT, Settings
from tests.bench.pages import cookie_of

LINE = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
"""Lighthouse's slow 4G: milliseconds to and fro, bytes a second."""
SLOWER = 4
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "is_mobile": True, "has_touch": True, "locale": "zh-CN"}
BUDGET = 1_500
PAGES: tuple[tuple[str, str, Role | None], ...] = (
    ("sign-in", "/sign-in", None),
    ("broker home", "/", Role.BROKER),
    ("client home", "/", Role.CLIENT),
    ("clients", "/clients", Role.ADMIN),
    ("firm overview", "/overview", Role.ADMIN),
)
WATCH = """
window.seen = {lcp: 0, what: '', moved: 0, fcp: 0};
new PerformanceObserver((list) => { for (const one of list.getEntries()) { seen.lcp = one.startTime; seen.what = one.element ? one.element.tagName.toLowerCase() + '.' + one.element.className : one.url; } })
  .observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) seen.moved += one.value; }).observe({type: 'layout-shift', buffered: true});
new PerformanceObserver((list) => { for (const one of list.getEntries()) if (one.name === 'first-contentful-paint') seen.fcp = one.startTime; }).observe({type: 'paint', buffered: true});
"""


class Seen(NamedTuple):
    """One opening of a page: milliseconds, what was the largest, the sum of layout shifts, bytes over the wire."""

    fcp: float
    lcp: float
    what: str
    moved: float
    wire: int


def opened(browser: Browser, address: str, cookies: list[dict[str, Any]], slower: float = SLOWER) -> Seen:
    """Open a page on the phone with nothing kept from before."""
    context = browser.new_context(**PHONE)  # type: ignore[arg-type]
    try:
        context.add_cookies(cookies)  # type: ignore[arg-type]
        context.add_init_script(WATCH)
        page = context.new_page()
        line = context.new_cdp_session(page)
        wire: list[float] = []
        line.on("Network.loadingFinished", lambda told: wire.append(told["encodedDataLength"]))
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", LINE)
        line.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(address, wait_until="load", timeout=60_000)
        page.wait_for_timeout(1_500)
        seen = page.evaluate("seen")
        return Seen(seen["fcp"], seen["lcp"], seen["what"], seen["moved"], int(sum(wire)))
    finally:
        context.close()


class _Compressing(BaseHTTPRequestHandler):
    """What a proxy in front does: pages travel compressed. Styles and scripts are compressed already."""

    protocol_version = "HTTP/1.1"
    behind = ""

    def do_GET(self) -> None:
        """Fetch it behind and hand it on."""
        line = http.client.HTTPConnection(self.behind)
        line.request("GET", self.path, headers=dict(self.headers.items()) | {"Host": self.behind})
        answer = line.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}]
        if answer.getheader("Content-Type", "").startswith("text/html"):
            body = gzip.compress(body, 5)
            kept.append(("Content-Encoding", "gzip"))
        for name, value in [*kept, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        line.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def in_front(address: str) -> Iterator[str]:
    """A compressing proxy in front of an address; gives its own."""
    handler = type("Handler", (_Compressing,), {"behind": address.removeprefix("http://")})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@contextmanager
def served(instance: str) -> Iterator[str]:
    """The firm of a folder, served as ./run serves it; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--log-level", "error", "app:app"],
        cwd=ROOT,
        env=kept | {"PORTAL_INSTANCE": instance, "PORTAL_DEMO": "1", "PORTAL_BASE_URL": address},
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=5)
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def cookies_of(instance: str, address: str) -> dict[Role, list[dict[str, Any]]]:
    """A session of the first person of each role that is measured."""
    app = create_app(Settings(instance=instance, demo=True))
    found = {}
    for role in {role for _name, _path, role in PAGES if role}:
        found[role] = [{"name": name, "value": value, "url": address} for name, value in cookie_of(app, "", role)[0].items()]
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", default="instance")
    parser.add_argument("--compressed", action="store_true", help="put a proxy in front that compresses pages")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slower", type=float, default=SLOWER, help="how much slower the processor is made")
    given = parser.parse_args()
    chromium = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    instance = os.path.abspath(given.instance)
    with ExitStack() as stack:
        behind, playwright = stack.enter_context(served(instance)), stack.enter_context(sync_playwright())
        address = stack.enter_context(in_front(behind)) if given.compressed else behind
        cookies = cookies_of(instance, address)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        print(f"{'page':16} {'first':>7} {'largest':>8} {'moved':>6} {'KB':>6}  largest is")
        for name, path, role in PAGES:
            held = cookies[role] if role else []
            opened(browser, address + path, held, given.slower)  # so that the server has its templates
            seen = [opened(browser, address + path, held, given.slower) for _ in range(given.rounds)]
            lcp = statistics.median(one.lcp for one in seen)
            over = "" if lcp <= BUDGET else "  over the budget"
            print(
                f"{name:16} {statistics.median(one.fcp for one in seen):7.0f} {lcp:8.0f} {max(one.moved for one in seen):6.3f} {seen[-1].wire / 1000:6.1f}  {seen[-1].what[:40]}{over}"
            )
        browser.close()


if __name__ == "__main__":
    main()
