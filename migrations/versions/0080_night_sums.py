"""What a night's scores add up to is kept with them; the clients of a branch are found by it.

Revision ID: 0080
Revises: 0078
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0080"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("risk_run", sa.Column("sums", models.columns.JsonText(), nullable=True))
    op.create_index("ix_account_version_branch", "account_version", ["branch_id", "account_id", "id"], unique=False)


def downgrade():
    op.drop_index("ix_account_version_branch", table_name="account_version")
    op.drop_column("risk_run", "sums")
