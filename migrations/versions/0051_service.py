"""Questions of clients with reusable answers, service plans made to measure, and client segments.

Revision ID: 0051
Revises: 0050
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

FACTS = ("question_entry", "service_plan_review")
ERASED = {"question_entry": ("text",), "service_plan_review": ("note",)}


def upgrade():
    op.create_table(
        "client_question",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(length=18), nullable=False),
        sa.Column("via", sa.String(length=14), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("asked_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("runs_from", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("due_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("answered_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'answered' OR answered_at IS NOT NULL", name=op.f("ck_client_question_answered")),
        sa.CheckConstraint("state IN ('open', 'answered', 'closed')", name=op.f("ck_client_question_state_known")),
        sa.CheckConstraint("subject IN ('accounts', 'margin', 'delivery', 'statements', 'market')", name=op.f("ck_client_question_subject_known")),
        sa.CheckConstraint("via IN ('portal', 'phone')", name=op.f("ck_client_question_via_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_client_question_account_id_account")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["user.id"], name=op.f("fk_client_question_asked_by_id_user")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_client_question_owner_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_question")),
    )
    op.create_index(op.f("ix_client_question_account_id"), "client_question", ["account_id"], unique=False)
    op.create_index("ix_client_question_owner", "client_question", ["owner_id", "state", "due_at"], unique=False)
    op.create_index("ix_client_question_state", "client_question", ["state", "due_at"], unique=False)
    op.create_table(
        "client_segment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("conditions", models.columns.JsonText(), nullable=False),
        sa.Column("shared", sa.String(length=14), nullable=False),
        sa.Column("branch_no", sa.String(length=64), nullable=False),
        sa.Column("made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("made_label", sa.String(length=200), nullable=False),
        sa.Column("made_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("changed_at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("shared IN ('nobody', 'branch', 'firm')", name=op.f("ck_client_segment_shared_known")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user.id"], name=op.f("fk_client_segment_made_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_segment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_client_segment_public_id")),
    )
    op.create_index("ix_client_segment_made_by", "client_segment", ["made_by_id"], unique=False)
    op.create_table(
        "service_plan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("interest", sa.String(length=19), nullable=False),
        sa.Column("product_risk", sa.String(length=4), nullable=False),
        sa.Column("goal", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=15), nullable=False),
        sa.Column("begun_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("begun_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("begun_label", sa.String(length=200), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'active') = (ended_at IS NULL)", name=op.f("ck_service_plan_ended")),
        sa.CheckConstraint("goal IN ('learn', 'trade', 'hedge', 'preserve')", name=op.f("ck_service_plan_goal_known")),
        sa.CheckConstraint("grade IN ('C1', 'C2', 'C3', 'C4', 'C5')", name=op.f("ck_service_plan_grade_known")),
        sa.CheckConstraint("interest IN ('ferrous', 'energy', 'agriculture', 'metals', 'financial', 'options', 'education')", name=op.f("ck_service_plan_interest_known")),
        sa.CheckConstraint("state IN ('active', 'reached', 'ended')", name=op.f("ck_service_plan_state_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_service_plan_account_id_account")),
        sa.ForeignKeyConstraint(["begun_by_id"], ["user.id"], name=op.f("fk_service_plan_begun_by_id_user")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_service_plan_owner_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_plan")),
    )
    op.create_index(op.f("ix_service_plan_account_id"), "service_plan", ["account_id"], unique=False)
    op.create_index(op.f("ix_service_plan_client_no"), "service_plan", ["client_no"], unique=False)
    op.create_index("ix_service_plan_review", "service_plan", ["state", "review_on"], unique=False)
    op.create_index("uq_service_plan_active", "service_plan", ["client_no"], unique=True, sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))
    op.create_table(
        "reusable_answer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("subject", sa.String(length=18), nullable=False),
        sa.Column("title_zh", sa.String(length=200), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("from_question_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("prepared_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("prepared_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("prepared_label", sa.String(length=200), nullable=False),
        sa.Column("approval_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("decided_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'refused', 'retired')", name=op.f("ck_reusable_answer_state_known")),
        sa.CheckConstraint("subject IN ('accounts', 'margin', 'delivery', 'statements', 'market')", name=op.f("ck_reusable_answer_subject_known")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_reusable_answer_approval_id_approval")),
        sa.ForeignKeyConstraint(["from_question_id"], ["client_question.id"], name=op.f("fk_reusable_answer_from_question_id_client_question")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["user.id"], name=op.f("fk_reusable_answer_prepared_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reusable_answer")),
    )
    op.create_index("ix_reusable_answer_subject", "reusable_answer", ["subject", "state"], unique=False)
    op.create_table(
        "service_plan_review",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=15), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_service_plan_review_actor_id_user")),
        sa.ForeignKeyConstraint(["plan_id"], ["service_plan.id"], name=op.f("fk_service_plan_review_plan_id_service_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_plan_review")),
    )
    op.create_index(op.f("ix_service_plan_review_plan_id"), "service_plan_review", ["plan_id"], unique=False)
    op.create_table(
        "question_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("question_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("by_client", sa.Boolean(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_question_entry_actor_id_user")),
        sa.ForeignKeyConstraint(["answer_id"], ["reusable_answer.id"], name=op.f("fk_question_entry_answer_id_reusable_answer")),
        sa.ForeignKeyConstraint(["question_id"], ["client_question.id"], name=op.f("fk_question_entry_question_id_client_question")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_entry")),
    )
    op.create_index(op.f("ix_question_entry_answer_id"), "question_entry", ["answer_id"], unique=False)
    op.create_index(op.f("ix_question_entry_question_id"), "question_entry", ["question_id"], unique=False)
    op.create_table(
        "service_plan_step",
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["service_plan.id"], name=op.f("fk_service_plan_step_plan_id_service_plan")),
        sa.ForeignKeyConstraint(["task_id"], ["care_task.id"], name=op.f("fk_service_plan_step_task_id_care_task")),
        sa.PrimaryKeyConstraint("plan_id", "place", name=op.f("pk_service_plan_step")),
        sa.UniqueConstraint("task_id", name=op.f("uq_service_plan_step_task_id")),
    )
    append_only.install(op.get_bind(), FACTS, ERASED)


def downgrade():
    op.drop_table("service_plan_step")
    op.drop_index(op.f("ix_question_entry_question_id"), table_name="question_entry")
    op.drop_index(op.f("ix_question_entry_answer_id"), table_name="question_entry")
    op.drop_table("question_entry")
    op.drop_index(op.f("ix_service_plan_review_plan_id"), table_name="service_plan_review")
    op.drop_table("service_plan_review")
    op.drop_index("ix_reusable_answer_subject", table_name="reusable_answer")
    op.drop_table("reusable_answer")
    op.drop_index("uq_service_plan_active", table_name="service_plan", sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"))
    op.drop_index("ix_service_plan_review", table_name="service_plan")
    op.drop_index(op.f("ix_service_plan_client_no"), table_name="service_plan")
    op.drop_index(op.f("ix_service_plan_account_id"), table_name="service_plan")
    op.drop_table("service_plan")
    op.drop_index("ix_client_segment_made_by", table_name="client_segment")
    op.drop_table("client_segment")
    op.drop_index("ix_client_question_state", table_name="client_question")
    op.drop_index("ix_client_question_owner", table_name="client_question")
    op.drop_index(op.f("ix_client_question_account_id"), table_name="client_question")
    op.drop_table("client_question")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
