"""Reports become flashcards of what was missed, and tables for a spreadsheet. Knows no file and no clock."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from html import escape

import genanki  # type: ignore[import-untyped]

from coach.domain import Held, Taught, Verdict
from coach.report import QuestionReport, Report, Standing, place, weight
from coach.text import clean, shortened

DECK = "Interview Coach"
# Spreadsheets take a file for UTF-8 only behind this mark. Python reads it with the encoding utf-8-sig.
BOM = "\ufeff"

_LONGEST_QUOTE = 300
# What begins a formula, also in its wide form, and also behind a semicolon: a spreadsheet of another country splits there.
_FORMULA = re.compile("(^|;)([\\s\"']*)(?=[-=+@\uff0d\uff1d\uff0b\uff20])")

# Anki knows the note type by this number and finds it again on the next import.
_NOTE_TYPE = 1_617_202_611
# The classes keep Anki from typesetting formulas in what somebody else wrote.
_SIDE = '<div class="tex2jax_ignore mathjax_ignore">{}</div>'
_TEMPLATE = {
    "name": "Point",
    "qfmt": _SIDE.format("{{Front}}"),
    "afmt": "{{FrontSide}}<hr id=answer>" + _SIDE.format('{{Back}}<p class="source">{{Source}}</p>'),
}
_STYLE = """\
.card { max-width: 40rem; margin: 0 auto; font: 20px/1.5 system-ui, sans-serif; text-align: left; }
.source { font-size: .8em; opacity: .75; }
"""
# Anki also looks for [sound:...], [latex] and {{...}}.
_INERT = str.maketrans({"[": "&#91;", "{": "&#123;", "\n": "<br>"})

# From a point's text and what the reader knows already, a word or two to remember it by; maybe none.
Cue = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Card:
    """Plain text on two sides; `source` bears out the back. The same point of the same question has the same `guid`."""

    front: str
    back: str
    tags: tuple[str, ...]
    source: str
    guid: str


def cards(reports: Iterable[Report], cue: Cue | None = None) -> list[Card]:
    """One for each point that was missed or contradicted, and each misconception.

    The last interview that graded a question decides, so what has been learned since has no card. A front does not give
    its point away: it has the candidate's wrong words, or which of how many points is asked for and the `cue`.
    """
    last: dict[str, QuestionReport] = {}
    for report in sorted(reports, key=lambda report: report.began):
        last |= {question.id: question for question in report.questions if question.points}
    return [card for question in last.values() for card in _cards(question, cue)]


def _cards(question: QuestionReport, cue: Cue | None) -> Iterator[Card]:
    missed = [point for point in question.points if point.missed]
    said = {point.verdict.said for point in missed if point.verdict.said}
    yield from (_missed(question, point, cue) for point in missed)
    yield from (_believed(question, held) for held in question.held if held.said not in said)


def _missed(question: QuestionReport, point: Standing, cue: Cue | None) -> Card:
    verdict = point.verdict
    which = f"Point {point.number} of {point.of} ({weight(verdict.point)})"
    turns_on = cue(verdict.point.text, question.prompt) if cue else ""
    if verdict.said:
        ask = _wrong(verdict.said)
    elif verdict.verdict is Verdict.CONTRADICTED:
        ask = f"{which} came out wrong. What is right?"
    else:
        ask = f"{which}: what is missing?"
    return Card(
        front=f"{question.prompt}\n{ask}{f' It turns on: {turns_on}.' if turns_on else ''}",
        back="\n".join((verdict.point.text, *(f"In other words: {said}" for said in verdict.point.also_said[:1]))),
        tags=_tags(question, verdict.verdict),
        source=_source(question, verdict.taught),
        guid=_guid(question.id, verdict.point.text),
    )


def _believed(question: QuestionReport, held: Held) -> Card:
    wrong = held.misconception
    return Card(
        front=f"{question.prompt}\n{_wrong(held.said)}",
        back=f"Right is: {wrong.rather}" if wrong.rather else f"It is not so that: {wrong.text}",
        tags=_tags(question, "misconception"),
        source=_source(question, held.taught),
        guid=_guid(question.id, wrong.text),
    )


def _wrong(said: str) -> str:
    return f"You said: “{shortened(' '.join(said.split()), _LONGEST_QUOTE)}” What is right instead?"


def _source(question: QuestionReport, taught: Taught | None) -> str:
    return f"“{taught.quote}” ({place(taught, question.prompt)})" if taught else question.at


def _tags(question: QuestionReport, why: str) -> tuple[str, ...]:
    """Words without spaces, as Anki wants them."""
    words = ("interview-coach", question.topic, question.level or "", why)
    return tuple("-".join(clean(word).split()) for word in words if word.strip())


def _guid(question_id: str, text: str) -> str:
    return hashlib.sha256(f"{question_id}\n{text}".encode("utf-8", "replace")).hexdigest()[:20]


def anki(cards: Sequence[Card], deck_name: str, at: datetime) -> bytes:
    """An .apkg file. Imported again it updates the cards and their schedule stays, if `at` is later than it was."""
    name = clean(deck_name).strip() or DECK
    deck = genanki.Deck(_number(name), name)
    note_type = genanki.Model(
        _NOTE_TYPE,
        DECK,
        fields=[{"name": field} for field in ("Front", "Back", "Source")],
        templates=[dict(_TEMPLATE)],  # the library writes into it
        css=_STYLE,
    )
    for number, card in enumerate(cards, 1):
        fields = [_field(text) for text in (card.front, card.back, card.source)]
        deck.add_note(genanki.Note(note_type, fields, tags=card.tags, guid=card.guid, due=number))
    return _zipped(_collection(genanki.Package(deck), at.timestamp()), at)


def _number(name: str) -> int:
    """A deck's id: the same for the same name, of 30 bits as the library advises."""
    return 2**30 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % 2**30


def _field(text: str) -> str:
    return escape(clean(text)).translate(_INERT)


def _collection(package: genanki.Package, at: float) -> bytes:
    # The library's own way to write a file leaves the cards behind in the folder for temporary files.
    with closing(sqlite3.connect(":memory:")) as database:
        package.write_to_db(database.cursor(), at, itertools.count(int(at * 1000)))
        database.commit()
        return database.serialize()


def _zipped(collection: bytes, at: datetime) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in (("collection.anki2", collection), ("media", b"{}")):
            package.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def csv_text(cards: Iterable[Card]) -> str:
    """One line a card, each cell on one line."""
    head = ("front", "back", "tags", "source", "guid")
    return _table(head, ((card.front, card.back, " ".join(card.tags), card.source, card.guid) for card in cards))


def history_csv(reports: Iterable[Report]) -> str:
    """One line a graded question, the oldest first. Scores of different graders are not on one scale."""
    head = ("date", "topic", "question", "prompt", "score", "hints", "seconds", "grader")
    return _table(head, (row for report in sorted(reports, key=lambda report: report.began) for row in _graded(report)))


def _graded(report: Report) -> Iterator[tuple[object, ...]]:
    for question in report.questions:
        own = question.turns[0]
        if question.score is not None and own.grade:
            grader = own.grade.stamp.grader if own.grade.stamp else ""
            when = report.began.date().isoformat()
            what = (question.title, question.id, question.prompt)
            yield (when, *what, round(question.score, 2), len(own.hints), round(own.seconds or 0), grader)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(head)
    writer.writerows([_cell(value) if isinstance(value, str) else value for value in row] for row in rows)
    return BOM + file.getvalue()


def _cell(text: str) -> str:
    """`text` on one line, with an apostrophe before whatever a spreadsheet would take for a formula."""
    return _FORMULA.sub(r"\1\2'", " ".join(clean(text).split()))
