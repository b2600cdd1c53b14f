"""Applications for the permission matrix, on the firm in tests/rooms/pages/firm.py: of one's own branch, or of another."""

from __future__ import annotations

import secrets

from flask import current_app
from sqlalchemy import select

from models import db
from models.identity import User
from models.onboarding import Application, ApplicationState
from models.partners import Branch, PersonKind
from portal import clock
from portal.actors import TERMINAL
from portal.identity import tokens
from portal.onboarding import applicant
from portal.transaction import transaction
from tests.matrix import Which, maker


def application(user: User | None, which: Which) -> str:
    """A withdrawn application, so that nothing more can be done with it."""
    if which == "missing":
        return "no-such-application"
    with transaction():
        made = Application(
            public_id=secrets.token_urlsafe(12),
            state=ApplicationState.WITHDRAWN,
            broker_no="B900",
            name="申请人",
            kind=PersonKind.PERSON,
            id_no_sealed="",
            id_no_index=secrets.token_hex(16),
            phone_sealed="",
            phone_index="",
            email="",
            branch_id=db.session.execute(select(Branch.id).where(Branch.branch_no == {"own": "01", "foreign": "02"}[which])).scalar_one(),
            opened_at=clock.now(),
            opened_label="x",
        )
        db.session.add(made)
        db.session.flush()
        return made.public_id


for endpoint in ("show", "item", "keep", "check", "reopen", "withdraw", "ask", "agreement", "invite", "mine.hand_out", "mine.mail"):
    maker("public_id", f"onboarding.{endpoint}")(application)


@maker("token", "onboarding.mine.open_link")
@maker("token", "onboarding.mine.begin")
def own_token(user: User | None, which: Which) -> str:
    """An applicant's link; foreign is one that was opened already."""
    secret, moment = str(current_app.secret_key), clock.now()
    if which == "missing":
        return tokens.fresh(secret, applicant.PURPOSE)
    public_id = application(None, "own")
    with transaction():
        row = db.session.execute(select(Application).where(Application.public_id == public_id)).scalar_one()
        row.state, row.broker_no = ApplicationState.DRAFT, secrets.token_hex(6)
        db.session.flush()
        token = applicant.issue(public_id, secret=secret, actor=TERMINAL, moment=moment)
        if which == "foreign":
            applicant.open_link(token, secret=secret, moment=moment)
    return token


@maker("item")
def item(user: User | None, which: Which) -> str:
    """What is to be shown: the application says whose it is."""
    return "documents"
