"""The master files of the clients: accounts and servicing."""

from __future__ import annotations

from models.clients import Account, AccountVersion, RiskGrade, Servicing, ServicingRole
from models.partners import PersonKind
from portal.fields import number, optional_day, word_of, words
from portal.masters import Field, MasterFile, Numbered
from portal.partners.files import CONTACT, OF_BRANCH, SPAN, STAFF
from portal.spans import no_overlap

ACCOUNT = Numbered(Account, "account_no", "accounts.csv")
OF_ACCOUNT = Field("account_no", number, "account_id", ACCOUNT)

ACCOUNTS = MasterFile(
    "accounts.csv",
    AccountVersion,
    (
        OF_ACCOUNT,
        Field("client_no", number),
        Field("name", words(120)),
        Field("kind", word_of(PersonKind)),
        Field("id_no", words(64, required=False)),
        *CONTACT,
        OF_BRANCH,
        Field("opened_on", optional_day),
        Field("closed_on", optional_day),
        Field("risk_grade", word_of(RiskGrade, required=False)),
        Field("birthday", optional_day),
    ),
    ("account_no",),
    brings=ACCOUNT,
    sealed_about="account_no",
)

SERVICING = MasterFile(
    "servicing.csv",
    Servicing,
    (OF_ACCOUNT, Field("staff_no", number, "staff_id", STAFF), Field("role", word_of(ServicingRole)), *SPAN),
    ("account_no", "staff_no", "role", "valid_from"),
    dated=True,
    checks=(no_overlap("account_no", "staff_no", "role"),),
)

FILES = (ACCOUNTS, SERVICING)
