"""What the parts of a preview are called where brokers are paid (runs, accounts), and where a person's data is erased."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

OF_PAYMENTS: dict[str, LazyString] = {
    "company": _l("Company name"),
    "bank": _l("Bank"),
    "bank_account_no": _l("Bank account number"),
    "payee_name": _l("Holder of the account"),
    "name_on_file": _l("Name of the broker on file"),
    "same_account_of": _l("Paid to this account too"),
    "payments": _l("Number of payments"),
    "first_period": _l("Oldest month in it"),
    "payments_waiting": _l("Payments that wait"),
    "amount_waiting": _l("Amount that waits"),
}

OF_PERSONS: dict[str, LazyString] = {
    "number": _l("Number"),
    "erased": _l("What goes"),
    "kept": _l("What must be kept"),
    "readings": _l("What was read: research opened, lessons, subscriptions"),
    "club_words": _l("Words written to the club"),
    "messages": _l("Addresses and choices for messages, notices, mails"),
    "sign_in": _l("The sign-in: name, address, password, second factor, sessions"),
    "views": _l("Saved views and copies"),
    "old_accounts": _l("Earlier accounts that commission was paid to"),
    "suitability": _l("Suitability tests, warnings, consents and confirmation calls"),
    "commission": _l("Attribution, commission and payments"),
    "agreement": _l("The broker’s file: agreement, licence, relatives"),
}
"""The parts of a person's data, as the second person reads them."""
