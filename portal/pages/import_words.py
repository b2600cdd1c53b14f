"""The imports desk's words: how a day stands, what an amount is called, how a paper differs."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.audit.wording import DIFFERENCE_REASONS

DAY_STATES = {
    "missing": (_l("Missing"), "bad"),
    "posted": (_l("Posted"), "good"),
    "corrected": (_l("Corrected"), "info"),
    "refused": (_l("Refused"), "bad"),
    "closed": (_l("No trading"), "neutral"),
    "future": (_l("To come"), "neutral"),
    "unknown": (_l("Not in the calendar"), "warn"),
}
FIELDS = {
    "previous_balance": _l("Previous balance"),
    "deposit": _l("Deposit"),
    "withdrawal": _l("Withdrawal"),
    "other_in": _l("Other in"),
    "other_out": _l("Other out"),
    "realized_pnl": _l("Realised P/L"),
    "mtm_pnl": _l("Position P/L"),
    "premium": _l("Premium"),
    "fee": _l("Fee"),
    "balance": _l("Balance"),
    "equity": _l("Equity"),
    "margin": _l("Margin"),
    "available": _l("Available"),
    "trade_lots": _l("Lots"),
    "trade_turnover": _l("Turnover"),
    "trade_fee": _l("Fee of the product"),
    "trade_exchange_fee": _l("Exchange fee of the product"),
}
"""The amounts of a day."""
ITEMS = {
    **{name: label for name, label in FIELDS.items() if not name.startswith("trade_")},
    "deposit_withdrawal": _l("Deposits less withdrawals"),
    "exchange_fee": _l("Exchange fee"),
    "lots": FIELDS["trade_lots"],
    "turnover": FIELDS["trade_turnover"],
    "product_fee": FIELDS["trade_fee"],
    "product_exchange_fee": FIELDS["trade_exchange_fee"],
}
"""The numbers that papers and books share."""
LINE_STATES = {
    "equal": (_l("Equal"), "good"),
    "differs": (_l("Differs"), "bad"),
    "only_here": (_l("Only in the books"), "warn"),
    "only_there": (_l("Only in the paper"), "warn"),
}
PAPERS = {"ctp": _l("CTP statement"), "cfmmc": _l("Statement of the market monitor"), "list": _l("Spreadsheet")}
"""What a paper is; lists of the back office are called by their own title."""
REASONS = DIFFERENCE_REASONS
"""Why a paper says something else than the books."""
