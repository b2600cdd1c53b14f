"""What browsers report of pages that broke the content security policy: one line each in the log, and nothing else.

A report comes from anybody's browser, so it is read with suspicion: it is small, few are heard in a minute, only plain
words of it are written down, and addresses without their query, which may name persons. It carries no form token: it
changes nothing.
"""

from __future__ import annotations

import json
import logging
import threading
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from portal import clock
from portal.web.guard import public
from portal.web.requests import request_id

LOG = logging.getLogger("portal.reports")
PATH = "/csp-reports"
LARGEST = 16 * 1024
PER_MINUTE = 60
"""Reports that a process writes down in a minute; more are counted, not written."""
MOST_IN_ONE = 10

bp = Blueprint("reports", __name__)
_counting = threading.Lock()


@bp.post(PATH)
@public
def csp() -> ResponseReturnValue:
    """Write down what a browser stopped. The answer is the same whatever came."""
    if (request.content_length or 0) > LARGEST:
        raise RequestEntityTooLarge
    for report in _reports(request.get_data(cache=False))[:MOST_IN_ONE]:
        if _heard():
            LOG.warning("request %s: policy stopped %s of %s on %s", request_id(), *(_plain(part) for part in report))
    return "", 204


def _reports(body: bytes) -> list[tuple[str, str, str]]:
    """(directive, what was stopped, page) of each report, in either of the two forms that browsers send."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return []
    found = [sent.get("csp-report")] if isinstance(sent, dict) else [entry.get("body") for entry in sent if isinstance(entry, dict)] if isinstance(sent, list) else []
    return [
        (_of(one, "effectiveDirective", "violated-directive"), _address(_of(one, "blockedURL", "blocked-uri")), _address(_of(one, "documentURL", "document-uri")))
        for one in found
        if isinstance(one, dict)
    ]


def _of(report: dict[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := report.get(name), str)), "")


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}" if parts.netloc else parts.path


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "·" for letter in text[:200]) or "–"


def _heard() -> bool:
    """Whether this report is still among those that are written down in this minute."""
    minute = int(clock.now().timestamp()) // 60
    with _counting:
        since, count = current_app.extensions.get("csp_reports", (minute, 0))
        count = count + 1 if since == minute else 1
        current_app.extensions["csp_reports"] = (minute, count)
    return bool(count <= PER_MINUTE)
