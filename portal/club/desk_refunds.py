"""Dues that the desk gives back (会费退款): looked at first, with a coded reason; what stays of the membership is said, never guessed.

Money goes the way of every refund (portal/club/refunds.py). More than ALONE_MOST of one payment waits for a second person, also in small parts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from models import db
from models.audit import Approval, ApprovalState
from models.club_membership import ClubDues, ClubMember, ClubMembership, ClubTier, DuesKind, DuesState
from models.club_money import Payment, Refund, RefundWhy
from models.club_points import PointEntry, PointLot
from portal.actors import Actor
from portal.audit import approvals, log
from portal.club import dues, members, points, refunds
from portal.club.refunds import COUNTED, KEPT
from portal.club.telling_membership import PAGE
from portal.fields import one_line
from portal.notices import verbs as notices
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal

KIND = "club.dues_refund"
"""What waits for a second person."""
ALONE_MOST = 100_000
"""How much of one payment (fen) one person of the desk gives back without a second one."""
REASONS = (RefundWhy.DUES_UNUSED, RefundWhy.DUES_OURS, RefundWhy.DUES_ERROR, RefundWhy.DUES_GOODWILL)
LONGEST_WORDS = 200


@dataclass(frozen=True)
class Asked:
    """What the desk wants: how much (fen) and why, in a code and in words; whether the membership that the payment brought ends today, and the
    subscription that it belongs to with it. `left`: what could be given back when the person looked."""

    amount: int
    why: str
    words: str
    ends: bool
    ends_subscription: bool
    left: int


@dataclass(frozen=True)
class Standing:
    """A payment of dues as the desk sees it: what of it can still go back, what the policy would give (the days that are left, a fraction of a
    fen for who paid), what the payment earned in points that go back with all of it, and how far it is."""

    payment: Payment
    dues: ClubDues
    member: ClubMember
    spans: tuple[ClubMembership, ...]
    left: int
    by_policy: int
    days_left: int
    points: int
    refunds: tuple[Refund, ...]
    waiting: Approval | None

    @property
    def subscribed(self) -> bool:
        """Whether a subscription at work stands behind it."""
        return self.dues.kind == DuesKind.SUBSCRIPTION and self.dues.state == DuesState.LIVE

    @property
    def obstacle(self) -> str:
        """Why nothing can be given back (a sentence); empty where something can."""
        if self.payment.disputed_at is not None:
            return DISPUTED
        if self.payment.state not in KEPT:
            return NOT_KEPT
        if self.waiting is not None:
            return WAITS
        return "" if self.left else NOTHING_LEFT


DISPUTED = N_("this payment is disputed at the payer’s bank: nothing is refunded until that is decided")
NOT_KEPT = N_("this payment brought nothing that the firm keeps: there is nothing to be given back")
WAITS = N_("a refund of this payment waits for a second person: decide that one first")
NOTHING_LEFT = N_("all of this payment went back, or is on its way")


def standing(public_id: str, day: date, *, actor: Actor) -> Standing:
    """How a payment of dues stands. Raises NotAllowed, NotFound."""
    actor.need(Can.CLUB_MONEY)
    query = select(Payment, ClubDues, ClubMember).join(ClubDues, ClubDues.id == Payment.dues_id).join(ClubMember, ClubMember.id == ClubDues.member_id)
    found = db.session.execute(query.where(Payment.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFound("there is no such payment of dues")
    payment, row, member = found
    spans = tuple(db.session.execute(select(ClubMembership).where(ClubMembership.payment_id == payment.id).order_by(ClubMembership.valid_from)).scalars())
    days_left, whole = _days(spans, day)
    left = refunds.refundable(payment)
    by_policy = -(-left * days_left // whole) if whole else left  # of what was not given back, as for an upgrade
    return Standing(payment, row, member, spans, left, by_policy, days_left, _points(payment.id), tuple(refunds.of_payments([payment.id])), _waiting(public_id))


def _days(spans: tuple[ClubMembership, ...], day: date) -> tuple[int, int]:
    """The days that are left of what a payment brought, and all of them. What has ended has none left."""
    left = sum(max((span.valid_to - max(span.valid_from, day)).days, 0) for span in spans if span.ended_on is None)
    return left, sum((span.valid_to - span.valid_from).days for span in spans)


def _points(payment_id: int) -> int:
    query = select(func.coalesce(func.sum(PointEntry.points), 0)).join(PointLot, PointLot.id == PointEntry.lot_id).where(PointLot.payment_id == payment_id)
    return int(db.session.execute(query.where(PointEntry.what.in_(("earned", "reversed", "reinstated", "expired")))).scalar_one())


def _waiting(public_id: str) -> Approval | None:
    query = select(Approval).where(Approval.kind == KIND, Approval.subject == public_id, Approval.state == ApprovalState.WAITING)
    return db.session.execute(query.limit(1)).scalar_one_or_none()


def checked(asked: Asked, found: Standing, *, actor: Actor) -> Asked:
    """Hold what the desk wants against a payment. Raises NotAllowed where it is one's own; Refusal for an amount, a reason or words that do not do;
    Conflict where nothing can go back, or something went back since the person looked."""
    if found.obstacle:
        raise Conflict(found.obstacle)
    if actor.user_id is not None and actor.user_id in members.readers_of(found.member):
        raise NotAllowed("these are your own dues: somebody else of the desk gives them back")
    if asked.left != found.left:
        raise Conflict("%(left)s fen of this payment can still be refunded by now: look again", left=found.left)
    if asked.why not in REASONS:
        raise Refusal("choose why the dues go back")
    if not 0 < asked.amount <= found.left:
        raise Refusal("what goes back is more than nothing, and at most %(left)s fen", left=found.left)
    if asked.why == RefundWhy.DUES_UNUSED and asked.amount > found.by_policy:
        raise Refusal("the days that are left are worth %(most)s fen: for more, choose another reason", most=found.by_policy)
    words = one_line(asked.words)
    if not 2 <= len(words) <= LONGEST_WORDS:
        raise Refusal("say in a few words why")
    return Asked(asked.amount, asked.why, words, asked.ends, asked.ends_subscription and found.subscribed, asked.left)


def needs_second(found: Standing, amount: int) -> bool:
    """Whether a second person is needed: this and what the desk gave back of the same payment before are together more than one may alone."""
    given = sum(one.amount for one in found.refunds if one.why in REASONS and one.state in COUNTED)
    return given + amount > ALONE_MOST


def points_back(found: Standing, amount: int) -> int:
    """How many points go back with an amount: those that the payment earned, once all of it is back (R11)."""
    return found.points if amount == found.left and found.points > 0 else 0


def give_back(public_id: str, asked: Asked, day: date, *, actor: Actor, moment: datetime) -> Approval | None:
    """Give dues back, or put it before a second person (returned). Raises as `standing` and `checked` do."""
    actor.need(Can.CLUB_MONEY)
    hold_payment(public_id)
    found = standing(public_id, day, actor=actor)
    wanted = checked(asked, found, actor=actor)
    if not needs_second(found, wanted.amount):
        _do(found, wanted, day, actor, moment)
        return None
    payload = {**asdict(wanted), "payment": public_id, "day": day.isoformat(), "see": f"/club/money/payments/{public_id}/refund"}
    preview = {"payee": found.member.client_no or found.member.name, "amount": wanted.amount, "why": wanted.why, "note": wanted.words}
    effects = {"membership_ends": day.isoformat() if wanted.ends else "", "subscription_ends": wanted.ends_subscription, "points": -points_back(found, wanted.amount)}
    return approvals.prepare(actor, moment, kind=KIND, subject=public_id, payload=payload, preview={**preview, **effects})


def hold_payment(public_id: str) -> None:
    """Hold the member, the dues, the payment and the points that it earned, in the order of whoever is paid. Raises NotFound."""
    query = select(Payment.id, Payment.dues_id, ClubDues.member_id).join(ClubDues, ClubDues.id == Payment.dues_id)
    row = db.session.execute(query.where(Payment.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such payment of dues")
    members.held(row.member_id)
    dues.held_dues(row.dues_id)
    db.session.get_one(Payment, row.id, with_for_update=True, populate_existing=True)
    points.hold_of_payment(row.id)


def hold(approval: Approval) -> None:
    """Hold what an approval will change, before anything is written to the log."""
    hold_payment(approval.payload["payment"])


def done(approval: Approval, approver: Actor, moment: datetime) -> None:
    """A second person let it through. Raises NotAllowed where the dues are his own; Conflict where less is left by now, or the payer disputes it."""
    wanted = approval.payload
    asked = Asked(wanted["amount"], wanted["why"], wanted["words"], wanted["ends"], wanted["ends_subscription"], wanted["left"])
    day = date.fromisoformat(wanted["day"])  # it ends on the day that was shown
    found = standing(wanted["payment"], day, actor=approver)
    if approver.user_id in members.readers_of(found.member):
        raise NotAllowed("these are your own dues: somebody else of the desk gives them back")
    _do(found, asked, day, approver, moment)


def _do(found: Standing, asked: Asked, day: date, actor: Actor, moment: datetime) -> None:
    key = f"desk:{found.payment.id}:{len(found.refunds) + 1}"
    refunds.ask(found.payment, asked.amount, asked.why, key, actor=actor, moment=moment, keeps=not asked.ends)
    ended = [span for span in found.spans if asked.ends and members.end(span.id, day, asked.why, actor=actor, moment=moment)]
    if asked.ends_subscription and found.subscribed:
        found.dues.state, found.dues.ended_at, found.dues.wanted_price_id = DuesState.ENDED, moment, None  # a job ends it at Stripe
        db.session.flush()
    after = {"amount": asked.amount, "why": asked.why, "words": asked.words, "ended": [span.id for span in ended], "subscription_ends": asked.ends_subscription, "key": key}
    log.write(actor, moment, "club.dues_given_back", "club_payment", found.payment.public_id, after=after)
    if ended:
        tier = db.session.execute(select(ClubTier.name).where(ClubTier.id == ended[-1].tier_id)).scalar_one()
        values: dict[str, str | int] = {"tier": tier, "day": day.isoformat(), "amount_fen": asked.amount}
        notices.tell(members.readers_of(found.member), "club.ended_at_desk", PAGE, values, actor=actor, moment=moment)


approvals.register(KIND, Can.CLUB_MONEY, done, label=N_("Dues given back"), amounts=("amount",), hold=hold)
