"""A card to print and hand over: the link as a QR code and in letters (A6, tagged PDF, its font inside)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import gettext as _

from portal.documents.pdf import compiled


def card_of(address: str, code: str, picture: str, made: datetime, locale: str) -> bytes:
    """The bytes of the card of a link, in the language of the context."""
    moment = made.astimezone(UTC)
    content = {
        "language": "zh" if locale.startswith("zh") else "en",
        "made": [moment.year, moment.month, moment.day],
        "brand": _("Juyuan"),
        "title": _("Open a futures account with us"),
        "sentence": _("Scan the code, leave your name and phone number, and we call you back."),
        "alternative": _("QR code of the link %(address)s", address=address),
        "address": address,
        "code": code,
        "small": _("Futures trading is risky and not suited to everybody. Whoever gives you this card may be paid by the firm from your fees."),
        "picture": picture,
    }
    return compiled("card.typ", content, int(moment.timestamp()))
