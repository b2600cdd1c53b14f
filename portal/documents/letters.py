"""A message as a mail, in its reader's language: worded when it is sent, so that it says what is true then."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select

from models import db
from models.club import ClubEvent
from models.outbox import MessageWay
from portal import clock
from portal.club import events
from portal.club.calendar_file import calendar_file
from portal.i18n import LOCALES
from portal.keys import secret
from portal.leads.withdrawal import MAILED as CONSENT_LINK
from portal.notices import choices
from portal.notices.carriers import File, Mail
from portal.notices.digest import DIGEST
from portal.notices.kinds import INVITED, KINDS, RESET, Kind
from portal.notices.outbox import ALWAYS
from portal.notices.sending import Taken
from portal.notices.wording import GROUPS, sentence
from portal.onboarding.applicant import LASTS as OWN_LINK_LASTS
from portal.onboarding.applicant import MAILED as OWN_LINK
from portal.pages import club_words
from portal.settings import Settings

SHORT = 300
"""The most characters of a text message."""


@dataclass(frozen=True)
class Worded:
    """A message in words."""

    text: str
    facts: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()


def as_mail(taken: Taken) -> Mail:
    """A message as the mail that goes out."""
    settings: Settings = current_app.config["PORTAL"]
    base = settings.base_url.rstrip("/")
    with force_locale(_locale(taken.locale, settings)):
        worded = _worded(taken, base)
        stop = _stop(taken, base)
        link = taken.link if taken.link.startswith(base) or not taken.link else base + taken.link
        shown = {"name": taken.name, "sentence": worded.text, "facts": worded.facts, "link": link, "unsubscribe": stop, "deadline": _deadline(taken.kind)}
        lang = "en" if _locale(taken.locale, settings) == "en" else "zh-Hans-CN"
        text, html = (render_template(f"mail/letter.{form}", lang=lang, **shown) for form in ("txt", "html"))
    number = hashlib.sha256(taken.key.encode()).hexdigest()[:32]
    return Mail(f"<{number}@{host_of(base)}>", taken.to, taken.name, worded.text, text, html, worded.files, stop)


def as_text(taken: Taken) -> str:
    """A message as a text message: its sentence and where it leads."""
    settings: Settings = current_app.config["PORTAL"]
    base = settings.base_url.rstrip("/")
    with force_locale(_locale(taken.locale, settings)):
        return f"{_worded(taken, base).text[:SHORT]} {base}{taken.link}".strip()


def sample(kind: Kind, locale: str) -> Mail:
    """A kind's mail with made-up values, for who wants to see what goes out."""
    values: Mapping[str, Any] = {name: SAMPLES.get(name, "…") for name in _holes(kind.mail)}
    about = {"calendar": _any_event()} if kind.kind.startswith("club.") and _any_event() else {}
    return as_mail(Taken(0, 0, f"sample:{kind.kind}", MessageWay.MAIL, kind.kind, "name@example.com", SAMPLE_NAMES[locale], locale, "sample", "/notices", values, about))


SAMPLES = {"title": "套保之夜 / Hedging night", "amount_fen": 19_800, "month": "2026-10", "what": "…"}
SAMPLE_NAMES = {"zh_Hans_CN": "王小明", "en": "Wang Xiaoming"}


class _Names(dict[str, str]):
    """Notes which holes a sentence has."""

    def __missing__(self, name: str) -> str:
        self[name] = ""
        return ""


def _holes(template: str) -> list[str]:
    names = _Names()
    _filled = template % names
    return list(names)


def _any_event() -> int | None:
    return db.session.execute(select(func.max(ClubEvent.id))).scalar()


def _locale(locale: str, settings: Settings) -> str:
    return locale if locale in LOCALES else settings.locale


def host_of(base: str) -> str:
    """The host of an address, without its port."""
    return base.split("//", 1)[-1].split("/", maxsplit=1)[0].split(":", maxsplit=1)[0]


def _worded(taken: Taken, base: str) -> Worded:
    kind = KINDS[taken.kind]
    event = db.session.get(ClubEvent, int(taken.about["calendar"])) if "calendar" in taken.about else None
    values = dict(taken.values) if event is None else {**taken.values, "title": club_words.title(event)}
    text = sentence(replace(kind, template=kind.mail), values)
    if taken.kind == DIGEST:
        return Worded(text, _of_a_day(taken))
    return Worded(text) if event is None else _with_event(text, event, taken, base)


def _of_a_day(taken: Taken) -> tuple[tuple[str, str], ...]:
    """Every notice of the mail of a day, with the group that it belongs to."""
    known = [(KINDS[item["kind"]], item["values"]) for item in taken.about.get("items", ()) if item["kind"] in KINDS]
    return tuple((str(GROUPS[kind.group]), sentence(replace(kind, template=kind.mail), values)) for kind, values in known)


def _with_event(text: str, event: ClubEvent, taken: Taken, base: str) -> Worded:
    """What is told of an event: when and where it is now, and the file for a calendar."""
    rows = events.sessions_of(event.id)
    gone = bool(taken.about.get("gone"))
    file = calendar_file(event, rows, club_words.title(event), host_of(base), f"{base}/events/{event.key}", clock.now(), gone=gone)
    method = "CANCEL" if "METHOD:CANCEL" in file else "PUBLISH"
    facts = [(_("When"), f"{club_words.day_text(row.starts_at, event.zone)}, {club_words.times(row, event.zone)} ({ZoneInfo(event.zone).key})") for row in rows]
    facts += [(_("Place of the event"), ", ".join(part for part in (row.venue, row.address) if part)) for row in rows if row.venue or row.address]
    return Worded(text, tuple(facts), (File(f"{event.key}.ics", "calendar", file, {"method": method}),))


def _stop(taken: Taken, base: str) -> str:
    """Where its reader ends such mails; nothing where they are always sent."""
    group = KINDS[taken.kind].group
    if group in ALWAYS:
        return ""
    return f"{base}/unsubscribe/{choices.link_token(secret(), taken.who or choices.stopper(taken.to), group)}"


def _deadline(kind: str) -> str:
    if kind == INVITED:
        return str(_("The link works once, for three days. Nobody of the firm will ask you for it."))
    if kind == RESET:
        return str(_("The link works once, for one hour. If you did not ask for it, tell an administrator."))
    if kind == OWN_LINK:
        return str(_("The link waits %(days)s days to be opened and opens once. Give it to nobody: whoever has it answers in your name.", days=OWN_LINK_LASTS.days))
    if kind == CONSENT_LINK:
        return str(_("The link works once, for a year, and is only for you. If it was not you who left us a message, you need do nothing."))
    return ""
