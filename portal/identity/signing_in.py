"""Signing in, step by step. Each function is one transaction's worth; between two of them the door checks the password,
because that takes its time and must not hold the database."""

from __future__ import annotations

from datetime import datetime

from models.identity import Role, User, UserSession
from portal.actors import actor_of
from portal.audit import log
from portal.identity import factors, sessions, telling, throttle
from portal.identity.throttle import Outcome
from portal.refusals import Refusal
from portal.sealing import Keyring


class WrongCode(Refusal):
    """A second factor that is wrong, too old, or was used before."""

    def __init__(self) -> None:
        super().__init__("This code is wrong or was used already. Wait for the next one, or take a spare code.")


def admit(
    *,
    user: User,
    attempt_id: int,
    demo_firm: bool,
    rehashed: str | None,
    user_agent: str,
    address: str,
    account_key: str,
    moment: datetime,
    request_id: str = "",
) -> tuple[str, bool]:
    """The password was right: open a session. Returns its token and whether a second factor is still missing.

    `account_key`: under what strangers' tries on this sign-in are counted; he is told of them.
    """
    half = factors.wanted((Role(row.role) for row in user.roles), enrolled=factors.enrolled(user), demo=user.demo, demo_firm=demo_firm)
    if rehashed is not None:
        user.password_hash = rehashed
    telling.told_of_tries(user, account_key, moment)
    _, token = sessions.begin(user=user, moment=moment, user_agent=user_agent, address=address, whole=not half)
    throttle.finish(attempt_id, Outcome.SUCCEEDED)
    if not half:
        log.write(actor_of(user), moment, "identity.signed_in", "user", user.public_id, request_id=request_id)
    return token, half


def confirm(*, user: User, row: UserSession, code: str, attempt_id: int, ring: Keyring, moment: datetime, request_id: str = "") -> str | None:
    """Check a second factor and complete the session. Returns its new token, or None where the code does not count."""
    kind = factors.accept(user=user, code=code, ring=ring, moment=moment)
    throttle.finish(attempt_id, Outcome.SUCCEEDED if kind else Outcome.FAILED)
    if kind is None:
        return None
    token = sessions.complete(row=row, moment=moment)
    log.write(actor_of(user), moment, "identity.signed_in", "user", user.public_id, after={"second_factor": kind}, request_id=request_id)
    return token


def enrol(*, user: User, row: UserSession, secret: str, code: str, half: bool, attempt_id: int, ring: Keyring, moment: datetime, request_id: str = "") -> tuple[list[str], str]:
    """Confirm a new second factor with its first code. Returns the spare codes and the session's new token; other sessions end.

    `half`: no second factor was shown in this session, so it may set one up but never take the place of one. Raises WrongCode; the try then stays counted as one that failed.
    """
    step = factors.step_of(secret, code, moment)
    if step is None or (half and factors.enrolled(user)):  # it was set up elsewhere since this page was opened
        raise WrongCode
    throttle.finish(attempt_id, Outcome.SUCCEEDED)
    codes = factors.enrol(user=user, secret=secret, step=step, ring=ring, moment=moment)
    sessions.end_all(user_id=user.id, why="second factor changed", moment=moment, but=row.id)
    token = sessions.complete(row=row, moment=moment)
    telling.told(user, telling.FACTOR, moment)
    log.write(actor_of(user), moment, "identity.second_factor.enrolled", "user", user.public_id, request_id=request_id)
    return codes, token


def renew_spare_codes(*, user: User, ring: Keyring, moment: datetime, request_id: str = "") -> list[str]:
    """Replace one's own spare codes and return the new ones."""
    codes = factors.new_spare_codes(user=user, ring=ring)
    telling.told(user, telling.SPARE_CODES, moment)
    log.write(actor_of(user), moment, "identity.spare_codes.renewed", "user", user.public_id, request_id=request_id)
    return codes


def leave(*, user: User, session_id: int, moment: datetime, why: str = "signed out", request_id: str = "") -> None:
    """End a session of one's own."""
    sessions.end(session_id=session_id, user_id=user.id, why=why, moment=moment)
    log.write(actor_of(user), moment, "identity.session.ended", "user", user.public_id, after={"why": why, "session": session_id}, request_id=request_id)


def leave_others(*, user: User, session_id: int, moment: datetime, request_id: str = "") -> int:
    """End every session of one's own but this one. Returns how many."""
    ended = sessions.end_all(user_id=user.id, why="ended by the user", moment=moment, but=session_id)
    log.write(actor_of(user), moment, "identity.sessions.ended", "user", user.public_id, after={"sessions_ended": ended}, request_id=request_id)
    return ended
