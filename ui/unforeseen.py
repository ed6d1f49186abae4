"""What nobody foresaw becomes a sentence with a next step, and its trace an entry in the log."""

from __future__ import annotations

import logging

SAID = (
    "Something happened that nobody foresaw. What you submitted before is kept. Reload the page; if it comes back, "
    "the terminal in which the app runs says what it was, and a report of that helps to mend it."
)


def unforeseen() -> str:
    """What to tell about the exception that is being handled, once it is logged."""
    logging.getLogger("coach").exception("Nobody foresaw this:")
    return SAID
