"""The clients of a plan in waves: who stands in which wave, from which day on he counts as invited, and how far it is with him."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, select

from models.clients import Account, AccountVersion
from models.club import Booking, BookingState
from models.club_waves import ClubWave, ClubWaveClient, ClubWaveSending
from models.identity import User, UserState
from portal.clients.queries import newest_version, visible_to
from portal.club import waves
from portal.local_day import today
from portal.permissions import Can
from portal.web.exports import amount
from portal.web.guard import requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_wave_clients", __name__, url_prefix="/club/waves")

STATES = {"signed_up": (_l("Signed up"), "good"), "sent": (_l("His wave was sent"), "info"), "waiting": (_l("His wave is not sent yet"), "neutral")}
COLUMNS = columns(
    Column("client", _l("Client"), sort=True),
    Column("name", _l("Name")),
    Column("wave", _l("Wave"), sort=True, number=True),
    Column("from", _l("Invited from")),
    Column("sent", _l("Sent")),
    Column("sign_in", _l("Sign-in")),
    Column("state", _l("State"), sort=True),
    Column("equity", _l("Equity at the draw"), sort=True, number=True, money=True),
)
_name = select(func.min(AccountVersion.name)).where(AccountVersion.client_no == ClubWaveClient.client_no, newest_version()).correlate(ClubWaveClient).scalar_subquery()
_seat = select(Booking.id).where(Booking.event_id == ClubWave.event_id, Booking.client_no == ClubWaveClient.client_no, Booking.state == BookingState.GRANTED)
_state = case((_seat.correlate(ClubWave, ClubWaveClient).exists(), "signed_up"), (ClubWaveSending.id.is_not(None), "sent"), else_="waiting")
_sign_in = select(User.id).where(User.client_no == ClubWaveClient.client_no, User.state != UserState.DISABLED).correlate(ClubWaveClient).exists()
LISTING = Listing(
    tiebreak=ClubWaveClient.id,
    sorts={"client": ClubWaveClient.client_no, "wave": ClubWaveClient.place, "state": _state, "equity": ClubWaveClient.equity},
    default="wave",
    filters=(
        Filter("wave", _l("Wave"), lambda text: ClubWaveClient.wave == int(text), choices=tuple((str(number), str(number)) for number in range(1, waves.MOST + 1))),
        Filter("state", _l("State"), lambda text: _state == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),
        Filter("sign_in", _l("Sign-in"), lambda text: _sign_in if text == "yes" else ~_sign_in, choices=(("yes", _l("has one")), ("no", _l("has none")))),
        Filter("client", _l("Client"), lambda text: ClubWaveClient.client_no == text, personal=True),
    ),
)


def _listed(asked: Asked) -> Any:
    """The clients of the plan whom the reader may see."""
    plan = waves.plan_of(str(asked.values["plan_id"]))
    seen = select(AccountVersion.client_no).join(Account, Account.id == AccountVersion.account_id).where(newest_version(), visible_to(asked.actor, today()))
    query = select(ClubWaveClient, ClubWave.on_day, ClubWaveSending.at.label("sent_at"), _name.label("name"), _state.label("state"), _sign_in.label("sign_in"))
    query = query.join(ClubWave, (ClubWave.plan_id == ClubWaveClient.plan_id) & (ClubWave.number == ClubWaveClient.wave))
    return query.outerjoin(ClubWaveSending, ClubWaveSending.wave_id == ClubWave.id).where(ClubWaveClient.plan_id == plan.id, ClubWaveClient.client_no.in_(seen))


LIST = declare(
    ListPage(
        "club_wave_clients.index",
        _l("Clients of a plan in waves"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("client", _l("Client"), lambda row: row[0].client_no),
            Field("name", _l("Name"), lambda row: row.name or ""),
            Field("wave", _l("Wave"), lambda row: row[0].wave),
            Field("place", _l("Place in the draw"), lambda row: row[0].place),
            Field("from", _l("Invited from"), lambda row: row.on_day),
            Field("sent", _l("Sent"), lambda row: row.sent_at),
            Field("sign_in", _l("Sign-in"), lambda row: str(_("has one") if row.sign_in else _("has none"))),
            Field("state", _l("State"), lambda row: str(STATES[row.state][0])),
            Field("equity", _l("Equity at the draw"), lambda row: amount(row[0].equity)),
        ),
        sums={"equity": ClubWaveClient.equity},
        file_name="wave-plan-clients",
    )
)


@bp.get("/<plan_id>/clients")
@requires(Can.CLUB_SEE)
def index(plan_id: str) -> ResponseReturnValue:
    """The list."""
    return show_list(LIST, "club/wave_clients.html", plan=waves.plan_of(plan_id), states=STATES)
