"""Reports and courses with their versions, who subscribed to what, and what was opened.

Revision ID: 0053
Revises: 0054
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0053"
down_revision = "0054"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FACTS = ("research_version", "research_pdf")


def upgrade():
    op.create_table(
        "research_choice",
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("recorded", sa.Boolean(), nullable=False),
        sa.Column("changed_at", models.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_research_choice")),
    )
    op.create_table(
        "research_subscription",
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("chain", sa.String(length=19), nullable=False),
        sa.Column("since", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("chain IN ('ferrous', 'energy', 'agriculture', 'metals', 'financial', 'options', 'education')", name=op.f("ck_research_subscription_chain_known")),
        sa.PrimaryKeyConstraint("person", "chain", name=op.f("pk_research_subscription")),
    )
    op.create_index("ix_research_subscription_chain", "research_subscription", ["chain", "person"], unique=False)
    op.create_table(
        "research_item",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("made_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("made_by_id", NUMBER, nullable=True),
        sa.Column("made_label", sa.String(length=200), nullable=False),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("published_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("released_label", sa.String(length=200), nullable=False),
        sa.Column("approval_id", NUMBER, nullable=True),
        sa.Column("withdrawn_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("withdrawn_why", sa.String(length=400), nullable=False),
        sa.Column("opens_unnamed", sa.Integer(), nullable=False),
        sa.Column("finished_unnamed", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('report', 'course')", name=op.f("ck_research_item_kind_known")),
        sa.CheckConstraint("state <> 'published' OR published_version IS NOT NULL", name=op.f("ck_research_item_published")),
        sa.CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name=op.f("ck_research_item_state_known")),
        sa.CheckConstraint("opens_unnamed >= 0 AND finished_unnamed >= 0", name=op.f("ck_research_item_counts")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_research_item_approval_id_approval")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user.id"], name=op.f("fk_research_item_made_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research_item")),
        sa.UniqueConstraint("public_id", name=op.f("uq_research_item_public_id")),
    )
    op.create_index("ix_research_item_state", "research_item", ["state", "kind"], unique=False)
    op.create_table(
        "research_lesson",
        sa.Column("item_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("lesson", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("right_answers", sa.Integer(), nullable=False),
        sa.Column("passed_at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("right_answers >= 0 AND lesson > 0", name=op.f("ck_research_lesson_counts")),
        sa.ForeignKeyConstraint(["item_id"], ["research_item.id"], name=op.f("fk_research_lesson_item_id_research_item")),
        sa.PrimaryKeyConstraint("item_id", "person", "lesson", name=op.f("pk_research_lesson")),
    )
    op.create_table(
        "research_open",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("item_id", NUMBER, nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("first_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("last_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("finished_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("times > 0 AND last_at >= first_at", name=op.f("ck_research_open_order")),
        sa.ForeignKeyConstraint(["item_id"], ["research_item.id"], name=op.f("fk_research_open_item_id_research_item")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_research_open_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research_open")),
        sa.UniqueConstraint("item_id", "person", name=op.f("uq_research_open_item_id_person")),
    )
    op.create_index("ix_research_open_client", "research_open", ["client_no"], unique=False)
    op.create_index("ix_research_open_last", "research_open", ["last_at"], unique=False)
    op.create_index("ix_research_open_person", "research_open", ["person"], unique=False)
    op.create_table(
        "research_version",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("item_id", NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("summary", sa.String(length=300), nullable=False),
        sa.Column("chain", sa.String(length=19), nullable=False),
        sa.Column("products", models.columns.JsonText(), nullable=False),
        sa.Column("risk", sa.String(length=4), nullable=False),
        sa.Column("locale", sa.String(length=4), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("lessons", models.columns.JsonText(), nullable=False),
        sa.Column("author", sa.String(length=60), nullable=False),
        sa.Column("licence_no", sa.String(length=40), nullable=False),
        sa.Column("risk_line", sa.String(length=400), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("audience", sa.String(length=17), nullable=False),
        sa.Column("audience_ref", sa.String(length=40), nullable=False),
        sa.Column("conditions", models.columns.JsonText(), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("audience IN ('everybody', 'tier', 'segment')", name=op.f("ck_research_version_audience_known")),
        sa.CheckConstraint("chain IN ('ferrous', 'energy', 'agriculture', 'metals', 'financial', 'options', 'education')", name=op.f("ck_research_version_chain_known")),
        sa.CheckConstraint("locale IN ('zh', 'en')", name=op.f("ck_research_version_locale_known")),
        sa.CheckConstraint("risk IN ('R1', 'R2', 'R3', 'R4', 'R5')", name=op.f("ck_research_version_risk_known")),
        sa.CheckConstraint("length(licence_no) > 0 AND length(risk_line) > 0", name=op.f("ck_research_version_signed")),
        sa.ForeignKeyConstraint(["item_id"], ["research_item.id"], name=op.f("fk_research_version_item_id_research_item")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_research_version_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research_version")),
        sa.UniqueConstraint("item_id", "number", name=op.f("uq_research_version_item_id_number")),
    )
    op.create_table(
        "research_pdf",
        sa.Column("version_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["research_version.id"], name=op.f("fk_research_pdf_version_id_research_version")),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_research_pdf")),
    )
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_table("research_pdf")
    op.drop_table("research_version")
    op.drop_index("ix_research_open_person", table_name="research_open")
    op.drop_index("ix_research_open_last", table_name="research_open")
    op.drop_index("ix_research_open_client", table_name="research_open")
    op.drop_table("research_open")
    op.drop_table("research_lesson")
    op.drop_index("ix_research_item_state", table_name="research_item")
    op.drop_table("research_item")
    op.drop_index("ix_research_subscription_chain", table_name="research_subscription")
    op.drop_table("research_subscription")
    op.drop_table("research_choice")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
