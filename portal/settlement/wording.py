"""What the findings of an import mean: the code of each, its sentence, and what to do about it. In the reader's language."""

from __future__ import annotations

import re
from typing import NamedTuple

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from portal.refusals import Finding


class Words(NamedTuple):
    """The sentence of a finding, and the remedy."""

    sentence: LazyString
    remedy: LazyString


WORDS: dict[str, Words] = {
    "announced_ahead": Words(_l("The departure is announced on a day still to come."), _l("Hand it in after it was announced.")),
    "archive_locked": Words(_l("The archive is locked with a password."), _l("Hand it in without a password.")),
    "archive_path_outside": Words(_l("The archive holds a path that leads outside of it."), _l("Pack the files anew, without absolute paths.")),
    "archive_too_deep": Words(_l("The archive holds archives that hold archives."), _l("Unpack the inner archives first.")),
    "archive_too_large": Words(_l("The archive unpacks to more than is accepted."), _l("Split it, or hand in the files themselves.")),
    "available_differs": Words(_l("Available is not equity minus the margins of the positions."), _l("The portal counts equity minus margin; check the positions.")),
    "available_identity": Words(_l("Available is not equity minus margin."), _l("Export the day anew from the settlement system.")),
    "back_office_only": Words(_l("There are lists of the back office, but no daily files of this day."), _l("Hand in the daily files with them.")),
    "bad_account_no": Words(_l("This is no account number."), _l("Write the number as text, without blanks around it.")),
    "bad_amount": Words(_l("This is no amount in yuan."), _l("Write it like 1234.50, without commas, exponents or signs other than a leading minus.")),
    "bad_archive": Words(_l("The archive cannot be unpacked."), _l("Pack it anew.")),
    "bad_csv": Words(_l("The quotes of this row do not pair."), _l("Write CSV as RFC 4180 describes.")),
    "bad_date": Words(_l("This is no date of the expected form."), _l("Write dates as YYYY-MM-DD and months as YYYY-MM.")),
    "bad_encoding": Words(_l("The bytes are neither UTF-8 nor GB18030."), _l("Save the file anew in one of the two.")),
    "bad_file_date": Words(_l("The day in the file's name does not exist."), _l("Name the file after its trade date.")),
    "bad_json": Words(_l("This is no JSON, or a key stands twice."), _l("Correct the file at the place named.")),
    "bad_lead": Words(_l("A field of this lead does not hold."), _l("Correct the row as the last column says.")),
    "bad_level": Words(_l("An override has a level from 1 to 3."), _l("Write 1, 2 or 3.")),
    "bad_lots": Words(_l("This is no whole number of lots."), _l("Write whole lots, 0 or more.")),
    "bad_moment": Words(_l("This is no moment of the expected form."), _l("Write day and time as YYYY-MM-DD HH:MM.")),
    "bad_number": Words(_l("This is no number of the expected form."), _l("Write a plain decimal number within the bounds named.")),
    "bad_plan": Words(_l("The plan is not built as expected here."), _l("Compare with the description of plans.json.")),
    "bad_product": Words(_l("This is no product."), _l("Write the product's letters, such as rb.")),
    "balance_identity": Words(_l("The balance is not what its parts add up to."), _l("Export the day anew from the settlement system.")),
    "blank": Words(_l("The field is blank."), _l("Export the day anew from the settlement system.")),
    "blank_padded": Words(_l("There are blanks around the value."), _l("Take the blanks away.")),
    "cap_below_guarantee": Words(_l("The cap is below the guarantee."), _l("Raise the cap or lower the guarantee.")),
    "column_twice": Words(_l("A column stands twice."), _l("Keep each column once.")),
    "component_twice": Words(_l("A version has two components of one kind."), _l("Keep one component of each kind.")),
    "contact_ahead": Words(_l("The contact has not taken place yet."), _l("Hand it in after it took place.")),
    "control_character": Words(_l("The text holds control characters."), _l("Take them out.")),
    "day_twice": Words(_l("The day comes twice with different content."), _l("Hand in one file of each kind for a day.")),
    "days_missing": Words(_l("Trading days before this one are not settled."), _l("Import the missing days; nothing is filled in for them.")),
    "deductions_over_whole": Words(_l("The deductions add up to more than 1."), _l("Lower them to 1 together at most.")),
    "departure_live": Words(_l("The person has an open departure already."), _l("Withdraw the open one in the register, or let it take effect.")),
    "departure_otherwise": Words(_l("The register says otherwise of this departure."), _l("Correct it in the register, or hand in what stands there.")),
    "effective_early": Words(_l("The departure is effective before it was announced."), _l("Correct one of the two days.")),
    "empty_file": Words(_l("The file holds no row."), _l("Export it anew.")),
    "empty_span": Words(_l("The span holds no day."), _l("valid_to must be later than valid_from.")),
    "equity_identity": Words(_l("The equity is not the balance with its collateral."), _l("Look into the account; the day is posted.")),
    "fee_identity": Words(_l("The fee is not the sum of the fees of the account's trades."), _l("Import balances and trades of the same settlement.")),
    "fee_not_as_table": Words(_l("The exchange fee of the back office is not that of the fee table."), _l("The back office counts; correct exchange_fees.csv.")),
    "fee_not_whole_fen": Words(_l("The fees do not add up to whole fen."), _l("They were rounded once, half up.")),
    "file_twice": Words(_l("Two files of one name have different content."), _l("Hand in one of them.")),
    "key_twice": Words(_l("The same row stands twice."), _l("Keep one of the two lines.")),
    "lead_known": Words(_l("This person is known already, so nobody was registered."), _l("Nothing is to be done: first come, first served.")),
    "list_differs": Words(_l("The list of the back office says something else than the daily files."), _l("The daily files count; check the list.")),
    "list_lacks_rows": Words(_l("The list of the back office lacks rows that the daily files have."), _l("Export the list anew.")),
    "list_twice": Words(_l("Two lists of the back office have the same row."), _l("Hand in one of them.")),
    "list_without_balance": Words(_l("The list has an account that the balances do not have."), _l("Check whether the list is of this day.")),
    "list_without_fills": Words(_l("The list has a row without fills."), _l("Check whether the list is of this day.")),
    "lists_disagree": Words(_l("Two lists of the back office say different things of one row."), _l("Hand in one of them.")),
    "marginal_measure": Words(_l("Marginal tiers are measured by the retained fee alone."), _l("Choose the measure retained_fee or the mode whole.")),
    "missing_column": Words(_l("A column is missing."), _l("Add it to the header.")),
    "missing_kind": Words(_l("A kind of daily file is missing."), _l("Hand it in too if there was anything on this day.")),
    "missing_value": Words(_l("A value is missing."), _l("Fill it in.")),
    "month_closed": Words(_l("The month is closed."), _l("Book the adjustment in a month that is open.")),
    "negative_amount": Words(_l("The amount is below 0."), _l("Deposits, withdrawals, other amounts and margin are 0 or more.")),
    "negative_equity": Words(_l("The equity is below 0."), _l("Look into the account; the day is posted.")),
    "negative_retained_fee": Words(_l("The retained fee is below 0."), _l("Check the exchange fee; the row counts as negative.")),
    "next_day_differs": Words(_l("The next settled day begins with another balance."), _l("Import the corrected next day too.")),
    "no_balances": Words(_l("There are trades but no balances of this day."), _l("Import the balances of the day with them.")),
    "no_exchange_fee": Words(_l("Nobody says what the exchange charges for this fill."), _l("Add the product to exchange_fees.csv, or hand in the list of the back office.")),
    "no_header": Words(_l("No header of a known list was found."), _l("Hand in the list as the back office exports it.")),
    "not_one_day": Words(_l("The row is not of one trade date."), _l("Export the list for this day alone.")),
    "paper": Words(_l("This is a client's own statement, not a day of the firm."), _l("Hand it in under Comparisons: there it is held against the books.")),
    "not_recognised": Words(_l("The portal does not know this file."), _l("Check its name.")),
    "not_trading_day": Words(_l("The calendar has no trading on this day."), _l("Check the date, or correct the calendar.")),
    "nothing_of_day": Words(_l("The list has no row of this day."), _l("Check whether the list is of this day.")),
    "nul_byte": Words(_l("The file holds NUL bytes."), _l("Export it anew as text.")),
    "other_without_note": Words(_l("The reason is other, but the note is empty."), _l("Say why, for the second person who decides.")),
    "overrides_not_allowed": Words(_l("The plan pays overrides, which the firm's rule set does not allow."), _l("Take the overrides out.")),
    "own_upline": Words(_l("A broker is his own upline."), _l("Name another upline or none.")),
    "previous_balance": Words(_l("The previous balance is not the balance of the settled day before."), _l("Import the corrected earlier day first.")),
    "previous_balance_gap": Words(_l("The previous balance differs, and days in between are missing."), _l("Import the missing days.")),
    "previous_balance_silent": Words(_l("The previous balance differs from the account's last row."), _l("The account was silent in between: check it.")),
    "rate_or_tiers": Words(_l("The component needs either a rate or tiers."), _l("Keep one of the two.")),
    "retained_identity": Words(_l("The retained fee is not the fee minus the exchange fee."), _l("Export the list anew.")),
    "risk_over_100": Words(_l("The risk degree is over 100 percent."), _l("Look into the account; the day is posted.")),
    "row_without_balance": Words(_l("The account has a row here, but none in the balances."), _l("Export the balances with all accounts of the day.")),
    "rule": Words(_l("A rule of the portal said no."), _l("Do what the sentence says.")),
    "shares_over_whole": Words(_l("The shares of the account pass 100 percent on this day."), _l("Lower a share or end a span.")),
    "silent_account": Words(_l("The account had a row on the settled day before and has none now."), _l("Check whether it was closed.")),
    "silent_deletion": Words(_l("The row was believed so far and is missing from the file."), _l("Keep the row, end its span, or replace with a second person.")),
    "spans_overlap": Words(_l("Two spans share a day."), _l("End the earlier one on the day on which the later begins.")),
    "steps_not_ascending": Words(_l("The thresholds do not ascend."), _l("Sort the steps by threshold, each once.")),
    "too_large": Words(_l("The workbook is larger than is accepted."), _l("Hand it in as CSV.")),
    "too_long": Words(_l("The text is too long."), _l("Shorten it.")),
    "totals_too_large": Words(_l("The totals are larger than any firm's."), _l("Check the amounts.")),
    "trade_without_balance": Words(_l("There is a trade, but no balance row of the account on this day."), _l("Export the balances with all accounts that traded.")),
    "two_firms": Words(_l("Files of two firms are mixed."), _l("Hand in the files of one firm.")),
    "unknown_account": Words(_l("The account is not known."), _l("Import accounts.csv with it first.")),
    "unknown_branch": Words(_l("The branch is not known."), _l("Import branches.csv with it first.")),
    "unknown_broker": Words(_l("The broker is not known."), _l("Import brokers.csv with it first.")),
    "unknown_calendar_year": Words(_l("The trading calendar does not have this year."), _l("Add the year to the calendar first.")),
    "unknown_column": Words(_l("The column is not known."), _l("Take it out or correct its name.")),
    "unknown_instrument": Words(_l("This is no instrument."), _l("Write it as the exchange does, such as rb2605 or m2605-C-3000.")),
    "unknown_kind": Words(_l("The portal does not know this kind of daily file."), _l("It was left alone.")),
    "unknown_name": Words(_l("The file's name says neither kind nor day."), _l("Name it like 0199cusfund20260331.txt.")),
    "unknown_plan": Words(_l("The plan is not known."), _l("Import plans.json with it first.")),
    "unknown_reason": Words(_l("The reason is none of the coded ones."), _l("A second person decides whether it stands.")),
    "unknown_staff": Words(_l("The staff member is not known."), _l("Import staff.csv with it first.")),
    "unknown_word": Words(_l("The word is none of those accepted."), _l("Choose one of those named.")),
    "unreadable_file": Words(_l("The file cannot be read."), _l("Check it and hand it in again.")),
    "upline_loop": Words(_l("The uplines make a loop."), _l("End one of the spans in the loop.")),
    "utf16": Words(_l("The file is written in UTF-16."), _l("Save it as UTF-8 or GB18030.")),
    "wrong_columns": Words(_l("The row has another number of fields than the header."), _l("Check for commas without quotes.")),
    "wrong_day": Words(_l("The row is of another trade date than the file's name says."), _l("One file holds one day.")),
}
"""Every code that an import can give."""

PHRASES: tuple[LazyString, ...] = (
    _l("a value"),
    _l("a value without blanks around it"),
    _l("text without control characters"),
    _l("a date such as 2026-03-31"),
    _l("a date that exists, such as 2026-03-31"),
    _l("a month such as 2026-03"),
    _l("an amount in yuan such as 1234.50"),
    _l("at most 2 decimals (a third must be 0)"),
    _l("at most 3 decimals"),
    _l("an amount below 10,000,000,000,000 yuan"),
    _l("a plain decimal number such as 0.0672"),
    _l("a rate of at least 0"),
    _l("a share from 0 to 100 percent"),
    _l("a whole number of lots, 0 or more"),
    _l("a product such as rb"),
    _l("an account number without blanks around it"),
    _l("0 or more"),
    _l("at most 100 %"),
    _l("on no day above 100 %"),
    _l("at least one CNY row"),
    _l("one head for each column"),
    _l("UTF-8 or GB18030"),
    _l("import accounts.csv first"),
    _l("import brokers.csv first"),
    _l("import branches.csv first"),
    _l("import staff.csv first"),
    _l("import plans.json first"),
    _l("valid_to later than valid_from"),
    _l("a month that is open"),
    _l("another broker"),
    _l("no loop on any day"),
    _l("the row, or a replacement approved by a second person"),
    _l("a balance row of this account on this day"),
    _l("the balances of this day, in the same import or before"),
    _l("a trading day"),
    _l("a year of the trading calendar"),
    _l("a note that says why"),
    _l("a file that the portal reads"),
    _l("a file that can be read"),
    _l("files that can be read"),
    _l("an archive that can be unpacked"),
    _l("an archive of at most 2 GiB, 200:1, without paths outside"),
    _l("at least one account"),
    _l("every trading day after the last settled one"),
    _l("each column once"),
    _l("fields between commas, quotes in pairs"),
)
"""What findings name as expected, where it is always the same phrase."""


_AMOUNT, _DAY = r"(?P<amount>-?[0-9.]+)", r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
PATTERNS: tuple[tuple[re.Pattern[str], LazyString], ...] = (
    (re.compile(rf"{_AMOUNT}, the sum of its trades"), _l("%(amount)s, the sum of its trades")),
    (re.compile(rf"{_AMOUNT}, its balance of {_DAY}"), _l("%(amount)s, its balance of %(day)s")),
    (re.compile(rf"{_AMOUNT}, its balance of {_DAY}; missing: (?P<missing>.+)"), _l("%(amount)s, its balance of %(day)s; missing: %(missing)s")),
    (re.compile(rf"a row, as on {_DAY}"), _l("a row, as on %(day)s")),
    (re.compile(r"once; it stands on line (?P<line>[0-9]+) too"), _l("once; it stands on line %(line)s too")),
    (re.compile(r"one file of this day; (?P<file>.+) is another"), _l("one file of this day; %(file)s is another")),
    (re.compile(r"one family of files; (?P<family>.+) has this day too"), _l("one family of files; %(family)s has this day too")),
)
"""What findings name as expected with something of the file in it."""


def sentence(finding: Finding) -> str:
    """What is wrong, as a sentence."""
    words = WORDS.get(finding.code)
    return str(words.sentence) if words else finding.code


def remedy(finding: Finding) -> str:
    """What to do about it."""
    words = WORDS.get(finding.code)
    return str(words.remedy) if words else ""


def expected(finding: Finding) -> str:
    """What was expected, in the reader's language where it is a fixed phrase."""
    for pattern, phrase in PATTERNS:
        found = pattern.fullmatch(finding.expected)
        if found:
            return str(phrase) % found.groupdict()
    return gettext(finding.expected) if finding.expected else ""
