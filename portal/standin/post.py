"""Webhooks of the stand-in: signed, sent until they are heard."""

from __future__ import annotations

import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import stripe

from portal.standin.store import WAITS, Store, now

LOG = logging.getLogger("portal.standin")
Send = Callable[[bytes, str], int]
"""Sends a body with its signature header; returns the status of the answer."""


def deliver(store: Store, secret: str, send: Send) -> int:
    """Make the deliveries that are due, each once. Returns how many. Nothing is held while somebody answers."""
    with store.change() as desk:
        waiting = desk.due()
    for number, body, forged, tries in waiting:
        header: Any = stripe.WebhookSignature.generate_signature_header(body, "whsec_of_somebody_else" if forged else secret, now())
        status = send(body.encode(), header)
        with store.change() as desk:
            desk.tried(number, status, tries)
    return len(waiting)


def by_http(address: str) -> Send:
    """Send over HTTP, as Stripe does."""

    def send(body: bytes, header: str) -> int:
        asked = urllib.request.Request(address, body, {"Content-Type": "application/json", "Stripe-Signature": header})  # noqa: S310 - the portal's own address
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    return send


class Postman:
    """Delivers in the background for a while whenever something was queued; each process has its own."""

    def __init__(self, store: Store, secret: str, address: str) -> None:
        self.store, self.secret, self.send = store, secret, by_http(address)
        self.busy = threading.Lock()

    def wake(self) -> None:
        """Begin delivering, unless somebody is at it."""
        threading.Thread(target=self._round, daemon=True, name="standin-post").start()

    def _round(self) -> None:
        if not self.busy.acquire(blocking=False):
            return
        try:
            for wait in (0.2, *WAITS, 100):
                time.sleep(wait)
                deliver(self.store, self.secret, self.send)
        except Exception:
            LOG.exception("webhooks of the stand-in could not be delivered")
        finally:
            self.busy.release()
