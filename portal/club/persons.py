"""Who may become a member: somebody at his own browser, a client by his number, a prospect by his number as a lead."""

from __future__ import annotations

from models import db
from models.clients import AccountVersion
from models.club_membership import ClubMember
from portal.actors import Actor
from portal.club.booking import person_of
from portal.club.members import Person
from portal.leads.queries import lead_for
from portal.refusals import NotFound, Refusal
from portal.versions import current


def oneself(actor: Actor, name: str) -> Person:
    """Whoever is signed in."""
    return Person(person_of(actor), name, actor.user_id, actor.client_no or "")


def client(client_no: str) -> Person:
    """A client by his number. Raises NotFound."""
    accounts = current(AccountVersion).where(AccountVersion.client_no == client_no).with_only_columns(AccountVersion.name).limit(1)
    name = db.session.execute(accounts).scalar() if client_no else None
    if name is None:
        raise NotFound("there is no client %(number)s", number=client_no[:64])
    return Person(f"client:{client_no}", name, None, client_no)


def prospect(lead_public_id: str, actor: Actor) -> Person:
    """A prospect by his number as a lead. Raises NotFound; Refusal where nobody may approach him, or he is a client by now."""
    lead = lead_for(actor, lead_public_id)
    if lead.suppressed or lead.erased_at is not None:
        raise Refusal("this person does not want to be approached")
    if lead.account_id is not None:
        raise Refusal("this person is a client by now: use the client number")
    return Person(f"lead:{lead.id}", lead.name, None, "", lead.id)


def of_member(member: ClubMember) -> Person:
    """Somebody who is a member already."""
    return Person(member.person, member.name, member.user_id, member.client_no, member.lead_id)
