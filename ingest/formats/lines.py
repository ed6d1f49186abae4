"""A text becomes lines, each with what it looks like by itself: a heading, a number, an answer's marker, prose."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ingest.formats.asking import asks

# <summary> stands for a question as a heading does, below all of them.
SUMMARY = 7
_LONGEST = 4_000


class Kind(StrEnum):
    BLANK = "blank"
    FENCED = "fenced"
    COMMENT = "comment"
    MARKUP = "markup"
    RULE = "rule"
    HEADING = "heading"
    LABELED = "labeled"
    NUMBERED = "numbered"
    BOLD = "bold"
    ANSWER = "answer"
    HINT = "hint"
    INSIDE = "inside"
    LINKS = "links"
    TABLE = "table"
    INDENTED = "indented"
    BULLET = "bullet"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file. `number` counts from 1; `said` is what stands behind its marker, `more` behind that on the line.

    `level` is a heading's, `count` the number a numbered or labeled line carries (0 for none).
    """

    number: int
    text: str
    kind: Kind
    said: str = ""
    more: str = ""
    level: int = 0
    count: int = 0


_FENCE = re.compile(r"\s*(`{3,6}|~{3,6})")
_TAGS = re.compile(r"(?:\s*</?[A-Za-z][^<>]{0,300}>)+\s*")
_TAGGED_HEADING = re.compile(
    r"\s*(?:<details[^<>]{0,100}>\s*)?<(h[1-6]|summary)\b[^<>]{0,200}>(.{0,1500}?)</\1>\s*(?:<[^<>]{0,99}>)*\s*"
)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_RULE = re.compile(r" {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}|={3,}\s*)")
_HEADING = re.compile(r" {0,3}(?:(?:\d{1,4}[.)]|[-*+])\s+(?=##))?(#{1,6})(?=\s|[^\s#!/])\s*")
_STARS = r"[*_]{0,6}"
_LABELED = re.compile(
    rf" {{0,3}}(?:[-*+] +)?{_STARS}[Qq](?:ue(?:s(?:tion)?)?)?"
    rf"(?:\s?[.#-]?\s?(\d{{1,4}})(?:\s?\\?[.):–-]|(?=[\s*_]))|{_STARS}\s?[:.]{_STARS}(?=\s)){_STARS}\s*"
)
_NUMBERED = re.compile(rf" {{0,3}}{_STARS}(\d{{1,4}})\s?\\?[.)](?=[\s*_]|$|[^\W\d_])\s*{_STARS}\s*")
_ANSWER = re.compile(
    rf"\s*(?:[-*+•>]\s+|#{{1,6}}\s+)?{_STARS}(?:(?:(?:Sample|Model|Short|Possible|Suggested)\s)?"
    rf"(?:ANSWER|Answer|answer|ANS|Ans|Solution|Response)s?\s?\d{{0,4}}{_STARS}\s?(?:[:.–-]{_STARS}\s*|$)|A\s?(?:\d{{0,4}}{_STARS}\s?:|\d{{1,4}}[.)]){_STARS}\s*)"
)
_SHOW = re.compile(
    r"(?:(?:click|tap)\b.{0,30}|(?:show|view|see|reveal|expand)\b.{0,30})?\b(?:answer|solution)s?\W*", re.IGNORECASE
)
_HINT = re.compile(rf"\s*(?:[-*+•>]\s+)?{_STARS}(?:Hints?|HINTS?|hints?|Clues?|Tips?)\s?\d?{_STARS}\s?[:–]{_STARS}\s*")
_BOLD = re.compile(r" {0,3}(?:[-*+] +)?(?:\*\*|__)([^*\n]{1,1500}?)(?:\*\*|__)\s?:?\s*")
_BULLET = re.compile(r" {0,3}(?:[-*+•]|\d{1,4}[.)])\s+")
_INDENTED = re.compile(r" {4}|\s*\t")
_LINK = re.compile(
    r"!?\[[^\[\]]{0,400}\]\(([^()\s]{0,1000}(?:\([^()\s]{0,300}\)[^()\s]{0,300}){0,3})\)|<?https?://[^\s>]{1,1000}>?"
)
_SOURCE = re.compile(r"\[{1,2}(?:src|source|ref)\s?\d{0,2}\]?(?:\([^()\s]{0,1000}\))?\]?(?:\([^()\s]{0,1000}\))?", re.IGNORECASE)
_WORD = re.compile(r"\w")


def look(text: str) -> list[Line]:
    """The lines of `text`. Each is looked at once; a fence or a comment that nobody closes hides nothing."""
    raw = text.split("\n")
    hidden = _hidden(raw)
    found = [Line(n, line, hidden[n]) if n in hidden else _line(n, line) for n, line in enumerate(raw, 1)]
    return _underlined(found)


def tidy(text: str) -> str:
    """A prompt or a title as a person would write it: no emphasis, escapes, entities, tags, sources or runs of blanks."""
    text = _TAG.sub(" ", html.unescape(text))
    text = re.sub(r"\\([\\`*_{}\[\]()#+.!>-])", r"\1", text)
    text = re.sub(r"(?<!\w)(?:\*{1,6}|_{2,6})|(?:\*{1,6}|_{2,6})(?!\w)", "", text)
    text = _SOURCE.sub(" ", text)
    return " ".join(re.sub(r"\[([^\[\]]{0,400})\]\([^()\s]{0,1000}\)", r"\1", text).split())


def after_number(line: str) -> tuple[int, str] | None:
    """The number and the rest of `12. text`, `Q3: text` and their kin, or None."""
    for pattern in (_LABELED, _NUMBERED):
        if match := pattern.match(line):
            return int(match.group(1) or 0), line[match.end() :]
    return None


def _line(number: int, text: str) -> Line:
    stripped = text.strip()
    if not stripped:
        return Line(number, text, Kind.BLANK)
    if _TAGS.fullmatch(text):
        return Line(number, text, Kind.MARKUP)
    if match := _TAGGED_HEADING.fullmatch(text):
        tag, title = match.group(1), tidy(match.group(2))
        kind = Kind.ANSWER if _SHOW.fullmatch(title) else Kind.HEADING
        return Line(number, text, kind, "" if kind is Kind.ANSWER else title, level=SUMMARY if tag == "summary" else int(tag[1]))
    if _RULE.fullmatch(text):
        return Line(number, text, Kind.RULE)
    if match := _ANSWER.match(text):
        return Line(number, text, Kind.ANSWER, text[match.end() :])
    if match := _HINT.match(text):
        return Line(number, text, Kind.HINT, text[match.end() :])
    if match := _HEADING.match(text):
        return Line(number, text, Kind.HEADING, text[match.end() :].rstrip().rstrip("#").rstrip(), level=len(match.group(1)))
    if len(text) < _LONGEST and (only := _links(text)):
        return Line(number, text, only)
    if _INDENTED.match(text):
        return Line(number, text, Kind.INDENTED)
    return _marked(number, text)


def _marked(number: int, text: str) -> Line:
    for pattern, kind in ((_LABELED, Kind.LABELED), (_NUMBERED, Kind.NUMBERED)):
        if match := pattern.match(text):
            said, more = _inline(text, match.end())
            return Line(number, text, kind, said, more, count=int(match.group(1) or 0))
    if (match := _BOLD.match(text)) and (match.end() == len(text.rstrip()) or asks(match.group(1))):
        return Line(number, text, Kind.BOLD, match.group(1), text[match.end() :])
    if text.lstrip().startswith("|"):
        return Line(number, text, Kind.TABLE)
    if match := _BULLET.match(text):
        return Line(number, text, Kind.BULLET, text[match.end() :])
    return Line(number, text, Kind.TEXT, text.strip())


def _inline(text: str, at: int) -> tuple[str, str]:
    """What is asked and what follows it on the same line, where bold type or a label parts them."""
    rest = text[at:]
    inside = text[:at].rstrip().endswith(("**", "__"))
    end = rest.find("**", 0 if inside else 2) if inside or rest.startswith("**") else -1
    if end > 0 and len(rest[end:].strip("* :_")) > 0 and rest[:end].rstrip().endswith("?"):
        return rest[:end], rest[end + 2 :].lstrip("*: ")
    label = re.search(r"\?[*_]{0,4}\s+[*_]{0,4}(?:Answer|Ans|A):[*_]{0,4}\s", rest[:_LONGEST])
    return (rest[: label.start() + 1], rest[label.end() :]) if label else (rest, "")


def _links(text: str) -> Kind | None:
    """Whether a line is nothing but links, into the page or out of it."""
    targets = [match.group(1) for match in _LINK.finditer(text)]
    if not targets or _WORD.search(_LINK.sub("", _BULLET.sub("", text, count=1))):
        return None
    return Kind.INSIDE if all((target or "").startswith("#") for target in targets) else Kind.LINKS


def _underlined(lines: list[Line]) -> list[Line]:
    """Titles underlined with `===` or `---` become headings; a rule after a sentence stays a rule."""
    for at, line in enumerate(lines[1:], 1):
        above = lines[at - 1]
        alone = at == 1 or lines[at - 2].kind is Kind.BLANK
        mark = line.text.strip()[:1]
        if (
            line.kind is Kind.RULE
            and mark in "=-"
            and above.kind is Kind.TEXT
            and alone
            and not above.said.endswith((".", ":", ";"))
        ):
            lines[at - 1] = Line(above.number, above.text, Kind.HEADING, above.said, level=1 if mark == "=" else 2)
    return lines


def _hidden(raw: Sequence[str]) -> dict[int, Kind]:
    """The lines inside fences and comments, with both ends, by number."""
    closers: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(raw, 1):
        mark = line.strip()
        if _FENCE.fullmatch(mark):
            for length in range(3, len(mark) + 1):
                closers[mark[0] * length].append(number)
        if "-->" in line:
            closers["<!--"].append(number)
    hidden: dict[int, Kind] = {}
    until = 0
    for number, line in enumerate(raw, 1):
        if number <= until:
            continue
        opener, kind, same = _opener(line)
        following = closers[opener] if opener else []
        place = bisect_left(following, number if same else number + 1)
        if place < len(following):
            until = following[place]
            hidden.update(dict.fromkeys(range(number, until + 1), kind))
    return hidden


def _opener(line: str) -> tuple[str, Kind, bool]:
    """What must close the span that starts here (nothing if none does), its kind, and whether this line may close it."""
    if line.lstrip().startswith("<!--"):
        return "<!--", Kind.COMMENT, True
    match = _FENCE.match(line)
    if match and "`" not in line[match.end() :]:
        return match.group(1), Kind.FENCED, False
    return "", Kind.FENCED, False
