"""How each address the bank cites stands: fetched and when, or why not. Pure; asks nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from ingest.document import credit
from ingest.fetch.classify import Kind, Plan, plan_of
from ingest.fetch.store import Record, State, Store
from ingest.sources import Source


@dataclass(frozen=True, slots=True)
class Wanted:
    """One page with its plan, a title for it and every address that leads to it."""

    plan: Plan
    title: str
    cited: tuple[str, ...]


@dataclass(slots=True)
class Summary:
    """How many pages came to what. `unchanged` were asked for and are as they were; `left` were not asked for."""

    states: Counter[State] = field(default_factory=Counter)
    unchanged: int = 0
    left: int = 0
    failures: list[Record] = field(default_factory=list)


# Told of every page when it is done: its host, and what came of it.
Told = Callable[[str, Record], None]


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a source and, in a sentence, why. `as_of` is the day its text was read, `YYYY-MM-DD`, or empty.

    `by` is who wrote it, when and under which license, `language` what it is written in, both as far as it says.
    """

    state: State
    why: str
    kind: Kind
    as_of: str = ""
    title: str = ""
    words: int = 0
    by: str = ""
    language: str = ""


def wanted(sources: Iterable[Source]) -> list[Wanted]:
    """Every page once, in the order of its first source."""
    grouped: dict[str, list[Source]] = {}
    plans: dict[str, Plan] = {}
    for source in sources:
        plan = plan_of(source.url)
        plans.setdefault(plan.url, plan)
        grouped.setdefault(plan.url, []).append(source)
    return [
        Wanted(plans[url], some[0].title, tuple(dict.fromkeys(source.url for source in some))) for url, some in grouped.items()
    ]


def states(store: Store, sources: Iterable[Source]) -> dict[str, Standing]:
    """How every source stands, by its address as it is cited. Raises StorageError."""
    records = {record.url: record for record in store.records()}
    return {source.url: _standing(plan, records) for source in sources for plan in [plan_of(source.url)]}


def counts(standings: Mapping[str, Standing]) -> list[tuple[State, int]]:
    """How many sources are in each state there is, in the order of the states."""
    found = Counter(standing.state for standing in standings.values())
    return [(state, found[state]) for state in State if found[state]]


def _standing(plan: Plan, records: Mapping[str, Record]) -> Standing:
    record = records.get(plan.url)
    # Who brought in a page by hand has it, whatever the plan says.
    if record is None:
        if plan.steps:
            return Standing(State.UNFETCHED, "Nobody has asked for it yet: coach fetch.", plan.kind)
        return Standing(State.LINK, plan.why, plan.kind)
    return Standing(
        record.state,
        record.why or _read_from(record),
        plan.kind,
        record.read_at[:10],
        record.title,
        record.words,
        credit(record.authors, record.published, record.license),
        record.language,
    )


def _read_from(record: Record) -> str:
    return f"Read on {record.read_at[:10]} from {record.final or record.asked}." if record.read_at else ""


def due(page: Wanted, record: Record | None, now: datetime, refresh: bool = False) -> bool:
    """Whether a page is to be asked for: never yet, or long ago, or it is wished."""
    if not page.plan.steps:
        return False
    return refresh or record is None or not record.again_at or datetime.fromisoformat(record.again_at) <= now


def hosts(work: Sequence[Wanted]) -> dict[str, list[Wanted]]:
    """The pages to be asked for, by the host that is asked first; the longest queue first."""
    queues: dict[str, list[Wanted]] = {}
    for page in work:
        if page.plan.steps:
            queues.setdefault(urlsplit(page.plan.steps[0].url).netloc, []).append(page)
    return dict(sorted(queues.items(), key=lambda queue: -len(queue[1])))
