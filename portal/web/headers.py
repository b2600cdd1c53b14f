"""The headers of every response: what a page may load, who may frame it, and that nobody keeps what a signed-in person saw."""

from __future__ import annotations

from flask import Flask, Response, request

from portal.settings import Settings
from portal.web.hosts import served_by_https
from portal.web.reports import PATH
from portal.web.requests import request_id

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    f"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; manifest-src 'self'; report-uri {PATH}; report-to csp"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Reporting-Endpoints": f'csp="{PATH}"',
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
}
ONE_YEAR = 31_536_000
VARY = "Cookie, Accept-Language, HX-Request"


def install(app: Flask, settings: Settings) -> None:
    """Put the headers on every response, faults included."""
    fixed = list(HEADERS.items())
    if served_by_https(settings):
        fixed.append(("Strict-Transport-Security", f"max-age={ONE_YEAR}; includeSubDomains"))

    @app.after_request
    def harden(response: Response) -> Response:
        headers = response.headers
        given = {name.lower() for name, _ in headers}
        headers.extend([(name, value) for name, value in fixed if name.lower() not in given])
        headers["X-Request-Id"] = request_id()
        if request.endpoint != "static":
            # Pages carry a person's data or a form's token: no cache, no back button after signing out.
            headers["Cache-Control"] = "no-store"
            headers["Vary"] = VARY if "vary" not in given else f"{headers['Vary']}, {VARY}"
        return response
