"""What the club's books and Stripe's say, as text: every fact by its names, without ids, tokens and moments, which differ from run to run."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.base import Base
from models.club import Booking, ClubEntry, Seat
from models.club_money import MoneyIncident, Payment, Refund
from models.club_points import PointEntry
from models.identity import User
from models.notices import Notice
from models.outbox import OutboxMessage
from portal.audit.verify import verify
from portal.standin.store import Store

TOLD: dict[type[Base], tuple[str, ...]] = {
    Booking: ("person", "state", "seats", "amount", "ended_why"),
    Seat: ("position", "name"),
    ClubEntry: ("what", "details"),
    Payment: ("number", "state", "amount", "failure"),
    Refund: ("why", "amount", "state", "attempt", "failure"),
    MoneyIncident: ("kind",),
    PointEntry: ("person", "what", "points"),
    Notice: ("user", "kind", "values"),
    OutboxMessage: ("user", "way", "kind", "state", "failure"),
}
"""What is held against an unkilled run. How often a message was begun may differ; how often it is there and ended may not."""
THERE = {"checkout.session": ("status", "payment_status", "amount_total"), "payment_intent": ("status", "amount_received"), "refund": ("status", "amount")}


def books(app: Flask, store: Store, mails: Path) -> str:
    """One line for each fact, in a fixed order. A mail that came twice under one Message-ID is one: mail programs show it once."""
    with app.app_context():
        users = dict(db.session.execute(select(User.id, User.email)).tuples().all())
        lines = [f"{model.__tablename__} {_row(row, names, users)}" for model, names in TOLD.items() for row in db.session.execute(select(model)).scalars()]
        entries = db.session.execute(select(AuditEntry.action, AuditEntry.after).where(AuditEntry.action.startswith("club."))).all()
        lines += [f"audit {action} {_told({name: value for name, value in (after or {}).items() if name not in {'key', 'kind'}})}" for action, after in entries]
        lines.append(f"audit log holds: {verify().holds}")
        db.session.remove()
    with store.change() as desk:
        lines += [f"at Stripe {kind} {_told({name: thing[name] for name in names})}" for kind, names in THERE.items() for thing in desk.all(kind)]
    lines += [f"mail {told} × {count}" for told, count in Counter(one.split("\t", 1)[1] for one in set(came(mails))).items()]
    return "\n".join(sorted(lines))


def came(mails: Path) -> list[str]:
    """The mails that the mail server took: Message-ID, receiver and subject of each."""
    return mails.read_text(encoding="utf-8").splitlines() if mails.exists() else []


def _row(row: Any, names: tuple[str, ...], users: dict[int, str]) -> str:
    return _told({name: users.get(row.user_id, "") if name == "user" else getattr(row, name) for name in names})


def _told(values: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in values.items() if name not in {"kind_id", "refund_id"}}, ensure_ascii=False, sort_keys=True, default=str)
