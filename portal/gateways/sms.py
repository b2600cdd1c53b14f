"""Text messages by a provider that takes them over HTTPS: POST {"to", "text", "id"} as JSON, with a key. The only file that speaks to it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import current_app

from portal.notices.carriers import Rejected, Undelivered
from portal.settings import BadSetting, Settings

TIMEOUT = 20
BAD_REQUEST, TOO_MANY, SERVER_FAULT = 400, 429, 500
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class HttpTexter:
    """A provider at an address. A repetition has the same `id`, by which it knows that it has sent it already."""

    url: str
    key: str = field(repr=False)

    def send(self, phone: str, text: str, key: str) -> None:
        """Hand a text message over. Raises Undelivered, Rejected."""
        body = json.dumps({"to": phone, "text": text, "id": key}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(self.url, data=body, headers=headers, method="POST")  # noqa: S310 - `check` lets https through alone
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                answer.read(1_000)
        except urllib.error.HTTPError as error:
            final = BAD_REQUEST <= error.code < SERVER_FAULT and error.code not in {401, 403, 408, TOO_MANY}
            error.close()
            raise (Rejected if final else Undelivered)(f"the provider answered {error.code}") from error
        except OSError as error:
            raise Undelivered(f"{type(error).__name__}: {error}"[:300]) from error


def texter() -> HttpTexter | None:
    """The provider as the settings name it; None where none is named, and in a demonstration, whose people are invented."""
    settings: Settings = current_app.config["PORTAL"]
    return HttpTexter(settings.sms_url, settings.sms_key) if settings.sms_url and not settings.demo else None


def check(settings: Settings) -> None:
    """Raises BadSetting where text messages and their key would travel in the open."""
    parts = urlsplit(settings.sms_url)
    if settings.sms_url and not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise BadSetting("PORTAL_SMS_URL: expected an address that begins with https://")
