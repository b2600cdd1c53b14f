"""Receipts of claims: what the firm signs about who claimed whom and when, so that it can be proved without the firm.

A receipt names nobody: name, phone and ID number stand in it as slow, salted digests (scrypt). Whoever knows them can show that the
receipt is about them; nobody can find them out from it. The file is canonical JSON, and a single changed byte is refused.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, false, select, true

from models import db
from models.leads import Claim, Lead
from models.partners import Branch
from portal.actors import Actor
from portal.audit import log
from portal.leads.introducers import FIRM, introducer_of, of_claim
from portal.leads.people import Person
from portal.permissions import Can, Scope
from portal.refusals import NotFound, Refusal
from portal.signing import Signer, holds

SCHEMA = "juyuan.claim-receipt/1"
COST = {"n": 2**14, "r": 8, "p": 1}
FIELDS = ("name", "phone", "id_no")


class BadReceipt(Refusal):
    """A file that is not, byte for byte, a receipt that the firm signed."""


def commitment(person: Person) -> dict[str, Any]:
    """What a receipt says of a person instead of his name and numbers. Takes a few hundredths of a second for each: call it before
    the transaction."""
    salt = secrets.token_bytes(16)
    given = {"name": person.name, "phone": person.phone, "id_no": person.id_no}
    return {"kdf": "scrypt", **COST, "salt": salt.hex(), **{name: digest_of(value, salt) for name, value in given.items() if value}}


def digest_of(value: str, salt: bytes) -> str:
    """The slow digest of one value."""
    return hashlib.scrypt(value.encode(), salt=salt, n=COST["n"], r=COST["r"], p=COST["p"], dklen=32).hex()


def issue(claim: Claim, committed: Mapping[str, Any], signer: Signer, *, firm: str, actor: Actor, moment: datetime) -> dict[str, Any]:
    """Sign the receipt of a claim and keep it with the claim, inside the open transaction; a claim has one receipt for ever."""
    if claim.receipt is None:
        body = {
            "schema": SCHEMA,
            "firm": firm,
            "claim": claim.public_id,
            "lead": db.session.get_one(Lead, claim.lead_id).number,
            "introducer": of_claim(claim).key,
            "door": str(claim.door),
            "registered_at": claim.registered_at.astimezone(UTC).isoformat(timespec="microseconds"),
            "protected_until": claim.protected_until.isoformat(),
            "signed_at": moment.astimezone(UTC).isoformat(timespec="microseconds"),
            "person": dict(committed),
        }
        claim.receipt = signed(body, signer)
        db.session.flush()
        log.write(actor, moment, "claim.receipt.signed", "claim", claim.public_id, after={"digest": claim.receipt["digest"], "key": claim.receipt["key"]})
    found: dict[str, Any] = claim.receipt
    return found


def signed(body: Mapping[str, Any], signer: Signer) -> dict[str, Any]:
    """A body with its digest, the name of the key, and the signature."""
    written = log.canonical(body).encode()
    key, signature = signer.sign(written)
    return {"body": dict(body), "digest": hashlib.sha256(written).hexdigest(), "key": key, "signature": signature}


def file_of(receipt: Mapping[str, Any]) -> bytes:
    """The receipt as it is handed out."""
    return log.canonical(receipt).encode()


def is_whole(receipt: Mapping[str, Any] | None) -> bool:
    """Whether a receipt can be handed out: of one whose person was erased a digest alone is left."""
    return receipt is not None and "body" in receipt


def verify(content: bytes, public_keys: Mapping[str, str]) -> dict[str, Any]:
    """What a receipt says, if these very bytes are one that was signed with one of the keys. Raises BadReceipt."""
    try:
        receipt = json.loads(content)
        body, key = receipt["body"], receipt["key"]
        written = log.canonical(body).encode()
        whole = log.canonical({"body": body, "digest": hashlib.sha256(written).hexdigest(), "key": key, "signature": receipt["signature"]}).encode()
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadReceipt("this is no receipt: it cannot be read") from error
    if whole != content or not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise BadReceipt("this is not the receipt as it was handed out: something in it was changed")
    if key not in public_keys:
        raise BadReceipt("the receipt names the key %(key)s, which is none of the firm's", key=str(key)[:40])
    if not holds(public_keys[key], str(receipt["signature"]), written):
        raise BadReceipt("the signature does not belong to this receipt: something in it was changed")
    return body


def claim_for(actor: Actor, public_id: str, *, lock: bool = False) -> Claim:
    """A claim whose receipt the actor may have: his own, or one of the leads that his desk sees. Raises NotFound."""
    query = select(Claim).where(Claim.public_id == public_id, _whose(actor))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no receipt that you may see under this address")
    return found


def _whose(actor: Actor) -> ColumnElement[bool]:
    scope = actor.scope(Can.LEAD_SEE)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    introducer = introducer_of(actor)
    own = false() if introducer == FIRM else introducer.claimed()
    if scope is Scope.BRANCH:
        branch = select(Branch.id).where(Branch.branch_no == (actor.branch_no or ""))
        return own | Claim.lead_id.in_(select(Lead.id).where(Lead.branch_id.in_(branch)))
    return own
