"""Speaking to endpoints: the only file that does. The name is looked up here, every address that it stands for is looked at
(portal/webhooks/address.py), and the very address that was looked at is connected to, so that a name cannot mean another one a moment later.

No redirect is followed, no proxy of the environment is used, an answer is read no further than what is kept of it, and all of it together
takes no longer than a deadline, however slowly the other side writes.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from ipaddress import ip_address

import urllib3
from flask import current_app
from urllib3.connection import HTTPConnection, HTTPSConnection

from portal.refusals import Refusal
from portal.settings import BadSetting, Settings
from portal.webhooks.address import Address, Place, Rules, may_connect, place_of
from portal.webhooks.carrying import ANSWER_KEPT, Answer

LOG = logging.getLogger("portal.webhooks")
CONNECT, WHOLE = 5.0, 15.0
"""Seconds to connect, and for all of it."""
MOST_READ = 4 * ANSWER_KEPT
"""Bytes of an answer that are read: a character has at most four."""
REDIRECT = 300
Resolve = Callable[[str, int], Sequence[Address]]


class NoWay(Exception):
    """Why nothing was sent; `args[0]` is a code."""


def looked_up(host: str, port: int) -> Sequence[Address]:
    """The addresses that a name stands for. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))


def secure() -> ssl.SSLContext:
    """TLS as the machine trusts it."""
    return ssl.create_default_context()


@dataclass(frozen=True)
class HttpCarrier:
    """Hands events over by HTTP, within the rules. `resolve` and `tls` are for a test that has a name or a certificate of its own."""

    rules: Rules
    resolve: Resolve = looked_up
    tls: Callable[[], ssl.SSLContext] = secure
    whole: float = field(default=WHOLE)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Hand something over; never raises for what the other side does."""
        begun = time.monotonic()
        status, text, why = 0, "", ""
        try:
            status, text = self._ask(place_of(url, self.rules), headers, body)
            if time.monotonic() - begun >= self.whole:
                raise TimeoutError  # a line that was cut looks like one that came to its end
            why = "redirect" if REDIRECT <= status < REDIRECT + 100 else ""
        except Refusal:
            why = "address"
        except NoWay as error:
            why = str(error.args[0])
        except (OSError, urllib3.exceptions.HTTPError, HTTPException, ValueError) as error:
            status, text, why = 0, "", _why(error, late=time.monotonic() - begun >= self.whole)
        return Answer(status, text, why, int((time.monotonic() - begun) * 1000))

    def _ask(self, place: Place, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        connection = self._connection(place, self._address(place))
        clock = threading.Timer(self.whole, _cut, [connection])
        clock.daemon = True
        clock.start()
        try:
            connection.connect()
            connection.sock.settimeout(self.whole)  # from here on the clock decides
            connection.request("POST", place.path, body=body, headers={"Host": place.host_header, **headers}, preload_content=False, decode_content=False)
            answer = connection.getresponse()
            text = answer.read(MOST_READ, decode_content=False).decode("utf-8", "replace")
            return answer.status, text[:ANSWER_KEPT]
        finally:
            clock.cancel()
            connection.close()

    def _address(self, place: Place) -> Address:
        """The address to connect to. Raises NoWay where the name stands for none, or for any that is not to be spoken to."""
        try:
            found = self.resolve(place.host, place.port)
        except (OSError, UnicodeError) as error:
            raise NoWay("name") from error
        if not found:
            raise NoWay("name")
        if not all(may_connect(place, address, self.rules) for address in found):
            raise NoWay("address")
        return found[0]

    def _connection(self, place: Place, address: Address) -> HTTPConnection:
        if place.scheme == "http":
            return HTTPConnection(str(address), place.port, timeout=CONNECT)
        return HTTPSConnection(str(address), place.port, timeout=CONNECT, server_hostname=place.host, ssl_context=self.tls())


def _why(error: Exception, *, late: bool) -> str:
    """The code of why nothing was answered."""
    refused = isinstance(error, urllib3.exceptions.NewConnectionError)  # which the library counts among timeouts
    if late or (isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError) and not refused):
        return "timeout"
    return "tls" if isinstance(error, ssl.SSLError | urllib3.exceptions.SSLError) else "connection"


def _cut(connection: HTTPConnection) -> None:
    """End a conversation that takes too long: whoever reads from it is told."""
    line = connection.sock
    if line is not None:
        try:
            socket.socket.shutdown(line, socket.SHUT_RDWR)  # of the line itself: TLS would first say goodbye
        except OSError:
            LOG.info("a line was closed already")


def rules_of(settings: Settings) -> Rules:
    """What the settings allow; a demonstration speaks to this machine at most."""
    ports = frozenset(int(one) for one in settings.webhook_ports.split(","))
    inside = frozenset(one.strip().lower() for one in settings.webhook_inside.split(",") if one.strip())
    return Rules(ports, inside, settings.webhook_loopback, not settings.demo)


def rules() -> Rules:
    """What the settings of the running application allow."""
    return rules_of(current_app.config["PORTAL"])


def carrier() -> HttpCarrier:
    """Who carries, of the running application."""
    return HttpCarrier(rules())


def check(settings: Settings) -> None:
    """Raises BadSetting where the settings would open what must stay closed."""
    if settings.webhook_loopback and not (settings.demo or settings.testing):
        raise BadSetting("PORTAL_WEBHOOK_LOOPBACK: only a demonstration or a test speaks to its own machine")
    if not all(one.isascii() and one.isdigit() and 0 < int(one) < 65_536 for one in settings.webhook_ports.split(",")):
        raise BadSetting("PORTAL_WEBHOOK_PORTS: expected ports separated by commas, such as 443,8443")
