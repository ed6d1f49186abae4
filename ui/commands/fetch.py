"""`coach fetch`: the pages the bank cites are brought onto this machine."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from coach.errors import BadInput
from coach.settings import Settings, load_settings
from ingest.banks import with_kept
from ingest.fetch.by_hand import filled
from ingest.fetch.classify import Kind, plan_of
from ingest.fetch.state import Summary, Told, Wanted, due, hosts, wanted
from ingest.fetch.store import Record, Store
from ingest.read import read_bank
from ingest.sources import sources
from ui.console import errors, out

if TYPE_CHECKING:
    # It brings the HTTP library along, which a dry run need not wait for.
    from ingest.fetch.run import Fetcher

_SHOWN_HOSTS = 12
_SHOWN_FAILURES = 20


def fetch(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="Only pages of a kind (arxiv, github, wikipedia, pdf, docs, article) or of a host; repeat it."
        ),
    ] = None,
    topic: Annotated[list[str] | None, typer.Option("--topic", help="Only what questions of this topic cite; repeat it.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many pages.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked for; ask for nothing.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask again for pages that are here; only changes are sent.")] = False,
    from_folder: Annotated[
        Path | None,
        typer.Option("--from-folder", metavar="DIR", help="Take pages from a folder instead: saved ones, or another machine's."),
    ] = None,
    forget: Annotated[str | None, typer.Option("--forget", metavar="URL", help="Delete one page that was fetched.")] = None,
    forget_all: Annotated[bool, typer.Option("--forget-all", help="Delete every page that was fetched.")] = False,
) -> None:
    """Fetch the pages the answers cite, so that Ask can quote them.

    Every site is asked one page at a time with a pause, and only for what its robots.txt allows. Stop this command whenever
    you like and run it again: it goes on where it was. What is kept, where, and whose it is: docs/references.md.
    """
    settings = load_settings()
    store = Store(settings.pages_folder)
    if forget_all or forget:
        _forget(store, forget)
        return
    work = _chosen(settings, only or (), topic or (), None if from_folder else limit, store, refresh=refresh)
    if from_folder:
        _fill(store, from_folder, work)
    elif dry_run:
        _plan(work, store, refresh)
    else:
        _fetch(settings, store, work, refresh)


def _now() -> datetime:
    return datetime.now(UTC)


def _chosen(
    settings: Settings, only: Sequence[str], topics: Sequence[str], limit: int | None, store: Store, refresh: bool
) -> list[Wanted]:
    bank = with_kept(read_bank(settings.corpus), settings.banks_folder)
    known = {topic.id for topic in bank.topics}
    if unknown := set(topics) - known:
        raise BadInput(f"There is no topic {', '.join(sorted(unknown))}. There are: {', '.join(sorted(known))}.")
    cited = sources(question for question in bank.questions if not topics or question.topic in topics)
    found = [page for page in wanted(cited) if not only or any(_is(page, name) for name in only)]
    if only and not found:
        raise BadInput(f"No page is of {', '.join(only)}. Kinds are: {', '.join(kind for kind in Kind)}.")
    if limit is None:
        return found
    now = _now()
    return [page for page in found if due(page, store.record(page.plan.url), now, refresh)][:limit]


def _is(page: Wanted, name: str) -> bool:
    name = name.lower()
    return page.plan.kind == name or any(host == name or host.endswith(f".{name}") for host in hosts([page]))


def _plan(work: Sequence[Wanted], store: Store, refresh: bool) -> None:
    from ingest.fetch.client import Client
    from ingest.fetch.manners import Manners

    manners, now = Manners(Client(), store.robots, _now), _now()
    todo = [page for page in work if due(page, store.record(page.plan.url), now, refresh)]
    queues = hosts(todo)
    for host, pages in queues.items():
        spacing = manners.spacing(f"https://{host}/")
        out.print(f"{host}: {len(pages)} pages, one every {spacing:g} s", markup=False, soft_wrap=True)
    longest = max((len(pages) * manners.spacing(f"https://{host}/") for host, pages in queues.items()), default=0.0)
    link_only = sum(not page.plan.steps for page in work)
    out.print(
        f"Would ask {len(queues)} hosts for {len(todo)} pages: {_minutes(longest)} at least. "
        f"{len(work) - len(todo) - link_only} are left alone for now, {link_only} are linked only.",
        soft_wrap=True,
    )


def _minutes(seconds: float) -> str:
    minutes = math.ceil(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _fetch(settings: Settings, store: Store, work: Sequence[Wanted], refresh: bool) -> None:
    from ingest.fetch.client import Client
    from ingest.fetch.manners import Manners
    from ingest.fetch.run import Fetcher

    if not settings.contact:
        errors.print("Set COACH_CONTACT to your mail address: Wikipedia and arXiv want to know whom to write to.", style="yellow")
    stop = threading.Event()
    client = Client(settings.contact)
    manners = Manners(client, store.robots, _now, sleep=stop.wait)
    fetcher = Fetcher(store, client, manners, _now, stop)
    now = _now()
    with _by_host(hosts([page for page in work if due(page, store.record(page.plan.url), now, refresh)])) as told:
        summary = until_stopped(fetcher, work, refresh, told)
    for record in summary.failures[:_SHOWN_FAILURES]:
        errors.print(f"{record.url}: {record.why}", style="yellow", markup=False, soft_wrap=True)
    if (more := len(summary.failures) - _SHOWN_FAILURES) > 0:
        errors.print(f"... and {more} more: coach sources --state failed", style="yellow")
    out.print(told_of(summary, sum(not page.plan.steps for page in work)), soft_wrap=True)


def until_stopped(fetcher: Fetcher, work: Sequence[Wanted], refresh: bool = False, told: Told | None = None) -> Summary:
    """What came of all pages; ends the command with 130 if it was interrupted. The pages under way arrive or not."""
    try:
        return fetcher.fetch(work, refresh, told)
    except KeyboardInterrupt:
        errors.print("\nStopped. What came is kept; the same command goes on where it was.", soft_wrap=True)
        raise typer.Exit(130) from None


def told_of(summary: Summary, link_only: int) -> str:
    """One line: what came of all pages."""
    came = [f"{count} {state}" for state, count in sorted(summary.states.items())]
    line = ", ".join(
        [*came, f"{summary.unchanged} unchanged", f"{summary.left - link_only} left alone", f"{link_only} link only"]
    )
    return f"{line}. To see each: coach sources. To have them answer: coach ingest."


@contextmanager
def _by_host(queues: dict[str, list[Wanted]]) -> Iterator[Told]:
    """A bar for all pages, and one for each of the longest queues that are not done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors, transient=True) as bars:
        everything = bars.add_task("all hosts", total=sum(map(len, queues.values())))
        tasks: dict[str, TaskID] = {}
        for number, (host, pages) in enumerate(queues.items()):
            tasks[host] = bars.add_task(host, total=len(pages), visible=number < _SHOWN_HOSTS)

        def told(host: str, _record: Record) -> None:
            bars.advance(everything)
            bars.advance(tasks[host])

        yield told


def _fill(store: Store, folder: Path, work: Sequence[Wanted]) -> None:
    report = filled(store, folder, work, _now())
    for skipped in report.skipped:
        errors.print(str(skipped), style="yellow", markup=False, soft_wrap=True)
    out.print(
        f"{len(report.taken)} pages taken from {folder}, {len(report.skipped)} files left out.", markup=False, soft_wrap=True
    )
    if not report.taken:
        raise typer.Exit(2)


def _forget(store: Store, url: str | None) -> None:
    with store.alone():
        if url is None:
            store.forget_all()
            out.print("Every fetched page is deleted. Run: coach ingest, so that the library forgets them, too.")
            return
        if not store.forget(plan_of(url).url):
            raise BadInput(f"{url} was not fetched. coach sources lists what was.")
    out.print("Deleted. Run: coach ingest, so that the library forgets it, too.")
