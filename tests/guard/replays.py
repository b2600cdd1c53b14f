"""Old sessions: cookies kept by a thief while their owner signs out, changes his password, is disabled or loses a role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from models import db
from models.identity import LinkPurpose, Role, User, UserSession
from portal import clock
from portal.actors import TERMINAL
from portal.identity import passwords, sessions, signing_in, verbs
from portal.transaction import transaction
from tests.guard.crowd import at_once
from tests.guard.report import Report
from tests.guard.served import Served

HASH = passwords.hashed("four unrelated plain words", "quick")


def _reset(user: User, row: UserSession, secret: str) -> None:
    token = verbs.issue_link(user=user, purpose=LinkPurpose.RESET, secret=secret, actor=TERMINAL, moment=clock.now())
    verbs.choose_password(token=token, purpose=LinkPurpose.RESET, secret=secret, password_hash=HASH, moment=clock.now())


ENDINGS: dict[str, Callable[[User, UserSession, str], object]] = {
    "signed out": lambda user, row, secret: signing_in.leave(user=user, session_id=row.id, moment=clock.now()),
    "password changed": lambda user, row, secret: verbs.change_password(user=user, password_hash=HASH, this_session=row.id, moment=clock.now()),
    "password reset": _reset,
    "disabled": lambda user, row, secret: verbs.disable(user=user, reason="left", actor=TERMINAL, moment=clock.now()),
    "role changed": lambda user, row, secret: verbs.change_roles(user=user, roles=[Role.CLIENT], numbers={}, reason="moved", actor=TERMINAL, moment=clock.now()),
}
"""Ways in which a session ends. A changed password ends the other sessions, and gives the one it was changed in a new token."""


def people_with_sessions(portal: Served, count: int, role: Role = Role.BROKER) -> list[tuple[int, int, str]]:
    """So many active users, each with a session: (user, session, token)."""
    made = []
    with portal.app.app_context():
        with transaction():
            for number in range(count):
                user = verbs.add_user(
                    email=f"p{number}-{clock.now().timestamp()}@firm.example", name="Somebody", roles=[role], actor=TERMINAL, moment=clock.now(), demo_password_hash=HASH
                )
                user.demo = False
                row, token = sessions.begin(user=user, moment=clock.now(), user_agent="", address="", whole=True)
                row.second_factor_at = clock.now()
                made.append((user.id, row.id, token))
        db.session.remove()
    return made


def replays(portal: Served, report: Report, count: int, seed: int) -> None:
    """`count` sessions are opened once, ended, and replayed: none may open anything."""
    people = people_with_sessions(portal, count)
    names = list(ENDINGS)
    opened = at_once(lambda one: portal.holding(one[2]).get("/me").status, people, 8)
    if set(opened) != {200}:
        report.fault(f"not every session was alive at first: {Counter(opened)}")
    with portal.app.app_context():
        for number, (user_id, session_id, _) in enumerate(people):
            with transaction():
                user, row = db.session.get(User, user_id), db.session.get(UserSession, session_id)
                assert user is not None
                assert row is not None
                ENDINGS[names[number % len(names)]](user, row, str(portal.app.secret_key))
        db.session.remove()
    replayed = at_once(lambda one: portal.holding(one[2]).get("/me"), people, 8)
    accepted = Counter(names[number % len(names)] for number, answer in enumerate(replayed) if not answer.location.startswith("/sign-in"))
    report.tried, report.figures = count, {"accepted": accepted.total()}
    for name, times in accepted.items():
        report.fault(f"{name}: {times} old sessions were accepted")
