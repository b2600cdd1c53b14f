"""Unmasking a client's phone and ID number: only with the right, only with a reason, never without a line in the log."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from models.clients import AccountVersion
from portal.actors import Actor
from portal.audit import log
from portal.permissions import Can
from portal.refusals import Refusal
from portal.sealing import Keyring

SHORTEST_REASON = 4
LONGEST_REASON = 300


class Identity(NamedTuple):
    """A client's numbers in the clear."""

    phone: str
    id_no: str


def reveal(account_no: str, version: AccountVersion, actor: Actor, moment: datetime, *, reason: str, keyring: Keyring, request_id: str = "") -> Identity:
    """Open a client's phone and ID number and write down who did so and why. Raises NotAllowed, and Refusal without a reason."""
    actor.need(Can.IDENTITY_REVEAL)
    reason = reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Refusal(
            "say why you need the numbers, in %(shortest)s to %(longest)s characters: the reason stands in the audit log", shortest=SHORTEST_REASON, longest=LONGEST_REASON
        )
    log.write(actor, moment, "clients.identity.reveal", "account", account_no, after={"fields": ["phone", "id_no"]}, reason=reason, request_id=request_id)
    return opened(account_no, version, keyring)


def opened(account_no: str, version: AccountVersion, keyring: Keyring) -> Identity:
    """The numbers of an account as sealed at its last import."""
    about = f"account_version.%s:{account_no}"
    return Identity(keyring.open(version.phone_sealed, about % "phone_sealed"), keyring.open(version.id_no_sealed, about % "id_no_sealed"))
