"""Pages that are wanted become pages on disk: every host in turn, all hosts side by side. Knows no screen."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from coach.errors import FetchError
from ingest.fetch import arxiv
from ingest.fetch.classify import Kind, Step, arxiv_id, plan_of
from ingest.fetch.client import LASTING, Client, NoConnection, Reply, Unreached
from ingest.fetch.documents import extractor, with_text
from ingest.fetch.manners import Forbidden, Manners, Stopped
from ingest.fetch.state import Summary, Told, Wanted, due, hosts
from ingest.fetch.store import API, Record, State, Store
from ingest.sandbox import Sandbox

_AT_ONCE = 32
_ATTEMPTS = 3
_FIRST_PAUSE = 4.0
_LONGEST_PAUSE = 120.0
# How long an outcome stands before the page is asked for again; what could not be reached is tried by every run.
_STANDS: Final = {
    State.FETCHED: timedelta(days=7),
    State.MOVED: timedelta(days=7),
    State.DEAD: timedelta(days=7),
    State.LOGIN: timedelta(days=7),
    State.NO_TEXT: timedelta(days=7),
    State.ROBOTS: timedelta(days=1),
    State.FAILED: timedelta(hours=1),
}
_HAVE = {State.FETCHED, State.MOVED}
_GONE = {404, 410}
_CLOSED = {401, 402, 403, 407, 451}
_LATER = {429, 500, 502, 503, 504}
_LOGIN_PATHS = {"login", "signin", "sign-in", "sign_in", "log-in", "auth", "sso", "account", "accounts", "consent"}


class _Busy(FetchError):
    """The server asks for patience, for so many seconds if it says."""

    def __init__(self, url: str, status: int, after: float | None) -> None:
        self.url = url
        self.after = after
        super().__init__(f"The server answered {status} several times.")


class Fetcher:
    """Fetches into a store. `now` is the time of day; `stop` ends a run between two requests."""

    def __init__(
        self, store: Store, client: Client, manners: Manners, now: Callable[[], datetime], stop: threading.Event | None = None
    ) -> None:
        self._store = store
        self._client = client
        self._manners = manners
        self._now = now
        self._stop = stop or threading.Event()
        self._papers: dict[str, arxiv.Paper] = {}
        self._away: dict[str, NoConnection] = {}
        self._lock = threading.Lock()

    def fetch(self, work: Sequence[Wanted], refresh: bool = False, told: Told | None = None) -> Summary:
        """Bring every page that is due onto disk. Raises StorageError; what a page does wrong is in its record."""
        summary = Summary()
        todo = [page for page in work if due(page, self._store.record(page.plan.url), self._now(), refresh)]
        summary.left = len(work) - len(todo)
        with self._store.alone(), Sandbox() as sandbox, ThreadPoolExecutor(_AT_ONCE, "fetch") as threads:
            self._store.tidy()
            self._ask_arxiv(todo)

            def queue(host: str, pages: Iterable[Wanted]) -> None:
                for page in pages:
                    if self._stop.is_set():
                        return
                    try:
                        record, same = self._kept(page, sandbox)
                    except Stopped:
                        return
                    with self._lock:
                        _count(summary, record, same)
                    if told:
                        told(host, record)

            running = [threads.submit(queue, host, pages) for host, pages in hosts(todo).items()]
            try:
                for one in running:
                    one.result()
            except BaseException:
                self._stop.set()
                raise
        return summary

    def _kept(self, page: Wanted, sandbox: Sandbox) -> tuple[Record, bool]:
        """What came of a page, on disk, and whether it is as it was."""
        before = self._store.record(page.plan.url)
        record, body = self._fetched(page, before)
        if body is not None:
            self._store.keep_blob(record.sha256, body)
        if record.sha256 and record.status in {200, 304} and (body is not None or record.extractor != extractor()):
            record = with_text(record, self._store, sandbox)
        self._store.keep(record)
        return record, bool(before and before.sha256 and before.sha256 == record.sha256)

    def _ask_arxiv(self, todo: Sequence[Wanted]) -> None:
        """Who wrote each paper and when. Without an answer the papers are fetched all the same."""
        ids = [arxiv_id(page.plan) for page in todo if page.plan.kind is Kind.ARXIV and page.plan.steps]
        known = (self._store.record(f"https://arxiv.org/abs/{id_}") for id_ in ids)
        missing = [id_ for id_, record in zip(ids, known, strict=True) if not (record and record.authors)]
        for step in arxiv.requests(missing):
            try:
                self._papers |= arxiv.papers(self._asked(step, {}).body)
            except Stopped:
                raise
            except FetchError:
                return

    def _fetched(self, page: Wanted, before: Record | None) -> tuple[Record, bytes | None]:
        """What came of asking for a page, with its bytes if they are new."""
        record = self._begun(page, before)
        tried: list[str] = []
        for step in _steps(page, before):
            try:
                reply = self._asked(step, _conditions(step, before))
            except Stopped:
                raise
            except FetchError as error:
                state = State.ROBOTS if isinstance(error, Forbidden) else State.FAILED
                again = timedelta(0) if isinstance(error, Unreached) else _STANDS[state]
                record = self._stays(record, state, str(error), again)
                tried.append(f"{step.url}: {error}")
                if isinstance(error, Unreached | _Busy):
                    break
                continue
            tried.append(f"{step.url}: {reply.status}")
            record = self._answered(replace(record, asked=step.url), before, reply, step)
            if record.state in _HAVE:
                return replace(record, tried=tuple(tried)), reply.body if reply.status == 200 else None
        return replace(record, tried=tuple(tried)), None

    def _begun(self, page: Wanted, before: Record | None) -> Record:
        cited = page.cited if before is None else tuple(dict.fromkeys([*before.cited, *page.cited]))
        record = before or Record(page.plan.url, page.plan.kind, State.UNFETCHED, "", title=page.title)
        record = replace(record, checked_at=self._time(), cited=cited, why="")
        paper = self._papers.get(arxiv_id(page.plan)) if page.plan.kind is Kind.ARXIV else None
        if paper is None:
            return record
        return replace(
            record,
            title=paper.title or record.title,
            authors=paper.authors,
            published=paper.published,
            published_from=API,
            abstract=paper.abstract,
        )

    def _asked(self, step: Step, headers: dict[str, str]) -> Reply:
        """Raises FetchError. A server that asks for patience gets it, and so does one that breaks off."""
        if away := self._away.get(urlsplit(step.url).hostname or ""):
            raise away
        turn: Callable[[str], AbstractContextManager[None]]
        turn = self._manners.turn if step.api else self._manners.allowed_turn

        def once() -> Reply:
            try:
                reply = self._client.get(step.url, step.reads, headers, turn)
            except NoConnection as error:
                # Nobody of the host's queue need wait to learn the same.
                self._away[error.host] = error
                raise
            if reply.status in _LATER:
                raise _Busy(reply.url, reply.status, _retry_after(reply, self._now()))
            return reply

        def before_the_next(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            after = error.after if isinstance(error, _Busy) else None
            if self._stop.is_set() or (after or 0) > _LONGEST_PAUSE:
                assert error is not None
                raise error
            where = error.url if isinstance(error, _Busy) else step.url
            self._manners.pause(where, _FIRST_PAUSE**state.attempt_number if after is None else after)

        # Waiting is the manners': the whole host is left alone meanwhile.
        return Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            retry=retry_if_exception(_may_pass),
            before_sleep=before_the_next,
            reraise=True,
        )(once)

    def _answered(self, record: Record, before: Record | None, reply: Reply, step: Step) -> Record:
        """What a status and the way there say of a page."""
        record = replace(record, hops=reply.hops, final=reply.url, address=reply.address, status=reply.status)
        if reply.status == 304 and before:
            kept = before.state if before.state in {*_HAVE, State.NO_TEXT, State.LOGIN} else State.FETCHED
            again = self._time(_STANDS[State.FETCHED])
            return replace(
                record, state=kept, why=before.why if kept is before.state else "", read_at=self._time(), again_at=again
            )
        if reply.status in _GONE:
            return self._stays(record, State.DEAD, f"The server answers {reply.status}: there is no such page any more.")
        if reply.status in _CLOSED:
            why = f"The server answers {reply.status}: it shows the page to members or to browsers only."
            return self._stays(record, State.LOGIN, why)
        if reply.status != 200:
            return self._stays(record, State.FAILED, f"The server answers {reply.status}.")
        if _leads_to_a_login(step.url, reply.url):
            return self._stays(record, State.LOGIN, f"It leads to {reply.url}, where one has to log in.")
        if _leads_to_the_front(step.url, reply.url):
            return self._stays(record, State.DEAD, f"It leads to the front page {reply.url}: the page itself is gone.")
        return self._with_bytes(record, reply, step)

    def _with_bytes(self, record: Record, reply: Reply, step: Step) -> Record:
        moved = _moved_to(step.url, reply.hops)
        state = State.MOVED if moved else State.FETCHED
        rules = None if step.api else self._manners.rules(reply.url)
        return replace(
            record,
            state=state,
            why=f"It is at {moved} now." if moved else "",
            again_at=self._time(_STANDS[state]),
            read_at=self._time(),
            declared=reply.headers.get("content-type", ""),
            sniffed=reply.kind,
            charset=reply.charset,
            etag=reply.headers.get("etag", ""),
            modified=reply.headers.get("last-modified", "") or _date(reply, self._now()),
            raw=reply.raw,
            size=len(reply.body),
            sha256=hashlib.sha256(reply.body).hexdigest(),
            robots="allowed" if rules else "not asked: an API",
            robots_sha256=rules.digest if rules else "",
        )

    def _stays(self, record: Record, state: State, why: str, again: timedelta | None = None) -> Record:
        """Without new bytes; those there are stay, and of a page that only failed this time nothing else is said."""
        record = replace(record, again_at=self._time(_STANDS[state] if again is None else again))
        if record.has_text and state is State.FAILED:
            return replace(record, why=f"Read on {record.read_at[:10]}; the last try failed: {why}")
        return replace(record, state=state, why=why)

    def _time(self, later: timedelta = timedelta(0)) -> str:
        return (self._now() + later).isoformat(timespec="seconds")


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, _Busy | Unreached) and not isinstance(error, NoConnection)


def _count(summary: Summary, record: Record, same: bool) -> None:
    # What was here before a try that failed still is.
    failed = record.state is State.FAILED or (record.state in _HAVE and record.read_at < record.checked_at)
    if failed:
        summary.failures.append(record)
    if same and record.state in _HAVE and not failed:
        summary.unchanged += 1
    else:
        summary.states[State.FAILED if failed else record.state] += 1


def _steps(page: Wanted, before: Record | None) -> list[Step]:
    """What had the page the last time comes first."""
    return sorted(page.plan.steps, key=lambda step: not (before and before.sha256 and before.asked == step.url))


def _conditions(step: Step, before: Record | None) -> dict[str, str]:
    """Have nothing sent that is here already. Every server understands at least a date."""
    if not (before and before.sha256 and before.asked == step.url):
        return {}
    named = {"if-none-match": before.etag, "if-modified-since": before.modified}
    return {name: value for name, value in named.items() if value}


def _date(reply: Reply, now: datetime) -> str:
    """When the server says it answered: what RFC 9110 puts in the place of a missing Last-Modified."""
    return reply.headers.get("date", "") or format_datetime(now, usegmt=now.utcoffset() == timedelta(0))


def _retry_after(reply: Reply, now: datetime) -> float | None:
    said = reply.headers.get("retry-after", "").strip()
    if said.isdecimal():
        return float(said[:9])
    try:
        return max(0.0, (parsedate_to_datetime(said) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _moved_to(asked: str, hops: Sequence[tuple[str, int]]) -> str:
    """Where a page has moved for good; a change of scheme, `www.` or a last slash is no move."""
    final = hops[-1][0]
    lasting = len(hops) > 1 and all(status in LASTING for _url, status in hops[:-1])
    same = _place(final) == _place(asked) or plan_of(final).url == plan_of(asked).url
    return final if lasting and not same else ""


def _place(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query


def _leads_to_a_login(asked: str, final: str) -> bool:
    return bool(_names(final) & _LOGIN_PATHS) and not _names(asked) & _LOGIN_PATHS


def _leads_to_the_front(asked: str, final: str) -> bool:
    return bool(_place(asked)[1]) and not _place(final)[1] and not _place(final)[2]


def _names(url: str) -> set[str]:
    return {part.lower().partition(".")[0] for part in urlsplit(url).path.split("/")}
