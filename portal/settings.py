"""Every setting of the portal: one declarative table, read once at start from PORTAL_* variables, then frozen."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "PORTAL_"
STRIPE_BASE = "https://api.stripe.com"


class BadSetting(ValueError):
    """A variable whose value cannot be used; the message names it and says what was expected."""


def setting(default: Any, meaning: str, **more: Any) -> Any:
    """A setting with its default and the sentence that the README's table shows."""
    return field(default=default, metadata={"meaning": meaning, **more})


@dataclass(frozen=True)
class Settings:
    """What the portal may be told from outside. Each attribute is the variable PORTAL_<NAME>."""

    database_url: str = setting("", "Database. Empty: an SQLite file in the instance folder. PostgreSQL: postgresql://user@host/name")
    instance: str = setting(str(ROOT / "instance"), "Folder of the embedded database, the keys, the outside audit heads")
    secret_key: str = setting("", "Signs links and cookies. Empty: made at the first start and kept in the instance folder")
    data_keys: str = setting("", "Keys that seal phone and ID numbers, newest first: id:base64,… Empty: made at the first start and kept in the instance folder", secret=True)
    receipt_keys: str = setting(
        "", "Keys that sign receipts, the signing one first: base64,… of 32 bytes. Empty: made when first needed and kept in the instance folder", secret=True
    )
    redis_url: str = setting("", "Redis that wakes the workers of every host at once. Empty: they look at the job table twice a second")
    base_url: str = setting("http://127.0.0.1:5000", "The address that links in mails and printed links begin with")
    trusted_hosts: str = setting("", "Host names that are answered, separated by commas. Empty: those of the base address and loopback")
    proxies: int = setting(0, "How many proxies in front may be believed about the caller's address")
    allow_overrides: bool = setting(False, "Rule set: whether plans may pay uplines an override")
    allow_trading_points: bool = setting(False, "Rule set: whether club points may be earned by trading volume or commission")
    jurisdiction: str = setting("CN", "Rule set that holds: CN, or US (portal/rules)")
    demo: bool = setting(False, "A demonstration firm: a banner on every page, printed sign-ins without a second factor")
    training_hours: int = setting(8, "Hours of the association's training that a new introducing broker must have")
    research_lead_days: int = setting(30, "Days after a report was opened in which a lead counts as preceded by it")
    locale: str = setting("zh_Hans_CN", "Language where a reader has chosen none: zh_Hans_CN or en")
    timezone: str = setting("Asia/Shanghai", "The time zone in which moments are shown")
    stripe_key: str = setting(
        "", "Secret or restricted key of the Stripe account that takes the club's card payments. Empty: no cards; in a demonstration the portal's own stand-in", secret=True
    )
    stripe_webhook_secrets: str = setting("", "Signing secrets of the webhook endpoint /club/stripe, two separated by a comma while one is renewed", secret=True)
    stripe_api_base: str = setting("", "Address of Stripe's API. Empty: Stripe's own, and nothing else with a live key")
    smtp_url: str = setting(
        "", "Mail server: smtps://user:password@host:465, or smtp://…:587 (STARTTLS, plain to this machine alone). Empty: mails are kept, not sent", secret=True
    )
    mail_from: str = setting("", "Whom mails come from: an address, or Name <address>")
    sms_url: str = setting("", "Where text messages are handed over: https://…, by POST of to, text and id as JSON. Empty: they are kept, not sent")
    sms_key: str = setting("", "Key of that service, sent as Authorization: Bearer …", secret=True)
    webhook_ports: str = setting("443,8443", "Ports to which webhooks go, separated by commas")
    webhook_inside: str = setting("", "Names in the firm’s own network to which webhooks may go, separated by commas. Empty: public addresses alone")
    webhook_loopback: bool = setting(False, "Whether webhooks may go to this machine, also by http: only in a demonstration or a test")
    password_cost: str = setting("strong", "Argon2id cost: strong, or quick for tests")
    listen: str = setting("127.0.0.1:5000", "Where ./run serves")
    workers: int = setting(2, "Web worker processes of ./run")
    upload_limit_mb: int = setting(256, "Largest upload in MB")
    testing: bool = setting(False, "Set by the tests")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read PORTAL_* variables. Raises BadSetting for an unknown variable or a value of the wrong form."""
        environ = os.environ if environ is None else environ
        known = {PREFIX + item.name.upper(): item for item in fields(cls)}
        unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
        if unknown:
            raise BadSetting(f"unknown setting {', '.join(unknown)}; the README lists all of them")
        values = {item.name: _parse(name, environ[name], item.type) for name, item in known.items() if environ.get(name, "") != ""}
        return cls(**values)

    @property
    def with_standin(self) -> bool:
        """Whether the portal's own stand-in for Stripe is served: in a demonstration and in tests, where no key is given."""
        return (self.demo or self.testing) and not self.stripe_key

    @property
    def shows_outbox(self) -> bool:
        """Whether /dev/outbox is served, which shows what would go out: in a demonstration and in tests, where nothing does."""
        return self.demo or self.testing

    @property
    def database(self) -> str:
        """The SQLAlchemy address of the database, with the driver that this portal is tested with."""
        url = self.database_url
        if not url:
            return f"sqlite:///{Path(self.instance) / 'portal.db'}"
        for plain in ("postgresql://", "postgres://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url[len(plain) :]
        return url


def _parse(name: str, text: str, kind: Any) -> Any:
    if kind == "bool":
        if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
            raise BadSetting(f"{name}={text!r}: expected 1 or 0")
        return text.lower() in {"1", "true", "yes"}
    if kind == "int":
        if not (text.isascii() and text.isdigit()):
            raise BadSetting(f"{name}={text!r}: expected a whole number")
        return int(text)
    return text


def table() -> str:
    """All settings as the README's table: variable, default, meaning."""
    rows = [f"| `{PREFIX}{item.name.upper()}` | {_shown(item.default)} | {item.metadata['meaning']} |" for item in fields(Settings)]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return str(int(default))
    text = str(default).replace(str(ROOT), ".")
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
