"""around: notices, names to search by, the colours of rising and falling

Revision ID: 0003
Revises: 0002

"""

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "notice",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("link", sa.String(length=400), nullable=False),
        sa.Column("values", models.columns.JsonText(), nullable=False),
        sa.Column("at", models.columns.Moment(), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("read_at", models.columns.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_notice_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_inbox", "notice", ["user_id", "id"])
    op.create_index("ix_notice_unread", "notice", ["user_id", "read_at"])
    op.create_index("ix_notice_link", "notice", ["link", "kind"])
    op.create_table(
        "notice_choice",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("way", sa.String(length=15), nullable=False),
        sa.CheckConstraint("way IN ('counted', 'quiet')", name=op.f("ck_notice_choice_way_known")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_notice_choice_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_notice_choice")),
    )
    op.create_table(
        "dismissal",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_dismissal_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", "what", name=op.f("pk_dismissal")),
    )
    op.create_table(
        "search_word",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("word", sa.LargeBinary(length=120), nullable=False),
        sa.Column("ref", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "word", "ref", name=op.f("pk_search_word")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_word_ref", "search_word", ["kind", "ref"])
    op.create_table(
        "search_mark",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_search_mark")),
    )
    op.add_column("user", sa.Column("rises", sa.String(length=16), server_default="", nullable=False))


def downgrade():
    op.drop_column("user", "rises")
    op.drop_table("search_mark")
    op.drop_index("ix_search_word_ref", table_name="search_word")
    op.drop_table("search_word")
    op.drop_table("dismissal")
    op.drop_table("notice_choice")
    op.drop_index("ix_notice_link", table_name="notice")
    op.drop_index("ix_notice_unread", table_name="notice")
    op.drop_index("ix_notice_inbox", table_name="notice")
    op.drop_table("notice")
