"""Each host is asked by one at a time, with a pause between, and only for what its robots.txt allows."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from coach.errors import FetchError, Refused
from ingest.fetch.classify import Reads
from ingest.fetch.client import Client, TooManyRedirects
from ingest.fetch.robots import Rules
from ingest.fetch.store import write

SPACING_SECONDS = 2.0
# What arXiv's robots.txt and the terms of its API ask for; its API is no page and asks no robots.txt.
_OWN_SPACING: Final = {"arxiv.org": 15.0, "export.arxiv.org": 3.0}
_LONGEST_DELAY = 120.0
_KEPT = timedelta(hours=24)
_UNAVAILABLE = 503
# Answers of a server in trouble, which are not kept for a day.
_PASSING = {429, *range(500, 600)}
_NONE = 404


class Forbidden(FetchError):
    """A robots.txt says no."""


class Stopped(FetchError):
    """The run was ended while somebody waited for a turn."""


class Manners:
    """Whose turn it is, for all threads. `now` tells how old a robots.txt is, `clock` counts seconds.

    A `sleep` that returns True was woken because the run is over: nobody gets a turn then.
    """

    def __init__(
        self,
        client: Client,
        folder: Path,
        now: Callable[[], datetime],
        spacing: float = SPACING_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._folder = folder
        self._now = now
        self._spacing = spacing
        self._sleep = sleep
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, url: str) -> Iterator[None]:
        """Wait until the host may be asked, and keep the others waiting until it has answered."""
        host = self._host(url)
        with host.asking:
            wait = host.free - self._clock()
            if wait > 0 and self._sleep(wait) is True:
                raise Stopped("The run was ended.")
            host.free = self._clock() + self.spacing(url)
            yield

    @contextmanager
    def allowed_turn(self, url: str) -> Iterator[None]:
        """The same, if robots.txt allows it. Raises Forbidden."""
        if not self.rules(url).allows(url):
            status = self.rules(url).status
            raise Forbidden(
                f"The robots.txt of {_authority(url)} forbids this page."
                if status < 300
                else f"The robots.txt of {_authority(url)} answers {status}: nothing may be fetched until it can be read."
            )
        with self.turn(url):
            yield

    def pause(self, url: str, seconds: float) -> None:
        """Ask the host nothing for so long: it said so."""
        host = self._host(url)
        with self._lock:
            host.free = max(host.free, self._clock() + seconds)

    def spacing(self, url: str) -> float:
        """Seconds between two requests to the host: the most of what it asks for and what we find polite."""
        rules = self._host(url).rules
        asked = min(rules.delay, _LONGEST_DELAY) if rules else 0.0
        return max(self._spacing, _OWN_SPACING.get(urlsplit(url).hostname or "", 0.0), asked)

    def rules(self, url: str) -> Rules:
        """The host's robots.txt, at most a day old. Raises FetchError if the host cannot be reached."""
        host = self._host(url)
        with host.reading:
            if host.rules is None:
                host.rules = self._kept(url) or self._fetched(url)
            return host.rules

    def _fetched(self, url: str) -> Rules:
        robots = f"{urlsplit(url).scheme}://{_authority(url)}/robots.txt"
        try:
            reply = self._client.get(robots, Reads.ROBOTS, turn=self.turn)
            rules = Rules(reply.status, reply.body)
        except Refused:
            rules = Rules(_UNAVAILABLE)
        except TooManyRedirects:
            rules = Rules(_NONE)
        # A redirect without an end in sight is no robots.txt.
        rules = Rules(_NONE) if 300 <= rules.status < 400 else rules
        if rules.status not in _PASSING:
            kept = {"fetched_at": self._now().isoformat(), "status": rules.status, "body": rules.body.decode("latin-1")}
            write(self._file(url), json.dumps(kept).encode())
        return rules

    def _kept(self, url: str) -> Rules | None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._file(url).read_bytes())
            if self._now() - datetime.fromisoformat(kept["fetched_at"]) < _KEPT:
                return Rules(int(kept["status"]), kept["body"].encode("latin-1"))
        return None

    def _file(self, url: str) -> Path:
        return self._folder / f"{urlsplit(url).scheme}-{_authority(url).replace(':', '-')}.json"

    def _host(self, url: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(_authority(url), _Host())


class _Host:
    """`free` is when, on the clock, it may be asked again."""

    def __init__(self) -> None:
        self.asking = threading.Lock()
        self.reading = threading.Lock()
        self.free = 0.0
        self.rules: Rules | None = None


def _authority(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
