"""`coach progress`: how every topic stands, what is due, and the last interviews."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from coach.catalog import Standing, catalog
from coach.interviewer import titles
from coach.progress import coverage
from coach.render import score
from coach.report import report
from coach.schedule import streak
from coach.text import clean
from ui.commands.interview import opened
from ui.console import out, say

_LAST = 5


def progress() -> None:
    """Show how each topic stands, what is due today, and what the last interviews came to.

    Example: coach progress
    """
    _coach, interviewer = opened()
    past, now = interviewer.past(), interviewer.now()
    table = Table("Topic", "Questions", "Due", *(standing.capitalize() for standing in Standing if standing is not Standing.DUE))
    for row in coverage(interviewer.topics, catalog(interviewer.questions.values(), past, now)):
        counts = (count for standing, count in row.standings.items() if standing is not Standing.DUE)
        table.add_row(Text(clean(row.topic.title)), str(len(row.topic.questions)), str(row.due), *map(str, counts))
    out.print(table)
    planned = interviewer.plan()
    say(f"Today: {len(planned.today)} to practice. {planned.note}".strip())
    say(f"Graded answers: {len(past.results)}. Days in a row: {streak(past.reviews, now)}.")
    for stream, interview in interviewer.interviews()[:_LAST]:
        made = report(interview, interviewer.questions, titles(interviewer.topics), now)
        say(f"{score(made.overall.score):>4}  {interview.began.astimezone(now.tzinfo):%Y-%m-%d %H:%M}  {stream.name}", indent=2)
