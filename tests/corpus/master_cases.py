"""Broken master files and adjustments: spans, shares, loops, references, deletions, words, dates."""

from __future__ import annotations

from tests.corpus.cases import SEE, Case, both, cell, column, lines, more, replaced, without
from tests.corpus.firm import CLOSED

ATTRIBUTIONS, AGREEMENTS, UPLINES, STATUSES, ACCOUNTS, BROKERS, STAFF = (
    "attributions.csv",
    "agreements.csv",
    "uplines.csv",
    "broker_statuses.csv",
    "accounts.csv",
    "brokers.csv",
    "staff.csv",
)
LICENCES, RELATIVES, SERVICING, ADJUSTMENTS, FEES, BRANCHES = "licences.csv", "relatives.csv", "servicing.csv", "adjustments.csv", "exchange_fees.csv", "branches.csv"
NO_SHARES = {
    "over 100": "100.0001",
    "negative": "-1",
    "percent sign": "70%",
    "five decimals": "33.33333",
    "NaN": "NaN",
    "exponent": "7e1",
    "empty": "",
    "full-width": "７０",
    "comma": "7.0.0",
    "fraction": "7/10",
    "huge": "9" * 30,
    "plus": "+70",
    "underscore": "7_0",
    "U+2212": "−70",
}
NO_DATES = {
    "month 13": "2026-13-01",
    "day 30 of February": "2026-02-30",
    "slashes": "2026/01/01",
    "short": "2026-1-1",
    "year 0": "0000-01-01",
    "five digits": "12026-01-01",
    "time": "2026-01-01T00:00",
    "words": "昨天",
    "arabic digits": "٢٠٢٦-٠١-٠١",
    "blank": " 2026-01-01",
    "negative": "-2026-01-01",
}
NO_AMOUNTS = {"third decimal": "1.001", "exponent": "1E3", "NaN": "NaN", "U+2212": "−1.00", "comma": '"1,000.00"', "empty": "", "huge": "9" * 20, "full-width": "１"}
NO_RATES = {
    "negative": "-0.1",
    "nine decimals": "0.123456789",
    "exponent": "1e-5",
    "NaN": "NaN",
    "empty": "",
    "huge": "9" * 19,
    "ten million and one": "10000000.00000001",
    "full-width": "０.1",
}

CASES = [
    *(Case(f"share: {name}", ATTRIBUTIONS, cell(ATTRIBUTIONS, 2, "share", value), f"bad_number {ATTRIBUTIONS}:2 share") for name, value in NO_SHARES.items()),
    *(Case(f"a span's date: {name}", AGREEMENTS, cell(AGREEMENTS, 2, "valid_from", value), f"bad_date {AGREEMENTS}:2 valid_from") for name, value in NO_DATES.items()),
    Case("valid_from empty", AGREEMENTS, cell(AGREEMENTS, 2, "valid_from", ""), "missing_value agreements.csv:2 valid_from"),
    Case("span that is empty", AGREEMENTS, cell(AGREEMENTS, 2, "valid_to", "2025-01-01"), "empty_span agreements.csv:2 valid_to"),
    Case("span that is reversed", AGREEMENTS, cell(AGREEMENTS, 2, "valid_to", "2024-01-01"), "empty_span agreements.csv:2 valid_to"),
    Case("span that begins at the end of time", AGREEMENTS, cell(AGREEMENTS, 2, "valid_from", "9999-12-31"), "empty_span agreements.csv:2 valid_to"),
    *(
        Case(f"spans overlap: {name}", name, more(name, row), SEE)
        for name, row in {
            AGREEMENTS: "B001,FLAT,2026-01-01,",
            STATUSES: "B001,suspended,2026-01-05,2026-01-06",
            UPLINES: "B002,B003,2026-01-01,2026-02-01",
            ATTRIBUTIONS: "80000001,B001,5,confirmed,2026-01-01,2026-01-02,",
            SERVICING: "80000001,S001,servicer,2026-01-01,",
            FEES: "SHFE,RB,2026-01-01,,0,0,0,0,0,0",
        }.items()
    ),
    *(
        Case(f"spans may overlap: {name}", name, more(name, row), "", posted=True)
        for name, row in {LICENCES: "B001,FB001,2026-01-01,", RELATIVES: "B003,990000197001000004,parent,2026-01-01,"}.items()
    ),
    *(
        Case(f"a key twice: {name}", name, lines(name, lambda rows: [*rows, rows[1]]), SEE)
        for name in (BRANCHES, STAFF, BROKERS, STATUSES, LICENCES, UPLINES, AGREEMENTS, RELATIVES, ACCOUNTS, ATTRIBUTIONS, SERVICING, FEES)
    ),
    Case("a relative twice, the number in another spelling", RELATIVES, more(RELATIVES, "B003,990000 197001000004,spouse,2026-02-01,"), "key_twice relatives.csv:3 broker_no"),
    *(
        Case(f"a row taken out: {name}", name, lines(name, lambda rows: rows[:-1]), SEE)
        for name in (STATUSES, LICENCES, UPLINES, AGREEMENTS, RELATIVES, ATTRIBUTIONS, SERVICING, FEES)
    ),
    Case("all rows taken out", ATTRIBUTIONS, lines(ATTRIBUTIONS, lambda rows: rows[:1]), SEE),
    Case("a row's beginning moved", AGREEMENTS, cell(AGREEMENTS, 2, "valid_from", "2025-02-01"), "silent_deletion agreements.csv broker_no"),
    *(Case(f"a row left out of an undated file stays: {name}", name, lines(name, lambda rows: rows[:-1]), "", posted=True) for name in (ACCOUNTS, BRANCHES)),
    Case("a row taken out with --replace waits for a second person", ATTRIBUTIONS, lines(ATTRIBUTIONS, lambda rows: rows[:-1]), "", ("--replace",), posted=True),
    Case("shares of 100 % and a ten-thousandth", ATTRIBUTIONS, cell(ATTRIBUTIONS, 3, "share", "30.0001"), "shares_over_whole attributions.csv:3 share"),
    Case("shares of 100 % exactly", ATTRIBUTIONS, cell(ATTRIBUTIONS, 3, "share", "30"), "", posted=True),
    Case(
        "shares over 100 % on one day in between",
        ATTRIBUTIONS,
        more(ATTRIBUTIONS, "80000003,B001,0.0001,confirmed,2026-01-15,2026-01-16,"),
        "shares_over_whole attributions.csv:8 share",
    ),
    Case("shares over 100 % of a pending row", ATTRIBUTIONS, more(ATTRIBUTIONS, "80000003,B001,10,pending,2026-01-15,,"), "shares_over_whole attributions.csv:8 share"),
    Case("shares handed over on one day", ATTRIBUTIONS, more(ATTRIBUTIONS, "00800002,B001,40,confirmed,2026-02-01,,"), "", posted=True),
    Case("a state that nobody knows", ATTRIBUTIONS, cell(ATTRIBUTIONS, 2, "state", "已确认"), "unknown_word attributions.csv:2 state"),
    Case("a state in capitals", ATTRIBUTIONS, cell(ATTRIBUTIONS, 2, "state", "Confirmed"), "unknown_word attributions.csv:2 state"),
    Case("a broker above himself", UPLINES, cell(UPLINES, 2, "upline_no", "B002"), "own_upline uplines.csv:2 upline_no"),
    Case("a loop of two", UPLINES, more(UPLINES, "B001,B002,2026-01-01,"), "upline_loop uplines.csv:4 upline_no"),
    Case("a loop of three on one day", UPLINES, more(UPLINES, "B001,B003,2026-01-01,2026-01-02"), "upline_loop uplines.csv:4 upline_no"),
    Case("a loop that never closes on one day", UPLINES, both(cell(UPLINES, 2, "valid_to", "2026-01-01"), more(UPLINES, "B001,B002,2026-01-01,")), "", posted=True),
    Case("unknown broker in attributions", ATTRIBUTIONS, cell(ATTRIBUTIONS, 2, "broker_no", "B999"), "unknown_broker attributions.csv:2 broker_no"),
    Case("unknown account in attributions", ATTRIBUTIONS, cell(ATTRIBUTIONS, 2, "account_no", "99999999"), "unknown_account attributions.csv:2 account_no"),
    Case("an account without its leading zeros", ATTRIBUTIONS, cell(ATTRIBUTIONS, 4, "account_no", "800002"), "unknown_account attributions.csv:4 account_no"),
    Case("an account as a spreadsheet writes it", ATTRIBUTIONS, cell(ATTRIBUTIONS, 4, "account_no", "800002.0"), "unknown_account attributions.csv:4 account_no"),
    Case("unknown plan", AGREEMENTS, cell(AGREEMENTS, 2, "plan_code", "NONE"), "unknown_plan agreements.csv:2 plan_code"),
    Case("a plan in another case", AGREEMENTS, cell(AGREEMENTS, 2, "plan_code", "flat"), "unknown_plan agreements.csv:2 plan_code"),
    Case("unknown branch of an account", ACCOUNTS, cell(ACCOUNTS, 2, "branch_no", "99"), "unknown_branch accounts.csv:2 branch_no"),
    Case("unknown branch of a broker", BROKERS, cell(BROKERS, 2, "branch_no", "99"), "unknown_branch brokers.csv:2 branch_no"),
    Case("unknown branch of a staff member", STAFF, cell(STAFF, 2, "branch_no", "1"), "unknown_branch staff.csv:2 branch_no"),
    Case("unknown manager", BROKERS, cell(BROKERS, 2, "manager_staff_no", "S999"), "unknown_staff brokers.csv:2 manager_staff_no"),
    Case("unknown staff in servicing", SERVICING, cell(SERVICING, 2, "staff_no", "S999"), "unknown_staff servicing.csv:2 staff_no"),
    Case("unknown upline", UPLINES, cell(UPLINES, 2, "upline_no", "B999"), "unknown_broker uplines.csv:2 upline_no"),
    Case("unknown broker in statuses", STATUSES, cell(STATUSES, 2, "broker_no", "B999"), "unknown_broker broker_statuses.csv:2 broker_no"),
    Case("unknown broker in licences", LICENCES, cell(LICENCES, 2, "broker_no", "b001"), "unknown_broker licences.csv:2 broker_no"),
    Case("unknown broker in relatives", RELATIVES, cell(RELATIVES, 2, "broker_no", "B999"), "unknown_broker relatives.csv:2 broker_no"),
    *(
        Case(f"an unknown word: {name} {what}", name, cell(name, 2, what, "x"), SEE)
        for name, what in ((BROKERS, "kind"), (ACCOUNTS, "kind"), (ACCOUNTS, "risk_grade"), (STATUSES, "status"), (RELATIVES, "relation"), (SERVICING, "role"), (FEES, "exchange"))
    ),
    *(
        Case(f"a bad date: {name} {what}", name, cell(name, 2, what, "2026-02-30"), SEE)
        for name, what in ((STAFF, "joined_on"), (STAFF, "left_on"), (ACCOUNTS, "opened_on"), (ACCOUNTS, "closed_on"), (ACCOUNTS, "birthday"), (ATTRIBUTIONS, "confirmed_on"))
    ),
    *(
        Case(f"a number missing: {name} {what}", name, cell(name, 2, what, ""), SEE)
        for name, what in (
            (BRANCHES, "branch_no"),
            (STAFF, "staff_no"),
            (BROKERS, "broker_no"),
            (ACCOUNTS, "account_no"),
            (ACCOUNTS, "client_no"),
            (ACCOUNTS, "name"),
            (LICENCES, "licence_no"),
            (RELATIVES, "id_no"),
            (AGREEMENTS, "plan_code"),
        )
    ),
    *(Case(f"a number with a blank: {name}", name, cell(name, 2, what, "X1 "), SEE) for name, what in ((BRANCHES, "branch_no"), (BROKERS, "broker_no"), (ACCOUNTS, "account_no"))),
    Case("a number with an ideographic blank", ACCOUNTS, cell(ACCOUNTS, 2, "account_no", "80000001\u3000"), "blank_padded accounts.csv:2 account_no"),
    Case("a number of 65 characters", BROKERS, cell(BROKERS, 2, "broker_no", "B" * 65), "too_long brokers.csv:2 broker_no"),
    Case("a phone number of 65 characters", BROKERS, cell(BROKERS, 2, "phone", "1" * 65), "too_long brokers.csv:2 phone"),
    Case("a phone number with a control character", BROKERS, cell(BROKERS, 2, "phone", "138\x000000".replace("\x00", "\x01")), "control_character brokers.csv:2 phone"),
    Case("an ID number that is too long", ACCOUNTS, cell(ACCOUNTS, 2, "id_no", "9" * 65), "too_long accounts.csv:2 id_no"),
    Case("an address of 255 characters", BROKERS, cell(BROKERS, 2, "email", "a" * 243 + "@example.com"), "too_long brokers.csv:2 email"),
    *(
        Case(f"a column missing: {name}", name, column(name, out=what), SEE)
        for name, what in ((ATTRIBUTIONS, "confirmed_on"), (ACCOUNTS, "birthday"), (BRANCHES, "name"), (UPLINES, "valid_to"), (ADJUSTMENTS, "note"), (FEES, "close_by_lot"))
    ),
    *(Case(f"a column too many: {name}", name, column(name, add="余额"), SEE) for name in (ACCOUNTS, ATTRIBUTIONS, ADJUSTMENTS)),
    *(Case(f"a column doubled: {name}", name, column(name, twice=what), SEE) for name, what in ((ATTRIBUTIONS, "share"), (ACCOUNTS, "account_no"))),
    *(Case(f"columns in the opposite order: {name}", name, column(name, move=True), "", posted=True) for name in (ATTRIBUTIONS, ACCOUNTS)),
    Case("a header alone of an undated file", BRANCHES, lines(BRANCHES, lambda rows: rows[:1]), "", posted=True),
    Case("a field too few in attributions", ATTRIBUTIONS, replaced(ATTRIBUTIONS, ",confirmed,", ","), "wrong_columns attributions.csv:2"),
    *(Case(f"exchange fee: {name}", FEES, cell(FEES, 2, "open_by_money", value), SEE) for name, value in NO_RATES.items()),
    Case("an exchange fee's product is too long", FEES, cell(FEES, 2, "product", "r" * 33), "too_long exchange_fees.csv:2 product"),
    Case("an exchange's dotless letter", FEES, cell(FEES, 2, "exchange", "ſHFE"), "unknown_word exchange_fees.csv:2 exchange"),
    *(Case(f"adjustment: {name}", ADJUSTMENTS, cell(ADJUSTMENTS, 2, "amount", value), f"bad_amount {ADJUSTMENTS}:2 amount") for name, value in NO_AMOUNTS.items()),
    Case("an adjustment of a closed month", ADJUSTMENTS, cell(ADJUSTMENTS, 2, "period", CLOSED), "month_closed adjustments.csv:2 period"),
    *(
        Case(f"adjustment's month: {name}", ADJUSTMENTS, cell(ADJUSTMENTS, 2, "period", value), SEE)
        for name, value in {"13": "2026-13", "a day": "2026-02-01", "empty": "", "year 9999": "9999-01", "full-width": "２026-02"}.items()
    ),
    Case("an adjustment of an unknown broker", ADJUSTMENTS, cell(ADJUSTMENTS, 3, "broker_no", "B999"), "unknown_broker adjustments.csv:3 broker_no"),
    Case(
        "an adjustment whose reason is not coded",
        ADJUSTMENTS,
        both(cell(ADJUSTMENTS, 2, "reason", "because"), cell(ADJUSTMENTS, 2, "amount", "1.23")),
        "warn unknown_reason adjustments.csv:2 reason",
        posted=True,
    ),
    Case(
        "an adjustment for other reasons without a note",
        ADJUSTMENTS,
        both(cell(ADJUSTMENTS, 2, "reason", "other"), cell(ADJUSTMENTS, 2, "note", "")),
        "warn other_without_note adjustments.csv:2 note",
        posted=True,
    ),
    Case("an adjustment's note of 2,001 characters", ADJUSTMENTS, cell(ADJUSTMENTS, 2, "note", "长" * 2001), "too_long adjustments.csv:2 note"),
    Case("an adjustment's note with a control character", ADJUSTMENTS, cell(ADJUSTMENTS, 2, "note", "\x1b[2J"), "control_character adjustments.csv:2 note"),
    Case(
        "master files that lack what others refer to",
        "masters",
        both(without(BRANCHES), replaced(ATTRIBUTIONS, "B001", "B777"), replaced(AGREEMENTS, "B001", "B777")),
        "unknown_broker agreements.csv:2 broker_no; unknown_broker attributions.csv:2 broker_no",
    ),
    Case(
        "a bad file among good ones", "masters", both(cell(STAFF, 2, "branch_no", "99"), cell(BRANCHES, 2, "name", "总公司")), "unknown_branch staff.csv:2 branch_no", posted=True
    ),
]
