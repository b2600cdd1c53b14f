"""Saved views: a list's filters and order under a name. A view shares words of an address, never rows: those stay each reader's own."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select, update

from models import db
from models.identity import Role, User
from models.lists import DefaultView, SavedView
from portal.actors import Actor
from portal.audit import log
from portal.refusals import NotFound, Refusal

MOST = 30
"""Views that one person may keep of one list."""
LONGEST_NAME = 60
LONGEST_QUERY = 2000


@dataclass(frozen=True)
class View:
    """A view as a reader sees it: `own` may be renamed and deleted, `default` opens the list."""

    public_id: str
    name: str
    query: str
    own: bool
    default: bool
    shared_role: str | None
    shared_branch_no: str | None
    owner: str


_VIEW, _USER, _DEFAULT = SavedView.__table__.c, User.__table__.c, DefaultView.__table__.c
_SEEN = or_(
    _VIEW.owner_id == bindparam("user_id"),
    _VIEW.shared_role.in_(bindparam("roles", expanding=True)),
    _VIEW.shared_branch_no == bindparam("branch_no"),  # nobody's where the reader has no branch: NULL equals nothing
)
"""That a person may see a view: his own, and those shared with a role that he holds or with his branch."""
_CHOSEN = (_DEFAULT.user_id == bindparam("user_id")) & (_DEFAULT.endpoint == bindparam("endpoint")) & (_DEFAULT.view_id == _VIEW.id)
_OF_LIST = (
    select(
        *(_VIEW.public_id, _VIEW.name, _VIEW.query, (_VIEW.owner_id == bindparam("user_id")).label("own"), _DEFAULT.view_id.is_not(None).label("default")),
        *(_VIEW.shared_role, _VIEW.shared_branch_no, _USER.email.label("owner")),
    )
    .select_from(SavedView.__table__.join(User.__table__, _USER.id == _VIEW.owner_id).outerjoin(DefaultView.__table__, _CHOSEN))
    .where(_VIEW.endpoint == bindparam("endpoint"), _SEEN)
    .order_by(_VIEW.id)
)
"""Asked at every list, so it is built once, and read as columns."""


def _of(actor: Actor) -> dict[str, Any]:
    return {"user_id": actor.user_id, "roles": [role.value for role in actor.roles], "branch_no": actor.branch_no or None}


def of_list(actor: Actor, endpoint: str) -> Sequence[View]:
    """The views of a list that a person may see: his own first, then by name. One query."""
    views = [View(*row) for row in db.session.execute(_OF_LIST, {"endpoint": endpoint, **_of(actor)})]
    return sorted(views, key=lambda view: (not view.own, view.name))


def audiences(actor: Actor) -> list[str]:
    """With whom a person may share: each of his roles (`role:finance`) and his branch (`branch:01`)."""
    return [f"role:{role.value}" for role in actor.roles] + ([f"branch:{actor.branch_no}"] if actor.branch_no else [])


def save(actor: Actor, moment: datetime, endpoint: str, name: str, query: str, *, audience: str = "", default: bool = False) -> SavedView:
    """Keep a view; one's own of the same name is replaced. Raises Refusal for an empty name, too many, or an audience not one's own."""
    name = _named(name)
    role, branch = _shared(actor, audience)
    if len(query) > LONGEST_QUERY:
        raise Refusal("this view has more filters than can be kept: take some away")
    own = (SavedView.owner_id == actor.user_id) & (SavedView.endpoint == endpoint)
    row = db.session.execute(select(SavedView).where(own, SavedView.name == name)).scalar_one_or_none()
    if row is None:
        if db.session.execute(select(func.count()).select_from(SavedView).where(own)).scalar_one() >= MOST:
            raise Refusal("you keep %(most)s views of this list already: delete one first", most=MOST)
        row = SavedView(public_id=secrets.token_urlsafe(16), endpoint=endpoint, name=name, owner_id=actor.user_id, created_at=moment)
        db.session.add(row)
    row.query, row.shared_role, row.shared_branch_no = query, role, branch
    db.session.flush()
    if default:
        _open_with(actor, row)
    log.write(actor, moment, "view.saved", "saved_view", row.public_id, after={"list": endpoint, "shared_role": role, "shared_branch_no": branch, "default": default})
    return row


def rename(actor: Actor, moment: datetime, public_id: str, name: str) -> SavedView:
    """Give one's own view another name. Raises NotFound, Refusal."""
    row, name = own_view(actor, public_id), _named(name)
    same = select(SavedView.id).where(SavedView.owner_id == row.owner_id, SavedView.endpoint == row.endpoint, SavedView.name == name, SavedView.id != row.id)
    if db.session.execute(same).first():
        raise Refusal("you have a view of that name already: choose another")
    row.name = name
    log.write(actor, moment, "view.renamed", "saved_view", public_id, after={"list": row.endpoint})
    return row


def remove(actor: Actor, moment: datetime, public_id: str) -> SavedView:
    """Delete one's own view, and with it the choice of those whose list opens with it. Raises NotFound."""
    row = own_view(actor, public_id)
    db.session.execute(delete(DefaultView).where(DefaultView.view_id == row.id))
    db.session.delete(row)
    log.write(actor, moment, "view.deleted", "saved_view", public_id, before={"list": row.endpoint, "shared_role": row.shared_role})
    return row


def choose_default(actor: Actor, moment: datetime, public_id: str, *, on: bool) -> SavedView:
    """Let a list open with a view that one may see, or as it is. Raises NotFound."""
    row = seen_view(actor, public_id)
    if on:
        _open_with(actor, row)
    else:
        db.session.execute(delete(DefaultView).where(DefaultView.user_id == actor.user_id, DefaultView.view_id == row.id))
    log.write(actor, moment, "view.default", "saved_view", public_id, after={"list": row.endpoint, "default": on})
    return row


def own_view(actor: Actor, public_id: str) -> SavedView:
    """One's own view. Raises NotFound for everything else."""
    return _one(SavedView.public_id == public_id, SavedView.owner_id == actor.user_id)


def seen_view(actor: Actor, public_id: str) -> SavedView:
    """A view that a person may see. Raises NotFound."""
    return _one(SavedView.public_id == public_id, _SEEN, **_of(actor))


def _one(*conditions: ColumnElement[bool], **asked: Any) -> SavedView:
    found = db.session.execute(select(SavedView).where(*conditions), asked).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such view")
    return found


def _open_with(actor: Actor, row: SavedView) -> None:
    key = (DefaultView.user_id == actor.user_id) & (DefaultView.endpoint == row.endpoint)
    if not db.session.execute(update(DefaultView).where(key).values(view_id=row.id).returning(DefaultView.view_id)).first():
        db.session.execute(insert(DefaultView).values(user_id=actor.user_id, endpoint=row.endpoint, view_id=row.id))


def _named(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal("give the view a name of 1 to %(most)s characters", most=LONGEST_NAME)
    return name


def _shared(actor: Actor, audience: str) -> tuple[str | None, str | None]:
    if audience and audience not in audiences(actor):
        raise Refusal("a view can be shared with a role that you hold or with your own branch")
    kind, _, key = audience.partition(":")
    return (Role(key).value if kind == "role" else None), (key if kind == "branch" else None)
