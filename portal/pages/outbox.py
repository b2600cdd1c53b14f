"""What goes out, for who looks after it: what did not arrive and why, once more, and how each mail reads."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models import db
from models.identity import User
from models.outbox import MessageState, MessageWay, OutboxMessage
from portal import clock
from portal.documents import letters
from portal.gateways.mail import mailer
from portal.gateways.sms import texter
from portal.i18n import LOCALES
from portal.jobs.outbox import ask_where_due
from portal.notices import sending
from portal.notices.kinds import KINDS
from portal.notices.wording import GROUPS
from portal.permissions import Can
from portal.refusals import NotFound
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("outbox", __name__, url_prefix="/admin/outbox")

STATES = {
    MessageState.WAITING.value: (_l("Waits to be sent"), "info"),
    MessageState.SENDING.value: (_l("Being sent"), "info"),
    MessageState.SENT.value: (_l("Sent"), "good"),
    MessageState.FAILED.value: (_l("Failed, tried again"), "warn"),
    MessageState.GIVEN_UP.value: (_l("Given up"), "bad"),
    MessageState.KEPT.value: (_l("Kept, nothing is set up"), "neutral"),
}
WAYS = {MessageWay.MAIL.value: _l("By mail"), MessageWay.SMS.value: _l("By text message")}
WHYS = {
    "too late": _l("The time of this message was over"),
    "not wanted any more": _l("Its receiver does not want such messages any more"),
    "the sign-in is closed": _l("The sign-in is disabled"),
    "no address": _l("There is no address"),
    "nothing is set up to send it": _l("No server is set up"),
    "what was sealed does not open": _l("What was sealed does not open any more"),
    "begun again and again and never ended": _l("Begun again and again, and never ended"),
    "a kind that is no more": _l("A kind of message that is no more"),
}
"""What the portal itself says of why a message did not go out; whatever else stands there is the server's answer."""
COLUMNS = columns(
    Column("created", _l("Written"), sort=True),
    Column("what", _l("What is told")),
    Column("to", _l("Receiver")),
    Column("way", _l("Mail or text message")),
    Column("state", _l("State")),
    Column("attempts", _l("Tries"), number=True, sort=True),
    Column("why", _l("What was answered")),
)
LISTING = Listing(
    tiebreak=OutboxMessage.id,
    sorts={"created": OutboxMessage.created_at, "attempts": OutboxMessage.attempts},
    default="-created",
    filters=(
        Filter("state", _l("State"), lambda text: OutboxMessage.state == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),
        Filter("way", _l("Mail or text message"), lambda text: OutboxMessage.way == text, choices=tuple(WAYS.items())),
        Filter("kind", _l("Kind"), lambda text: OutboxMessage.kind == text),
        Filter("to", _l("Receiver"), lambda text: User.email.contains(text.lower(), autoescape=True)),
    ),
)


HOLE = re.compile(r"%\(\w+\)s")


def label_of(kind: str) -> str:
    """A kind of message in words, with what each message fills in left open."""
    found = KINDS.get(kind)
    return HOLE.sub("…", str(_(found.mail))) if found is not None else kind


def masked_address(address: str) -> str:
    """An address of which only its first letter and its host are shown."""
    name, at, host = address.partition("@")
    return f"{name[:1]}…{at}{host}" if at else ""


def receiver(row: Any) -> str:
    """Whom a message goes to: a user's address, a guest's masked."""
    return str(row.email or masked_address(row[0].address))


def why_of(failure: str) -> str:
    """Why a message did not go out, in words."""
    return str(WHYS.get(failure, failure))


def _listed(asked: Asked) -> Any:
    return select(OutboxMessage, User.email, User.public_id).outerjoin(User, User.id == OutboxMessage.user_id)


LIST = declare(
    ListPage(
        "outbox.index",
        _l("Mails and text messages"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("created", _l("Written"), lambda row: row[0].created_at),
            Field("kind", _l("Kind"), lambda row: row[0].kind),
            Field("what", _l("What is told"), lambda row: label_of(row[0].kind)),
            Field("to", _l("Receiver"), receiver),
            Field("way", _l("Mail or text message"), lambda row: str(WAYS[row[0].way])),
            Field("state", _l("State"), lambda row: str(STATES[row[0].state][0])),
            Field("attempts", _l("Tries"), lambda row: row[0].attempts),
            Field("send_at", _l("Not before"), lambda row: row[0].send_at),
            Field("ended", _l("Over at"), lambda row: row[0].ended_at),
            Field("why", _l("What was answered"), lambda row: why_of(row[0].failure)),
        ),
        file_name="messages",
    )
)


@bp.get("")
@requires(Can.OUTBOX_SEE)
def index() -> ResponseReturnValue:
    """All messages, the newest first."""
    trouble = select(func.count()).where(OutboxMessage.state.in_([MessageState.FAILED, MessageState.GIVEN_UP]))
    return show_list(
        LIST,
        "outbox/index.html",
        states=STATES,
        ways=WAYS,
        label_of=label_of,
        receiver=receiver,
        why_of=why_of,
        trouble=db.session.execute(trouble).scalar_one(),
        may_send=current_actor().may(Can.OUTBOX_SEND),
        again=sending_again(),
        mails=mailer() is not None,
        texts=texter() is not None,
    )


def sending_again() -> tuple[str, ...]:
    """The states from which a message can be tried again."""
    return (MessageState.FAILED.value, MessageState.GIVEN_UP.value, MessageState.KEPT.value)


@bp.post("/<int:message_id>/again")
@requires(Can.OUTBOX_SEND)
def again(message_id: int) -> ResponseReturnValue:
    """Try a message once more."""
    with transaction():
        sending.again(message_id, actor=current_actor(), moment=clock.now())
        ask_where_due(clock.now())
    flash(_("It is tried again."), "success")
    return redirect(url_for("outbox.index"), 303)


@bp.get("/kinds")
@requires(Can.OUTBOX_SEE)
def kinds() -> ResponseReturnValue:
    """Everything that may go out, in its groups."""
    groups = [(label, [kind for kind in KINDS.values() if kind.mail and kind.group == group]) for group, label in GROUPS.items()]
    return render_template("outbox/kinds.html", groups=[(label, found) for label, found in groups if found], label_of=label_of)


@bp.get("/kinds/<message_kind>")
@requires(Can.OUTBOX_SEE)
def preview(message_kind: str) -> ResponseReturnValue:
    """How a mail reads in both languages, with made-up values."""
    kind = KINDS.get(message_kind)
    if kind is None or not kind.mail:
        raise NotFound("there is no such message")
    shown = [(locale, letters.sample(kind, locale)) for locale in LOCALES]
    return render_template("outbox/preview.html", kind=kind, shown=shown, label=label_of(message_kind))
