"""Limits on how few the equity may stand: what may be limited, what counts on a day, what a limit would have said, and the turns from kept to broken
and back. A value exactly at its limit is not over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import func, select

from models import db
from models.concentration import ConcentrationLimit, Holder, LimitEvent, LimitName, LimitTurn, Measure
from models.identity import Role, User, UserRole, UserState
from portal.actors import Actor
from portal.audit import log
from portal.departures.concentration import Standing, last_day, standing
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell
from portal.permissions import Can
from portal.refusals import Refusal

LONGEST = 400
OVER, HEALED = "concentration.over", "concentration.healed"
"""The kinds of the notices."""
LINK = "/overview/concentration/limits"
register(
    OVER,
    N_("%(what)s is over its limit: %(value)s on %(day)s, the limit is %(allowed)s."),
    "brokers",
    label=N_("A limit on concentration is broken"),
    words=("what",),
    tone="warn",
    mail=N_("A limit on concentration is broken."),
)
register(
    HEALED,
    N_("%(what)s is within its limit again: %(value)s on %(day)s."),
    "brokers",
    label=N_("A limit on concentration is kept again"),
    words=("what",),
    tone="good",
)
NAMES = {
    LimitName.BROKER_TOP_1: N_("The largest broker’s share of the equity under brokers"),
    LimitName.BROKER_TOP_5: N_("The five largest brokers’ share"),
    LimitName.BROKER_TOP_10: N_("The ten largest brokers’ share"),
    LimitName.BROKER_INDEX: N_("Herfindahl index of brokers"),
    LimitName.STAFF_TOP_1: N_("The share of the largest of the staff"),
    LimitName.STAFF_TOP_5: N_("The share of the five largest of the staff"),
    LimitName.STAFF_INDEX: N_("Herfindahl index of the staff"),
    LimitName.BRANCH_TOP_1: N_("The largest branch’s share"),
    LimitName.UNDER_BROKERS: N_("Brokers’ share of the firm’s equity"),
    LimitName.SINGLE_CONTACT: N_("Equity with a single contact"),
    LimitName.NO_CONTACT: N_("Equity that nobody looks after"),
}
"""What each limit is for, in words."""
_TOPS = {
    LimitName.BROKER_TOP_1: (Holder.BROKER, 1),
    LimitName.BROKER_TOP_5: (Holder.BROKER, 5),
    LimitName.BROKER_TOP_10: (Holder.BROKER, 10),
    LimitName.STAFF_TOP_1: (Holder.STAFF, 1),
    LimitName.STAFF_TOP_5: (Holder.STAFF, 5),
    LimitName.BRANCH_TOP_1: (Holder.BRANCH, 1),
}
INDEXES = {LimitName.BROKER_INDEX: Holder.BROKER, LimitName.STAFF_INDEX: Holder.STAFF}


def measured(name: LimitName, found: Standing) -> Fraction | None:
    """What a limit is held against, exactly: hundredths of a per cent, of an index its points; None where nothing is held."""
    if name in INDEXES:
        one = found.figures.get((INDEXES[name], Measure.EQUITY))
        return None if one is None else Fraction(one.hhi)
    if name in _TOPS:
        holder, count = _TOPS[name]
        one = found.figures.get((holder, Measure.EQUITY))
        return None if one is None else Fraction(one.top[count] * 10_000, one.total)
    part, whole = {
        LimitName.UNDER_BROKERS: (found.under_brokers, found.all_equity),
        LimitName.SINGLE_CONTACT: (found.one, found.equity),
        LimitName.NO_CONTACT: (found.nobody, found.equity),
    }[name]
    return Fraction(part * 10_000, whole) if whole > 0 else None


@dataclass(frozen=True)
class Held:
    """A limit held against a day: `value` rounded down as it is shown, `allowed` (None: no limit), and whether it is over."""

    name: LimitName
    value: int | None
    allowed: int | None
    over: bool


def held_against(name: LimitName, found: Standing | None, allowed: int | None) -> Held:
    """Whether a day is over a limit. Exactly at it is not over; nothing held, or no limit, neither."""
    exact = None if found is None else measured(name, found)
    return Held(name, None if exact is None else int(exact), allowed, exact is not None and allowed is not None and exact > allowed)


def limits_on(day: date) -> dict[LimitName, int | None]:
    """Every limit that was set, as it counts on a day."""
    row = ConcentrationLimit
    newest = select(func.max(row.id)).where(row.counts_from <= day).group_by(row.name)
    return {LimitName(name): value for name, value in db.session.execute(select(row.name, row.value).where(row.id.in_(newest)))}


def history(most: int = 50) -> list[ConcentrationLimit]:
    """What was set, the newest first."""
    return list(db.session.execute(select(ConcentrationLimit).order_by(ConcentrationLimit.id.desc()).limit(most)).scalars())


def checked(name: str, value: int | None, counts_from: date, today: date) -> LimitName:
    """The name of a limit that could be set so. Raises Refusal for one that there is not, a value out of range, a day gone by."""
    if name not in set(LimitName):
        raise Refusal("there is no limit %(name)s", name=name[:40])
    if value is not None and not 0 <= value <= 10_000:
        raise Refusal("a share lies between 0 and 100 per cent, an index between 0 and 10,000")
    if counts_from < today:
        raise Refusal("a limit counts from today on or later: %(day)s has gone by", day=counts_from)
    return LimitName(name)


def put(name: str, value: int | None, counts_from: date, reason: str, *, actor: Actor, moment: datetime, today: date) -> ConcentrationLimit:
    """Set a limit from a day on (None: there is none from then on). One that counts today is held against the newest day at once.

    Raises NotAllowed; Refusal as `checked`, and without a reason."""
    actor.need(Can.LIMIT_EDIT)
    which, words = checked(name, value, counts_from, today), reason.strip()
    if not 4 <= len(words) <= LONGEST:
        raise Refusal("say in a few words why: 4 to %(most)s characters", most=LONGEST)
    before = limits_on(counts_from).get(which)
    row = ConcentrationLimit(name=which.value, counts_from=counts_from, value=value, reason=words, set_at=moment, set_by_id=actor.user_id, set_by_label=actor.label)
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "concentration.limit", "limit", which.value, before={"value": before}, after={"value": value, "counts_from": str(counts_from), "reason": words})
    check(actor=actor, moment=moment, today=today)
    return row


def check(*, actor: Actor, moment: datetime, today: date) -> list[LimitEvent]:
    """Hold every limit against the newest settled day; what turned is written down, and told once to who runs and who watches the firm. Verb."""
    day = last_day()
    found = standing(day) if day is not None else None
    if found is None:
        return []
    limits, open_ones = limits_on(today), turns()
    fresh = []
    for name in sorted({*limits, *open_ones}):
        one = held_against(name, found, limits.get(name))
        last = open_ones.get(name)
        broken = last is not None and last.turn == LimitTurn.BROKEN
        if one.over != broken:
            turn = LimitTurn.BROKEN if one.over else LimitTurn.HEALED
            fresh.append(LimitEvent(name=name.value, place=(last.place if last else 0) + 1, turn=turn.value, trade_date=found.day, value=one.value, allowed=one.allowed, at=moment))
    db.session.add_all(fresh)
    db.session.flush()
    people = _watching() if fresh else []
    for event in fresh:
        _tell(event, people, actor, moment)
    return fresh


def _tell(event: LimitEvent, people: Sequence[int], actor: Actor, moment: datetime) -> None:
    name, values = LimitName(event.name), {"day": str(event.trade_date), "value": said(LimitName(event.name), event.value), "allowed": said(LimitName(event.name), event.allowed)}
    told: Mapping[str, str | int] = {"what": NAMES[name], **values}
    tell(people, OVER if event.turn == LimitTurn.BROKEN else HEALED, LINK, told, actor=actor, moment=moment)
    log.write(actor, moment, f"concentration.{event.turn}", "limit", event.name, after={**values, "value": event.value, "allowed": event.allowed})


def said(name: LimitName, value: int | None) -> str:
    """A value with its unit: 12.3 %, or the points of an index."""
    if value is None:
        return "–"
    return str(value) if name in INDEXES else f"{value // 100}.{value % 100:02d} %"


def turns() -> dict[LimitName, LimitEvent]:
    """The last event of every limit that has one."""
    newest = select(func.max(LimitEvent.id)).group_by(LimitEvent.name)
    return {LimitName(row.name): row for row in db.session.execute(select(LimitEvent).where(LimitEvent.id.in_(newest))).scalars()}


def broken_now() -> list[LimitEvent]:
    """The limits that are broken, those that broke last first."""
    return sorted((row for row in turns().values() if row.turn == LimitTurn.BROKEN), key=lambda row: -row.id)


def events(most: int = 50) -> list[LimitEvent]:
    """What turned, the newest first."""
    return list(db.session.execute(select(LimitEvent).order_by(LimitEvent.id.desc()).limit(most)).scalars())


def _watching() -> list[int]:
    """Who runs and who watches the firm."""
    query = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role.in_([Role.ADMIN.value, Role.COMPLIANCE.value]), User.state != UserState.DISABLED)
    return list(db.session.execute(query.distinct()).scalars())
