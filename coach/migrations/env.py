"""What Alembic runs to take steps: on the connection it is handed, in the transaction that is open there."""

from __future__ import annotations

from alembic import context

from coach.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
