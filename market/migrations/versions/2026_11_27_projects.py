"""Projects and key technologies: milestones, payments, links."""

revision = "2026_11_27_projects"
down_revision = "2026_11_27_talents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
