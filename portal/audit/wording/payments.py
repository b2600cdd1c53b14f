"""What the parts of a preview are called where brokers are paid: runs, and the accounts that they are paid to."""

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
    "payments": _l("Payments"),
    "first_period": _l("Oldest month in it"),
    "payments_waiting": _l("Payments that wait"),
    "amount_waiting": _l("Amount that waits"),
}
