"""Taking an application in, showing what it needs, putting it before a second person, and making a broker of exactly what he approved."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from models import db
from models.audit import Approval, ApprovalState
from models.onboarding import Application, ApplicationItem, ApplicationState, Item
from models.partners import Branch, Staff
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.policy import watch
from portal.audit.recordings import open_recording
from portal.leads.people import BadField, Person
from portal.onboarding import queries, states
from portal.onboarding.checks import Reason, reasons
from portal.onboarding.writing import write_broker
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.rules.stopping import about_brokers
from portal.sealing import Keyring

ONBOARDING = "onboarding.application"
"""The kind of the approval that makes a broker of an applicant."""


def open_application(who: Person, broker_no: str, branch_no: str, manager_no: str, *, actor: Actor, moment: datetime, keyring: Keyring) -> Application:
    """Take an application in. Raises NotAllowed, BadField, and Conflict where one of the same person or number is live."""
    scope = actor.need(Can.ONBOARD_EDIT)
    if scope is not Scope.ALL and branch_no != actor.branch_no:
        raise NotAllowed("this branch is not yours: an administrator takes the application in")
    if not who.phone or not who.id_no:
        raise BadField("phone" if not who.phone else "id_no", "phone and ID number are both needed")
    public_id = secrets.token_urlsafe(12)
    row = Application(
        public_id=public_id,
        state=ApplicationState.DRAFT,
        broker_no=broker_no,
        name=who.name,
        kind=who.kind,
        id_no_sealed=keyring.seal(who.id_no, f"application.id_no_sealed:{public_id}"),
        id_no_index=keyring.blind_index(who.id_no),
        phone_sealed=keyring.seal(who.phone, f"application.phone_sealed:{public_id}"),
        phone_index=keyring.blind_index(who.phone),
        email=who.email,
        branch_id=_known(Branch, "branch_no", branch_no),
        manager_staff_id=_known(Staff, "staff_no", manager_no) if manager_no else None,
        opened_at=moment,
        opened_by_id=actor.user_id,
        opened_label=actor.label,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError as error:  # of two at once the second finds the first by the index alone
        raise Conflict("an application of this person, or for this broker number, is open already") from error
    log.write(actor, moment, "application.opened", "application", row.number, after={"broker_no": broker_no, "kind": who.kind.value, "branch_no": branch_no})
    return row


def application_for(actor: Actor, public_id: str, *, can: Can = Can.ONBOARD_SEE, lock: bool = False) -> Application:
    """An application that the actor may see. Raises NotFound, the same for foreign and for missing ones."""
    found = queries.application(actor, public_id, can=can, lock=lock)
    if found is None:
        raise NotFound("there is no application that you may see under this address")
    return found


def show(public_id: str, item: Item, evidence: str, shown_on: date, details: dict[str, Any], *, actor: Actor, moment: datetime, today: date) -> ApplicationItem:
    """Keep what was shown for an item; what was shown before stays in the history. Raises NotFound, Conflict, Refusal."""
    return keep_item(application_for(actor, public_id, can=Can.ONBOARD_EDIT, lock=True), item, evidence, shown_on, details, actor=actor, moment=moment, today=today)


def keep_item(row: Application, item: Item, evidence: str, shown_on: date, details: dict[str, Any], *, actor: Actor, moment: datetime, today: date) -> ApplicationItem:
    """The same for an application that is held already, by whoever may show the item. Raises Conflict, Refusal."""
    if row.state != ApplicationState.DRAFT:
        raise Conflict("the application is in another state by now: %(state)s", state=row.state)
    if len(evidence.strip()) < 3:
        raise Refusal("say where the evidence is: a letter, a form, a case")
    if shown_on > today:
        raise Refusal("evidence of a day to come does not count")
    kept = ApplicationItem(
        application_id=row.id,
        item=item.value,
        evidence=evidence.strip(),
        shown_on=shown_on,
        details=details,
        at=moment,
        actor_id=actor.user_id,
        actor_label=actor.label,
    )
    db.session.add(kept)
    db.session.flush()
    log.write(actor, moment, "application.shown", "application", row.number, after={"item": item.value, "shown_on": str(shown_on), **details}, reason=evidence.strip())
    return kept


def step(public_id: str, name: str, actor: Actor, moment: datetime) -> Application:
    """Reopen or withdraw. Raises NotFound, Conflict where the table of states knows no such step from here."""
    row = application_for(actor, public_id, can=Can.ONBOARD_EDIT, lock=True)
    row.state = states.after(row.state, name)
    if row.state == ApplicationState.WITHDRAWN:
        row.ended_at = moment
    log.write(actor, moment, f"application.{name}", "application", row.number)
    return row


def check(public_id: str, actor: Actor, moment: datetime, *, today: date, least_hours: int, jurisdiction: str) -> list[Reason]:
    """Look whether anything stands against it; where nothing does it counts as checked. Returns the reasons. Raises NotFound, Conflict."""
    row = application_for(actor, public_id, can=Can.ONBOARD_EDIT, lock=True)
    state = states.after(row.state, "check")
    against = against_it(row, today, least_hours, jurisdiction)
    if not against:
        row.state = state
        log.write(actor, moment, "application.checked", "application", row.number, after={"digest": digest_of(row)})
    return against


def ask(public_id: str, digest: str, actor: Actor, moment: datetime, *, today: date, least_hours: int, jurisdiction: str) -> Approval:
    """Put a checked application before a second person. `digest` is of what the actor looked at. Raises NotFound, Conflict."""
    row = application_for(actor, public_id, can=Can.ONBOARD_EDIT, lock=True)
    state = states.after(row.state, "ask")
    if digest != digest_of(row):
        raise Conflict("this is not what you looked at: open %(number)s again", number=row.number)
    _need_nothing_against(row, today, least_hours, jurisdiction)
    payload = {"application": row.id, "digest": digest, "least_hours": least_hours, "see": f"/onboarding/{row.public_id}"}
    plain = queries.plain(row)
    preview = {**plain, "declared": len(plain["declared"]), "digest": digest}
    approval = approvals.prepare(actor, moment, kind=ONBOARDING, subject=row.number, payload=payload, preview=preview)
    row.state, row.approval_id = state, approval.id
    return approval


def make_broker(approval: Approval, approver: Actor, moment: datetime, *, today: date, keyring: Keyring, jurisdiction: str) -> Application:
    """Make a broker of an approved application, inside the approval's transaction.

    Raises Conflict where it is no longer exactly what was shown, or something stands against it by now."""
    row = queries.locked(approval.payload["application"])
    if row.approval_id != approval.id or digest_of(row) != approval.payload["digest"]:
        raise Conflict("this is no longer the application that was shown: check it again")
    state = states.after(row.state, "approve")
    recording = open_recording(Actor(approval.prepared_by_id, approval.prepared_label), moment, "onboarding", f"{row.number}, approved by {approver.label}")
    _need_nothing_against(row, today, approval.payload["least_hours"], jurisdiction)
    write_broker(row, queries.details_of(row), recording.id, keyring)
    row.state, row.recording_id, row.ended_at = state, recording.id, moment
    after = {**queries.plain(row), "approval": approval.id, "recording": recording.id}
    log.write(approver, moment, "application.active", "application", row.number, after=after)
    return row


@watch
def _decided(approval: Approval, actor: Actor, moment: datetime) -> None:
    """An application whose approval was refused or taken back is over: another one is opened."""
    if approval.kind != ONBOARDING or approval.state not in (ApprovalState.REFUSED, ApprovalState.WITHDRAWN):
        return
    row = queries.locked(approval.payload["application"])
    row.state, row.ended_at = states.after(row.state, "refuse" if approval.state == ApprovalState.REFUSED else "take_back"), moment


def against_it(row: Application, today: date, least_hours: int, jurisdiction: str) -> list[Reason]:
    """What stands against an application on a day, by the rules of a jurisdiction among it."""
    return reasons(queries.facts_of(row, least_hours), today, about_brokers(jurisdiction))


def digest_of(row: Application) -> str:
    """The SHA-256 of who applies (by the indexes of his numbers) and of everything that was shown."""
    who = {"name": row.name, "id_no": row.id_no_index, "phone": row.phone_index, "email": row.email}
    return hashlib.sha256(log.canonical({**queries.plain(row), **who}).encode()).hexdigest()


def _need_nothing_against(row: Application, today: date, least_hours: int, jurisdiction: str) -> None:
    against = against_it(row, today, least_hours, jurisdiction)
    if against:
        raise Conflict("something stands against it by now: %(why)s", why=str(against[0].refusal))


def _known(model: Any, column: str, number: str) -> int:
    found: int | None = db.session.execute(select(model.id).where(getattr(model, column) == number)).scalar()
    if found is None:
        raise BadField("branch_no" if model is Branch else "manager_no", "there is nothing of the number %(number)s", number=number[:64])
    return found
