"""Facts are never edited: the database itself refuses UPDATE and DELETE on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

FACTS = (
    "recording", "audit_entry",
    "branch_version", "staff_version", "broker_version", "broker_status", "licence", "upline", "relative",
    "account_version", "servicing", "attribution",
    "settlement_file", "settlement_day", "settlement_day_file", "day_segment", "balance", "trade", "exchange_fee",
    "plan_version", "agreement", "adjustment",
    "month_close",
    "dispute_entry",
    "month_mark", "statement_publication", "statement_told", "statement_seen", "comparison", "difference_explained",
    "shadow_run",
    "consent",
    "lead_entry", "lead_consent", "lead_terms",
    "rule_version", "rule_fact", "rule_check", "suitability_test", "risk_warning", "confirmation_call",
    "sight_end", "case_entry",
    "application_item", "lapse_mark", "channel_cost",
    "api_answer", "referral_pay",
    "club_entry", "check_in", "stripe_event", "money_incident", "club_tier_run", "late_scan",
    "club_feedback", "club_point_rule", "club_point_lot", "club_point_entry",
    "contact", "departure_step", "risk_run", "cause_correction",
    "care_step", "care_setting", "question_entry", "service_plan_review",
    "concentration_limit", "limit_event", "association_sending", "association_reminder",
    "club_no_show_waiver", "club_no_show_rule", "club_invite_list", "club_invitee", "club_invite_sending", "club_invite_top_up", "club_event_cost", "club_event_effect",
    "club_wave_plan", "club_wave", "club_wave_client", "club_wave_sending", "club_wave_effect",
    "signal_run", "departure_signal", "signal_rest", "signal_look", "hearing_entry",
    "research_version", "research_pdf",
    "payout",
)  # fmt: skip
"""Tables whose rows stay as they were written. Key rotation alone may re-seal a version's numbers, through `resealing`."""

SEALED = {
    "staff_version": ("phone_sealed",),
    "broker_version": ("id_no_sealed", "phone_sealed"),
    "relative": ("id_no_sealed",),
    "account_version": ("id_no_sealed", "phone_sealed"),
}
"""Columns that key rotation re-seals: their plain value stays the same, so an UPDATE of nothing else is let through."""

ERASED = {
    "lead_entry": ("text",),
    "suitability_test": ("answers", "present", "evidence"),
    "risk_warning": ("evidence",),
    "case_entry": ("text", "reference"),
    "club_feedback": ("words",),
    "contact": ("note",),
    "care_step": ("note",),
    "question_entry": ("text",),
    "service_plan_review": ("note",),
}
"""Columns whose words are blanked when the time of whom they are about is over; an UPDATE of nothing else is let through."""

MOVED: dict[str, tuple[str, ...]] = {"payout": ("state", "paid_on", "serial", "why", "settled_at", "settled_label")}
"""Columns that say how far a row is; everything else of it stays as it was written, and no row goes."""


def install(connection: Connection, tables: Sequence[str] = FACTS, erased: Mapping[str, Sequence[str]] = {**ERASED, **MOVED}) -> None:
    """Create the triggers that keep `tables` append-only; `erased` names what may change in them all the same."""
    make = _postgresql if connection.dialect.name == "postgresql" else _sqlite
    for table in tables:
        columns = [row[0] for row in connection.execute(text(_COLUMNS[connection.dialect.name].format(table=table)))]
        let_through = (*SEALED.get(table, ()), *erased.get(table, ()))
        kept = [column for column in columns if column not in let_through]
        for statement in make(table, kept, bool(let_through)):
            connection.exec_driver_sql(statement)


_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info('{table}')",
    "postgresql": "SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' AND table_schema = current_schema()",
}


def _sqlite(table: str, kept: list[str], sealed: bool) -> list[str]:
    only = f"UPDATE OF {', '.join(kept)}" if sealed else "UPDATE"
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE {only} ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    ]


def _postgresql(table: str, kept: list[str], sealed: bool) -> list[str]:
    only = f"UPDATE OF {', '.join(kept)}" if sealed else "UPDATE"
    return [
        f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
        f"CREATE TRIGGER {table}_no_update BEFORE {only} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
    ]
