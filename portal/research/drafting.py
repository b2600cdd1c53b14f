"""Writing a report or course: each change is a version of its own, and nobody reads it before a second person released it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from models import db
from models.club_membership import ClubTier
from models.research import Audience, ResearchItem, ResearchKind, ResearchPdf, ResearchState, ResearchVersion
from models.segments import ClientSegment
from models.service_plans import Interest
from portal.actors import Actor
from portal.audit import log
from portal.clients.segment_keeping import visible_to
from portal.handed_in import check_pdf
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.research.chains import CODE
from portal.research.lessons import checked_lessons
from portal.research.verdicts import LEAST

TITLE, SUMMARY, LONGEST, RISK_LINE, LICENCE, AUTHOR = 120, 300, 60_000, 400, 40, 60
MOST_PRODUCTS = 12


@dataclass(frozen=True)
class Pdf:
    """A PDF as it was handed in."""

    name: str
    content: bytes

    def checked(self) -> Pdf:
        """Itself. Raises Refusal where it is too large or no PDF."""
        check_pdf(self.content)
        return self


@dataclass(frozen=True)
class Draft:
    """A version as it is written. `audience_ref`: a tier's key, or a segment's public id; `lessons` for a course alone."""

    title: str
    summary: str
    chain: Interest
    products: Sequence[str]
    risk: str
    locale: str
    body: str
    author: str
    licence_no: str
    risk_line: str
    valid_until: date
    audience: Audience = Audience.EVERYBODY
    audience_ref: str = ""
    lessons: Sequence[Mapping[str, Any]] = ()
    pdf: Pdf | None = None
    keep_pdf: bool = field(default=False)


def begin(kind: ResearchKind, draft: Draft, actor: Actor, moment: datetime, today: date) -> ResearchItem:
    """Write a first version down. Raises NotAllowed, Refusal."""
    actor.need(Can.RESEARCH_EDIT)
    item = ResearchItem(
        public_id=secrets.token_urlsafe(12), kind=kind, state=ResearchState.DRAFT, made_at=moment, made_by_id=actor.user_id, made_label=actor.label, released_label="", withdrawn_why=""
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()
    _add(item, 1, draft, actor, moment, today)
    return item


def revise(item: ResearchItem, draft: Draft, actor: Actor, moment: datetime, today: date) -> ResearchVersion:
    """Write a new version down; what is published stays until the new one is released. Raises NotAllowed, Refusal, Conflict while one waits."""
    actor.need(Can.RESEARCH_EDIT)
    if item.approval_id is not None:
        raise Conflict("a version waits for a second person: take it back first, or wait for the decision")
    if item.state == ResearchState.WITHDRAWN:
        raise Conflict("this was withdrawn: write a new one")
    return _add(item, newest_of(item).number + 1, draft, actor, moment, today)


def held_item(public_id: str) -> ResearchItem:
    """A report or course by its address, held until the transaction ends. Raises NotFound."""
    query = select(ResearchItem).where(ResearchItem.public_id == public_id).with_for_update().execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no report or course under this address")
    return found


def item_by(public_id: str) -> ResearchItem:
    """A report or course by its address. Raises NotFound."""
    found = db.session.execute(select(ResearchItem).where(ResearchItem.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no report or course under this address")
    return found


def newest_of(item: ResearchItem) -> ResearchVersion:
    """The version that was written last."""
    last = select(func.max(ResearchVersion.number)).where(ResearchVersion.item_id == item.id).scalar_subquery()
    return db.session.execute(select(ResearchVersion).where(ResearchVersion.item_id == item.id, ResearchVersion.number == last)).scalar_one()


def version_of(item: ResearchItem, number: int) -> ResearchVersion:
    """A version by its number. Raises NotFound."""
    found = db.session.execute(select(ResearchVersion).where(ResearchVersion.item_id == item.id, ResearchVersion.number == number)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no version %(number)s of this", number=number)
    return found


def versions_of(item: ResearchItem) -> list[ResearchVersion]:
    """Every version, the newest first."""
    return list(db.session.scalars(select(ResearchVersion).where(ResearchVersion.item_id == item.id).order_by(ResearchVersion.number.desc())))


def pdf_facts(version: ResearchVersion) -> Any:
    """Name, size (bytes) and digest of a version's PDF without its bytes; None where it has none."""
    return db.session.execute(select(ResearchPdf.name, ResearchPdf.size, ResearchPdf.digest).where(ResearchPdf.version_id == version.id)).one_or_none()


def pdf_of(version: ResearchVersion) -> ResearchPdf:
    """A version's PDF. Raises NotFound."""
    found = db.session.get(ResearchPdf, version.id)
    if found is None:
        raise NotFound("there is no PDF of this")
    return found


def _add(item: ResearchItem, number: int, draft: Draft, actor: Actor, moment: datetime, today: date) -> ResearchVersion:
    columns = _checked(ResearchKind(item.kind), draft, today)
    audience = _audience(draft, actor)
    version = ResearchVersion(item_id=item.id, number=number, **columns, **audience, recorded_at=moment, user_id=actor.user_id, actor_label=actor.label)
    before = newest_of(item) if number > 1 else None
    db.session.add(version)
    db.session.flush()
    kept = _pdf(draft, version, before)
    if not kept and not columns["body"] and not columns["lessons"]:
        raise Refusal("a report has a text or a PDF")
    after = {"version": number, "chain": version.chain, "risk": version.risk, "audience": version.audience, "ref": version.audience_ref, "digest": digest_of(version)}
    log.write(actor, moment, "research.version_written", "research", item.public_id, after=after)
    return version


def digest_of(version: ResearchVersion) -> str:
    """The SHA-256 of everything that a version says and to whom, its PDF included."""
    found = pdf_facts(version)
    said = [version.title, version.summary, version.body, version.lessons, version.risk_line, version.licence_no, found.digest if found else ""]
    said += [version.chain, version.risk, str(version.valid_until), version.audience, version.audience_ref, version.conditions]
    return hashlib.sha256(log.canonical(said).encode()).hexdigest()


def _pdf(draft: Draft, version: ResearchVersion, before: ResearchVersion | None) -> bool:
    """Keep the PDF that was handed in, or that of the version before where it is to stay. Returns whether there is one."""
    pdf = draft.pdf.checked() if draft.pdf is not None else None
    if pdf is None and draft.keep_pdf and before is not None and (old := db.session.get(ResearchPdf, before.id)) is not None:
        pdf = Pdf(old.name, old.payload)
    if pdf is None:
        return False
    digest = hashlib.sha256(pdf.content).hexdigest()
    db.session.add(ResearchPdf(version_id=version.id, name=_plain(pdf.name)[-120:] or "report.pdf", digest=digest, size=len(pdf.content), payload=pdf.content))
    db.session.flush()
    return True


def _plain(text: str) -> str:
    return text.replace("\0", "").strip()


def _checked(kind: ResearchKind, draft: Draft, today: date) -> dict[str, Any]:
    """The columns of a version. Raises Refusal, naming what is missing."""
    texts = {name: _plain(getattr(draft, name)) for name in ("title", "summary", "body", "author", "licence_no", "risk_line")}
    for name, least, most in (("title", 2, TITLE), ("summary", 0, SUMMARY), ("body", 0, LONGEST), ("author", 2, AUTHOR)):
        if not least <= len(texts[name]) <= most:
            raise Refusal("a title has 2 to 120 characters, a summary at most 300, an author 2 to 60, a text at most 60,000")
    if not 4 <= len(texts["licence_no"]) <= LICENCE or not texts["licence_no"].isascii():
        raise Refusal("the author's licence number for investment consulting is missing: a letter and digits, such as Z0012345")
    if not 10 <= len(texts["risk_line"]) <= RISK_LINE:
        raise Refusal("the risk line is missing: a sentence of 10 to 400 characters that stands under everything")
    if draft.risk not in LEAST or draft.locale not in ("zh", "en"):
        raise Refusal("choose a risk class from R1 to R5 and a language")
    if draft.valid_until < today:
        raise Refusal("it is over before anybody reads it: choose a day from today on")
    products = list(dict.fromkeys(code.strip() for code in draft.products if code.strip()))
    if len(products) > MOST_PRODUCTS or not all(CODE.fullmatch(code) for code in products):
        raise Refusal("products are codes such as rb or TA, at most %(most)s of them", most=MOST_PRODUCTS)
    lessons = checked_lessons(draft.lessons) if kind is ResearchKind.COURSE else []
    return {**texts, "chain": draft.chain, "products": products, "risk": draft.risk, "locale": draft.locale, "valid_until": draft.valid_until, "lessons": lessons}


def _audience(draft: Draft, actor: Actor) -> dict[str, Any]:
    """For whom a version is. Raises Refusal where there is no such tier, or no such segment that its writer may use."""
    if draft.audience is Audience.EVERYBODY:
        return {"audience": draft.audience, "audience_ref": "", "conditions": {}}
    if draft.audience is Audience.TIER:
        if db.session.execute(select(ClubTier.id).where(ClubTier.key == draft.audience_ref)).first() is None:
            raise Refusal("choose a tier of the club")
        return {"audience": draft.audience, "audience_ref": draft.audience_ref, "conditions": {}}
    query = select(ClientSegment).where(ClientSegment.public_id == draft.audience_ref, visible_to(actor))
    segment = db.session.execute(query).scalar_one_or_none()
    if segment is None:
        raise Refusal("choose a client segment that you may use")
    return {"audience": draft.audience, "audience_ref": segment.public_id, "conditions": segment.conditions}
