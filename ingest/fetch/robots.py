"""What a site's robots.txt lets a program fetch, as RFC 9309 says it. Knows no network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from protego import Protego

# The name a site's rules know us by.
NAME = "interview-coach"
MOST_BYTES = 500 * 1024
_MANY = 429


@dataclass(frozen=True)
class Rules:
    """A robots.txt as it was answered. Any status of 400 to 499 means there are none; of 500 and more, that all is forbidden."""

    status: int
    body: bytes = b""

    def allows(self, url: str) -> bool:
        if self.status >= 500 or self.status == _MANY:
            return False
        return self.status >= 400 or bool(self._parsed.can_fetch(url, NAME))

    @property
    def delay(self) -> float:
        """Seconds the site wants between two requests, 0 if it does not say."""
        return 0.0 if self.status >= 400 else max(0.0, float(self._parsed.crawl_delay(NAME) or 0))

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @cached_property
    def _parsed(self) -> Protego:
        # Protego takes a byte order mark for part of the first name.
        return Protego.parse(self.body[:MOST_BYTES].decode("utf-8-sig", errors="replace"))
