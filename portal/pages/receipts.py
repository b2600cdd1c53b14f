"""Receipts of claims: to read, to take along as a file or on paper, and everything with which somebody else can check one."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from models import db
from models.leads import Claim, Lead
from models.partners import PersonKind
from portal.clock import now
from portal.documents.receipt import offered_verifier, receipt_pdf
from portal.keys import keyring, signer
from portal.leads import receipts
from portal.leads.people import Person
from portal.pages.taken_out import paper_out
from portal.permissions import Can
from portal.refusals import Conflict, NotFound
from portal.sealing import Unreadable
from portal.transaction import transaction
from portal.web.downloads import as_attachment
from portal.web.guard import current_actor, public, requires

bp = Blueprint("receipts", __name__, url_prefix="/receipts")


@bp.get("/<public_id>")
@requires(Can.LEAD_SEE)
def show(public_id: str) -> ResponseReturnValue:
    """What was signed, and how to check it."""
    claim = receipts.claim_for(current_actor(), public_id)
    lead = db.session.get_one(Lead, claim.lead_id)
    digest = offered_verifier()[1]
    return render_template(
        "introductions/receipt.html",
        claim=claim,
        lead=lead,
        receipt=claim.receipt if receipts.is_whole(claim.receipt) else None,
        erased=lead.erased_at is not None,
        script_digest=digest,
    )


@bp.post("/<public_id>")
@requires(Can.LEAD_SEE)
def sign(public_id: str) -> ResponseReturnValue:
    """Sign the receipt of a claim that came in without one, such as by a file."""
    claim = receipts.claim_for(current_actor(), public_id)
    committed = receipts.commitment(_person(claim))
    with transaction():
        claim = receipts.claim_for(current_actor(), public_id, lock=True)
        receipts.issue(claim, committed, signer(), firm=current_app.config["PORTAL"].base_url, actor=current_actor(), moment=now())
    flash(_("The receipt is signed."), "success")
    return redirect(url_for("receipts.show", public_id=public_id), 303)


@bp.get("/<public_id>/receipt.json")
@requires(Can.LEAD_SEE)
def json(public_id: str) -> Response:
    """The signed file."""
    claim = _signed(public_id)
    return paper_out(receipts.file_of(claim.receipt), "application/json", f"receipt-{claim.public_id}.json", "claim", claim.public_id)


@bp.get("/<public_id>/receipt.pdf")
@requires(Can.LEAD_SEE)
def pdf(public_id: str) -> Response:
    """The receipt on paper."""
    claim = _signed(public_id)
    return paper_out(receipt_pdf(claim.receipt, str(get_locale())), "application/pdf", f"receipt-{claim.public_id}.pdf", "claim", claim.public_id)


@bp.get("/key")
@public
def key() -> Response:
    """The firm's public keys, with which anybody checks a receipt."""
    return jsonify(keys=[{"id": name, "algorithm": "Ed25519", "public_key": public_key} for name, public_key in signer().public_keys.items()])


@bp.get("/check_receipt.py")
@public
def script() -> Response:
    """The script that checks a receipt on any machine, without this portal."""
    return as_attachment(offered_verifier()[0], "text/x-python; charset=utf-8", "check_receipt.py")


def _signed(public_id: str) -> Claim:
    claim = receipts.claim_for(current_actor(), public_id)
    if not receipts.is_whole(claim.receipt):
        raise NotFound("there is no receipt that you may see under this address")
    return claim


def _person(claim: Claim) -> Person:
    """The person of a claim as the receipt speaks of him. Raises Conflict where his data was deleted."""
    lead = db.session.get_one(Lead, claim.lead_id)
    ring = keyring()
    try:
        phone, id_no = (ring.open(getattr(lead, name), f"lead.{name}:{lead.public_id}") for name in ("phone_sealed", "id_no_sealed"))
    except Unreadable as error:
        raise Conflict("the person's numbers cannot be read any more") from error
    if lead.erased_at is not None or not (phone or id_no):
        raise Conflict("the person's data was deleted because its time was over: nothing is left to sign")
    return Person(lead.name, PersonKind(lead.kind), phone, id_no)
