"""The master files of the partners: branches, staff, brokers and what is dated about brokers."""

from __future__ import annotations

from models.partners import Branch, BranchVersion, Broker, BrokerState, BrokerStatus, BrokerVersion, Licence, PersonKind, Relation, Relative, Staff, StaffVersion, Upline
from portal.fields import number, open_start, optional_day, optional_number, span_end, span_start, word_of, words
from portal.masters import Field, Line, MasterFile, Numbered
from portal.refusals import Findings
from portal.spans import loops, no_overlap

BRANCH = Numbered(Branch, "branch_no", "branches.csv")
STAFF = Numbered(Staff, "staff_no", "staff.csv")
BROKER = Numbered(Broker, "broker_no", "brokers.csv")

OF_BRANCH = Field("branch_no", number, "branch_id", BRANCH)
OF_BROKER = Field("broker_no", number, "broker_id", BROKER)
SPAN = (Field("valid_from", span_start), Field("valid_to", span_end))
CONTACT = (Field("phone", words(64, required=False)), Field("email", words(254, required=False)))


def no_loop(lines: list[Line], file: str, findings: Findings) -> None:
    """Refuse a broker who is above himself, directly or round a loop, on any day."""
    for line in lines:
        if line.values["broker_no"] == line.values["upline_no"]:
            findings.refuse("own_upline", file, line.number, field="upline_no", found=line.values["upline_no"], expected="another broker")
    others = [line for line in lines if line.values["broker_no"] != line.values["upline_no"]]
    if others:
        for line, day in loops(others, "broker_no", "upline_no"):
            findings.refuse(
                "upline_loop",
                file,
                line.number,
                field="upline_no",
                found=f"{line.values['broker_no']} → {line.values['upline_no']} → … → {line.values['broker_no']}, {day}",
                expected="no loop on any day",
            )


BRANCHES = MasterFile("branches.csv", BranchVersion, (Field("branch_no", number, "branch_id", BRANCH), Field("name", words(120))), ("branch_no",), brings=BRANCH)

STAFF_FILE = MasterFile(
    "staff.csv",
    StaffVersion,
    (
        Field("staff_no", number, "staff_id", STAFF),
        Field("name", words(120)),
        OF_BRANCH,
        Field("email", words(254, required=False)),
        Field("phone", words(64, required=False)),
        Field("joined_on", optional_day),
        Field("left_on", optional_day),
    ),
    ("staff_no",),
    brings=STAFF,
    sealed_about="staff_no",
)

BROKERS = MasterFile(
    "brokers.csv",
    BrokerVersion,
    (
        OF_BROKER,
        Field("name", words(120)),
        Field("kind", word_of(PersonKind)),
        Field("id_no", words(64, required=False)),
        *CONTACT,
        OF_BRANCH,
        Field("manager_staff_no", optional_number, "manager_staff_id", STAFF),
    ),
    ("broker_no",),
    brings=BROKER,
    sealed_about="broker_no",
)

BROKER_STATUSES = MasterFile(
    "broker_statuses.csv", BrokerStatus, (OF_BROKER, Field("status", word_of(BrokerState)), *SPAN), ("broker_no", "valid_from"), dated=True, checks=(no_overlap("broker_no"),)
)

LICENCES = MasterFile("licences.csv", Licence, (OF_BROKER, Field("licence_no", number), *SPAN), ("broker_no", "licence_no", "valid_from"), dated=True)

UPLINES = MasterFile(
    "uplines.csv",
    Upline,
    (OF_BROKER, Field("upline_no", number, "upline_id", BROKER), *SPAN),
    ("broker_no", "valid_from"),
    dated=True,
    checks=(no_overlap("broker_no"), no_loop),
)

RELATIVES = MasterFile(
    "relatives.csv",
    Relative,
    (OF_BROKER, Field("id_no", words(64)), Field("relation", word_of(Relation)), Field("valid_from", open_start), Field("valid_to", span_end)),
    ("broker_no", "id_no", "relation", "valid_from"),
    dated=True,
    sealed_about="broker_no",
)

FILES = (BRANCHES, STAFF_FILE, BROKERS, BROKER_STATUSES, LICENCES, UPLINES, RELATIVES)
