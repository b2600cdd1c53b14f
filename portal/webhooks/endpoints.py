"""Endpoints: registering one, what it wants, its secret and the renewal of that, pausing, removing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from models import db
from models.identity import Role, User, UserRole, UserState
from models.webhooks import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint, WebhookWish
from portal.actors import Actor
from portal.audit import log
from portal.fields import one_line
from portal.notices import verbs as notices
from portal.notices.kinds import N_, Group, register
from portal.permissions import PERMISSIONS, Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.sealing import Keyring
from portal.webhooks.address import Rules, place_of
from portal.webhooks.kinds import KINDS
from portal.webhooks.signatures import new_secret

MOST = 20
OVERLAPS = (1, 24, 72)
"""For how many hours the secret before may sign too."""
FAILING = "failing"
PAUSED = register(
    "webhook.paused",
    N_("%(host)s did not answer for %(days)s days: nothing is sent there any more until somebody resumes it."),
    Group.SYSTEMS,
    label=N_("An endpoint of webhooks is paused because it fails"),
    tone="bad",
    mail=N_("An endpoint of webhooks did not answer for days and is paused."),
).kind


def add(actor: Actor, moment: datetime, *, url: str, description: str, kinds: Iterable[str], rules: Rules, ring: Keyring, request_id: str = "") -> tuple[WebhookEndpoint, str]:
    """Register an endpoint and return it with its secret, which is shown this once. Raises NotAllowed; Refusal for an address that is
    never spoken to, no description, or no kind of event; Conflict where there are as many as there may be, or the address is there."""
    actor.need(Can.WEBHOOK_MANAGE)
    wanted = _checked(url, description, kinds, rules)
    live = db.session.execute(select(WebhookEndpoint.url).where(WebhookEndpoint.state != EndpointState.REMOVED)).scalars().all()
    if len(live) >= MOST:
        raise Conflict("there are %(most)s endpoints already: remove one first", most=MOST)
    if url in live:
        raise Conflict("there is an endpoint with this address already: change that one")
    number, secret = secrets.token_urlsafe(9), new_secret()
    row = WebhookEndpoint(
        public_id=number,
        url=url,
        description=one_line(description),
        state=EndpointState.ACTIVE,
        why="",
        state_since=moment,
        secret_sealed=ring.seal(secret, secret_of(number)),
        created_at=moment,
        created_by_id=actor.user_id,
        failures=0,
    )
    db.session.add(row)
    db.session.flush()
    _wish(row, wanted)
    log.write(actor, moment, "webhook.registered", "webhook", number, after={"host": place_of(url, rules).host, "kinds": wanted}, request_id=request_id)
    return row, secret


def change(public_id: str, actor: Actor, moment: datetime, *, url: str, description: str, kinds: Iterable[str], rules: Rules, request_id: str = "") -> WebhookEndpoint:
    """Change an endpoint's address, description and what it wants. Raises as `add`, and NotFound."""
    actor.need(Can.WEBHOOK_MANAGE)
    row, wanted = held(public_id), _checked(url, description, kinds, rules)
    if db.session.execute(select(WebhookEndpoint.id).where(WebhookEndpoint.url == url, WebhookEndpoint.id != row.id, WebhookEndpoint.state != EndpointState.REMOVED)).first():
        raise Conflict("there is an endpoint with this address already: change that one")
    before = {"host": host_of(row), "kinds": wishes_of([row.id])[row.id]}
    moved = row.url != url
    row.url, row.description = url, one_line(description)
    if moved:
        row.failing_since, row.rest_until, row.failures = None, None, 0
    db.session.execute(delete(WebhookWish).where(WebhookWish.endpoint_id == row.id))
    _wish(row, wanted)
    log.write(actor, moment, "webhook.changed", "webhook", row.public_id, before=before, after={"host": host_of(row), "kinds": wanted, "moved": moved}, request_id=request_id)
    return row


def renew_secret(public_id: str, hours: int, actor: Actor, moment: datetime, *, ring: Keyring, request_id: str = "") -> tuple[WebhookEndpoint, str]:
    """Make a new secret and return it, shown this once; the one before signs too for so many hours. Raises NotAllowed, NotFound;
    Refusal for another time; Conflict while one is being renewed already."""
    actor.need(Can.WEBHOOK_MANAGE)
    row = held(public_id)
    if hours not in OVERLAPS:
        raise Refusal("the secret before holds for one of these numbers of hours: %(hours)s", hours=", ".join(map(str, OVERLAPS)))
    if row.previous_until is not None and row.previous_until > moment:
        raise Conflict("the secret is being renewed: end the one before first")
    secret = new_secret()
    row.previous_sealed = ring.seal(ring.open(row.secret_sealed, secret_of(row.public_id)), previous_of(row.public_id))
    row.previous_until, row.secret_sealed = moment + timedelta(hours=hours), ring.seal(secret, secret_of(row.public_id))
    log.write(actor, moment, "webhook.secret_renewed", "webhook", row.public_id, after={"hours": hours}, request_id=request_id)
    db.session.flush()
    return row, secret


def end_previous(public_id: str, actor: Actor, moment: datetime, *, request_id: str = "") -> WebhookEndpoint:
    """The secret before signs no more. Raises NotAllowed, NotFound, Conflict where there is none."""
    actor.need(Can.WEBHOOK_MANAGE)
    row = held(public_id)
    if row.previous_sealed is None:
        raise Conflict("there is no secret before")
    row.previous_sealed, row.previous_until = None, None
    log.write(actor, moment, "webhook.old_secret_ended", "webhook", row.public_id, request_id=request_id)
    return row


def pause(public_id: str, actor: Actor, moment: datetime, *, request_id: str = "") -> WebhookEndpoint:
    """Send nothing more for now; what happens waits. Raises NotAllowed, NotFound, Conflict."""
    actor.need(Can.WEBHOOK_MANAGE)
    row = held(public_id)
    if row.state != EndpointState.ACTIVE:
        raise Conflict("this endpoint is paused already")
    row.state, row.why, row.state_since = EndpointState.PAUSED, "asked", moment
    log.write(actor, moment, "webhook.paused", "webhook", row.public_id, request_id=request_id)
    return row


def resume(public_id: str, actor: Actor, moment: datetime, *, request_id: str = "") -> int:
    """Send again, beginning with what waits; returns how many that are. Raises NotAllowed, NotFound, Conflict."""
    actor.need(Can.WEBHOOK_MANAGE)
    row = held(public_id)
    if row.state != EndpointState.PAUSED:
        raise Conflict("this endpoint is not paused")
    row.state, row.why, row.state_since = EndpointState.ACTIVE, "", moment
    row.failing_since, row.rest_until, row.failures = None, None, 0
    waiting = waiting_for([row.id]).get(row.id, 0)
    log.write(actor, moment, "webhook.resumed", "webhook", row.public_id, after={"waiting": waiting}, request_id=request_id)
    return waiting


def remove(public_id: str, actor: Actor, moment: datetime, *, request_id: str = "") -> int:
    """Nothing goes there any more, and its secrets are gone; the log of what went stays. Returns how many deliveries were given up.
    Raises NotAllowed, NotFound."""
    actor.need(Can.WEBHOOK_MANAGE)
    row = held(public_id)
    row.state, row.why, row.state_since = EndpointState.REMOVED, "", moment
    row.secret_sealed, row.previous_sealed, row.previous_until = "", None, None
    db.session.execute(delete(WebhookWish).where(WebhookWish.endpoint_id == row.id))
    left = update(WebhookDelivery).where(WebhookDelivery.endpoint_id == row.id, WebhookDelivery.state.in_([DeliveryState.WAITING, DeliveryState.FAILED]))
    gone = int(db.session.execute(left.values(state=DeliveryState.GIVEN_UP, ended_at=moment, failure="removed")).rowcount)  # type: ignore[attr-defined]
    log.write(actor, moment, "webhook.removed", "webhook", row.public_id, after={"given_up": gone}, request_id=request_id)
    return gone


def pause_failing(row: WebhookEndpoint, days: int, actor: Actor, moment: datetime) -> None:
    """Pause an endpoint that has failed for days, and tell who looks after them. Runs inside the transaction of the failure."""
    row.state, row.why, row.state_since = EndpointState.PAUSED, FAILING, moment
    log.write(actor, moment, "webhook.paused", "webhook", row.public_id, after={"why": FAILING})
    roles = [role for role in Role if Can.WEBHOOK_MANAGE in PERMISSIONS[role]]
    people = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role.in_(roles), User.state != UserState.DISABLED).distinct()
    notices.tell(db.session.execute(people).scalars(), PAUSED, f"/admin/webhooks/{row.public_id}", {"host": host_of(row), "days": days}, actor=actor, moment=moment)


def one(actor: Actor, public_id: str, *, can: Can = Can.WEBHOOK_SEE) -> WebhookEndpoint:
    """An endpoint, also one that was removed. Raises NotAllowed, NotFound."""
    actor.need(can)
    found = db.session.execute(select(WebhookEndpoint).where(WebhookEndpoint.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such endpoint")
    return found


def listed(actor: Actor) -> Sequence[WebhookEndpoint]:
    """The endpoints that were not removed, the newest first. Raises NotAllowed."""
    actor.need(Can.WEBHOOK_SEE)
    return db.session.execute(select(WebhookEndpoint).where(WebhookEndpoint.state != EndpointState.REMOVED).order_by(WebhookEndpoint.id.desc())).scalars().all()


def wishes_of(endpoints: Iterable[int]) -> dict[int, list[str]]:
    """What each endpoint wants, in the order in which kinds are shown."""
    ids = list(endpoints)
    found: dict[int, list[str]] = {number: [] for number in ids}
    order = {kind: place for place, kind in enumerate(KINDS)}
    for row in db.session.execute(select(WebhookWish).where(WebhookWish.endpoint_id.in_(ids))).scalars():
        found[row.endpoint_id].append(row.kind)
    return {number: sorted(kinds, key=lambda kind: order.get(kind, len(order))) for number, kinds in found.items()}


def waiting_for(endpoints: Iterable[int]) -> dict[int, int]:
    """How many deliveries wait for each endpoint, or are tried again."""
    open_states = [DeliveryState.WAITING, DeliveryState.FAILED]
    query = select(WebhookDelivery.endpoint_id, func.count()).where(WebhookDelivery.endpoint_id.in_(list(endpoints)), WebhookDelivery.state.in_(open_states))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(WebhookDelivery.endpoint_id))}


def held(public_id: str) -> WebhookEndpoint:
    """An endpoint that was not removed, held until the transaction ends. Raises NotFound."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.public_id == public_id, WebhookEndpoint.state != EndpointState.REMOVED)
    found = db.session.execute(query.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such endpoint")
    return found


def host_of(row: WebhookEndpoint) -> str:
    """The host of an endpoint: all of its address that is written into the log, for a path may hold what opens something."""
    return row.url.partition("://")[2].partition("/")[0]


def secret_of(public_id: str) -> str:
    """What a secret is bound to where it is sealed."""
    return f"webhook_endpoint.secret_sealed:{public_id}"


def previous_of(public_id: str) -> str:
    """What the secret before is bound to."""
    return f"webhook_endpoint.previous_sealed:{public_id}"


def _checked(url: str, description: str, kinds: Iterable[str], rules: Rules) -> list[str]:
    place_of(url, rules)
    if not 0 < len(one_line(description)) <= 120:
        raise Refusal("say in at most %(most)s characters which system this is", most=120)
    asked = set(kinds)
    if not asked or asked - set(KINDS):
        raise Refusal("choose at least one kind of event, of those that there are")
    return [kind for kind in KINDS if kind in asked]


def _wish(row: WebhookEndpoint, kinds: Sequence[str]) -> None:
    db.session.execute(insert(WebhookWish), [{"endpoint_id": row.id, "kind": kind} for kind in kinds])
