"""How amounts, counts and moments are written. Amounts are whole fen and stay exact; only the compact form rounds, and says so by its title."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _

from models.values.money import half_up
from portal.settings import Settings

_STEPS = {
    "zh": ((10**8, "亿"), (10**4, "万")),
    "en": ((10**9, "B"), (10**6, "M"), (10**3, "K")),
}


def install(app: Flask, settings: Settings) -> None:
    """Give templates the functions of this file."""
    zone = ZoneInfo(settings.timezone)
    app.jinja_env.globals.update(
        yuan_text=yuan_text,
        compact_yuan_text=lambda fen: compact_yuan_text(fen, language()),
        number_text=number_text,
        who_text=who_text,
        moment_text=lambda moment, seconds=False: moment_text(moment, zone, seconds=seconds),
    )


def who_text(label: str) -> str:
    """Who did something, as a page says it: the log's words for whoever signs in nowhere, in the reader's language."""
    kind, _blank, number = label.partition(" ")
    if kind == "applicant" and number:
        return str(_("applicant %(number)s", number=number))
    return {"terminal": str(_("the system")), "anonymous": str(_("without a sign-in"))}.get(label, label)


def language() -> str:
    """The reader's language, zh or en."""
    locale = get_locale()
    return "zh" if locale is not None and locale.language == "zh" else "en"


def yuan_text(fen: int, unit: bool = True) -> str:
    """An amount to the fen with thousands commas: -¥1,234.50. The sign stands first, so that the text still reads as a number.

    >>> yuan_text(-123450), yuan_text(5, unit=False)
    ('-¥1,234.50', '0.05')
    """
    whole, part = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{'¥' if unit else ''}{whole:,}.{part:02d}"


def compact_yuan_text(fen: int, language: str) -> str:
    """An amount in 万 and 亿, or K, M and B, rounded half up to two decimals.

    >>> compact_yuan_text(5_123_456_780, "zh"), compact_yuan_text(5_123_456_780, "en")
    ('¥5,123.46万', '¥51.23M')
    """
    steps = _STEPS[language]
    for index, (size, name) in enumerate(steps):
        hundredths = half_up(abs(fen), size)
        if hundredths >= 100 or (index + 1 < len(steps) and half_up(abs(fen), steps[index + 1][0]) >= size // steps[index + 1][0] * 100):
            return f"{'-' if fen < 0 else ''}¥{hundredths // 100:,}.{hundredths % 100:02d}{name}"
    return yuan_text(fen)


def number_text(number: int) -> str:
    """A count with thousands commas."""
    return f"{number:,}"


def moment_text(moment: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """A moment in the portal's time zone, to the minute or the second. Raises ValueError for a moment without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment carries its zone")
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")
