"""A digest beside every vector, which ties it to the text it was made of."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "2026_11_30_vector_digest"
down_revision = "2026_11_28_network"
branch_labels = None
depends_on = None

BATCH = 1000

VECTORS = sa.table("listing_vectors", *map(sa.column, ("kind", "record_id", "encoder", "vector", "digest")))
DOCUMENTS = sa.table("search_documents", *map(sa.column, ("kind", "record_id", "title", "body")))


def upgrade() -> None:
    op.add_column("listing_vectors", sa.Column("digest", sa.String(length=64), nullable=True))
    _take_as_right(op.get_bind())


def downgrade() -> None:
    op.drop_column("listing_vectors", "digest")


def _take_as_right(bind: sa.Connection) -> None:
    """Give the vectors that are there the digest of the text they belong to now: nothing else is known."""
    name = (VECTORS.c.kind, VECTORS.c.record_id, VECTORS.c.encoder)
    own = (DOCUMENTS.c.kind == VECTORS.c.kind) & (DOCUMENTS.c.record_id == VECTORS.c.record_id)
    statement = (
        sa.select(*name, VECTORS.c.vector, DOCUMENTS.c.title, DOCUMENTS.c.body)
        .join_from(VECTORS, DOCUMENTS, own)
        .order_by(*name)
        .limit(BATCH)
    )
    change = (
        sa.update(VECTORS)
        .where(*(column == sa.bindparam(f"of_{column.name}") for column in name))
        .values(digest=sa.bindparam("new"))
    )
    rows = bind.execute(statement).all()
    while rows:
        bind.execute(change, [_changed(row) for row in rows])
        last = tuple(rows[-1][:3])
        rows = bind.execute(statement.where(sa.tuple_(*name) > sa.tuple_(*last))).all()


def _changed(row: sa.Row) -> dict[str, object]:
    digest = hashlib.sha256(row.vector)
    digest.update(f"{row.title}\n{row.body}".encode())
    return {
        "of_kind": row.kind,
        "of_record_id": row.record_id,
        "of_encoder": row.encoder,
        "new": digest.hexdigest(),
    }
