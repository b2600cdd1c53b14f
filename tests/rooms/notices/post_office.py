"""A mail server for tests: it speaks SMTP on a port of this machine, keeps what it is given, and refuses what a test says."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class PostOffice:
    """What came, and how the server behaves. `refuses`: the answer to a receiver; `hangs_up`: the line is cut after so many mails were taken, before
    they are answered."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    hangs_up: int = 0

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to one address."""
        return [mail for mail, receiver in zip(self.mails, self.receivers, strict=True) if receiver == address]


class _Line(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        office: PostOffice = self.server.office  # type: ignore[attr-defined]
        self._say("220 test")
        to: list[str] = []
        while line := self.rfile.readline():
            word = line.decode("ascii", "replace").strip()
            if word.upper().startswith(("EHLO", "HELO")):
                self._say("250 test")
            elif word.upper().startswith("RCPT"):
                address = word.partition("<")[2].partition(">")[0]
                answer = office.refuses.get(address, "250 ok")
                to += [address] if answer.startswith("250") else []
                self._say(answer)
            elif word.upper() == "DATA":
                self._say("354 go on")
                office.mails.append(self._body())
                office.receivers += to
                to = []
                if office.hangs_up:
                    office.hangs_up -= 1
                    return
                self._say("250 taken")
            elif word.upper() == "QUIT":
                self._say("221 bye")
                return
            else:
                to = [] if word.upper() == "RSET" else to
                self._say("250 ok")

    def _body(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        found = message_from_bytes(b"".join(lines), policy=default)
        assert isinstance(found, EmailMessage)
        return found

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def open_office(port: int = 0) -> Iterator[PostOffice]:
    """A mail server for as long as a test needs it, by default on a free port."""
    office = PostOffice()
    with _Server(("127.0.0.1", port), _Line) as server:
        server.office = office  # type: ignore[attr-defined]
        office.port = int(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield office
        finally:
            server.shutdown()
            thread.join()
