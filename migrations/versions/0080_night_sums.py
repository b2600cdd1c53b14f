"""What a night's scores add up to is kept with them.

Revision ID: 0080
Revises: 0076
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0080"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("risk_run", sa.Column("sums", models.columns.JsonText(), nullable=True))


def downgrade():
    op.drop_column("risk_run", "sums")
