"""What Alembic runs: the revisions, on the connection that `migrations` opened."""

from __future__ import annotations

from alembic import context

from services.director.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
