"""Seats without an account: a short form, a link by mail that opens once, and then the pages of a client's own seats for the browser that opened it.

Whoever sends the form reads the same words, whatever the firm knows of the address. Nothing is used up by looking at a link.
"""

from __future__ import annotations

from collections.abc import Callable

from email_validator import EmailNotValidError, validate_email
from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from models.club import ClubEvent
from models.introductions import LeadPurpose
from portal.clock import now
from portal.club import events, visitor_leads, visitors
from portal.club.mailbox import mailbox_digest
from portal.club.visitors import Asked, DeadLink, Keys, Links
from portal.identity import throttle
from portal.identity.routes.blueprint import forget_form_session, see_other
from portal.identity.throttle import Outcome, TooMany
from portal.jobs.outbox import ask_where_due
from portal.keys import keyring, secret, signer
from portal.leads import lead_consents, stamps, withdrawal
from portal.leads.people import BadField, Person, person
from portal.leads.receipts import commitment
from portal.leads.stamps import Stamp
from portal.local_day import today
from portal.pages import club_words, introduction_consents, words
from portal.pages.club_events import reader
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import public
from portal.web.requests import caller_address, caller_browser
from portal.web.signed_in import hand_out

bp = Blueprint("club_visitors", __name__, url_prefix="/events")

TRAP = "website"
"""A field that no person sees. What fills it in is a program."""


def _keys() -> Keys:
    return Keys(secret(), keyring())


def _links(event: ClubEvent | None = None) -> Links:
    """Whole addresses: from the settings, never from the request."""
    base = str(current_app.config["PORTAL"].base_url).rstrip("/")
    signed_in = url_for("club_events.show", event_key=event.key) if event is not None else url_for("club_bookings.index")
    return Links(lambda token: base + url_for("club_visitors.open_link", token=token), base + url_for("identity.sign_in", next=signed_in), base + url_for("club_events.index"))


@bp.get("/<event_key>/visit")
@public
def show(event_key: str) -> ResponseReturnValue:
    """The form."""
    return _form(events.event_for(reader(), event_key))


@bp.post("/<event_key>/visit")
@public
def send(event_key: str) -> ResponseReturnValue:
    """Take the form, and mail the link."""
    event = events.event_for(reader(), event_key)
    if request.form.get(TRAP):
        return _sent()
    stamp = request.form.get("stamp", "")[:400]
    standing = stamps.read(secret(), stamp, f"event:{event.key}", now())
    kept = stamp if standing in {Stamp.GOOD, Stamp.EARLY} else ""
    try:
        visitors.need_welcome(event, now())
        asked = Asked(_person(), _agreed(), str(get_locale()))
    except BadField as refusal:
        return _form(event, faults={refusal.field: _(refusal.message, **refusal.values)}, stamp=kept, status=422)
    except Refusal as refusal:
        return _form(event, sentence=_(refusal.message, **refusal.values), stamp=kept, status=refusal.status)
    if standing is not Stamp.GOOD or request.form.get("edition") != _edition():
        return _form(event, sentence=_("Please look at it once more and send it again."), stamp=kept, status=422)
    _counted(asked.who.email, lambda: visitors.ask(event, asked, _links(event), keys=_keys(), moment=now()))
    return _sent()


def _counted(email: str, act: Callable[[], None]) -> None:
    """Do something for an address unless too much was asked for it, or from here, just now: counted in the database, the same for every address. Raises TooMany."""
    key, here = (throttle.account_key(secret(), "visit", who) for who in (mailbox_digest(email), f"from:{caller_address()}"))
    refusal: TooMany | None
    with transaction():
        _number, refusal = throttle.start(key=key, address=here, moment=now(), outcome=Outcome.ASKED)
        if refusal is None:
            act()
            ask_where_due(now())
    if refusal is not None:
        raise refusal


def _person() -> Person:
    """Who signs up. Raises BadField for the first field that does not hold."""
    name, phone, email = (request.form.get(field, "") for field in ("name", "phone", "email"))
    if not name.strip() or len(name.strip()) > 60:
        raise BadField("name", "a name has 1 to %(most)s characters", most=60)
    if not phone.strip():
        raise BadField("phone", "without a phone number nobody can tell you of a change in the last minute")
    if not email.strip():
        raise BadField("email", "without a mail address no link can be sent to you")
    who = person(name=name, phone=phone[:40], email=email[:254])
    if request.form.get("agree_visit") != "yes":
        raise BadField("agree_visit", "without this consent no seat can be kept for you: tick it, or leave the form")
    return who


def _agreed() -> frozenset[str]:
    return frozenset(purpose.value for purpose in LeadPurpose if request.form.get(f"agree_{purpose.value}") == "yes")


def _edition() -> str:
    """Which words the form showed, so that nobody agrees to what he did not read."""
    return f"visit-{visitors.text_on(today()).version}.{lead_consents.edition(today())}"


def _form(event: ClubEvent, *, sentence: str = "", faults: dict[str, str] | None = None, stamp: str = "", status: int = 200) -> ResponseReturnValue:
    asked = [] if event.education_only else [text for text in lead_consents.texts_on(today()) if text.purpose != LeadPurpose.INTRODUCER.value]
    page = render_template(
        "club/visit.html",
        event=event,
        sessions=events.sessions_of(event.id),
        welcome=visitors.welcome(event, now()),
        texts=[visitors.text_on(today()), *asked],
        edition=_edition(),
        stamp=stamp or stamps.make(secret(), f"event:{event.key}", now()),
        language="zh" if words.is_chinese() else "en",
        typed=request.form,
        trap=TRAP,
        sentence=sentence,
        faults=faults or {},
        words=club_words,
    )
    return page, status


def _sent() -> ResponseReturnValue:
    return render_template("club/visit_sent.html", minutes=visitors.LASTS.seconds // 60), 200


@bp.route("/visit", methods=["GET", "POST"])
@public
def again() -> ResponseReturnValue:
    """A new link to one's own seats. The answer is the same for every address."""
    typed, fault = request.form.get("email", "").strip()[:254], ""
    if request.method == "POST" and not request.form.get(TRAP):
        try:
            address = validate_email(typed, check_deliverability=False).normalized
        except EmailNotValidError:
            fault = _("“%(given)s” is no mail address", given=typed[:80])
        else:
            _counted(address, lambda: visitors.ask_again(address, str(get_locale()), _links(), keys=_keys(), moment=now()))
    if request.method == "POST" and not fault:
        return _sent()
    return render_template("club/visit_again.html", typed=typed, fault=fault, trap=TRAP), 422 if fault else 200


@bp.get("/visit/<token>")
@public
def open_link(token: str) -> ResponseReturnValue:
    """What the link is for, with the button that opens it."""
    try:
        link = visitors.look(token, secret=secret(), moment=now())
    except DeadLink as refusal:
        return _dead(refusal)
    event = visitors.event_of(link)
    return render_template("club/visit_begin.html", token=token, event=event, words=club_words)


@bp.post("/visit/<token>")
@public
def begin(token: str) -> ResponseReturnValue:
    """Open it in this browser: from here on the pages of his own seats are open to it."""
    keys, moment, on = _keys(), now(), today()
    firm = current_app.config["PORTAL"].base_url
    try:
        typed = visitors.typed(token, keys=keys, moment=moment)
        committed = commitment(typed.who) if typed is not None else {}
        with transaction():
            visitor, link, asked = visitors.use(token, keys=keys, moment=moment, today=on)
            event = visitors.event_of(link)
            if event is not None and asked is not None:
                taken = visitor_leads.come(visitor, asked, event, keys=keys, committed=committed, signer=signer(), firm=firm, moment=moment, today=on)
                if taken:
                    withdrawal.mail_visitor(asked.who.email, asked.locale, introduction_consents.address_of(taken), on, moment, keys.keyring)
            grant = visitors.enter(visitor, user_agent=caller_browser(), address=caller_address(), moment=moment)
            where = url_for("club_events.show", event_key=event.key) + "#sign-up" if event is not None else url_for("club_bookings.index")
    except DeadLink as refusal:
        return _dead(refusal)
    forget_form_session()
    return hand_out(see_other(where), grant)


def _dead(refusal: Refusal) -> ResponseReturnValue:
    return render_template("club/visit_dead.html", said=_(refusal.message)), 404
