"""What went out, or would have, for who tries the portal: served in a demonstration and in tests alone, where no mail leaves the house.

One sees what was written to oneself; who manages people sees all of it.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select

from models import db
from models.identity import User
from models.outbox import OutboxMessage
from portal import clock
from portal.documents.letters import as_mail
from portal.gateways import mail, sms, webhooks
from portal.keys import keyring
from portal.notices import sending
from portal.notices.carriers import File, Mail
from portal.pages.outbox import STATES, label_of
from portal.permissions import Can
from portal.refusals import NotFound
from portal.settings import Settings
from portal.web.guard import current_actor, requires

bp = Blueprint("outbox_shown", __name__, url_prefix="/dev/outbox")
MOST = 100


def install(app: Flask, settings: Settings) -> None:
    """Check that the settings of mail and text messages hold, and register the pages where they belong. Raises BadSetting."""
    if settings.smtp_url:
        mail.server_of(settings)
    sms.check(settings)
    webhooks.check(settings)
    if settings.shows_outbox:
        app.register_blueprint(bp)


def _mine() -> Select[OutboxMessage]:
    return select(OutboxMessage).where(OutboxMessage.user_id == current_actor().user_id)


@bp.get("")
@requires(Can.OWN_SETTINGS)
def index() -> ResponseReturnValue:
    """The newest messages."""
    everything = current_actor().may(Can.USER_MANAGE)
    query = (select(OutboxMessage) if everything else _mine()).add_columns(User.email).outerjoin(User, User.id == OutboxMessage.user_id)
    rows = db.session.execute(query.order_by(OutboxMessage.id.desc()).limit(MOST)).all()
    return render_template("outbox/shown.html", rows=rows, states=STATES, label_of=label_of, page="outbox_shown.any_message" if everything else "outbox_shown.show")


@bp.get("/<int:message_id>")
@requires(Can.OWN_SETTINGS)
def show(message_id: int) -> ResponseReturnValue:
    """A message to oneself, as it reads now."""
    return _page(message_id, _mine(), "outbox_shown.file")


@bp.get("/<int:message_id>/<int:place>.ics")
@requires(Can.OWN_SETTINGS)
def file(message_id: int, place: int) -> Response:
    """What hangs on a mail to oneself."""
    return _file(message_id, place, _mine())


@bp.get("/all/<int:message_id>")
@requires(Can.USER_MANAGE)
def any_message(message_id: int) -> ResponseReturnValue:
    """A message to anybody, as it reads now."""
    return _page(message_id, select(OutboxMessage), "outbox_shown.any_file")


@bp.get("/all/<int:message_id>/<int:place>.ics")
@requires(Can.USER_MANAGE)
def any_file(message_id: int, place: int) -> Response:
    """What hangs on a mail to anybody."""
    return _file(message_id, place, select(OutboxMessage))


def _page(message_id: int, among: Select[OutboxMessage], file_page: str) -> ResponseReturnValue:
    message, letter = _mail(message_id, among)
    return render_template("outbox/letter.html", message=message, mail=letter, state=STATES[message.state], file_page=file_page)


def _file(message_id: int, place: int, among: Select[OutboxMessage]) -> Response:
    _message, found = _mail(message_id, among)
    if place >= len(found.files):
        raise NotFound("there is no such message")
    held: File = found.files[place]
    response = Response(held.text, mimetype="text/calendar")
    response.headers["Content-Disposition"] = f"attachment; filename={held.name}"
    return response


def _mail(message_id: int, among: Select[OutboxMessage]) -> tuple[OutboxMessage, Mail]:
    if db.session.execute(among.where(OutboxMessage.id == message_id)).first() is None:
        raise NotFound("there is no such message")
    message, taken = sending.look(message_id, keyring(), clock.now())
    return message, as_mail(taken)
