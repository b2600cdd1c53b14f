"""The main menu: one declarative list. An entry whose page is not registered, or that the reader may not open, is left out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from flask import current_app, request, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from werkzeug.routing import BuildError

from portal.actors import Actor
from portal.permissions import Can


@dataclass(frozen=True)
class Entry:
    """A page of the menu: its endpoint, its words (and shorter ones for a phone), its icon, and the right it asks for.

    `meant_for` names those whom it serves (broker, client, firm) where others who hold the right reach the same by another page.
    """

    endpoint: str
    label: LazyString
    short: LazyString
    icon: str
    can: Can | None = None
    group: str = ""
    meant_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """An entry as one reader sees it; `here` marks where the reader is."""

    href: str
    label: LazyString
    short: LazyString
    icon: str
    here: bool
    group: str = "first"


GROUPS = {
    "first": _l("Start"),
    "account": _l("My account"),
    "clients": _l("Clients and brokers"),
    "money": _l("Commission"),
    "data": _l("Settlement data"),
    "club": _l("Club"),
    "control": _l("Control"),
    "firm": _l("Tools and settings"),
}
"""The parts of the menu, in their order."""
GROUP_OF = {
    "home": "first",
    "notices": "first",
    "clients": "clients",
    "partners": "clients",
    "brokers": "clients",
    "trades": "clients",
    "attribution": "clients",
    "servicing": "clients",
    "cases": "clients",
    "introductions": "clients",
    "leads": "clients",
    "leads_pool": "clients",
    "leads_firm": "clients",
    "transfers": "clients",
    "onboarding": "clients",
    "channels": "clients",
    "care": "clients",
    "care_book": "clients",
    "care_contacts": "clients",
    "care_plays": "clients",
    "caller": "clients",
    "commission": "money",
    "statements": "money",
    "plans": "money",
    "months": "money",
    "month_end": "money",
    "payouts": "money",
    "payees": "money",
    "imports": "data",
    "calendar": "data",
    "exchange_fees": "data",
    "suitability": "clients",
    "confirmations": "clients",
    "conversions": "clients",
    "erase_requests": "control",
    "rules": "control",
    "rule_breaches": "control",
    "audit": "control",
    "compliance": "control",
    "disputes": "money",
}
"""In which part the pages of a blueprint stand, where an entry names none itself; whatever is left stands in the last."""


ENTRIES = (
    Entry("home.overview", _l("Overview"), _l("Overview"), icon="speedometer2"),
    Entry("bills.index", _l("My bills"), _l("Bills"), icon="receipt", can=Can.CONSENT_GIVE, group="account"),
    Entry("club_events.index", _l("Club events"), _l("Events"), icon="calendar-event", can=Can.CLUB_SEAT, group="account", meant_for=("client", "broker")),
    Entry("club_membership.index", _l("Membership"), _l("Membership"), icon="person-vcard", can=Can.CLUB_BOOK, group="account", meant_for=("client",)),
    Entry("club_bookings.index", _l("My seats"), _l("Seats"), icon="ticket-perforated", can=Can.CLUB_SEAT, group="account", meant_for=("client", "broker")),
    Entry("club_points.index", _l("My points"), _l("My points"), icon="award", can=Can.CLUB_BOOK, group="account", meant_for=("client",)),
    Entry("research.index", _l("Research and courses"), _l("Research"), icon="book", can=Can.RESEARCH_READ, group="account", meant_for=("client",)),
    Entry("own_questions.index", _l("My questions"), _l("Questions"), icon="chat-left-text", can=Can.QUESTION_ASK, group="account", meant_for=("client",)),
    Entry("own_suitability.index", _l("My suitability"), _l("Suitability"), icon="clipboard-check", can=Can.SUITABILITY_OWN, group="account", meant_for=("client",)),
    Entry("consents.index", _l("My consents"), _l("Consents"), icon="hand-thumbs-up", can=Can.CONSENT_GIVE, group="account"),
    Entry("clients.index", _l("Clients"), _l("Clients"), icon="people", can=Can.ACCOUNT_SEE, meant_for=("broker", "firm")),
    Entry("care.index", _l("My day"), _l("My day"), icon="check2-square", can=Can.CARE_SEE, meant_for=("firm",)),
    Entry("caller.show", _l("Who calls?"), _l("Caller"), icon="telephone-inbound", can=Can.CARE_SEE, meant_for=("firm",)),
    Entry("care_plays.index", _l("Plays"), _l("Plays"), icon="collection-play", can=Can.CARE_EDIT, group="clients"),
    Entry("care_response.index", _l("Response times"), _l("Response"), icon="stopwatch", can=Can.CARE_EDIT, group="clients"),
    Entry("care_book.index", _l("Book of clients"), _l("Book"), icon="journal-text", can=Can.CARE_SEE, meant_for=("firm",)),
    Entry("care_service.index", _l("Service plans"), _l("Service"), icon="map", can=Can.CARE_SEE, group="clients", meant_for=("firm",)),
    Entry("return_visits.index", _l("Return visits after signings"), _l("Return visits"), icon="telephone-outbound", can=Can.CARE_SEE, group="clients", meant_for=("firm",)),
    Entry("segments.index", _l("Client segments"), _l("Segments"), icon="funnel", can=Can.SEGMENT_USE, group="clients", meant_for=("firm",)),
    Entry("care_contacts.index", _l("Contacts"), _l("Contacts"), icon="telephone", can=Can.CARE_SEE, meant_for=("firm",)),
    Entry("care_questions.index", _l("Questions of clients"), _l("Questions"), icon="chat-left-dots", can=Can.CARE_SEE, group="clients", meant_for=("firm",)),
    Entry("introductions.index", _l("Introduce"), _l("Introduce"), icon="qr-code", can=Can.LEAD_REGISTER, meant_for=("broker", "firm")),
    Entry("refer.index", _l("Bring a friend"), _l("Friends"), icon="person-hearts", can=Can.LEAD_REGISTER, group="account", meant_for=("client",)),
    Entry("leads.index", _l("Leads"), _l("Leads"), icon="person-plus", can=Can.LEAD_SEE, meant_for=("broker", "firm")),
    Entry("broker_desk.this_month", _l("My month"), _l("Month"), icon="bar-chart-line", can=Can.COMMISSION_SEE, group="money", meant_for=("broker",)),
    Entry("attribution.index", _l("Attribution audit"), _l("Attribution"), icon="clock-history", can=Can.ATTRIBUTION_AUDIT),
    Entry("cases.index", _l("Cases between claims"), _l("Cases"), icon="sign-intersection-y", can=Can.CASE_SEE, meant_for=("broker", "firm")),
    Entry("transfers.index", _l("Transfers"), _l("Transfers"), icon="shuffle", can=Can.TRANSFER_SEE),
    Entry("departures.index", _l("Departures"), _l("Departures"), icon="door-open", can=Can.DEPARTURE_SEE, group="clients"),
    Entry("signals.index", _l("Signals of departures"), _l("Signals"), icon="broadcast", can=Can.SIGNAL_SEE, group="clients"),
    Entry("risk.index", _l("Clients at risk"), _l("At risk"), icon="activity", can=Can.RISK_SEE, group="clients"),
    Entry("exposure.show", _l("If somebody leaves"), _l("Exposure"), icon="diagram-2", can=Can.DEPARTURE_SEE, group="control"),
    Entry("handovers.index", _l("Handovers"), _l("Handovers"), icon="arrow-left-right", can=Can.HANDOVER_SEE, group="clients"),
    Entry("onboarding.index", _l("New brokers"), _l("New brokers"), icon="person-plus", can=Can.ONBOARD_SEE),
    Entry("channels.index", _l("Channels"), _l("Channels"), icon="diagram-3", can=Can.CHANNEL_SEE),
    Entry("suitability.index", _l("Suitability tests"), _l("Suitability"), icon="clipboard-check", can=Can.SUITABILITY_SEE),
    Entry("conversions.index", _l("Leads that opened an account"), _l("Conversions"), icon="person-check", can=Can.CONFIRMATION_SEE),
    Entry("confirmations.index", _l("Confirmation calls"), _l("Calls"), icon="telephone", can=Can.CONFIRMATION_SEE),
    Entry("commission.lines", _l("Commission lines"), _l("Commission"), icon="cash-stack", can=Can.COMMISSION_SEE),
    Entry("commission.statements", _l("Statements"), _l("Statements"), icon="file-earmark-text", can=Can.COMMISSION_SEE),
    Entry("disputes.index", _l("Questions to lines"), _l("Questions"), icon="chat-left-text", can=Can.DISPUTE_SEE),
    Entry("broker_terms.own_terms", _l("Agreement and plan"), _l("Plan"), icon="file-earmark-check", can=Can.COMMISSION_SEE, group="money", meant_for=("broker",)),
    Entry("plans.index", _l("Commission plans"), _l("Plans"), icon="sliders", can=Can.PLAN_SEE, meant_for=("firm",)),
    Entry("leads_pool.index", _l("Pool of leads"), _l("Pool"), icon="water", can=Can.LEAD_WORK),
    Entry("leads_firm.campaign_list", _l("Campaigns"), _l("Campaigns"), icon="megaphone", can=Can.CAMPAIGN_EDIT),
    Entry("leads_firm.firm_terms", _l("Terms for leads"), _l("Lead terms"), icon="shield-lock", can=Can.LEAD_TERMS),
    Entry("trades.index", _l("Trades"), _l("Trades"), icon="arrow-left-right", can=Can.OVERVIEW_SEE, group="clients"),
    Entry("imports.index", _l("Settlement files"), _l("Files"), icon="box-arrow-in-down", can=Can.IMPORT_SEE),
    Entry("commission.months", _l("Months"), _l("Months"), icon="calendar3", can=Can.MONTH_SEE),
    Entry("erase_requests.index", _l("Requests to erase"), _l("Erasing"), icon="eraser", can=Can.PERSONAL_SEE),
    Entry("payouts.index", _l("Payment runs"), _l("Payouts"), icon="bank", can=Can.PAYOUT_SEE),
    Entry("calendar.this_year", _l("Trading calendar"), _l("Calendar"), icon="calendar-week", can=Can.IMPORT_SEE),
    Entry("exchange_fees.index", _l("Exchange fees"), _l("Exchange fees"), icon="percent", can=Can.IMPORT_SEE),
    Entry("club_desk.index", _l("Club events"), _l("Club"), icon="calendar-event", can=Can.CLUB_SEE, group="club", meant_for=("firm",)),
    Entry("club_members.index", _l("Members"), _l("Members"), icon="person-vcard", can=Can.CLUB_SEE, group="club", meant_for=("firm",)),
    Entry("club_vouchers.index", _l("Vouchers"), _l("Vouchers"), icon="ticket-perforated", can=Can.CLUB_EDIT, group="club", meant_for=("firm",)),
    Entry("club_door.index", _l("Door"), _l("Door"), icon="qr-code-scan", can=Can.CLUB_DOOR, group="club", meant_for=("firm",)),
    Entry("club_no_shows.index", _l("No-shows"), _l("No-shows"), icon="person-dash", can=Can.CLUB_SEE, group="club", meant_for=("firm",)),
    Entry("club_duties.index", _l("Hosts’ rota"), _l("Rota"), icon="calendar-week", can=Can.CLUB_SEE, group="club", meant_for=("firm",)),
    Entry("club_profit.show", _l("What the club brought and cost"), _l("Club result"), icon="cash-coin", can=Can.CLUB_SEE, group="club", meant_for=("firm",)),
    Entry("club_money.index", _l("Club payments"), _l("Payments"), icon="credit-card", can=Can.CLUB_MONEY, group="club", meant_for=("firm",)),
    Entry("club_points_desk.index", _l("Club points"), _l("Club points"), icon="award", can=Can.CLUB_SEE, group="club", meant_for=("firm",)),
    Entry("research_desk.index", _l("Research and courses"), _l("Research"), icon="book", can=Can.RESEARCH_SEE, group="club", meant_for=("firm",)),
    Entry("audit.approvals", _l("Approvals"), _l("Approvals"), icon="check2-square", can=Can.APPROVAL_DECIDE),
    Entry("rules.index", _l("Rules"), _l("Rules"), icon="bank", can=Can.RULE_SEE),
    Entry("rule_breaches.index", _l("What does not comply"), _l("Breaches"), icon="exclamation-octagon", can=Can.ATTRIBUTION_AUDIT),
    Entry("audit.log", _l("Audit log"), _l("Audit log"), icon="journal-text", can=Can.AUDIT_READ),
    Entry("outbox.index", _l("Mails and text messages"), _l("Mails"), icon="envelope", can=Can.OUTBOX_SEE, group="firm"),
    Entry("webhooks.index", _l("Webhooks"), _l("Webhooks"), icon="broadcast", can=Can.WEBHOOK_SEE, group="firm"),
    Entry("identity.users", _l("Users"), _l("Users"), icon="person-badge", can=Can.USER_SEE),
    Entry("notices.inbox", _l("Notices"), _l("Notices"), icon="bell", can=Can.OWN_SETTINGS),
    Entry("hearing.mine", _l("Recorded about me"), _l("About me"), icon="person-lines-fill", can=Can.APPEAL_OWN, meant_for=("firm",)),
    Entry("lists.exports", _l("My exports"), _l("Exports"), icon="download", can=Can.OWN_SETTINGS),
    Entry("help.index", _l("Help"), _l("Help"), icon="question-circle", can=Can.OWN_SETTINGS),
    Entry("identity.me", _l("My settings"), _l("Settings"), icon="gear", can=Can.OWN_SETTINGS),
)


def href(endpoint: str, **values: object) -> str:
    """The address of a page, or an empty text where there is no such page or it needs values that were not given."""
    if values:
        return _built(endpoint, values)
    known = _addresses(request.script_root)
    if endpoint not in known:
        known[endpoint] = _built(endpoint, values)
    return known[endpoint]


def _built(endpoint: str, values: dict[str, object]) -> str:
    if endpoint not in current_app.view_functions:
        return ""
    try:
        return url_for(endpoint, **values)  # type: ignore[arg-type]
    except BuildError:
        return ""


def links(actor: Actor) -> list[Link]:
    """The menu of a reader, in its order."""
    shown = _open_to(actor)
    here = _here([link.href for link in shown])
    return [replace(link, here=True) if link.href == here else link for link in shown]


def _open_to(actor: Actor) -> list[Link]:
    """The menu without a mark: the same for all who have the same roles and are bound to the same kinds of things."""
    known: dict[Hashable, list[Link]] = current_app.extensions.setdefault("menus", {})
    key = (request.script_root, actor.roles, actor.at_terminal, frozenset(_kinds(actor)))
    if key not in known:
        open_to = [(entry, href(entry.endpoint)) for entry in ENTRIES if (entry.can is None or actor.may(entry.can)) and is_for(entry, actor)]
        known[key] = [Link(address, entry.label, entry.short, entry.icon, False, group_of(entry)) for entry, address in open_to if address]
    return known[key]


def _addresses(root: str) -> dict[str, str]:
    """Where pages without values lead, below a prefix that a proxy may set; the same for every request."""
    known: dict[str, dict[str, str]] = current_app.extensions.setdefault("menu_addresses", {})
    return known.setdefault(root, {})


def _kinds(actor: Actor) -> set[str]:
    """What a person is to the firm: broker, client, or one of its own."""
    kinds = {"broker"} if actor.broker_no else set()
    kinds |= {"client"} if actor.client_no else set()
    return kinds | ({"firm"} if actor.staff_no or actor.branch_no or not kinds else set())


def is_for(entry: Entry, actor: Actor) -> bool:
    """Whether an entry is meant for a person at all: a client has his own account, a broker his own plan, under other names."""
    return not entry.meant_for or bool(_kinds(actor) & set(entry.meant_for))


def group_of(entry: Entry) -> str:
    """The part of the menu that an entry stands in."""
    return entry.group or GROUP_OF.get(entry.endpoint.partition(".")[0], "firm")


def grouped(menu: Sequence[Link]) -> list[tuple[LazyString, list[Link]]]:
    """The menu in its parts; a part without an entry is left out."""
    parts = [(label, [link for link in menu if link.group == key]) for key, label in GROUPS.items()]
    return [(label, links) for label, links in parts if links]


def _here(addresses: list[str]) -> str:
    """The address that the present page lies under: the longest one that begins its path."""
    path = request.path
    around = [address for address in addresses if path == address or (address != "/" and path.startswith(address.rstrip("/") + "/"))]
    return max(around, key=len, default="/" if request.blueprint == "overview" else "")
