"""Mail by SMTP: the only file that knows its library. A line break in what goes into a header becomes a blank, so nobody adds headers."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from flask import current_app

from portal.notices.carriers import Mail, Rejected, Undelivered
from portal.settings import BadSetting, Settings

TIMEOUT = 20
PERMANENT = 500
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class SmtpServer:
    """A mail server, and in whose name it is spoken to."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str

    @contextmanager
    def post(self) -> Iterator[SmtpPost]:
        """A connection that is opened with the first mail, and anew after one that failed."""
        way = SmtpPost(self)
        try:
            yield way
        finally:
            way.close()


class SmtpPost:
    """A connection to a mail server."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._open: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> None:
        """Hand a mail over. Raises Undelivered, Rejected."""
        message = written(mail, self._server.sender)
        try:
            self._open = self._open or self._connect()
            self._open.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            self._reset()
            raise (Rejected if code >= PERMANENT else Undelivered)(_said(code, answer)) from error
        except smtplib.SMTPAuthenticationError as error:
            self.close()
            raise Undelivered(_said(error.smtp_code, error.smtp_error)) from error  # the settings are wrong, not the mail
        except smtplib.SMTPResponseException as error:
            self.close()
            raise (Rejected if error.smtp_code >= PERMANENT else Undelivered)(_said(error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Undelivered(f"{type(error).__name__}: {error}"[:300]) from error

    def _connect(self) -> smtplib.SMTP:
        server, safe = self._server, ssl.create_default_context()
        if server.scheme == "smtps":
            found: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=safe)
        else:
            found = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
            if server.host not in LOOPBACK:
                found.starttls(context=safe)
        if server.user:
            found.login(server.user, server.password)
        return found

    def _reset(self) -> None:
        try:
            if self._open is not None:
                self._open.rset()
        except (smtplib.SMTPException, OSError):
            self.close()

    def close(self) -> None:
        """End the connection."""
        held, self._open = self._open, None
        if held is not None:
            try:
                held.quit()
            except (smtplib.SMTPException, OSError):
                held.close()


def written(mail: Mail, sender: str) -> EmailMessage:
    """A mail as it travels: plain text and HTML, and what hangs on it. Raises Rejected where the address is none."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _address(*parseaddr(sender))
        message["To"] = _address(mail.name, mail.to)
    except (ValueError, IndexError) as error:
        raise Rejected("this is no mail address") from error
    message["Subject"] = one_line(mail.subject)[:200]
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for file in mail.files:
        message.add_attachment(file.text, subtype=file.subtype, filename=one_line(file.name), params=dict(file.parameters))
    return message


def one_line(text: str) -> str:
    """A text for a header: every break, also those that only some programs take for one, is a blank."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _address(name: str, address: str) -> Address:
    if "@" not in address or one_line(address) != address or " " in address:
        raise ValueError(address)
    return Address(one_line(name)[:100], addr_spec=address)


def _said(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {one_line(text)}"[:300]


def mailer() -> SmtpServer | None:
    """The mail server as the settings name it; None where none is named, and in a demonstration, whose people are invented."""
    settings: Settings = current_app.config["PORTAL"]
    return server_of(settings) if settings.smtp_url and not settings.demo else None


def server_of(settings: Settings) -> SmtpServer:
    """The server that the settings name. Raises BadSetting where they do not say how to reach one, or in whose name."""
    parts = urlsplit(settings.smtp_url)
    try:
        port = parts.port or PORTS[parts.scheme]
        _address(*parseaddr(settings.mail_from))
    except KeyError as error:
        raise BadSetting("PORTAL_SMTP_URL: expected smtps://user:password@host:465 or smtp://user:password@host:587") from error
    except (ValueError, IndexError) as error:
        raise BadSetting("PORTAL_SMTP_URL needs a port that is a number, and PORTAL_MAIL_FROM an address, such as Club <club@firm.cn>") from error
    if not parts.hostname:
        raise BadSetting("PORTAL_SMTP_URL: names no host")
    return SmtpServer(parts.scheme, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), settings.mail_from)
