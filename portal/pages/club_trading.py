"""What an event would fall into, in words, and whether somebody who was shown it said: nevertheless."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from flask import request
from flask_babel import gettext as _

from portal.club.events import Draft
from portal.club.trading import Clash, Found, calendar_around, clashes


def found_in(draft: Draft) -> list[Found]:
    """What the times of a draft fall into."""
    times = [(one.starts_at, one.ends_at) for one in draft.when]
    return clashes(times, calendar_around(times))


def words_of(found: Sequence[Found]) -> list[str]:
    """The same in words."""
    said = {
        Clash.DAY: lambda day: _("%(day)s: during the day session of the exchanges", day=day),
        Clash.NIGHT: lambda day: _("%(day)s: during the night session of the exchanges", day=day),
        Clash.DELIVERY: lambda day: _("%(day)s: contracts end or are delivered in these days", day=day),
        Clash.UNKNOWN: lambda day: _("%(day)s: the trading calendar does not have this year, so this could not be looked at", day=day),
    }
    return [said[one.clash](one.day) for one in found]


def to_confirm(found: Sequence[Found]) -> str:
    """What somebody confirms by these clashes; empty where there is nothing to confirm. Another day is confirmed anew."""
    told = [f"{one.clash}:{one.day}" for one in found if one.clash is not Clash.UNKNOWN]
    return hashlib.sha256(" ".join(told).encode()).hexdigest()[:16] if told else ""


def is_confirmed(found: Sequence[Found]) -> bool:
    """Whether there is nothing to confirm, or just this was confirmed."""
    return to_confirm(found) in ("", request.form.get("confirmed", ""))
