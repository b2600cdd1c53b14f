"""Requests for lower fees: a subject of questions with who asks, what he wants and what was decided, and a signal of departures.

Revision ID: 0063
Revises: 0062
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

SUBJECTS = "'accounts', 'margin', 'delivery', 'statements', 'market'"
KINDS = "'agreement_ends', 'licence_ends', 'no_sign_in', 'no_lead', 'no_contact', 'withdrawals', 'silent_clients'"
AFTER = "'look_ups', 'exports'"
WORDS = (
    ("client_question", "subject", f"subject IN ({SUBJECTS})", f"subject IN ({SUBJECTS}, 'fees')"),
    ("reusable_answer", "subject", f"subject IN ({SUBJECTS})", f"subject IN ({SUBJECTS}, 'fees')"),
    ("departure_signal", "kind", f"kind IN ({KINDS}, {AFTER})", f"kind IN ({KINDS}, 'fee_requests', {AFTER})"),
    ("signal_rest", "kind", f"kind IN ({KINDS}, {AFTER})", f"kind IN ({KINDS}, 'fee_requests', {AFTER})"),
)
"""Tables whose vocabulary grows: the column, and its CHECK before and after."""
CHECKS = {
    "fee_asker_known": "fee_asker IN ('client', 'broker')",
    "fee_decision_known": "fee_decision IN ('lowered', 'partly', 'kept')",
    "fee_asker_of_fees": "(subject = 'fees') = (fee_asker IS NOT NULL)",
    "fee_decision_of_fees": "fee_decision IS NULL OR subject = 'fees'",
}


def on_sqlite():
    return op.get_bind().dialect.name == "sqlite"


def rewrite(changes):
    """A CHECK changes nothing that is stored, so SQLite lets the text of the schema be changed in its place (sqlite.org/lang_altertable.html, 7);
    the tables, what refers to them and their triggers stay. `changes`: table, what stands in its text, what is to stand there."""
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    for table, before, after in changes:
        told = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": table}).scalar_one()
        assert told.count(before) == 1, (told, before)
        connection.execute(sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name"), {"sql": told.replace(before, after), "name": table})
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))


def reword(before, after):
    """Let the vocabularies hold other words."""
    for row in WORDS:
        table, column = row[0], row[1]
        op.drop_constraint(op.f(f"ck_{table}_{column}_known"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{column}_known"), table, row[after])


def upgrade():
    op.add_column("client_question", sa.Column("fee_asker", sa.String(length=14), nullable=True))
    op.add_column("client_question", sa.Column("fee_wanted", sa.String(length=120), nullable=True))
    op.add_column("client_question", sa.Column("fee_decision", sa.String(length=15), nullable=True))
    op.create_index("ix_client_question_subject", "client_question", ["subject", "asked_at"])
    if on_sqlite():
        checks = "".join(f", CONSTRAINT ck_client_question_{name} CHECK ({text})" for name, text in CHECKS.items())
        answered = "CONSTRAINT ck_client_question_answered CHECK (state <> 'answered' OR answered_at IS NOT NULL)"
        rewrite([*((table, before, after) for table, _column, before, after in WORDS), ("client_question", answered, answered + checks)])
        return
    reword(2, 3)
    for name, text in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_client_question_{name}"), "client_question", text)


def downgrade():
    """Only for who has recorded no such request: it has no place in the tables before."""
    op.drop_index("ix_client_question_subject", "client_question")
    if on_sqlite():
        checks = "".join(f", CONSTRAINT ck_client_question_{name} CHECK ({text})" for name, text in CHECKS.items())
        rewrite([*((table, after, before) for table, _column, before, after in WORDS), ("client_question", checks, "")])
    else:
        for name in CHECKS:
            op.drop_constraint(op.f(f"ck_client_question_{name}"), "client_question", type_="check")
        reword(3, 2)
    for name in ("fee_decision", "fee_wanted", "fee_asker"):
        op.drop_column("client_question", name)
