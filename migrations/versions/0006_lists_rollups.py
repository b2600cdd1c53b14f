"""lists

Revision ID: 0006
Revises: 0005

"""

import sqlalchemy as sa
from alembic import op

import models.columns

# revision identifiers, used by Alembic.
revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "rollup_day",
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("known_recording_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trade_date", name=op.f("pk_rollup_day")),
    )
    op.create_table(
        "broker_book",
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("funded", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.BigInteger(), nullable=False),
        sa.Column("equity", sa.BigInteger(), nullable=False),
        sa.Column("retained_fee", sa.BigInteger(), nullable=False),
        sa.Column("lots", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_broker_book_branch_id_branch")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_broker_book_broker_id_broker")),
        sa.PrimaryKeyConstraint("trade_date", "broker_id", "branch_id", name=op.f("pk_broker_book")),
    )
    op.create_table(
        "export_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("endpoint", sa.String(length=120), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("columns", models.columns.JsonText(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("made_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("job_public_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_export_file_owner_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_file")),
        sa.UniqueConstraint("job_public_id", name=op.f("uq_export_file_job_public_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_export_file_public_id")),
    )
    op.create_index(op.f("ix_export_file_expires_at"), "export_file", ["expires_at"], unique=False)
    op.create_index(op.f("ix_export_file_owner_id"), "export_file", ["owner_id"], unique=False)
    op.create_table(
        "firm_day",
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=14), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("funded", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.BigInteger(), nullable=False),
        sa.Column("equity", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("retained_fee", sa.BigInteger(), nullable=False),
        sa.Column("deposit", sa.BigInteger(), nullable=False),
        sa.Column("withdrawal", sa.BigInteger(), nullable=False),
        sa.Column("lots", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("channel IN ('broker', 'staff', 'direct')", name=op.f("ck_firm_day_channel_known")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_firm_day_branch_id_branch")),
        sa.PrimaryKeyConstraint("trade_date", "branch_id", "channel", name=op.f("pk_firm_day")),
    )
    op.create_table(
        "product_day",
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=14), nullable=False),
        sa.Column("exchange", sa.String(length=16), nullable=False),
        sa.Column("product", sa.String(length=32), nullable=False),
        sa.Column("active", sa.BigInteger(), nullable=False),
        sa.Column("lots", sa.BigInteger(), nullable=False),
        sa.Column("turnover", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("retained_fee", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("channel IN ('broker', 'staff', 'direct')", name=op.f("ck_product_day_channel_known")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_product_day_branch_id_branch")),
        sa.PrimaryKeyConstraint("trade_date", "branch_id", "channel", "exchange", "product", name=op.f("pk_product_day")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("endpoint", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shared_role", sa.String(length=24), nullable=True),
        sa.Column("shared_branch_no", sa.String(length=64), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_saved_view_owner_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("public_id", name=op.f("uq_saved_view_public_id")),
    )
    op.create_index("ix_saved_view_endpoint", "saved_view", ["endpoint", "owner_id"], unique=False)
    op.create_index(op.f("ix_saved_view_owner_id"), "saved_view", ["owner_id"], unique=False)
    op.create_table(
        "default_view",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("endpoint", sa.String(length=120), nullable=False),
        sa.Column("view_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_default_view_user_id_user")),
        sa.ForeignKeyConstraint(["view_id"], ["saved_view.id"], name=op.f("fk_default_view_view_id_saved_view")),
        sa.PrimaryKeyConstraint("user_id", "endpoint", name=op.f("pk_default_view")),
    )
    op.create_index(op.f("ix_default_view_view_id"), "default_view", ["view_id"], unique=False)
    op.create_table(
        "export_part",
        sa.Column("export_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["export_id"], ["export_file.id"], name=op.f("fk_export_part_export_id_export_file")),
        sa.PrimaryKeyConstraint("export_id", "place", name=op.f("pk_export_part")),
    )
    op.create_index(op.f("ix_account_version_closed_on"), "account_version", ["closed_on"], unique=False)
    op.create_index(op.f("ix_account_version_opened_on"), "account_version", ["opened_on"], unique=False)


def downgrade():
    op.drop_index(op.f("ix_account_version_opened_on"), table_name="account_version")
    op.drop_index(op.f("ix_account_version_closed_on"), table_name="account_version")
    op.drop_table("export_part")
    op.drop_index(op.f("ix_default_view_view_id"), table_name="default_view")
    op.drop_table("default_view")
    op.drop_index(op.f("ix_saved_view_owner_id"), table_name="saved_view")
    op.drop_index("ix_saved_view_endpoint", table_name="saved_view")
    op.drop_table("saved_view")
    op.drop_table("product_day")
    op.drop_table("firm_day")
    op.drop_index(op.f("ix_export_file_owner_id"), table_name="export_file")
    op.drop_index(op.f("ix_export_file_expires_at"), table_name="export_file")
    op.drop_table("export_file")
    op.drop_table("broker_book")
    op.drop_table("rollup_day")
