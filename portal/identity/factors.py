"""The second factor: a code from an authenticator app (TOTP), or one of ten spare codes on paper.

A code counts once: the last time step that was used is kept, and a spare code is struck out.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime

import pyotp
from sqlalchemy import delete, or_, select, update

from models import db
from models.identity import RecoveryCode, Role, User
from portal.sealing import Keyring, Unreadable

REQUIRED = frozenset({Role.STAFF, Role.BRANCH_MANAGER, Role.FINANCE, Role.COMPLIANCE, Role.AUDITOR, Role.ADMIN})
"""Roles that open nothing without a second factor."""
STEP = 30
DRIFT = 1
"""Time steps by which a phone's clock may be off."""
SPARE_CODES = 10


def enrolled(user: User) -> bool:
    """Whether a user has confirmed a second factor."""
    return user.totp_confirmed_at is not None


def wanted(roles: Iterable[Role], *, enrolled: bool, demo: bool, demo_firm: bool) -> bool:
    """Whether a session of a user must show a second factor: he has one, or his roles ask for it. Printed demo sign-ins of a demonstration firm need none."""
    return not (demo and demo_firm) and (enrolled or not REQUIRED.isdisjoint(roles))


def fresh_secret() -> str:
    """A new TOTP secret (160 random bits, base32)."""
    return pyotp.random_base32(32)


def address_of(secret: str, email: str) -> str:
    """The otpauth:// address that an authenticator app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="居缘 Juyuan")


def step_of(secret: str, code: str, moment: datetime) -> int | None:
    """The time step that a code belongs to, or None where it is none of those around this moment."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret)
    now = int(moment.timestamp()) // STEP
    matching = [step for step in range(now - DRIFT, now + DRIFT + 1) if secrets.compare_digest(totp.generate_otp(step), digits)]
    return matching[-1] if matching else None


def about(user: User) -> str:
    """What a sealed TOTP secret is bound to."""
    return f"user.totp_secret:{user.public_id}"


def enrol(*, user: User, secret: str, step: int, ring: Keyring, moment: datetime) -> list[str]:
    """Keep a confirmed secret and return ten new spare codes, which are shown this once."""
    user.totp_secret = ring.seal(secret, about(user))
    user.totp_confirmed_at = moment
    user.totp_last_step = step
    db.session.flush()
    return new_spare_codes(user=user, ring=ring)


def forget(*, user: User) -> None:
    """Take a user's second factor away; he enrols again at the next sign-in where his roles ask for one."""
    user.totp_secret = None
    user.totp_confirmed_at = None
    user.totp_last_step = None
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    db.session.flush()


def new_spare_codes(*, user: User, ring: Keyring) -> list[str]:
    """Replace a user's spare codes and return the new ones."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [_spare_code() for _ in range(SPARE_CODES)]
    db.session.add_all([RecoveryCode(user_id=user.id, code_digest=_spare_digest(user, code, ring)) for code in codes])
    db.session.flush()
    return codes


def spare_codes_left(user_id: int) -> int:
    """How many spare codes a user has not used."""
    return len(db.session.execute(select(RecoveryCode.id).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))).all())


def accept(*, user: User, code: str, ring: Keyring, moment: datetime) -> str | None:
    """Use up a code. Returns which kind it was (`totp`, `recovery`), or None where it is wrong or was used before."""
    if _accept_totp(user, code, ring, moment):
        return "totp"
    used = db.session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user.id, RecoveryCode.code_digest == _spare_digest(user, code, ring), RecoveryCode.used_at.is_(None))
        .values(used_at=moment)
    )
    return "recovery" if used.rowcount else None  # type: ignore[attr-defined]


def _accept_totp(user: User, code: str, ring: Keyring, moment: datetime) -> bool:
    if not user.totp_secret:
        return False
    try:
        step = step_of(ring.open(user.totp_secret, about(user)), code, moment)
    except Unreadable:
        return False
    if step is None:
        return False
    taken = db.session.execute(
        update(User).where(User.id == user.id, or_(User.totp_last_step.is_(None), User.totp_last_step < step)).values(totp_last_step=step),
        execution_options={"synchronize_session": False},
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def _spare_code() -> str:
    plain = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(plain[start : start + 4] for start in range(0, 16, 4))


def _spare_digest(user: User, code: str, ring: Keyring) -> str:
    plain = "".join(character for character in code.lower() if character.isalnum())
    return ring.blind_index(f"recovery:{user.public_id}:{plain}")
