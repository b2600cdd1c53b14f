"""Links with which leads take consents back and applicants complete their application; more words that erasure may blank.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOW = {name: append_only.ERASED[name] for name in ("suitability_test", "risk_warning", "case_entry")}
BEFORE = {"suitability_test": ("answers", "present"), "risk_warning": (), "case_entry": ()}
"""Which columns of facts may be blanked, from now on and before."""


def upgrade():
    op.create_table(
        "consent_link",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("lead_id", BIG, nullable=True),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", BIG, nullable=True),
        sa.Column("expires_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("used_at", models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_consent_link_lead_id_lead")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_consent_link_created_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_link")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_consent_link_token_digest")),
    )
    op.create_index("ix_consent_link_lead", "consent_link", ["lead_id"], unique=False)
    op.create_table(
        "application_link",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("application_id", BIG, nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("grant_digest", sa.String(length=64), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", BIG, nullable=True),
        sa.Column("expires_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("used_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_application_link_application_id_application")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_application_link_created_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_link")),
        sa.UniqueConstraint("grant_digest", name=op.f("uq_application_link_grant_digest")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_application_link_token_digest")),
    )
    op.create_index("ix_application_link_application", "application_link", ["application_id"], unique=False)
    _let_blank(NOW)


def downgrade():
    _let_blank(BEFORE)
    op.drop_index("ix_application_link_application", table_name="application_link")
    op.drop_table("application_link")
    op.drop_index("ix_consent_link_lead", table_name="consent_link")
    op.drop_table("consent_link")


def _let_blank(columns):
    """Make the triggers of these tables anew, so that they let exactly these columns be blanked."""
    connection = op.get_bind()
    at = "" if connection.dialect.name == "sqlite" else " ON {table}"
    for table in columns:
        for what in ("no_update", "no_delete"):
            op.execute(f"DROP TRIGGER IF EXISTS {table}_{what}{at.format(table=table)}")
    append_only.install(connection, tuple(columns), columns)
