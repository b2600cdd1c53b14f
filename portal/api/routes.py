"""The addresses of /api/v1."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, make_response, request, url_for
from sqlalchemy import select

from models import db
from models.leads import Claim, Lead, LeadDoor
from portal.actors import Actor
from portal.api import answers, callers, reading
from portal.api.faults import Later, Malformed
from portal.api.openapi import DOCUMENT
from portal.care.caller import LONGEST, find
from portal.clock import now
from portal.commission.queries import last_settled_day
from portal.keys import keyring, signer
from portal.leads import lead_consents, look_ups, queries, receipts, register
from portal.leads.introducers import Introducer, introducer_of
from portal.leads.register import Answer, Registered, Source
from portal.leads.standing import standing_branch
from portal.leads.terms import terms
from portal.local_day import today
from portal.permissions import Can
from portal.refusals import NotAllowed, NotFound
from portal.transaction import transaction
from portal.web.guard import by_key, public
from portal.web.keyed import program_actor

bp = Blueprint("api", __name__, url_prefix="/api/v1")


@bp.post("/leads")
@by_key(Can.LEAD_REGISTER)
def register_lead() -> Response:
    """Register somebody; the same request once more gets the same answer."""
    actor, name = program_actor(), reading.request_key(request.headers)
    given = reading.read(request.mimetype, request.get_data(), today())
    index, user_id = keyring().blind_index(given.written), actor.user_id or 0
    found = answers.earlier(user_id, name, index)
    committed = receipts.commitment(given.person) if found is None else {}
    moment, seconds = now(), 0
    with transaction():
        answers.lock(user_id, name)
        found = answers.earlier(user_id, name, index)
        if found is None:
            introducer = introducer_of(actor)
            registered = _register(actor, introducer, given, committed)
            if registered.answer is Answer.LATER:
                seconds = look_ups.seconds_to_wait(introducer, terms(), moment)
            else:
                status, answer = 201 if registered.answer is Answer.NEW else 200, _told(registered)
                answers.keep(user_id, name, index, status, answer, moment)
        else:
            status, answer = found.status, found.answer
    if seconds:
        raise Later("you have asked about as many people as you may for now: ask again in %(seconds)s seconds", seconds=seconds)
    headers = {"Idempotent-Replayed": "true" if found is not None else "false"}
    if answer["lead"]:
        headers["Location"] = url_for("api.lead", lead_no=answer["lead"]["id"])
    return make_response(jsonify(answer), status, headers)


@bp.get("/leads/<lead_no>")
@by_key(Can.LEAD_SEE)
def lead(lead_no: str) -> Response:
    """A lead that one claims, with the receipt of the claim."""
    actor = program_actor()
    found = queries.lead_for(actor, lead_no)
    mine = select(Claim).where(Claim.lead_id == found.id, introducer_of(actor).claimed()).order_by(Claim.id.desc()).limit(1)
    claim = db.session.execute(mine).scalar_one_or_none()
    if claim is None:
        raise NotFound("there is no lead that you may see under this address")
    told = {
        **_lead(found),
        "name": found.name,
        "claim": str(claim.state),
        "protected_until": claim.protected_until.isoformat(),
        "receipt": claim.receipt if receipts.is_whole(claim.receipt) else None,
    }
    return make_response(jsonify(told))


@bp.get("/caller")
@by_key(Can.CARE_SEE)
def caller() -> Response:
    """Whose a number is, for a telephone system that speaks for somebody of the staff."""
    number, settled = request.args.get("number", ""), last_settled_day()
    if not number.strip() or len(number) > LONGEST:
        raise Malformed("send the number that calls as ?number=, at most 40 characters")
    with transaction():
        found = find(number, program_actor(), keyring(), now(), today(), settled or date.min)
        told = callers.told(found, url_for("caller.show", number=number.strip()), None if found.known else url_for("leads_new.new", phone=number.strip()), settled)
    return make_response(jsonify(told))


@bp.get("/openapi.json")
@public
def openapi() -> Response:
    """What every address takes and gives."""
    return make_response(jsonify(DOCUMENT))


def _register(actor: Actor, introducer: Introducer, given: reading.Given, committed: dict[str, Any]) -> Registered:
    """Register somebody inside the open transaction, with his consents and the receipt of the claim."""
    moment, on = now(), today()
    branch = standing_branch(introducer, on)
    if branch is None:
        raise NotAllowed("you cannot introduce anybody at present: your agreement or your account is not active")
    registered = register.register(given.person, introducer, Source(LeadDoor.API, branch), actor=actor, moment=moment, today=on, keyring=keyring())
    if registered.lead is not None:
        lead_consents.keep(registered.lead, given.agreed, locale="", door=LeadDoor.API, moment=moment, on=on)
    if registered.answer is Answer.NEW and registered.claim is not None:
        receipts.issue(registered.claim, committed, signer(), firm=current_app.config["PORTAL"].base_url, actor=actor, moment=moment)
    return registered


def _told(registered: Registered) -> dict[str, Any]:
    until = registered.until.isoformat() if registered.until else None
    return {"answer": registered.answer.value, "until": until, "lead": _lead(registered.lead) if registered.lead is not None else None}


def _lead(lead: Lead) -> dict[str, Any]:
    return {"id": lead.public_id, "number": lead.number, "state": str(lead.state), "registered_at": lead.registered_at.isoformat()}
