"""The two places a command prints to, and a progress bar for long work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from coach.ports import Progress as Report
from coach.text import clean

out = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def say(text: str, style: str = "", indent: int = 0) -> None:
    """Print words as they are, whoever wrote them: no markup, no emoji codes, nothing that steers a terminal."""
    for line in Text(clean(text), style).wrap(out, max(20, out.width - indent)):
        line.rstrip()
        out.print(Text(" " * indent) + line, soft_wrap=True)


@contextmanager
def progress(what: str, total: int) -> Iterator[Report]:
    """A bar on standard error, so that output can be piped; a line where nobody watches."""
    if not errors.is_terminal:
        if total:
            errors.print(f"{what} {total:,} ...")
        yield lambda _done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A line on standard error that says what a command is waiting for."""
    with errors.status(what):
        yield
