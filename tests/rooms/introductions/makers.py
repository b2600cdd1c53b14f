"""Links, receipts and keys for the permission matrix, on the firm in tests/rooms/pages/firm.py."""

from __future__ import annotations

import secrets

from flask import current_app
from sqlalchemy import select

from models import db
from models.api import ApiKey
from models.identity import User
from models.leads import IntroductionLink, LeadDoor
from models.partners import Branch
from portal import clock
from portal.actors import TERMINAL
from portal.identity.tokens import digest
from portal.keys import keyring, signer
from portal.leads import introducers, receipts, register, withdrawal
from portal.leads.people import person
from portal.leads.register import Registered, Source
from portal.transaction import transaction
from tests.matrix import Which, maker
from tests.rooms.pages.firm import BROKERS


def link_of(number: str, *, ended: bool = False) -> str:
    """A link of a broker."""
    with transaction():
        code = "".join(secrets.choice("ABCDEFGH2345678") for _ in range(12))
        moment = clock.now()
        link = IntroductionLink(code=code, **introducers.broker(number).columns, created_at=moment, revoked_at=moment if ended else None, visits=0)
        db.session.add(link)
    return code


def registered(number: str) -> Registered:
    """Somebody new who came through a broker's link just now, with a signed receipt."""
    who = person(name="王小明", phone=f"138{secrets.randbelow(10**8):08d}")
    moment, code = clock.now(), link_of(number)
    with transaction():
        branch = db.session.execute(select(Branch.id).order_by(Branch.branch_no)).scalars().first()
        assert branch is not None
        by = introducers.broker(number)
        source = Source(LeadDoor.LINK, branch, link_id=db.session.execute(select(IntroductionLink.id).where(IntroductionLink.code == code)).scalar_one())
        made = register.register(who, by, source, actor=TERMINAL, moment=moment, today=moment.date(), keyring=keyring())
        assert made.claim is not None, made
        receipts.issue(made.claim, {"salt": "00"}, signer(), firm="http://localhost", actor=TERMINAL, moment=moment)
    return made


@maker("code")
def code(user: User | None, which: Which) -> str:
    """A link of one's own broker; of another's; or none."""
    return "0" * 12 if which == "missing" else link_of(BROKERS[which])


@maker("code", "introduction_form.show")
@maker("code", "introduction_form.send")
def open_code(user: User | None, which: Which) -> str:
    """A link is open to everybody; one that has ended is answered as one that never was."""
    return "0" * 12 if which == "missing" else link_of("B001", ended=which == "foreign")


@maker("public_id", "receipts.show")
@maker("public_id", "receipts.sign")
@maker("public_id", "receipts.json")
@maker("public_id", "receipts.pdf")
def receipt(user: User | None, which: Which) -> str:
    """The receipt of a claim of one's own broker, of another's, or none. A branch sees those of its leads."""
    if which == "missing":
        return secrets.token_urlsafe(12)
    made = registered(BROKERS[which])
    assert made.claim is not None
    assert made.lead is not None
    public_id = made.claim.public_id
    if which == "foreign":
        with transaction():
            made.lead.branch_id = db.session.execute(select(Branch.id).where(Branch.branch_no == "02")).scalar_one()
    return public_id


@maker("key_no")
def key_no(user: User | None, which: Which) -> str:
    """A key of one's own, another's, or none."""
    if which == "missing" or (which == "own" and user is None):
        return "none"
    with transaction():
        owner = user.id if user is not None and which == "own" else db.session.execute(select(User.id).order_by(User.id)).scalars().first()
        if user is not None and which == "foreign":
            owner = db.session.execute(select(User.id).where(User.id != user.id)).scalars().first()
        row = ApiKey(public_id=secrets.token_urlsafe(9), user_id=owner, name="x", digest=digest(secrets.token_hex(8)), tail="x", created_at=clock.now(), expires_at=clock.now())
        db.session.add(row)
        db.session.flush()
        return row.public_id


@maker("lead_no")
def lead_no(user: User | None, which: Which) -> str:
    """A lead by its address; no cookie opens it."""
    return "x"


@maker("token", "introduction_form.consents.show")
@maker("token", "introduction_form.consents.take_back")
def consent_token(user: User | None, which: Which) -> str:
    """A link with which somebody takes his consents back; foreign is one that was used already."""
    secret, moment = str(current_app.secret_key), clock.now()
    if which == "missing":
        return withdrawal.token_of(secret)
    with transaction():
        token = withdrawal.issue(None, proven=False, secret=secret, actor=TERMINAL, moment=moment)
        if which == "foreign":
            withdrawal.use(token, ["marketing"], secret=secret, locale="en", moment=moment, today=moment.date())
    return token
