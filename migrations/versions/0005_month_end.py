"""monthend: the month-end desk, comparisons with the books, what each step of an import came to

Revision ID: 0005
Revises: 0004

"""

import json
from datetime import date

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FACTS = ("month_mark", "statement_publication", "statement_told", "statement_seen", "comparison", "difference_explained")


def upgrade():
    op.create_table(
        "month_mark",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("step", sa.String(length=14), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("marked_at", models.columns.Moment(), nullable=False),
        sa.Column("marked_by_id", BIG_ID, nullable=True),
        sa.Column("marked_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("step IN ('look', 'adjust')", name=op.f("ck_month_mark_step_known")),
        sa.ForeignKeyConstraint(["marked_by_id"], ["user.id"], name=op.f("fk_month_mark_marked_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_mark")),
    )
    op.create_index("ix_month_mark_period", "month_mark", ["period", "step", "id"], unique=False)
    op.create_table(
        "statement_publication",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("broker_id", BIG_ID, nullable=False),
        sa.Column("run_id", BIG_ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("published_at", models.columns.Moment(), nullable=False),
        sa.Column("published_by_id", BIG_ID, nullable=True),
        sa.Column("published_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_statement_publication_broker_id_broker")),
        sa.ForeignKeyConstraint(["published_by_id"], ["user.id"], name=op.f("fk_statement_publication_published_by_id_user")),
        sa.ForeignKeyConstraint(["run_id"], ["commission_run.id"], name=op.f("fk_statement_publication_run_id_commission_run")),
        sa.PrimaryKeyConstraint("period", "broker_id", name=op.f("pk_statement_publication")),
    )
    op.create_index("ix_statement_publication_broker", "statement_publication", ["broker_id"], unique=False)
    op.create_table(
        "statement_told",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("broker_id", BIG_ID, nullable=False),
        sa.Column("users", sa.Integer(), nullable=False),
        sa.Column("told_at", models.columns.Moment(), nullable=False),
        sa.Column("told_by_id", BIG_ID, nullable=True),
        sa.Column("told_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_statement_told_broker_id_broker")),
        sa.ForeignKeyConstraint(["told_by_id"], ["user.id"], name=op.f("fk_statement_told_told_by_id_user")),
        sa.PrimaryKeyConstraint("period", "broker_id", name=op.f("pk_statement_told")),
    )
    op.create_table(
        "statement_seen",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("broker_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("seen_at", models.columns.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_statement_seen_broker_id_broker")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_statement_seen_user_id_user")),
        sa.PrimaryKeyConstraint("period", "broker_id", "user_id", name=op.f("pk_statement_seen")),
    )
    op.create_table(
        "import_step",
        sa.Column("import_id", BIG_ID, nullable=False),
        sa.Column("step", sa.String(length=200), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["import_run.id"], name=op.f("fk_import_step_import_id_import_run")),
        sa.PrimaryKeyConstraint("import_id", "step", name=op.f("pk_import_step")),
    )
    op.create_index("ix_import_step_step", "import_step", ["step", "import_id"], unique=False)
    op.create_index("ix_import_step_trade_date", "import_step", ["trade_date", "import_id"], unique=False)
    op.create_table(
        "comparison",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("compared_at", models.columns.Moment(), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("job", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("file", sa.String(length=400), nullable=False),
        sa.Column("file_digest", sa.String(length=64), nullable=False),
        sa.Column("known_recording_id", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("equal", sa.BigInteger(), nullable=False),
        sa.Column("differs", sa.BigInteger(), nullable=False),
        sa.Column("only_here", sa.BigInteger(), nullable=False),
        sa.Column("only_there", sa.BigInteger(), nullable=False),
        sa.Column("findings", models.columns.JsonText(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_comparison_actor_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparison")),
    )
    op.create_index("ix_comparison_days", "comparison", ["first_day", "last_day"], unique=False)
    op.create_index(op.f("ix_comparison_job"), "comparison", ["job"], unique=False)
    op.create_table(
        "difference_explained",
        sa.Column("comparison_id", BIG_ID, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=25), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("approval_id", BIG_ID, nullable=False),
        sa.Column("explained_at", models.columns.Moment(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('rounding', 'timing', 'other_money', 'exercise_delivery', 'wrong_there', 'partial_file', 'other')", name=op.f("ck_difference_explained_reason_known")
        ),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_difference_explained_approval_id_approval")),
        sa.ForeignKeyConstraint(["comparison_id"], ["comparison.id"], name=op.f("fk_difference_explained_comparison_id_comparison")),
        sa.PrimaryKeyConstraint("comparison_id", "line", name=op.f("pk_difference_explained")),
    )
    op.create_index(op.f("ix_difference_explained_approval_id"), "difference_explained", ["approval_id"], unique=False)
    op.add_column("import_finding", sa.Column("step", sa.String(length=200), nullable=True))
    op.create_index(op.f("ix_import_finding_step"), "import_finding", ["step"], unique=False)
    _what_was_final_stays_final()
    _steps_of_earlier_imports()
    append_only.install(op.get_bind(), FACTS)


def _what_was_final_stays_final():
    """Until now brokers saw the statement of a closed month as final at once."""
    op.execute(
        "INSERT INTO statement_publication (period, broker_id, run_id, digest, published_at, published_by_id, published_label) "
        "SELECT c.period, s.broker_id, c.run_id, c.digest, c.closed_at, c.approved_by_id, u.email "
        'FROM month_close c JOIN run_statement s ON s.run_id = c.run_id JOIN "user" u ON u.id = c.approved_by_id'
    )


def _steps_of_earlier_imports():
    """The days of earlier imports, from their summaries."""
    connection = op.get_bind()
    steps = sa.table("import_step", sa.column("import_id"), sa.column("step"), sa.column("trade_date", sa.Date), sa.column("outcome"), sa.column("version"))
    rows = []
    for number, text in connection.execute(sa.text("SELECT id, summary FROM import_run WHERE summary IS NOT NULL ORDER BY id")).all():
        summary = json.loads(text) or {}
        details = summary.get("details") or {}
        for outcome, days in (summary.get("days") or {}).items():
            rows += [
                {"import_id": number, "step": day, "trade_date": date.fromisoformat(day), "outcome": outcome, "version": (details.get(day) or {}).get("version")}
                for day in dict.fromkeys(days)
            ]
    if rows:
        connection.execute(steps.insert(), rows)


def downgrade():
    op.drop_index(op.f("ix_import_finding_step"), table_name="import_finding")
    op.drop_column("import_finding", "step")
    for table in ("difference_explained", "comparison", "import_step", "statement_seen", "statement_told", "statement_publication", "month_mark"):
        op.drop_table(table)
