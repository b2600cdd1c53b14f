"""One-time links: a signed token, bound to what it is good for, that works once and not for ever.

The signature keeps guesses away from the database; the row, found by the token's digest, says whether it was used.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from models import db
from models.identity import LinkPurpose, OneTimeLink, User, UserState
from portal.identity import tokens
from portal.refusals import NotFound

LASTS = {LinkPurpose.INVITE: timedelta(hours=72), LinkPurpose.RESET: timedelta(hours=1)}
"""How long each kind of link works."""


class DeadLink(NotFound):
    """A link that was used, has expired, was cut on its way, or never was: which of these is not told."""

    def __init__(self) -> None:
        super().__init__("This link does not work any more: it was used already, has expired, or was not copied whole. Ask an administrator for a new one.")


def _signed_for(purpose: LinkPurpose) -> str:
    return f"juyuan.link.{purpose.value}"


def issue(*, user: User, purpose: LinkPurpose, secret: str, moment: datetime) -> str:
    """Make a link's token for a user; links of the same kind made before stop working."""
    void(user_id=user.id, purpose=purpose, moment=moment)
    token = tokens.fresh(secret, _signed_for(purpose), user.public_id)
    db.session.add(OneTimeLink(purpose=purpose, token_digest=tokens.digest(token), user_id=user.id, created_at=moment, expires_at=moment + LASTS[purpose]))
    db.session.flush()
    return token


def void(*, user_id: int, moment: datetime, purpose: LinkPurpose | None = None) -> None:
    """Make a user's unused links (of one kind, or of all) stop working."""
    these = update(OneTimeLink).where(OneTimeLink.user_id == user_id, OneTimeLink.used_at.is_(None))
    db.session.execute((these if purpose is None else these.where(OneTimeLink.purpose == purpose)).values(used_at=moment))


def owner(*, token: str, purpose: LinkPurpose, secret: str, moment: datetime) -> User:
    """Whom a working link belongs to; it is not used up. Raises DeadLink."""
    if not tokens.is_signed(token, secret, _signed_for(purpose)):
        raise DeadLink
    user = db.session.execute(
        select(User)
        .join(OneTimeLink, OneTimeLink.user_id == User.id)
        .where(
            OneTimeLink.token_digest == tokens.digest(token),
            OneTimeLink.purpose == purpose,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > moment,
            User.state != UserState.DISABLED,
        )
    ).scalar_one_or_none()
    if user is None:
        raise DeadLink
    return user


def use(*, token: str, purpose: LinkPurpose, secret: str, moment: datetime) -> User:
    """Use a link up and return its owner. Of two at once one wins; the other gets DeadLink."""
    user = owner(token=token, purpose=purpose, secret=secret, moment=moment)
    used = db.session.execute(
        update(OneTimeLink).where(OneTimeLink.token_digest == tokens.digest(token), OneTimeLink.used_at.is_(None)).values(used_at=moment),
        execution_options={"synchronize_session": False},
    )
    if not used.rowcount:  # type: ignore[attr-defined]
        raise DeadLink
    return user
