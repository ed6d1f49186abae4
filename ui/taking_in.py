"""What was kept or deleted comes into the library in a thread of its own, one run at a time. Knows no page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from coach.errors import CoachError
from coach.ports import Embedder, Progress
from coach.settings import Settings
from ingest.library import refresh


@dataclass(frozen=True, slots=True)
class Stand:
    """How far the work has come. `trouble` is why the last run failed, `left_out` a line about each thing it did not read."""

    underway: bool = False
    doing: str = ""
    done: int = 0
    of: int = 0
    trouble: str = ""
    left_out: tuple[str, ...] = ()


class _CanceledError(Exception):
    """Ends a run between two batches; what is embedded by then is kept for the next."""


class TakingIn:
    """Brings the library up to date for all windows. The index that is there answers until the new one is whole."""

    def __init__(self, settings: Callable[[], Settings], embedder: Callable[[], Embedder]) -> None:
        self._settings, self._embedder = settings, embedder
        self._lock = threading.Lock()
        self._wanted = False
        self._canceled = threading.Event()
        self._stand = Stand()

    @property
    def stand(self) -> Stand:
        return self._stand

    def start(self) -> None:
        """Have what is there now taken in; a run that is underway is followed by another."""
        with self._lock:
            self._wanted = True
            self._canceled.clear()
            if not self._stand.underway:
                self._stand = Stand(underway=True, doing="Reading")
                threading.Thread(target=self._work, name="taking in", daemon=True).start()

    def cancel(self) -> None:
        """End the run as soon as its batch is done, and begin no other."""
        with self._lock:
            self._wanted = False
            self._canceled.set()

    def _work(self) -> None:
        ended = Stand()
        try:
            while self._next(ended):
                ended = self._run()
        finally:
            with self._lock:
                self._stand = replace(self._stand, underway=False)

    def _next(self, ended: Stand) -> bool:
        """Whether there is more to do. If not, a `start` from now on begins a thread anew."""
        with self._lock:
            more, self._wanted = self._wanted, False
            self._stand = Stand(underway=True, doing="Reading") if more else ended
            return more

    def _run(self) -> Stand:
        """How it ended."""
        try:
            report = refresh(self._settings(), self._embedder(), bar=self._bar, waiting=self._waiting)
        except _CanceledError:
            return Stand()
        except CoachError as error:
            return Stand(trouble=str(error))
        return Stand(left_out=tuple(str(skipped) for skipped in report.skipped))

    @contextmanager
    def _waiting(self, _what: str) -> Iterator[None]:
        self._tell(Stand(underway=True, doing="Loading the embedding model"))
        yield

    @contextmanager
    def _bar(self, what: str, total: int) -> Iterator[Progress]:
        def progress(done: int) -> None:
            self._tell(replace(self._stand, done=self._stand.done + done))

        self._tell(Stand(underway=True, doing=what, of=total))
        yield progress

    def _tell(self, stand: Stand) -> None:
        if self._canceled.is_set():
            raise _CanceledError
        self._stand = stand
