"""A portal, or its stand-in for Stripe, on a port of this machine for as long as a test needs it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


def _read_at_once(file: BinaryIO, size: int = 0) -> list[bytes]:
    """The server's way to send a file: all of it, closed before it goes out.

    Werkzeug's server leaves a file open when the browser goes away half-way; the warning then fails whatever test runs next.
    """
    with file:
        return [file.read()]


@contextmanager
def served(app: Flask, port: int = 0) -> Iterator[str]:
    """Serve an application on a port, by default a free one; gives its address."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return app(environ | {"wsgi.file_wrapper": _read_at_once}, start_response)

    server = make_server("127.0.0.1", port, answer, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
