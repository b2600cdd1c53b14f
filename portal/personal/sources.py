"""Where a person is known: by which columns, through which rows further ones hang on him, what is left out of his copy and why. Data alone.

A table that is added later and knows people by one of these columns is in the copy by itself.
"""

from __future__ import annotations

from portal.notices.kinds import N_

FOLLOWED = (
    "account", "broker", "user", "lead", "club_member", "club_point_holder", "booking", "club_seat", "dispute", "client_question", "application", "claim_case",
    "suitability_test", "service_plan",
)  # fmt: skip
"""Tables whose rows about a person lead on to further rows: what refers to them is about him too."""
LEADS_ON = {"user": ("user_id", "owner_id", "asked_by_id"), "broker": ("broker_id",)}
"""By which columns alone a reference to such a table is about the person; elsewhere (who recorded, who approved) it is about who did it."""
BY_ID = {"account_id": "account", "broker_id": "broker", "user_id": "user", "lead_id": "lead"}
"""Columns that always refer to such a table, also where the database does not hold them to it (facts of a settled day)."""
BY_NUMBER = ("client_no", "broker_no", "account_no", "person")
"""Columns that name a person by a number."""
SECRET = (
    "password_hash",
    "totp_secret",
    "token",
    "token_digest",
    "grant_digest",
    "code",
    "code_hash",
    "key_digest",
    "stamp_digest",
    "digest",
    "secret_sealed",
    "receipt",
    "payload",
    "answer",
)
"""Columns that open something, or say nothing to a person: never in a copy."""
LEFT_OUT = {
    **dict.fromkeys(
        ("departure", "departure_step", "departure_signal", "signal_look", "signal_rest", "hearing_entry", "handover_client", "handover_broker"),
        N_("about a departure: told by compliance, who hears both sides"),
    ),
    **dict.fromkeys(
        ("risk_score", "cause_correction", "rule_breach", "care_task", "service_plan", "service_plan_review", "club_invitee"), N_("the firm’s own assessment: told by compliance")
    ),
    **dict.fromkeys(
        (
            "user_session",
            "one_time_link",
            "recovery_code",
            "api_answer",
            "api_key",
            "consent_link",
            "export_file",
            "job",
            "saved_view",
            "default_view",
            "export_schedule",
            "export_sending",
        ),
        N_("keys and traces of this portal"),
    ),
    **dict.fromkeys(("broker_book", "search_word"), N_("made from other rows, which are in the copy")),
}
"""Tables that know people and are not in a copy, each with the reason that the person is told."""
BY_OTHERS = {"club_said": "by_guest"}
"""Columns that say of a row which hangs on a person’s rows that somebody else said it of himself: in that one's copy alone."""
GROUPS = {
    "account": "account", "balance": "trading", "trade": "trading", "attribution": "attribution", "servicing": "attribution", "sight": "attribution",
    "broker": "broker", "licence": "broker", "agreement": "broker", "upline": "broker", "relative": "broker", "application": "broker", "lapse": "broker",
    "run": "commission", "statement": "commission", "payout": "commission", "payee": "commission", "adjustment": "commission", "dispute": "commission",
    "consent": "consents", "suitability": "consents", "risk_warning": "consents", "confirmation": "consents", "lead": "leads", "claim": "leads", "conversion": "leads",
    "introduction": "leads", "referral": "leads", "case": "leads", "contact": "care", "client_question": "care", "question": "care",
    "club": "club", "booking": "club", "wait": "club", "voucher": "club", "pool": "club", "check": "club", "late": "club", "research": "research",
    "user": "sign_in", "notice": "messages", "message": "messages", "outbox": "messages", "audit": "acts",
}  # fmt: skip
"""Under which heading a table stands in the readable copy, by how its name begins; what is not here stands under the last."""


def group_of(table: str) -> str:
    """The heading of a table: the longest beginning that is known."""
    found = [begins for begins in GROUPS if table.startswith(begins)]
    return GROUPS[max(found, key=len)] if found else "other"
