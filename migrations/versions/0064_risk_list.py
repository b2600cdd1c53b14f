"""The list of clients at risk begins with the most to lose: an index in that order, with all that its sums and orders read, so that neither a page nor the
sums read the long rows of a whole night.

Revision ID: 0064
Revises: 0063
"""

from __future__ import annotations

from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_risk_score_loss", "risk_score", ["run_id", "expected_loss", "account_id", "probability", "equity", "contacted", "cause"])


def downgrade():
    op.drop_index("ix_risk_score_loss", "risk_score")
