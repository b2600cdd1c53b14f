"""Membership of the club: tiers, benefits, members, dues; a payment is for a booking or for dues.

Going down is for who has taken no dues yet: payments of dues have no place in the tables before.

Revision ID: 0028
Revises: 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

FACTS = ("club_tier_run",)
BEFORE = ("booking_id INTEGER NOT NULL,", "CONSTRAINT ck_club_payment_amount CHECK (amount > 0)")
DUES = (
    "booking_id INTEGER, \n\tdues_id INTEGER, \n\tinvoice_id VARCHAR(120),",
    "CONSTRAINT ck_club_payment_amount CHECK (amount > 0), "
    "\n\tCONSTRAINT ck_club_payment_one_purpose CHECK ((booking_id IS NULL) <> (dues_id IS NULL)), "
    "\n\tCONSTRAINT uq_club_payment_dues_id_number UNIQUE (dues_id, number), "
    "\n\tCONSTRAINT uq_club_payment_invoice_id UNIQUE (invoice_id), "
    "\n\tCONSTRAINT fk_club_payment_dues_id_club_dues FOREIGN KEY(dues_id) REFERENCES club_dues (id)",
)
PAYING = ("club_payment", "club_refund", "money_incident")
"""The payments, then what refers to them."""


def rebuild(old, new):
    """SQLite cannot change a column, and drops no table that another one refers to: all of them are written anew, with what they hold."""
    connection = op.get_bind()
    names = ", ".join(f"'{name}'" for name in PAYING)
    made = connection.execute(sa.text(f"SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name IN ({names}) AND sql IS NOT NULL")).all()
    tables = {row.name: row.sql for row in made if row.type == "table"}
    for before, after in zip(old, new, strict=True):
        assert before in tables["club_payment"], tables["club_payment"]
        tables["club_payment"] = tables["club_payment"].replace(before, after)
    columns = {name: ", ".join(f'"{row.name}"' for row in connection.execute(sa.text(f"PRAGMA table_info({name})"))) for name in PAYING}
    columns["club_payment"] = ", ".join(name for name in columns["club_payment"].split(", ") if name not in {'"dues_id"', '"invoice_id"'})
    for row in made:
        if row.type != "table":
            op.execute(f"DROP {row.type} {row.name}")
    for name in PAYING:
        op.execute(f"ALTER TABLE {name} RENAME TO {name}_old")
    for name in PAYING:
        op.execute(tables[name])
        op.execute(f"INSERT INTO {name} ({columns[name]}) SELECT {columns[name]} FROM {name}_old")
    for name in reversed(PAYING):
        op.execute(f"DROP TABLE {name}_old")
    for row in made:
        if row.type != "table":
            op.execute(row.sql)


def widen_payments(new):
    """A payment is for a booking or for dues."""
    op.add_column("club_event", sa.Column("tiers", models.columns.JsonText(), server_default="[]", nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        rebuild(BEFORE, new)
        return
    op.add_column("club_payment", sa.Column("dues_id", sa.BigInteger(), nullable=True))
    op.add_column("club_payment", sa.Column("invoice_id", sa.String(length=120), nullable=True))
    op.alter_column("club_payment", "booking_id", existing_type=sa.BigInteger(), nullable=True)
    op.create_unique_constraint(op.f("uq_club_payment_dues_id_number"), "club_payment", ["dues_id", "number"])
    op.create_unique_constraint(op.f("uq_club_payment_invoice_id"), "club_payment", ["invoice_id"])
    op.create_foreign_key(op.f("fk_club_payment_dues_id_club_dues"), "club_payment", "club_dues", ["dues_id"], ["id"])
    op.create_check_constraint(op.f("ck_club_payment_one_purpose"), "club_payment", "(booking_id IS NULL) <> (dues_id IS NULL)")


def narrow_payments():
    """As it was before. Fails where dues were paid."""
    op.drop_column("club_event", "tiers")
    if op.get_bind().dialect.name == "sqlite":
        rebuild(DUES, BEFORE)
        return
    op.drop_constraint(op.f("ck_club_payment_one_purpose"), "club_payment", type_="check")
    op.drop_constraint(op.f("fk_club_payment_dues_id_club_dues"), "club_payment", type_="foreignkey")
    op.drop_constraint(op.f("uq_club_payment_invoice_id"), "club_payment", type_="unique")
    op.drop_constraint(op.f("uq_club_payment_dues_id_number"), "club_payment", type_="unique")
    op.alter_column("club_payment", "booking_id", existing_type=sa.BigInteger(), nullable=False)
    op.drop_column("club_payment", "invoice_id")
    op.drop_column("club_payment", "dues_id")


def upgrade():
    op.create_table(
        "club_tier",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("about", sa.String(length=600), nullable=False),
        sa.Column("about_en", sa.String(length=600), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("threshold_up", sa.BigInteger(), nullable=True),
        sa.Column("threshold_down", sa.BigInteger(), nullable=True),
        sa.Column("by_approval", sa.Boolean(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(kind = 'equity') = (threshold_up IS NOT NULL)", name=op.f("ck_club_tier_equity_threshold")),
        sa.CheckConstraint("kind IN ('free', 'paid', 'equity')", name=op.f("ck_club_tier_kind_known")),
        sa.CheckConstraint("(threshold_up IS NULL) = (threshold_down IS NULL)", name=op.f("ck_club_tier_both_thresholds")),
        sa.CheckConstraint("grace_days >= 0", name=op.f("ck_club_tier_grace")),
        sa.CheckConstraint("threshold_down <= threshold_up", name=op.f("ck_club_tier_threshold_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_tier")),
        sa.UniqueConstraint("key", name=op.f("uq_club_tier_key")),
        sa.UniqueConstraint("rank", name=op.f("uq_club_tier_rank")),
    )
    op.create_table(
        "club_tier_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("moved", models.columns.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_tier_run")),
        sa.UniqueConstraint("period", name=op.f("uq_club_tier_run_period")),
    )
    op.create_table(
        "club_benefit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("yearly_limit", sa.Integer(), nullable=True),
        sa.CheckConstraint("yearly_limit > 0", name=op.f("ck_club_benefit_limit")),
        sa.ForeignKeyConstraint(["tier_id"], ["club_tier.id"], name=op.f("fk_club_benefit_tier_id_club_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_benefit")),
        sa.UniqueConstraint("tier_id", "key", name=op.f("uq_club_benefit_tier_id_key")),
    )
    op.create_table(
        "club_tier_price",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("price_id", sa.String(length=120), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_club_tier_price_amount")),
        sa.CheckConstraint("months BETWEEN 1 AND 36", name=op.f("ck_club_tier_price_months")),
        sa.ForeignKeyConstraint(["tier_id"], ["club_tier.id"], name=op.f("fk_club_tier_price_tier_id_club_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_tier_price")),
        sa.UniqueConstraint("price_id", name=op.f("uq_club_tier_price_price_id")),
    )
    op.create_index("ix_club_tier_price_tier", "club_tier_price", ["tier_id", "id"], unique=False)
    op.create_table(
        "club_member",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("customer_id", sa.String(length=120), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_club_member_lead_id_lead")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_club_member_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_member")),
        sa.UniqueConstraint("code", name=op.f("uq_club_member_code")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_club_member_customer_id")),
        sa.UniqueConstraint("person", name=op.f("uq_club_member_person")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_member_public_id")),
    )
    op.create_index("ix_club_member_client", "club_member", ["client_no"], unique=False)
    op.create_index("ix_club_member_lead", "club_member", ["lead_id"], unique=False)
    op.create_table(
        "club_application",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("applied_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("decided_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("decided_label", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.CheckConstraint("state IN ('open', 'approved', 'refused', 'used')", name=op.f("ck_club_application_state_known")),
        sa.ForeignKeyConstraint(["member_id"], ["club_member.id"], name=op.f("fk_club_application_member_id_club_member")),
        sa.ForeignKeyConstraint(["tier_id"], ["club_tier.id"], name=op.f("fk_club_application_tier_id_club_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_application")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_application_public_id")),
    )
    op.create_index("ix_club_application_state", "club_application", ["state", "id"], unique=False)
    op.create_index(
        "uq_club_application_waiting",
        "club_application",
        ["member_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'approved')"),
        postgresql_where=sa.text("state IN ('open', 'approved')"),
    )
    op.create_table(
        "club_benefit_use",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("undone_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("undone_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_club_benefit_use_actor_id_user")),
        sa.ForeignKeyConstraint(["member_id"], ["club_member.id"], name=op.f("fk_club_benefit_use_member_id_club_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_benefit_use")),
    )
    op.create_index("ix_club_benefit_use_member", "club_benefit_use", ["member_id", "key", "year"], unique=False)
    op.create_table(
        "club_dues",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier_price_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=14), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("subscription_id", sa.String(length=120), nullable=True),
        sa.Column("item_id", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("period_end", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("wanted_price_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action_url", sa.String(length=1000), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("learnt_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('once', 'subscription')", name=op.f("ck_club_dues_kind_known")),
        sa.CheckConstraint("state IN ('open', 'live', 'paid', 'ended', 'lapsed')", name=op.f("ck_club_dues_state_known")),
        sa.ForeignKeyConstraint(["member_id"], ["club_member.id"], name=op.f("fk_club_dues_member_id_club_member")),
        sa.ForeignKeyConstraint(["tier_price_id"], ["club_tier_price.id"], name=op.f("fk_club_dues_tier_price_id_club_tier_price")),
        sa.ForeignKeyConstraint(["wanted_price_id"], ["club_tier_price.id"], name=op.f("fk_club_dues_wanted_price_id_club_tier_price")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_dues")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_dues_public_id")),
        sa.UniqueConstraint("subscription_id", name=op.f("uq_club_dues_subscription_id")),
    )
    op.create_index("ix_club_dues_member", "club_dues", ["member_id", "id"], unique=False)
    op.create_index("ix_club_dues_state", "club_dues", ["state", "period_end"], unique=False)
    op.create_index(
        "uq_club_dues_alive", "club_dues", ["member_id"], unique=True, sqlite_where=sa.text("state IN ('open', 'live')"), postgresql_where=sa.text("state IN ('open', 'live')")
    )
    widen_payments(DUES)
    op.create_table(
        "club_membership",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cause", sa.String(length=15), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("anchor", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("grace_to", sa.Date(), nullable=False),
        sa.Column("dues_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_why", sa.String(length=400), nullable=False),
        sa.Column("reminded_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("cause <> 'granted' OR length(reason) > 1", name=op.f("ck_club_membership_granted_reason")),
        sa.CheckConstraint("cause IN ('applied', 'paid', 'equity', 'granted')", name=op.f("ck_club_membership_cause_known")),
        sa.CheckConstraint("valid_from < valid_to AND valid_to <= grace_to", name=op.f("ck_club_membership_order")),
        sa.ForeignKeyConstraint(["dues_id"], ["club_dues.id"], name=op.f("fk_club_membership_dues_id_club_dues")),
        sa.ForeignKeyConstraint(["member_id"], ["club_member.id"], name=op.f("fk_club_membership_member_id_club_member")),
        sa.ForeignKeyConstraint(["payment_id"], ["club_payment.id"], name=op.f("fk_club_membership_payment_id_club_payment")),
        sa.ForeignKeyConstraint(["tier_id"], ["club_tier.id"], name=op.f("fk_club_membership_tier_id_club_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_membership")),
    )
    op.create_index("ix_club_membership_end", "club_membership", ["cause", "valid_to"], unique=False)
    op.create_index("ix_club_membership_member", "club_membership", ["member_id", "valid_from"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index("ix_club_membership_member", table_name="club_membership")
    op.drop_index("ix_club_membership_end", table_name="club_membership")
    op.drop_table("club_membership")
    narrow_payments()
    op.drop_index("uq_club_dues_alive", table_name="club_dues", sqlite_where=sa.text("state IN ('open', 'live')"), postgresql_where=sa.text("state IN ('open', 'live')"))
    op.drop_index("ix_club_dues_state", table_name="club_dues")
    op.drop_index("ix_club_dues_member", table_name="club_dues")
    op.drop_table("club_dues")
    op.drop_index("ix_club_benefit_use_member", table_name="club_benefit_use")
    op.drop_table("club_benefit_use")
    op.drop_index(
        "uq_club_application_waiting",
        table_name="club_application",
        sqlite_where=sa.text("state IN ('open', 'approved')"),
        postgresql_where=sa.text("state IN ('open', 'approved')"),
    )
    op.drop_index("ix_club_application_state", table_name="club_application")
    op.drop_table("club_application")
    op.drop_index("ix_club_member_lead", table_name="club_member")
    op.drop_index("ix_club_member_client", table_name="club_member")
    op.drop_table("club_member")
    op.drop_index("ix_club_tier_price_tier", table_name="club_tier_price")
    op.drop_table("club_tier_price")
    op.drop_table("club_benefit")
    op.drop_table("club_tier_run")
    op.drop_table("club_tier")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
