"""Which rule a suggestion came from and which products it named, so that feedback counts for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; what was suggested before has neither."""
    op.add_column("suggestions", sa.Column("rule", sa.String(length=80), nullable=True))
    op.add_column("suggestions", sa.Column("products", sa.JSON(none_as_null=True), nullable=True))
