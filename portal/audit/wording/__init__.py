"""What the parts of a preview are called, in the order in which a second person reads them, and what coded values in it mean."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.audit.wording.club_money import OF_CLUB_MONEY, WHY_DUES
from portal.audit.wording.payments import OF_PAYMENTS, OF_PERSONS
from portal.audit.wording.webhooks import OF_WEBHOOKS

NAMES: dict[str, LazyString] = {
    "plan": _l("Plan"),
    "period": _l("Month"),
    "user": _l("Sign-in"),
    "roles": _l("Roles"),
    "roles_now": _l("Roles now"),
    "file": _l("File"),
    "dispute": _l("Dispute"),
    "line": _l("Commission line"),
    "broker": _l("Broker"),
    "broker_no": _l("Broker"),
    "staff_no": _l("Staff"),
    "trade_date": _l("Trade date"),
    "account_no": _l("Account"),
    "exchange": _l("Exchange"),
    "product": _l("Product"),
    "amount": _l("Amount"),
    "reason": _l("Reason"),
    "note": _l("Note"),
    "evidence": _l("Evidence"),
    "counts_from": _l("Counts from"),
    "agreements": _l("Brokers reached"),
    "brokers": _l("Brokers"),
    "lines": _l("Lines"),
    "settled_days": _l("Settled days"),
    "earned": _l("Earned"),
    "corrections": _l("Corrections"),
    "cap_or_guarantee": _l("Cap or guarantee"),
    "adjustments": _l("Adjustments"),
    "reserve": _l("Reserve held back"),
    "release": _l("Reserve released"),
    "carry_over": _l("Carried over"),
    "payable": _l("Payable"),
    "withholding": _l("Tax withheld"),
    "net": _l("Net"),
    "count": _l("Count"),
    "counts": _l("Counts"),
    "accepted_missing_days": _l("Accepted: missing days"),
    "accepted_refused_days": _l("Accepted: refused days"),
    "accepted_broken_links": _l("Accepted: days that do not follow on"),
    "accepted_differences": _l("Accepted: unexplained differences"),
    "accepted_approvals": _l("Accepted: waiting approvals"),
    "changes": _l("What it changes"),
    "statement": _l("Statement"),
    "rows": _l("Rows"),
    "vanished": _l("Rows taken out"),
    "warnings": _l("Warnings"),
    "finding": _l("Finding"),
    "place": _l("Place"),
    "what": _l("What"),
    "item": _l("Item"),
    "was": _l("Before"),
    "will_be": _l("After"),
    "before": _l("Before"),
    "after": _l("After"),
    "here": _l("Books"),
    "there": _l("Paper"),
    "delta": _l("Difference"),
    "kind": _l("Kind"),
    "branch": _l("Branch"),
    "manager": _l("Manager (staff number)"),
    "agreement_from": _l("Agreement from"),
    "agreement_to": _l("Agreement until (exclusive)"),
    "licence_no": _l("Licence number"),
    "licence_from": _l("Licence from"),
    "licence_to": _l("Licence until (exclusive)"),
    "training_hours": _l("Hours of training"),
    "test_percent": _l("Right answers in a hundred"),
    "declared": _l("Statements declared"),
    "day": _l("Day"),
    "case": _l("Case"),
    "goes_to": _l("In whose favour"),
    "from_broker": _l("From broker"),
    "to_broker": _l("To broker"),
    "accounts": _l("Accounts concerned"),
    "first_accounts": _l("The first accounts"),
    "confirmed_on": _l("The client was called on"),
    "servicer": _l("Looked after by (staff number)"),
    "servicing_changes": _l("Changes of who looks after them"),
    "downline": _l("Brokers below who come along"),
    "months": _l("By month that pays it"),
    "by_broker": _l("By broker"),
    "origins": _l("Settled days"),
    "opened_on": _l("Account opened on"),
    "claimed_at": _l("Claimed at"),
    "share_ppm": _l("Share"),
    "looked_at": _l("Looked at because of"),
    "jurisdiction": _l("Rule set"),
    "allowed": _l("Allowed"),
    "source": _l("Source"),
    "digest": _l("Digest"),
    "fact": _l("What it reads"),
    "points": _l("Club points"),
    "per": _l("For each so many lots, or fen of fees"),
    "most_a_month": _l("At most a month"),
    "wait_days": _l("Days they wait"),
    "lasts_days": _l("Days that they last"),
    "balance": _l("Points before"),
    "title": _l("Title"),
    "subject": _l("Subject"),
    "title_zh": _l("Title in Chinese"),
    "title_en": _l("Title in English"),
    "text_zh": _l("Answer in Chinese"),
    "text_en": _l("Answer in English"),
    "withdrawn": _l("Withdraw this rule"),
    **OF_CLUB_MONEY,
    "author": _l("Author"),
    "risk_line": _l("Risk line"),
    "needs_grade": _l("Needs the grade"),
    **OF_PAYMENTS,
    **OF_PERSONS,
    "valid_until": _l("Valid through"),
    "meant": _l("For how many it is meant"),
    "sees": _l("Will see it"),
    "signed_in": _l("Of them with a sign-in"),
    "kept_from": _l("From whom it is kept"),
    "why_kept": _l("Why"),
    "people": _l("How many people"),
    **OF_WEBHOOKS,
}
"""Others are shown by their own names, after these."""

ADJUSTMENT_REASONS: dict[str, LazyString] = {
    "goodwill": _l("Goodwill"),
    "dispute": _l("Dispute settled"),
    "data_error": _l("Error in the data"),
    "contract": _l("As the contract says"),
    "penalty": _l("Penalty"),
    "write_off": _l("Write-off"),
    "other": _l("Other (say why)"),
}
"""The coded reasons of an adjustment."""

DIFFERENCE_REASONS: dict[str, LazyString] = {
    "rounding": _l("Rounded elsewhere"),
    "timing": _l("Booked on another day there"),
    "other_money": _l("Rebate, interest or declaration fee counted elsewhere"),
    "exercise_delivery": _l("Exercise or delivery stands elsewhere"),
    "wrong_there": _l("The paper is wrong"),
    "partial_file": _l("The paper is only a part"),
    "other": _l("Other (say why)"),
}
"""The coded reasons for which a paper differs from the books."""

APPLICATION: dict[str, LazyString] = {
    "person": _l("Natural person"),
    "institution": _l("Institution"),
    "documents": _l("Documents"),
    "licence": _l("Licence"),
    "training": _l("Training"),
    "declaration": _l("Declaration"),
    "test": _l("Knowledge test"),
    "agreement": _l("Agreement"),
}
"""The coded values of a broker's application."""

TRANSFER: dict[str, LazyString] = {
    "accounts": _l("Named accounts"),
    "book": _l("A broker’s whole book"),
    "correction": _l("Rows set right"),
    "broker_left": _l("The broker left"),
    "staff_left": _l("A staff member left"),
    "client_asked": _l("The client asked for it"),
    "case_decided": _l("A case was decided"),
    "compliance": _l("Compliance asks for it"),
    "agreement": _l("Agreed between the parties"),
}
"""The coded kinds of a transfer, and its reasons."""

SIDES: dict[str, LazyString] = {"held": _l("Who held the claim"), "contesting": _l("Who contests it"), "firm": _l("the house")}
"""In whose favour a case was decided."""

POINT_FACTS: dict[str, LazyString] = {
    "attended": _l("Came to an event"),
    "learnt": _l("Came to an event for education, or passed a course"),
    "feedback": _l("Said how an event was"),
    "referred": _l("Brought a friend who became a client"),
    "lots": _l("Lots traded (only where the rule set allows it)"),
    "commission": _l("Fees paid (only where the rule set allows it)"),
}
"""What a rule of the club's points reads."""

MONEY_BACK: dict[str, LazyString] = {
    "too_little": _l("Less than was asked came"),
    "too_much": _l("More than was asked came"),
    "paid_twice": _l("Paid twice"),
    "other_payer": _l("Another than the member paid"),
    "event_cancelled": _l("The event was called off"),
    **dict.fromkeys(("booking_over", "cancelled"), _l("Booking cancelled")),
    "no_order": _l("No order belongs to it"),
    "not_wanted": _l("The firm sends it back"),
    "seat_returned": _l("A guest’s seat was given back"),
    "no_seat": _l("The payment came when no seat was left"),
    **WHY_DUES,
}
"""Why money of the club goes back."""

BANK: dict[str, LazyString] = {
    **MONEY_BACK,
    "exact": _l("Amount and order fit"),
    "late": _l("The time to pay ran out: a seat where one is still free"),
    "pays": _l("It pays the order"),
    "goes_back": _l("It goes back"),
}
"""How a bank transfer of the club fits its order, and what comes of it."""

RESEARCH: dict[str, LazyString] = {
    "no_answer": _l("Never answered the questions of suitability"),
    "ran_out": _l("The grade ran out"),
    "too_low": _l("The grade is too low"),
    "opted_out": _l("Wants no research put before him"),
}
"""Why a report is kept from somebody."""

PLAN: dict[str, LazyString] = {
    "valid_from": _l("From"),
    "valid_to": _l("Until (exclusive)"),
    "deductions": _l("Deductions"),
    "components": _l("Components"),
    "retained_fee": _l("Retained fee"),
    "per_lot": _l("Per lot"),
    "turnover": _l("Turnover"),
    "equity": _l("Equity"),
    "average_equity": _l("Average equity"),
    "lots": _l("Lots"),
    "rate": _l("Rate"),
    "rates": _l("Rate"),
    "tiers": _l("Tiers"),
    "steps": _l("Step"),
    "measure": _l("Measure"),
    "mode": _l("Mode"),
    "whole": _l("whole: one rate for everything"),
    "marginal": _l("marginal: each part at its own rate"),
    "name": _l("Name"),
    "annual_rate": _l("Annual rate"),
    "day_count": _l("Days a year counts"),
    "cap": _l("Cap"),
    "guarantee": _l("Guarantee"),
    "overrides": _l("Override"),
    "months": _l("Months held back"),
    "reserve": _l("Reserve"),
    "…": _l("open"),
}
"""The words of a plan's data, as places and values name them."""


def name_of(name: str) -> str:
    """What a part of a preview is called."""
    return str(NAMES.get(name, name.replace("_", " ")))


SUBJECTS = {
    "accounts": _l("Account matters"),
    "margin": _l("Margin and risk"),
    "delivery": _l("Delivery"),
    "statements": _l("Settlement statements"),
    "market": _l("Market and products"),
}
CODED: dict[str, dict[str, LazyString]] = {
    "reason": TRANSFER | ADJUSTMENT_REASONS | DIFFERENCE_REASONS,
    **dict.fromkeys(("kind", "item", "fact"), TRANSFER | APPLICATION | POINT_FACTS),
    **dict.fromkeys(("fit", "effect", "if_no_seat", "why"), BANK),
    "why_kept": RESEARCH,
    "goes_to": SIDES,
    "subject": SUBJECTS,
    "what": NAMES,
}
"""Which words the coded values of a part stand for."""


def value_of(name: str, text: str) -> str:
    """A value of a preview in the reader's language, where it is a coded one; else as it is."""
    if name in CODED:
        return str(CODED[name].get(text, text))
    if name in {"place", "was", "will_be"}:
        return " ".join(str(PLAN.get(word, word)) for word in text.split(" "))
    return text
