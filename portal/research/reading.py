"""What a person may read, and what is kept of his reading. Whoever reads is the person that the club knows: a client under all his sign-ins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, case, exists, func, literal, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models import db
from models.clients import Account, AccountVersion
from models.club_membership import ClubMember, ClubTier
from models.columns import Moment
from models.research import Audience, ResearchChoice, ResearchItem, ResearchOpen, ResearchState, ResearchSubscription, ResearchVersion
from models.suitability import SuitabilityTest
from portal.actors import Actor
from portal.clients.queries import newest_version
from portal.clients.segments import AsOf
from portal.club import members
from portal.club.booking import person_of
from portal.club.membership import tier_on
from portal.permissions import Can
from portal.refusals import NotFound
from portal.research.audiences import grade_columns, meant_accounts
from portal.research.verdicts import Facts, Verdict, verdict
from portal.transaction import on_postgresql


@dataclass(frozen=True)
class Reader:
    """Somebody who reads: who he is, his grade, and what he said."""

    person: str
    client_no: str
    user_id: int | None
    facts: Facts
    recorded: bool
    chains: frozenset[str]


class Shown(NamedTuple):
    """A published report or course with the version that is read."""

    item: ResearchItem
    version: ResearchVersion


def reader_of(actor: Actor, as_of: AsOf) -> Reader:
    """The reader that an actor is. Raises NotAllowed."""
    actor.need(Can.RESEARCH_READ)
    person, client_no = person_of(actor), actor.client_no or ""
    choice = db.session.get(ResearchChoice, person)
    chains = db.session.execute(select(ResearchSubscription.chain).where(ResearchSubscription.person == person)).scalars()
    facts = _facts(client_no, actor.user_id, as_of)._replace(wanted=choice is None or choice.wanted)
    return Reader(person, client_no, actor.user_id, facts, choice is None or choice.recorded, frozenset(chains))


def _facts(client_no: str, user_id: int | None, as_of: AsOf) -> Facts:
    """What the rule reads of a person, by the same columns as the preview counts."""
    if client_no:
        of = SuitabilityTest.client_no == client_no
        master: Any = select(func.min(func.nullif(AccountVersion.risk_grade, ""))).where(newest_version(), AccountVersion.client_no == client_no, _open(as_of)).scalar_subquery()
    else:
        leads = select(ClubMember.lead_id).where(ClubMember.user_id == user_id, ClubMember.lead_id.is_not(None))
        of, master = SuitabilityTest.lead_id.in_(leads), ""
    test = select(SuitabilityTest).where(of).order_by(SuitabilityTest.id.desc()).limit(1).subquery()
    one = select(literal(1).label("one")).subquery()
    row = db.session.execute(select(*grade_columns(test, master, as_of.day), test.c.valid_until).select_from(one).outerjoin(test, true())).one()
    return Facts(row.grade or "", row.valid_until, bool(row.professional))


def _open(as_of: AsOf) -> Any:
    return or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > as_of.day)


def published(as_of: AsOf) -> list[Shown]:
    """Everything that is published and not over, the newest first."""
    query = select(ResearchItem, ResearchVersion).join(ResearchVersion, and_(ResearchVersion.item_id == ResearchItem.id, ResearchVersion.number == ResearchItem.published_version))
    query = query.where(ResearchItem.state == ResearchState.PUBLISHED, ResearchVersion.valid_until >= as_of.day)
    return [Shown(item, version) for item, version in db.session.execute(query.order_by(ResearchItem.published_at.desc(), ResearchItem.id.desc()))]


def visible(reader: Reader, as_of: AsOf, *, asked: bool = True) -> list[Shown]:
    """What a reader may read. `asked`: he looks for it himself, so that a wish not to have research put before him does not hide it."""
    facts = reader.facts._replace(wanted=True) if asked else reader.facts
    fits = [one for one in published(as_of) if verdict(facts, one.version.risk, as_of.day) is Verdict.SEES]
    return _meant(reader, fits, as_of)


def _meant(reader: Reader, rows: Sequence[Shown], as_of: AsOf) -> list[Shown]:
    """Of these, what is for an audience to which the reader belongs: at most two questions, whatever their number."""
    rank = _rank(reader, as_of) if any(one.version.audience == Audience.TIER for one in rows) else {}
    segments = {one.version.id: one.version for one in rows if one.version.audience == Audience.SEGMENT}
    inside = _inside(reader, list(segments.values()), as_of) if segments and reader.client_no else set()

    def belongs(version: ResearchVersion) -> bool:
        if version.audience == Audience.SEGMENT:
            return version.id in inside
        return version.audience == Audience.EVERYBODY or rank.get("own", -1) >= rank.get(version.audience_ref, 1 << 30)

    return [one for one in rows if belongs(one.version)]


def _rank(reader: Reader, as_of: AsOf) -> dict[str, int]:
    """The rank of each tier by its key, and under `own` that of the reader's on the day."""
    member = members.of_person(reader.person)
    span = tier_on(members.spans(member.id), as_of.day) if member is not None else None
    ranks: dict[str, int] = {row.key: row.rank for row in db.session.execute(select(ClubTier.key, ClubTier.rank))}
    return ranks | ({"own": span.rank} if span is not None else {})


def _inside(reader: Reader, versions: Sequence[ResearchVersion], as_of: AsOf) -> set[int]:
    """The versions whose segment the reader is in: one statement with a column for each."""
    own = (Account.id == AccountVersion.account_id, newest_version(), AccountVersion.client_no == reader.client_no, _open(as_of))
    his = as_of._replace(among=select(AccountVersion.account_id).where(AccountVersion.client_no == reader.client_no))
    said = [exists().where(*own, meant_accounts(version, his)).label(f"v{version.id}") for version in versions]
    row = db.session.execute(select(*said)).one()
    return {version.id for version, inside in zip(versions, row, strict=True) if inside}


def one_for(reader: Reader, public_id: str, as_of: AsOf) -> Shown:
    """A report or course that a reader may read. Raises NotFound, the same for what is kept from him and for what there is not."""
    found = next((one for one in visible(reader, as_of) if one.item.public_id == public_id), None)
    if found is None:
        raise NotFound("there is no report or course under this address that is for you")
    return found


def opened(item: ResearchItem, reader: Reader, moment: datetime) -> None:
    """Keep that somebody opened it: under his name, or, where he does not want that, as a count alone. Verb."""
    if not reader.recorded:
        _count(item.id, opens_unnamed=ResearchItem.opens_unnamed + 1)
        return
    make = postgresql_insert if on_postgresql() else sqlite_insert
    row = {"item_id": item.id, "person": reader.person, "client_no": reader.client_no, "user_id": reader.user_id, "first_at": moment, "last_at": moment, "times": 1}
    later = case((ResearchOpen.last_at < literal(moment, Moment()), literal(moment, Moment())), else_=ResearchOpen.last_at)  # clocks of two hosts may differ
    more = {"last_at": later, "times": ResearchOpen.times + 1}
    db.session.execute(make(ResearchOpen).values(**row).on_conflict_do_update(index_elements=["item_id", "person"], set_=more))


def finished(item: ResearchItem, reader: Reader, moment: datetime) -> None:
    """Keep that somebody came to its end; once more changes nothing where it is kept under his name. Verb."""
    if not reader.recorded:
        _count(item.id, finished_unnamed=ResearchItem.finished_unnamed + 1)
        return
    mine = (ResearchOpen.item_id == item.id, ResearchOpen.person == reader.person, ResearchOpen.finished_at.is_(None))
    db.session.execute(update(ResearchOpen).where(*mine).values(finished_at=moment), execution_options={"synchronize_session": False})


def _count(item_id: int, **values: Any) -> None:
    db.session.execute(update(ResearchItem).where(ResearchItem.id == item_id).values(**values), execution_options={"synchronize_session": False})


def open_of(item: ResearchItem, reader: Reader) -> ResearchOpen | None:
    """What is kept of a reader and one report or course."""
    return db.session.execute(select(ResearchOpen).where(ResearchOpen.item_id == item.id, ResearchOpen.person == reader.person)).scalar_one_or_none()
