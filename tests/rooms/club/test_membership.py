"""Membership: which tier on which day, periods by the calendar, benefits that end, uses that are counted, applications and grants."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import db
from models.club import Booking, BookingState
from models.club_membership import BenefitUse, Cause, ClubApplication, ClubMember, ClubMembership, ClubTier, TierKind
from models.columns import OPEN_END
from models.identity import Role
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import admission, applications, benefits, booking, lapsing, members, tiers
from portal.club.benefits import UsedUp
from portal.club.eligibility import NotEligible
from portal.club.events import Kind
from portal.club.membership import Span, State, expected_on, last_of, state_on, tier_on
from portal.club.periods import after_months, period_end
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import on_postgresql, transaction
from tests.at_once import at_once
from tests.rooms.club.membership_scene import add_tiers, benefit_keys, himself, spans_of, tier_drafts, tier_of, with_tier
from tests.rooms.club.scene import clients, event_of, wish

D = date(2026, 6, 15)


def span(cause: str = "paid", rank: int = 20, start: int = 0, days: int = 30, grace: int = 14, **more: object) -> Span:
    """A span that begins so many days from D."""
    first = D + timedelta(days=start)
    last = first + timedelta(days=days)
    values = {"ended_on": None, "frozen": False, "renews": False} | more
    return Span(1, rank, rank, cause, first, last, last + timedelta(days=grace), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 3, 15), -1, date(2026, 2, 15)),
    ],
)
def test_m6_months_end_on_the_anchors_day_or_the_last_one(anchor: date, months: int, expected: date) -> None:
    """M6: 31 January and a month, the leap day and a year."""
    assert after_months(anchor, months) == expected


def test_m6_a_short_month_shortens_one_period_and_not_all_that_follow() -> None:
    """M6: monthly from 31 January: the boundaries are counted from the anchor, so that March ends on the 31st again."""
    at, ends = date(2026, 1, 31), []
    for _ in range(5):
        at = period_end(date(2026, 1, 31), at, 1)
        ends.append(at.isoformat())
    assert ends == ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]
    assert period_end(date(2024, 2, 29), date(2027, 2, 28), 12) == date(2028, 2, 29)


@pytest.mark.parametrize(("days", "expected"), [(-1, State.COMING), (0, State.ACTIVE), (29, State.ACTIVE), (30, State.GRACE), (43, State.GRACE), (44, State.LAPSED)])
def test_m2_paid_then_grace_then_lapsed_to_the_day(days: int, expected: State) -> None:
    """M1 M2: the paid period holds to its last day, grace to its own, and the day decides, not a job."""
    assert state_on(span(), D + timedelta(days=days)) == expected
    assert (tier_on([span()], D + timedelta(days=days)) is not None) == (expected in (State.ACTIVE, State.GRACE))


def test_m1_a_tier_counts_on_its_own_days_and_the_highest_wins() -> None:
    """M1 M7: what is frozen or ended counts nothing, a grant overrides equity and not what was paid, the higher one wins."""
    equity, granted, paid = span("equity", 40, days=90), span("granted", 10, days=10, grace=0), span("paid", 20, start=5, days=10)
    assert tier_on([equity, granted], D).rank == 10  # type: ignore[union-attr]
    assert tier_on([equity, granted], D + timedelta(days=10)).rank == 40  # type: ignore[union-attr]
    assert tier_on([equity, granted, paid], D + timedelta(days=6)).rank == 20  # type: ignore[union-attr]
    assert tier_on([span(frozen=True)], D) is None
    assert tier_on([span(ended_on=D)], D) is None
    assert last_of([span(start=-60)], D).rank == 20  # type: ignore[union-attr]


def test_m1_a_subscription_is_expected_to_go_on_and_dues_paid_once_are_not() -> None:
    """M1: for an evening after the paid period, what renews itself counts; what does not, ends with its grace."""
    far = D + timedelta(days=200)
    assert expected_on([span(renews=True)], far, D) is not None
    assert expected_on([span()], far, D) is None
    assert tier_on([span(renews=True)], far) is None, "and once that day is there, only what was paid counts"


@pytest.mark.usefixtures("database")
def test_m1_what_the_database_says_of_all_is_what_the_rule_says_of_each(app: Flask) -> None:
    """M1: the list's statement and the rule agree on many made memberships."""
    numbers, people, dice = list(add_tiers().values()), clients(app, 24), random.Random(7)
    day = today()
    for person in people:
        for _ in range(dice.randint(0, 4)):
            start = day + timedelta(days=dice.randint(-60, 5))
            cause = dice.choice(list(Cause))
            member = with_tier(person, dice.choice(numbers), start, start + timedelta(days=dice.randint(1, 60)), cause, grace=dice.randint(0, 20))
            if dice.random() < 0.2:
                with transaction():
                    newest = db.session.execute(select(ClubMembership.id).where(ClubMembership.member_id == member).order_by(ClubMembership.id.desc())).scalars().first()
                    members.end(newest or 0, day + timedelta(days=dice.randint(-5, 5)), "test", actor=TERMINAL, moment=clock.now())
    everybody = list(db.session.execute(select(ClubMember.id)).scalars())
    rule = {number: found.id for number, spans in members.spans_of(everybody).items() if (found := tier_on(spans, day)) is not None}
    database = {row.member_id: row.membership_id for row in db.session.execute(members.standing_on(day))}
    assert database == rule
    assert len(rule) > 4


def uses(app: Flask, member_id: int, count: int) -> Counter[str]:
    """So many desks write down the use of the same benefit at the same moment."""
    day = today()
    acts = [lambda: benefits.use(member_id, "guest-room", day, actor=TERMINAL, moment=clock.now()) for _ in range(count)]
    return Counter(at_once(app, *acts))


@pytest.mark.usefixtures("database")
def test_c3_the_last_use_of_a_benefit_is_one_use(app: Flask) -> None:
    """C3: of eight desks one may, and the others are told that nothing is left; taken back, it is there again."""
    tier, [one] = add_tiers(), clients(app, 1)
    day = today()
    member = with_tier(one, tier["gold"], day, day + timedelta(days=30))
    assert uses(app, member, 8) == {"done": 1, "UsedUp": 7}
    row = db.session.execute(select(BenefitUse)).scalar_one()
    with transaction():
        benefits.take_back(member, row.id, actor=TERMINAL, moment=clock.now())
    assert uses(app, member, 3) == {"done": 1, "UsedUp": 2}
    with pytest.raises(Conflict), transaction():
        benefits.take_back(member, row.id, actor=TERMINAL, moment=clock.now())
    left = {left.benefit.key: left.left for left in benefits.of_member(member, day)}
    assert left == {"report": 12, "guest-room": 0}
    assert {left.benefit.key: left.left for left in benefits.of_member(member, day.replace(year=day.year - 1))} == {}


@pytest.mark.usefixtures("database")
def test_c3_control_without_the_members_row_a_benefit_is_used_too_often(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """C3: the planted fault: the member is not held, or the uses were counted before. One use becomes several."""
    tier, [one] = add_tiers(), clients(app, 1)
    day = today()
    member = with_tier(one, tier["gold"], day, day + timedelta(days=30))
    if on_postgresql():
        monkeypatch.setattr(members, "held", lambda number: db.session.get_one(ClubMember, number))
    else:
        stale = [one for one in benefits.of_member(member, day) if one.benefit.key == "guest-room"]
        db.session.expunge_all()
        monkeypatch.setattr(benefits, "of_member", lambda number, when: stale)
    assert uses(app, member, 8)["done"] > 1


@pytest.mark.usefixtures("database")
def test_m2_benefits_stop_at_the_lapse_and_what_was_booked_stays(app: Flask) -> None:
    """M2: in grace the benefits go on, from the lapse on there are none; seats that were booked before are kept, and new ones are not given."""
    tier, [one] = add_tiers(), clients(app, 1)
    day = today()
    with_tier(one, tier["gold"], day - timedelta(days=40), day + timedelta(days=20))
    night = event_of(tiers=("gold",), kinds=booked_free())
    with transaction():
        made = booking.book(night, wish(night), actor=one, moment=clock.now()).id
    with transaction():
        db.session.execute(update(ClubMembership).values(valid_to=day, grace_to=day + timedelta(days=1)))
    assert benefit_keys(one) == ["report", "guest-room"], "the first day of grace"
    with transaction():
        db.session.execute(update(ClubMembership).values(grace_to=day))
    assert benefit_keys(one) == []
    with pytest.raises(Refusal, match="no such benefit"), transaction():
        benefits.use(db.session.execute(select(ClubMember.id)).scalar_one(), "report", day, actor=TERMINAL, moment=clock.now())
    assert db.session.get_one(Booking, made).state == BookingState.GRANTED
    another = event_of("another", tiers=("gold",), kinds=booked_free())
    with pytest.raises(NotEligible, match="ends before"), transaction():
        booking.book(another, wish(another), actor=one, moment=clock.now())


def booked_free() -> tuple[Kind, ...]:
    """A kind of ticket that costs nothing."""
    return (Kind("免费", "Free", 0),)


@pytest.mark.usefixtures("database")
def test_m1_an_evening_for_a_tier_asks_for_it_on_its_own_day(app: Flask) -> None:
    """M1: today's tier is not enough where it ends before the evening; each no says what to do."""
    tier, [ends, lasts, none, higher] = add_tiers(), clients(app, 4)
    day = today()
    with_tier(ends, tier["silver"], day - timedelta(days=300), day + timedelta(days=3), grace=2)
    with_tier(lasts, tier["silver"], day - timedelta(days=300), day + timedelta(days=60))
    with_tier(higher, tier["gold"], day, day + timedelta(days=60))
    night = event_of(tiers=("silver",), kinds=booked_free())
    for person, why in ((ends, "ends before"), (none, "join under Membership"), (higher, "join under Membership")):
        with pytest.raises(NotEligible, match=why), transaction():
            booking.book(night, wish(night), actor=person, moment=clock.now())
    with transaction():
        booking.book(night, wish(night), actor=lasts, moment=clock.now())
    with pytest.raises(Refusal, match="no such tier"):
        event_of("wrong", tiers=("platinum",))
    assert set(admission.OPEN) == set(TierKind)


@pytest.mark.usefixtures("database")
def test_an_application_is_decided_once_and_its_reason_reaches_who_asked(app: Flask) -> None:
    """Applied, refused with a reason, applied again, approved: the tier is had from that day on; two who decide at once decide once."""
    tier, [one] = add_tiers(), clients(app, 1)
    day = today()
    assert tier
    first = apply(one, "friend")
    with pytest.raises(Conflict, match="waits already"):
        apply(one, "friend")
    with pytest.raises(Refusal, match="few words"), transaction():
        applications.decide(first, False, " ", day, actor=TERMINAL, moment=clock.now())
    with transaction():
        applications.decide(first, False, "not yet", day, actor=TERMINAL, moment=clock.now())
    second = apply(one, "friend")
    acts = [lambda: applications.decide(second, True, "", day, actor=TERMINAL, moment=clock.now()) for _ in range(4)]
    assert Counter(at_once(app, *acts)) == {"done": 1, "Conflict": 3}
    assert (tier_of(one), len(spans_of(one))) == ("friend", 1)
    assert sorted(db.session.execute(select(Notice.kind).where(Notice.user_id == one.user_id)).scalars()) == ["club.application_approved", "club.application_refused"]
    with pytest.raises(Conflict, match="already"):
        apply(one, "friend")
    with pytest.raises(Refusal, match="cannot be asked for"):
        apply(one, "equity-gold")
    with pytest.raises(Refusal, match="needs no approval"):
        apply(one, "silver")


def apply(one: Actor, key: str) -> str:
    """Ask for a tier. Returns the application's public id."""
    with transaction():
        row = applications.apply(himself(one), key, "I trade copper.", today(), actor=one, moment=clock.now())
        assert row is not None
        return row.public_id


@pytest.mark.usefixtures("database")
def test_m7_a_grant_by_hand_has_a_reason_and_an_end_and_overrides_equity_until_then(app: Flask) -> None:
    """M7: granted with reason and end date, logged; no second one beside it; taken away with a reason."""
    tier, [one] = add_tiers(), clients(app, 1)
    day = today()
    member = with_tier(one, tier["equity-gold"], day - timedelta(days=5), OPEN_END, Cause.EQUITY)
    until = day + timedelta(days=30)
    for days, reason, why in (
        ((day, until), "", "few words"),
        ((until, day), "a guest of honour", "before it ends"),
        ((day, day + timedelta(days=4_000)), "for ever", "five years"),
    ):
        with pytest.raises(Refusal, match=why), transaction():
            applications.grant(himself(one), "silver", days, reason, actor=TERMINAL, moment=clock.now())
    with transaction():
        number = applications.grant(himself(one), "silver", (day, until), "a guest of honour", actor=TERMINAL, moment=clock.now()).id
    assert (tier_of(one), tier_of(one, until)) == ("silver", "equity-gold")
    with pytest.raises(Conflict, match="another grant"), transaction():
        applications.grant(himself(one), "gold", (day, until), "once more", actor=TERMINAL, moment=clock.now())
    with transaction():
        applications.take_away(member, number, day, "by mistake", actor=TERMINAL, moment=clock.now())
    assert tier_of(one) == "equity-gold"
    equity = next(span.id for span in spans_of(one) if span.cause == Cause.EQUITY)
    with pytest.raises(Conflict, match="by hand"), transaction():
        applications.take_away(member, equity, day, "by mistake", actor=TERMINAL, moment=clock.now())
    with pytest.raises(NotAllowed), transaction():
        applications.grant(himself(one), "gold", (day, until), "me", actor=Actor(one.user_id, "x", (Role.CLIENT,)), moment=clock.now())


@pytest.mark.usefixtures("database")
def test_m2_who_is_to_renew_and_who_lapsed_is_told_once(app: Flask) -> None:
    """M2: fourteen days ahead, and at the lapse; the job run again tells nobody, and who has renewed is told nothing."""
    tier, [soon, gone, renewed] = add_tiers(), clients(app, 3)
    day = today()
    with_tier(soon, tier["silver"], day - timedelta(days=360), day + timedelta(days=14))
    with_tier(gone, tier["silver"], day - timedelta(days=400), day - timedelta(days=14))
    with_tier(renewed, tier["silver"], day - timedelta(days=360), day + timedelta(days=5))
    with_tier(renewed, tier["silver"], day + timedelta(days=5), day + timedelta(days=370))
    assert lapsing.is_due(day)
    for _ in range(2):
        with transaction():
            lapsing.tidy(day, actor=TERMINAL, moment=clock.now())
    assert not lapsing.is_due(day)
    told = db.session.execute(select(Notice.user_id, Notice.kind).where(Notice.kind.in_(["club.dues_end", "club.lapsed"]))).all()
    assert sorted(told) == sorted([(soon.user_id, "club.dues_end"), (gone.user_id, "club.lapsed")])


@pytest.mark.usefixtures("database")
def test_a_new_price_is_a_new_row_and_a_changed_tier_is_seen(app: Flask) -> None:
    """S9: prices are immutable; who looked at an older tier writes nothing."""
    tier = add_tiers()
    silver = next(draft for draft in tier_drafts() if draft.key == "silver")
    first = tiers.price_of(tier["silver"])
    assert first is not None
    with transaction():
        tiers.keep(type(silver)(**vars(silver) | {"dues": 70_000}), actor=TERMINAL, moment=clock.now(), version=1)
    second = tiers.price_of(tier["silver"])
    assert second is not None
    assert (second.id != first.id, second.amount) == (True, 70_000)
    with pytest.raises(Conflict, match="meanwhile"), transaction():
        tiers.keep(silver, actor=TERMINAL, moment=clock.now(), version=1)
    for wrong in ({"key": "Big Tier"}, {"kind": TierKind.EQUITY}, {"dues": 0}, {"months": 40}, {"grace_days": -1}, {"rank": 30}):
        with pytest.raises(Refusal), transaction():
            tiers.keep(type(silver)(**vars(silver) | {"key": "other"} | wrong), actor=TERMINAL, moment=clock.now())
    assert db.session.execute(select(ClubApplication)).first() is None
    assert db.session.get_one(ClubTier, tier["silver"]).version == 2
    assert issubclass(UsedUp, Conflict)
