"""The public form behind a link: a name, a phone number, what may be done with them. Works without scripts, in both languages.

Whoever sends it is thanked, and always in the same words: whether the firm knows the person is nobody's business. Programs are kept
out by a field that people do not see, by the time that a person takes, and by limits kept in the database.
"""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from models.introductions import FormOutcome, LeadPurpose
from portal.clock import now
from portal.keys import keyring, secret, signer
from portal.leads import lead_consents, links, sent_forms, stamps, withdrawal
from portal.leads.arrivals import Arrival, arrive
from portal.leads.links import DeadLink, Live
from portal.leads.people import BadField, Person, person
from portal.leads.receipts import commitment
from portal.leads.stamps import Stamp
from portal.local_day import today
from portal.pages import introduction_consents, words
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import public
from portal.web.requests import caller_address

bp = Blueprint("introduction_form", __name__, url_prefix="/r")
bp.register_blueprint(introduction_consents.bp)

TRAP = "website"
"""A field that no person sees. What fills it in is a program."""
NOTE = 300
SEEN = "links_seen"


@bp.get("/<code>")
@public
def show(code: str) -> ResponseReturnValue:
    """The form."""
    try:
        at = links.live(code, today())
    except DeadLink as refusal:
        return _dead(refusal)
    seen = session.get(SEEN, [])
    if at.link.code not in seen and request.method == "GET":
        with transaction():
            links.count_visit(at.link.id)
        session[SEEN] = [*seen, at.link.code][-5:]
    return _form(at)


@bp.post("/<code>")
@public
def send(code: str) -> ResponseReturnValue:
    """Take the form."""
    try:
        return _heard(links.live(code, today()))
    except DeadLink as refusal:
        return _dead(refusal)


def _heard(at: Live) -> ResponseReturnValue:
    """Look at the form before anything is done. Raises DeadLink where the link ends meanwhile."""
    if request.form.get(TRAP):
        _remember(at, FormOutcome.TRAPPED)
        return _thanks(withdrawal.token_of(secret()), mailed=bool(request.form.get("email", "").strip()))
    stamp = request.form.get("stamp", "")[:400]
    standing = stamps.read(secret(), stamp, at.link.code, now())
    kept = stamp if standing in {Stamp.GOOD, Stamp.EARLY} else ""
    try:
        who = _person()
    except BadField as refusal:
        _remember(at, FormOutcome.UNREADABLE)
        return _form(at, faults={refusal.field: _(refusal.message, **refusal.values)}, stamp=kept, status=422)
    if standing is not Stamp.GOOD or request.form.get("edition") != lead_consents.edition(today()):
        _remember(at, FormOutcome.AGAIN)
        return _form(at, sentence=_("Please look at it once more and send it again."), stamp=kept, status=422)
    return _take(at, who, stamp)


def _person() -> Person:
    """Who is meant. Raises BadField for the first field that does not hold, or where he may not be contacted."""
    name, phone, note, email = (request.form.get(name, "") for name in ("name", "phone", "note", "email"))
    if len(note) > NOTE:
        raise BadField("note", "this is too long: %(length)s characters, at most %(most)s", length=len(note), most=NOTE)
    if not name.strip():
        raise BadField("name", "please say what to call you")
    if not phone.strip():
        raise BadField("phone", "without a phone number nobody can call you back")
    who = person(name=name, phone=phone[:40], note=note, email=email[:254])
    if request.form.get(f"agree_{LeadPurpose.CONTACT.value}") != "yes":
        raise BadField(f"agree_{LeadPurpose.CONTACT.value}", "without this consent nobody may call you: tick it, or leave the form")
    return who


def _take(at: Live, who: Person, stamp: str) -> ResponseReturnValue:
    """Count, register, thank: in one transaction, so that of many at once none slips past the limits."""
    moment, on, used = now(), today(), stamps.digest(stamp)
    address = sent_forms.address_digest(secret(), caller_address())
    token = withdrawal.token_of(secret())  # one that opens nothing, where the form was sent before
    agreed = frozenset(purpose.value for purpose in LeadPurpose if request.form.get(f"agree_{purpose.value}") == "yes")
    arrival = Arrival(who, agreed, str(get_locale()), commitment(who))
    with transaction():
        sent_forms.lock(at.link.id, address, used)
        at = links.live(at.link.code, on)  # it may have been ended meanwhile
        again, seconds = sent_forms.used(used), sent_forms.wait(at.link.id, address, moment, one_place=at.one_place)
        if seconds:
            sent_forms.remember(at.link.id, address, moment, FormOutcome.THROTTLED)
        elif again:
            sent_forms.remember(at.link.id, address, moment, FormOutcome.AGAIN)
        else:
            firm = current_app.config["PORTAL"].base_url
            arrived = arrive(at, arrival, firm=firm, signer=signer(), keyring=keyring(), secret=secret(), moment=moment, today=on)
            token = arrived.token
            if who.email:
                withdrawal.mail_visitor(who.email, arrival.locale, introduction_consents.address_of(token), on, moment, keyring())
            sent_forms.remember(at.link.id, address, moment, arrived.outcome, used)
    if seconds:
        raise sent_forms.too_many(seconds)
    return _thanks(token, mailed=bool(who.email))


def _remember(at: Live, outcome: FormOutcome) -> None:
    """Count a form that leads nowhere. Raises TooMany where the limit is reached."""
    moment, address = now(), sent_forms.address_digest(secret(), caller_address())
    with transaction():
        sent_forms.lock(at.link.id, address, "")
        seconds = sent_forms.wait(at.link.id, address, moment, one_place=at.one_place)
        sent_forms.remember(at.link.id, address, moment, FormOutcome.THROTTLED if seconds else outcome)
    if seconds:
        raise sent_forms.too_many(seconds)


def _form(at: Live, *, sentence: str = "", faults: dict[str, str] | None = None, stamp: str = "", status: int = 200) -> ResponseReturnValue:
    """The form, with what was typed and a stamp (a new one where none is kept)."""
    page = render_template(
        "introductions/form.html",
        code=at.link.code,
        introducer=at.introducer.kind.value,
        texts=lead_consents.texts_on(today()),
        edition=lead_consents.edition(today()),
        stamp=stamp or stamps.make(secret(), at.link.code, now()),
        language="zh" if words.is_chinese() else "en",
        typed=request.form,
        trap=TRAP,
        note_length=NOTE,
        sentence=sentence,
        faults=faults or {},
    )
    return page, status


def _thanks(token: str, *, mailed: bool = False) -> ResponseReturnValue:
    return render_template("introductions/thanks.html", mailed=mailed, take_back=introduction_consents.address_of(token)), 200


def _dead(refusal: Refusal) -> ResponseReturnValue:
    return render_template("introductions/dead.html", sentence=_(refusal.message)), 404
