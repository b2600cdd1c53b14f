"""consents of clients

Revision ID: 0008
Revises: 0007

"""

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=18), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("text_digest", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("purpose IN ('marketing', 'profiling', 'introducer', 'club')", name=op.f("ck_consent_purpose_known")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_consent_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index("ix_consent_client", "consent", ["client_no", "purpose", "id"], unique=False)
    append_only.install(op.get_bind(), ("consent",))


def downgrade():
    op.drop_index("ix_consent_client", table_name="consent")
    op.drop_table("consent")
