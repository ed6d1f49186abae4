"""The numbered steps that make a history's tables. Knows how far a database has come, not what is in it.

A step is a file in `versions/`: the next number and what it brings. What was released is never edited.
"""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

# A name of its own: a server's database may hold another program's alembic_version.
VERSION_TABLE = "history_version"

# Alembic keeps the migration at hand in a global.
_one_at_a_time = threading.Lock()


class Steps:
    """The steps in `versions/` and, after them, those in the folders `more`."""

    def __init__(self, *more: Path) -> None:
        self._config = Config()
        self._config.set_main_option("script_location", "coach:migrations")
        self._config.set_main_option("path_separator", "newline")
        folders = ["coach:migrations/versions", *(str(folder).replace("%", "%%") for folder in more)]
        self._config.set_main_option("version_locations", "\n".join(folders))

    def numbers(self) -> list[str]:
        """The number of every step, oldest first."""
        return [step.revision for step in ScriptDirectory.from_config(self._config).walk_revisions()][::-1]

    def reached(self, connection: Connection) -> str | None:
        """The number of the step this database has come to, or None before the first."""
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return next(iter(context.get_current_heads()), None)

    def walk(self, connection: Connection, to: str = "head") -> None:
        """Take every step that is missing up to `to`, in the transaction `connection` is in."""
        with _one_at_a_time:
            self._config.attributes["connection"] = connection
            command.upgrade(self._config, to)
