"""A statement of the bank in words: what becomes of its lines, and what is wrong with those that are refused: what was expected, and what to do."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.club.bank_upload import Verdict

VERDICTS = {
    Verdict.MATCHED.value: (_l("Fits its order"), "good", _l("Recorded, and put before a second person")),
    Verdict.LOOK.value: (_l("Order known, needs a look"), "warn", _l("Recorded; somebody looks at it and prepares what is to become of it")),
    Verdict.AMBIGUOUS.value: (_l("May be for several orders"), "warn", _l("Recorded; somebody says which order it is for")),
    Verdict.UNMATCHED.value: (_l("No order"), "warn", _l("Recorded; somebody finds its order or prepares that it goes back")),
    Verdict.KNOWN.value: (_l("Recorded already"), "neutral", _l("Nothing: the bank’s serial number is there")),
    Verdict.DIFFERS.value: (
        _l("Recorded with another amount"),
        "bad",
        _l("Nothing: compare it with the line that is recorded, and take that out where it was typed in by mistake"),
    ),
}
"""Each verdict with its tone and what taking the statement in does."""
COLUMNS = {
    "serial": _l("Bank’s serial number"),
    "received_on": _l("Received on"),
    "credit": _l("Amount"),
    "amount": _l("Amount"),
    "way": _l("In or out"),
    "payer": _l("Payer"),
    "remark": _l("Words on the transfer"),
}
FAULTS = {
    "twice": _l("this serial number stands twice in the file: take one of the lines out, or record it by hand"),
    "day": _l("a day such as 2026-03-31 was expected: give the column the format of a date"),
    "future": _l("this day has not come yet: a transfer is taken in when the money is there"),
    "empty": _l("this was expected to be filled in: ask the bank for a statement that has it, or record the line by hand"),
    "long": _l("this is longer than such a thing can be: look whether the columns have slipped"),
    "amount": _l("an amount such as 1200.00 was expected, of 100 million yuan at most"),
    "way": _l("in (贷, 收) or out (借, 支) was expected"),
    "rounded": _l("a spreadsheet has rounded this number: hand in the bank’s own file as it came, or give the column the format of text"),
}
"""What is wrong with a line: what was expected there, and what to do."""
