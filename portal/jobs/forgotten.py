"""A forgotten password: whoever asks is answered alike, and the link is made afterwards, where nobody can measure whether there was one to make."""

from __future__ import annotations

from datetime import datetime

from flask import Flask, current_app

from models.identity import LinkPurpose, User, UserState
from portal import clock
from portal.actors import NOBODY, actor_of
from portal.audit import log
from portal.identity import forgotten, links, second_person, tokens
from portal.identity.queries import user_by_email
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.keys import keyring, secret
from portal.notices.kinds import KINDS, RESET
from portal.notices.outbox import Letter, write_secret
from portal.settings import Settings
from portal.transaction import transaction

FORGOTTEN = "identity.forgotten"
"""The kind of the job; its argument is the address that was typed, sealed."""
SEALED_ABOUT = "identity.forgotten"


def ask(email: str, moment: datetime) -> None:
    """Ask for a link to this address, whoever's it is, inside the open transaction."""
    enqueue(NOBODY, moment, FORGOTTEN, {"address_sealed": keyring().seal(email, SEALED_ABOUT)})


@handler(FORGOTTEN)
def forgotten_job(work: Work) -> dict[str, int]:
    """Write the mail where there is an open sign-in under this address that one person may give back: of who holds a right over money or
    people two administrators make the link. What was done is told to nobody who asked."""
    email = keyring().open(work.arguments["address_sealed"], SEALED_ABOUT)
    with transaction():
        user = user_by_email(email)
        if user is not None and user.state == UserState.ACTIVE and user.password_hash and not second_person.protected(user):
            _write(user, clock.now())
    return {}


def _write(user: User, moment: datetime) -> None:
    token = links.issue(user=user, purpose=LinkPurpose.RESET, secret=secret(), moment=moment)
    address = f"{current_app.config['PORTAL'].base_url.rstrip('/')}/{LinkPurpose.RESET.value}/{token}"
    write_secret(user, KINDS[RESET], address, Letter(tokens.digest(token)[:24], until=moment + links.LASTS[LinkPurpose.RESET]), moment, keyring())
    log.write(actor_of(user), moment, "identity.link.forgotten", "user", user.public_id)


def install(app: Flask, settings: Settings) -> None:
    """Let the page of a forgotten password ask."""
    forgotten.register(ask)
