"""Built styles and scripts: their hashed addresses, and how they are served (for ever, compressed, without asking the application)."""

from __future__ import annotations

import json
import re
from typing import Any
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise

from portal.settings import ROOT, Settings

DIST = ROOT / "static" / "dist"
PREFIX = "/static/dist/"
_HASHED = re.compile(r"-[0-9A-Za-z]{8,10}\.\w+$")


def install(app: Flask, settings: Settings) -> None:
    """Give templates `asset(name)` and serve static/dist. Works without a build: addresses are then unhashed, and nothing is served."""
    manifest = _manifest()

    def asset(name: str) -> str:
        return PREFIX + manifest.get(name, name)

    app.jinja_env.globals["asset"] = asset
    if DIST.is_dir():
        app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
            app.wsgi_app,
            root=str(DIST),
            prefix=PREFIX.strip("/"),
            immutable_file_test=lambda path, url: bool(_HASHED.search(url)),
            add_headers_function=_headers,
            allow_all_origins=False,
            max_age=60,
        )


def _manifest() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((DIST / "manifest.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def _headers(headers: Headers, path: str, url: str) -> Any:
    headers["X-Content-Type-Options"] = "nosniff"
