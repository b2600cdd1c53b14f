"""Which topics the help has, and which of them speaks of a screen."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.permissions import Can

TOPICS: dict[str, tuple[LazyString, LazyString]] = {
    "attribution": (_l("How an attribution is decided"), _l("Shares, dates, the confirmation call, and what is left to the house")),
    "cases": (_l("When two claim one person"), _l("Contesting a claim, the decision, the appeal, and what waits in suspense")),
    "commission": (_l("How a commission line comes about"), _l("From a trade to an amount, and why a trade may pay nothing")),
    "statement": (_l("Reading a statement"), _l("The columns of a month in their order, to the amount that is paid")),
    "onboarding": (_l("From applicant to broker"), _l("What has to be shown, who approves it, and what lapses")),
    "channels": (_l("What channels cost and bring"), _l("How a client counts to a channel, and how payback is worked out")),
    "rules": (_l("Rules, suitability and the confirmation call"), _l("Which rule stops what, who is asked what, and when an attribution counts")),
    "introductions": (_l("Introducing clients"), _l("Links, the form behind them, friends, receipts, programs")),
    "club": (_l("The club"), _l("Signing up, tickets, giving seats back, the door, and what happens to the money")),
    "research": (_l("Research and courses"), _l("Who reads what, who releases it, what is kept of reading, and leads that came after it")),
    "month-end": (_l("The end of a month"), _l("Preview, second person, close, and what is learnt later")),
    "payments": (_l("How commission is paid"), _l("Payment runs, holds, the bank’s answer, and what a statement’s state says")),
    "leads": (_l("Leads"), _l("Registering people, whose claim counts until when, and the pool")),
    "care": (_l("Looking after clients"), _l("The book, contacts and promises, plays, questions and their time, service plans, who calls")),
    "risk": (_l("Clients at risk, and handovers"), _l("What a score says and does not say, causes, and how clients get somebody new")),
    "departures": (_l("Departures and concentration"), _l("Signals, the register, what is at stake, being told and answering, limits, the association")),
    "imports": (_l("Settlement files"), _l("Which files are read, what is checked, and what a correction is")),
    "second-person": (_l("The second person"), _l("What needs one, and what he sees")),
    "search": (_l("Search and notices"), _l("Finding by pinyin, initials and number; being told")),
    "sign-in": (_l("Sign-in and settings"), _l("Password, second factor, devices, language and colours")),
    "own-data": (_l("Data about you"), _l("A copy of everything that is kept, and what is erased or must be kept")),
    "glossary": (_l("Words of the trade"), _l("What the words on the screens mean, in both languages")),
    "shortcuts": (_l("Shortcuts"), _l("What the keyboard does")),
    "changes": (_l("News of the portal"), _l("What is new, the newest first")),
}
"""Each topic with its title and what it is about; the address is the key."""

READ_BY = {"care": Can.CARE_SEE, "risk": Can.RISK_SEE, "departures": Can.DEPARTURE_SEE}
"""Topics for those alone who hold a right: nobody reads how he himself would be looked at."""

OF_BLUEPRINT = {
    "home": "",
    "clients": "attribution",
    "attribution": "attribution",
    "commission": "commission",
    "imports": "imports",
    "calendar": "imports",
    "exchange_fees": "imports",
    "audit": "second-person",
    "identity": "sign-in",
    "search": "search",
    "notices": "search",
    "plans": "commission",
    "orders": "search",
    "own_data": "own-data",
    "erase_requests": "own-data",
    "payouts": "payments",
    "payout_answers": "payments",
    "payees": "payments",
    "cases": "cases",
    "disputes": "commission",
    "onboarding": "onboarding",
    "onboarding_lapsing": "onboarding",
    "channels": "channels",
    "channels_people": "channels",
    "channels_costs": "channels",
    "club_events": "club",
    "club_guests": "club",
    "club_bookings": "club",
    "club_desk": "club",
    "club_waiting": "club",
    "club_lot": "club",
    "club_waitlist": "club",
    "club_no_shows": "club",
    "club_missed": "club",
    "club_pools": "club",
    "club_vouchers": "club",
    "club_edit": "club",
    "club_series": "club",
    "club_door": "club",
    "club_late": "club",
    "club_money": "club",
    "club_transfers": "club",
    "club_statement": "club",
    "club_returns": "club",
    "club_account": "club",
    "club_transfer_order": "club",
    "club_membership": "club",
    "club_dues": "club",
    "club_applications": "club",
    "club_members": "club",
    "club_tiers": "club",
    "club_feedback": "club",
    "club_invites": "club",
    "club_invited": "club",
    "club_effect": "club",
    "club_effects": "club",
    "club_profit": "club",
    "club_points": "club",
    "club_points_desk": "club",
    "research": "research",
    "research_desk": "research",
    "research_edit": "research",
    "research_opens": "research",
    "club_duties": "club",
    "club_materials": "club",
    "club_why": "club",
    "care": "care",
    "care_answers": "care",
    "care_book": "care",
    "care_contacts": "care",
    "care_plays": "care",
    "care_questions": "care",
    "care_response": "care",
    "care_service": "care",
    "segments": "care",
    "caller": "care",
    "risk": "risk",
    "risk_client": "risk",
    "risk_model": "risk",
    "handovers": "risk",
    "handover_bridge": "risk",
    "handover_clients": "risk",
    "handover_managers": "risk",
    "handover_results": "risk",
    "departures": "departures",
    "departures_effect": "departures",
    "departures_new": "departures",
    "exposure": "departures",
    "signals": "departures",
    "association": "departures",
    "association_sent": "departures",
    "concentration_limits": "departures",
    "outbox": "search",
    "outbox_choices": "search",
    "rules": "rules",
    "rule_breaches": "rules",
    "rule_facts": "rules",
    "suitability": "rules",
    "confirmations": "rules",
    "conversions": "rules",
    "introductions": "introductions",
    "refer": "introductions",
    "receipts": "introductions",
    "api_keys": "introductions",
    "leads": "leads",
    "leads_new": "leads",
    "leads_upload": "leads",
    "leads_pool": "leads",
    "leads_firm": "leads",
    "leads_work": "leads",
}
OF_PAGE = {
    "commission.statements": "statement",
    "commission.statement": "statement",
    "commission.months": "month-end",
    "commission.month": "month-end",
    "overview.concentration": "departures",
}
"""Pages whose topic is another than that of their blueprint."""


def topics_of(rights: Callable[[Can], bool]) -> dict[str, tuple[LazyString, LazyString]]:
    """The topics for somebody, by whether he holds a right."""
    return {topic: words for topic, words in TOPICS.items() if topic not in READ_BY or rights(READ_BY[topic])}


def topic_of(endpoint: str | None) -> str:
    """The topic that speaks of a page; empty where none does: the help's first page then."""
    name = endpoint or ""
    return OF_PAGE.get(name, OF_BLUEPRINT.get(name.partition(".")[0], ""))
