"""Rules, facts and breaches; suitability tests and warnings; conversions and confirmation calls.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

FACTS = ("rule_version", "rule_fact", "rule_check", "suitability_test", "risk_warning", "confirmation_call")


def upgrade():
    op.create_table(
        "rule_check",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("jurisdiction", sa.String(length=8), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("known_recording_id", sa.BigInteger(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("fact_id", sa.Integer(), nullable=False),
        sa.Column("test_id", sa.Integer(), nullable=False),
        sa.Column("standing", sa.Integer(), nullable=False),
        sa.Column("appeared", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_check")),
    )
    op.create_index(op.f("ix_rule_check_at"), "rule_check", ["at"], unique=False)
    op.create_table(
        "confirmation_call",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("called_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=19), nullable=False),
        sa.Column("script_version", sa.Integer(), nullable=False),
        sa.Column("script_digest", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("answers", models.columns.JsonText(), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("outcome IN ('confirmed', 'refused', 'not_reached')", name=op.f("ck_confirmation_call_outcome_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_confirmation_call_account_id_account")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_confirmation_call_broker_id_broker")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_confirmation_call_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation_call")),
    )
    op.create_index("ix_confirmation_call_key", "confirmation_call", ["account_id", "broker_id", "valid_from", "id"], unique=False)
    op.create_table(
        "rule_breach",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("jurisdiction", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("effect", sa.String(length=17), nullable=False),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("details", models.columns.JsonText(), nullable=False),
        sa.Column("found_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("gone_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("effect IN ('block', 'warn', 'pending', 'report', 'work_list', 'approvals', 'pay', 'keep', 'allow')", name=op.f("ck_rule_breach_effect_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_rule_breach_account_id_account")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_rule_breach_broker_id_broker")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_breach")),
    )
    op.create_index("ix_rule_breach_account", "rule_breach", ["account_id"], unique=False)
    op.create_index("ix_rule_breach_broker", "rule_breach", ["broker_id"], unique=False)
    op.create_index("ix_rule_breach_standing", "rule_breach", ["gone_at", "code"], unique=False)
    op.create_table(
        "rule_fact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("fact_no", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=29), nullable=False),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("says", sa.String(length=200), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("broker_id IS NOT NULL OR client_no <> ''", name=op.f("ck_rule_fact_about_somebody")),
        sa.CheckConstraint(
            "kind IN ('other_firm', 'staff_relative', 'financial_institution', 'conduct', 'registration', 'guarantee', 'legal_representative', 'risk_disclosure')",
            name=op.f("ck_rule_fact_kind_known"),
        ),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_rule_fact_span")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_rule_fact_broker_id_broker")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_rule_fact_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_fact")),
    )
    op.create_index("ix_rule_fact_broker", "rule_fact", ["broker_id"], unique=False)
    op.create_index("ix_rule_fact_no", "rule_fact", ["fact_no", "id"], unique=False)
    op.create_table(
        "rule_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("jurisdiction", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("effect", sa.String(length=17), nullable=False),
        sa.Column("check_name", sa.String(length=40), nullable=False),
        sa.Column("parameters", models.columns.JsonText(), nullable=False),
        sa.Column("title_zh", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=120), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("effect IN ('block', 'warn', 'pending', 'report', 'work_list', 'approvals', 'pay', 'keep', 'allow')", name=op.f("ck_rule_version_effect_known")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_rule_version_span")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_rule_version_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_version")),
    )
    op.create_index("ix_rule_version_key", "rule_version", ["jurisdiction", "code", "valid_from", "id"], unique=False)
    op.create_table(
        "suitability_test",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("investor", sa.String(length=20), nullable=False),
        sa.Column("criteria", models.columns.JsonText(), nullable=False),
        sa.Column("questions_version", sa.Integer(), nullable=False),
        sa.Column("questions_digest", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("answers_digest", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("unsuitable", sa.String(length=60), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("taken_where", sa.String(length=16), nullable=False),
        sa.Column("present", sa.String(length=400), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("(lead_id IS NOT NULL AND client_no = '') OR (lead_id IS NULL AND client_no <> '')", name=op.f("ck_suitability_test_of_one")),
        sa.CheckConstraint("grade IN ('C1', 'C2', 'C3', 'C4', 'C5')", name=op.f("ck_suitability_test_grade_known")),
        sa.CheckConstraint("investor IN ('ordinary', 'professional')", name=op.f("ck_suitability_test_investor_known")),
        sa.CheckConstraint("taken_where IN ('at_desk', 'by_phone', 'on_paper')", name=op.f("ck_suitability_test_taken_where_known")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_suitability_test_lead_id_lead")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_suitability_test_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suitability_test")),
        sa.UniqueConstraint("public_id", name=op.f("uq_suitability_test_public_id")),
    )
    op.create_index("ix_suitability_test_client", "suitability_test", ["client_no", "id"], unique=False)
    op.create_index("ix_suitability_test_lead", "suitability_test", ["lead_id", "id"], unique=False)
    op.create_index(op.f("ix_suitability_test_recorded_at"), "suitability_test", ["recorded_at"], unique=False)
    op.create_index("ix_suitability_test_valid", "suitability_test", ["valid_until"], unique=False)
    op.create_table(
        "conversion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("how", sa.String(length=17), nullable=False),
        sa.Column("state", sa.String(length=18), nullable=False),
        sa.Column("reasons", models.columns.JsonText(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=True),
        sa.Column("converted_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("approval_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("decided_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("how IN ('by_hand', 'by_import')", name=op.f("ck_conversion_how_known")),
        sa.CheckConstraint("state IN ('awaited', 'attributed', 'servicing', 'house', 'blocked', 'review', 'refused')", name=op.f("ck_conversion_state_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_conversion_account_id_account")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_conversion_approval_id_approval")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_conversion_claim_id_claim")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_conversion_lead_id_lead")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_conversion_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversion")),
        sa.UniqueConstraint("lead_id", name=op.f("uq_conversion_lead_id")),
    )
    op.create_index("ix_conversion_account", "conversion", ["account_id"], unique=False)
    op.create_index("ix_conversion_account_no", "conversion", ["account_no"], unique=False)
    op.create_index("ix_conversion_state", "conversion", ["state", "id"], unique=False)
    op.create_table(
        "risk_warning",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("test_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_risk", sa.String(length=4), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("text_digest", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["test_id"], ["suitability_test.id"], name=op.f("fk_risk_warning_test_id_suitability_test")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_risk_warning_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_warning")),
    )
    op.create_index("ix_risk_warning_test", "risk_warning", ["test_id"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index("ix_risk_warning_test", table_name="risk_warning")
    op.drop_table("risk_warning")
    op.drop_index("ix_conversion_state", table_name="conversion")
    op.drop_index("ix_conversion_account_no", table_name="conversion")
    op.drop_index("ix_conversion_account", table_name="conversion")
    op.drop_table("conversion")
    op.drop_index("ix_suitability_test_valid", table_name="suitability_test")
    op.drop_index(op.f("ix_suitability_test_recorded_at"), table_name="suitability_test")
    op.drop_index("ix_suitability_test_lead", table_name="suitability_test")
    op.drop_index("ix_suitability_test_client", table_name="suitability_test")
    op.drop_table("suitability_test")
    op.drop_index("ix_rule_version_key", table_name="rule_version")
    op.drop_table("rule_version")
    op.drop_index("ix_rule_fact_no", table_name="rule_fact")
    op.drop_index("ix_rule_fact_broker", table_name="rule_fact")
    op.drop_table("rule_fact")
    op.drop_index("ix_rule_breach_standing", table_name="rule_breach")
    op.drop_index("ix_rule_breach_broker", table_name="rule_breach")
    op.drop_index("ix_rule_breach_account", table_name="rule_breach")
    op.drop_table("rule_breach")
    op.drop_index("ix_confirmation_call_key", table_name="confirmation_call")
    op.drop_table("confirmation_call")
    op.drop_index(op.f("ix_rule_check_at"), table_name="rule_check")
    op.drop_table("rule_check")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
