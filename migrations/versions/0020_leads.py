"""Leads: people who are not clients yet, claims to have introduced them, links, campaigns, consents and terms.

Revision ID: 0020
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0020"
down_revision = "0009"
branch_labels = None
depends_on = None

FACTS = ("lead_entry", "lead_consent", "lead_terms")


def upgrade():
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('campaign', 'event', 'research')", name=op.f("ck_campaign_kind_known")),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_campaign_cost")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_campaign_branch_id_branch")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_campaign_created_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("code", name=op.f("uq_campaign_code")),
    )
    op.create_table(
        "lead_look_up",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("introducer", sa.String(length=80), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_lead_look_up_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_look_up")),
    )
    op.create_index(op.f("ix_lead_look_up_at"), "lead_look_up", ["at"], unique=False)
    op.create_index("ix_lead_look_up_introducer", "lead_look_up", ["introducer", "at"], unique=False)
    op.create_table(
        "lead_terms",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("values", models.columns.JsonText(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_lead_terms_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_terms")),
    )
    op.create_table(
        "introduction_link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'broker' AND broker_id IS NOT NULL AND staff_id IS NULL AND client_no = '') OR (kind = 'staff' AND staff_id IS NOT NULL AND broker_id IS NULL AND client_no = '') OR (kind = 'client' AND client_no <> '' AND broker_id IS NULL AND staff_id IS NULL) OR (kind = 'firm' AND client_no = '' AND broker_id IS NULL AND staff_id IS NULL)",
            name=op.f("ck_introduction_link_introducer"),
        ),
        sa.CheckConstraint("kind IN ('broker', 'staff', 'client', 'firm')", name=op.f("ck_introduction_link_kind_known")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_introduction_link_broker_id_broker")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_introduction_link_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_introduction_link_created_by_id_user")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_introduction_link_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introduction_link")),
        sa.UniqueConstraint("code", name=op.f("uq_introduction_link_code")),
    )
    op.create_index("ix_introduction_link_owner", "introduction_link", ["kind", "broker_id", "staff_id", "client_no"], unique=False)
    op.create_table(
        "lead",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=19), nullable=False),
        sa.Column("phone_sealed", sa.Text(), nullable=False),
        sa.Column("phone_index", sa.String(length=64), nullable=False),
        sa.Column("id_no_sealed", sa.Text(), nullable=False),
        sa.Column("id_no_index", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("state", sa.String(length=26), nullable=False),
        sa.Column("state_since", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("state_reason", sa.String(length=60), nullable=False),
        sa.Column("registered_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("door", sa.String(length=18), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("owned_since", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("pool_since", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("contact_due_on", sa.Date(), nullable=True),
        sa.Column("contacted_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("last_activity_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("risk_grade", sa.String(length=8), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("suppressed", sa.Boolean(), nullable=False),
        sa.Column("erased_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("door IN ('form', 'upload', 'link', 'staff_form', 'api', 'event', 'campaign', 'file')", name=op.f("ck_lead_door_known")),
        sa.CheckConstraint("kind IN ('person', 'institution')", name=op.f("ck_lead_kind_known")),
        sa.CheckConstraint(
            "state IN ('registered', 'contacted', 'qualified', 'suitability_passed', 'account_opened', 'active', 'lapsed', 'refused', 'withdrawn', 'merged')",
            name=op.f("ck_lead_state_known"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_lead_account_id_account")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_lead_branch_id_branch")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_lead_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["lead.id"], name=op.f("fk_lead_merged_into_id_lead")),
        sa.ForeignKeyConstraint(["owner_staff_id"], ["staff.id"], name=op.f("fk_lead_owner_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("public_id", name=op.f("uq_lead_public_id")),
    )
    op.create_index(op.f("ix_lead_account_id"), "lead", ["account_id"], unique=False)
    op.create_index("ix_lead_branch", "lead", ["branch_id", "state"], unique=False)
    op.create_index(op.f("ix_lead_campaign_id"), "lead", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_lead_contact_due_on"), "lead", ["contact_due_on"], unique=False)
    op.create_index(op.f("ix_lead_last_activity_at"), "lead", ["last_activity_at"], unique=False)
    op.create_index("ix_lead_owner", "lead", ["owner_staff_id", "state"], unique=False)
    op.create_index(op.f("ix_lead_pool_since"), "lead", ["pool_since"], unique=False)
    op.create_index(op.f("ix_lead_registered_at"), "lead", ["registered_at"], unique=False)
    op.create_index("ix_lead_state", "lead", ["state", "state_since"], unique=False)
    op.create_index(
        "uq_lead_id_no",
        "lead",
        ["id_no_index"],
        unique=True,
        sqlite_where=sa.text("id_no_index <> '' AND state <> 'merged'"),
        postgresql_where=sa.text("id_no_index <> '' AND state <> 'merged'"),
    )
    op.create_index(
        "uq_lead_phone",
        "lead",
        ["phone_index"],
        unique=True,
        sqlite_where=sa.text("phone_index <> '' AND state <> 'merged'"),
        postgresql_where=sa.text("phone_index <> '' AND state <> 'merged'"),
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("door", sa.String(length=18), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("registered_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("protected_until", sa.Date(), nullable=False),
        sa.Column("extended_on", sa.Date(), nullable=True),
        sa.Column("last_activity_on", sa.Date(), nullable=False),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=60), nullable=False),
        sa.Column("receipt", models.columns.JsonText(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'broker' AND broker_id IS NOT NULL AND staff_id IS NULL AND client_no = '') OR (kind = 'staff' AND staff_id IS NOT NULL AND broker_id IS NULL AND client_no = '') OR (kind = 'client' AND client_no <> '' AND broker_id IS NULL AND staff_id IS NULL) OR (kind = 'firm' AND client_no = '' AND broker_id IS NULL AND staff_id IS NULL)",
            name=op.f("ck_claim_introducer"),
        ),
        sa.CheckConstraint("door IN ('form', 'upload', 'link', 'staff_form', 'api', 'event', 'campaign', 'file')", name=op.f("ck_claim_door_known")),
        sa.CheckConstraint("kind IN ('broker', 'staff', 'client', 'firm')", name=op.f("ck_claim_kind_known")),
        sa.CheckConstraint("state IN ('protected', 'disputed', 'converted', 'decided', 'lapsed')", name=op.f("ck_claim_state_known")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_claim_broker_id_broker")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_claim_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_claim_lead_id_lead")),
        sa.ForeignKeyConstraint(["link_id"], ["introduction_link.id"], name=op.f("fk_claim_link_id_introduction_link")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_claim_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("public_id", name=op.f("uq_claim_public_id")),
    )
    op.create_index("ix_claim_broker", "claim", ["broker_id", "state"], unique=False)
    op.create_index("ix_claim_client", "claim", ["client_no", "state"], unique=False)
    op.create_index(op.f("ix_claim_lead_id"), "claim", ["lead_id"], unique=False)
    op.create_index("ix_claim_protected_until", "claim", ["protected_until", "state"], unique=False)
    op.create_index(op.f("ix_claim_registered_at"), "claim", ["registered_at"], unique=False)
    op.create_index("ix_claim_staff", "claim", ["staff_id", "state"], unique=False)
    op.create_index("uq_claim_protected", "claim", ["lead_id"], unique=True, sqlite_where=sa.text("state = 'protected'"), postgresql_where=sa.text("state = 'protected'"))
    op.create_table(
        "lead_consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("text_digest", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("door", sa.String(length=18), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_consent_lead_id_lead")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_consent")),
    )
    op.create_index("ix_lead_consent_lead", "lead_consent", ["lead_id", "purpose", "id"], unique=False)
    op.create_table(
        "lead_task",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("owner_staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("done_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("outcome", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_lead_task_created_by_id_user")),
        sa.ForeignKeyConstraint(["done_by_id"], ["user.id"], name=op.f("fk_lead_task_done_by_id_user")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_task_lead_id_lead")),
        sa.ForeignKeyConstraint(["owner_staff_id"], ["staff.id"], name=op.f("fk_lead_task_owner_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_task")),
    )
    op.create_index("ix_lead_task_lead", "lead_task", ["lead_id"], unique=False)
    op.create_index("ix_lead_task_owner", "lead_task", ["owner_staff_id", "done_at", "due_on"], unique=False)
    op.create_table(
        "lead_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("details", models.columns.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_lead_entry_actor_id_user")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_lead_entry_claim_id_claim")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_entry_lead_id_lead")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_entry")),
    )
    op.create_index("ix_lead_entry_lead", "lead_entry", ["lead_id", "id"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index("ix_lead_entry_lead", table_name="lead_entry")
    op.drop_table("lead_entry")
    op.drop_index("ix_lead_task_owner", table_name="lead_task")
    op.drop_index("ix_lead_task_lead", table_name="lead_task")
    op.drop_table("lead_task")
    op.drop_index("ix_lead_consent_lead", table_name="lead_consent")
    op.drop_table("lead_consent")
    op.drop_index("uq_claim_protected", table_name="claim", sqlite_where=sa.text("state = 'protected'"), postgresql_where=sa.text("state = 'protected'"))
    op.drop_index("ix_claim_staff", table_name="claim")
    op.drop_index(op.f("ix_claim_registered_at"), table_name="claim")
    op.drop_index("ix_claim_protected_until", table_name="claim")
    op.drop_index(op.f("ix_claim_lead_id"), table_name="claim")
    op.drop_index("ix_claim_client", table_name="claim")
    op.drop_index("ix_claim_broker", table_name="claim")
    op.drop_table("claim")
    op.drop_index(
        "uq_lead_phone", table_name="lead", sqlite_where=sa.text("phone_index <> '' AND state <> 'merged'"), postgresql_where=sa.text("phone_index <> '' AND state <> 'merged'")
    )
    op.drop_index(
        "uq_lead_id_no", table_name="lead", sqlite_where=sa.text("id_no_index <> '' AND state <> 'merged'"), postgresql_where=sa.text("id_no_index <> '' AND state <> 'merged'")
    )
    op.drop_index("ix_lead_state", table_name="lead")
    op.drop_index(op.f("ix_lead_registered_at"), table_name="lead")
    op.drop_index(op.f("ix_lead_pool_since"), table_name="lead")
    op.drop_index("ix_lead_owner", table_name="lead")
    op.drop_index(op.f("ix_lead_last_activity_at"), table_name="lead")
    op.drop_index(op.f("ix_lead_contact_due_on"), table_name="lead")
    op.drop_index(op.f("ix_lead_campaign_id"), table_name="lead")
    op.drop_index("ix_lead_branch", table_name="lead")
    op.drop_index(op.f("ix_lead_account_id"), table_name="lead")
    op.drop_table("lead")
    op.drop_index("ix_introduction_link_owner", table_name="introduction_link")
    op.drop_table("introduction_link")
    op.drop_table("lead_terms")
    op.drop_index("ix_lead_look_up_introducer", table_name="lead_look_up")
    op.drop_index(op.f("ix_lead_look_up_at"), table_name="lead_look_up")
    op.drop_table("lead_look_up")
    op.drop_table("campaign")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
