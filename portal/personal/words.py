"""The words of a person's data: headings of a copy, parts that are erased or kept, states of a request."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

GROUPS = {
    "account": _l("Account and person"),
    "broker": _l("Broker and agreement"),
    "trading": _l("Balances and trades"),
    "attribution": _l("Attribution and service"),
    "commission": _l("Commission and payments"),
    "consents": _l("Consents, suitability and calls"),
    "leads": _l("Leads and introductions"),
    "care": _l("Contacts and questions"),
    "club": _l("Club"),
    "research": _l("Research and courses"),
    "sign_in": _l("Sign-in"),
    "messages": _l("Notices and messages"),
    "acts": _l("What was done under this sign-in"),
    "other": _l("Other"),
}
PARTS = {
    "readings": _l("What was read: research opened, lessons, subscriptions"),
    "club_words": _l("Words written to the club"),
    "messages": _l("Addresses and choices for messages, notices, mails"),
    "sign_in": _l("The sign-in: name, address, password, second factor, sessions"),
    "views": _l("Saved views and copies"),
    "old_accounts": _l("Earlier accounts that commission was paid to"),
}
"""What goes."""
KEPT = {
    "file": _l("The client’s file, with balances, trades and bills"),
    "suitability": _l("Suitability tests, warnings, consents and confirmation calls"),
    "commission": _l("Attribution, commission and payments"),
    "agreement": _l("The broker’s file: agreement, licence, relatives"),
    "log": _l("The audit log"),
}
"""What stays, and is used for nothing else."""
STATES = {
    "asked": (_l("Asked, not answered yet"), "warn"),
    "prepared": (_l("Waits for a second person"), "warn"),
    "done": (_l("Erased"), "good"),
    "refused": (_l("Refused"), "bad"),
}
KINDS = {"client": _l("Client"), "broker": _l("Broker")}
