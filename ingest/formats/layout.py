"""Lines become a plan: where items begin and where sections do. Told from the text alone, never from a file's name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ingest.formats.asking import asks, opens
from ingest.formats.lines import SUMMARY, Kind, Line, after_number, tidy

# Below this share of questions among them, unmarked lines are prose with a question here and there.
_MOSTLY = 0.5
_SHORT = 12
_FEW_TITLES = 3
_NEARLY_ALL = 0.8
_PARTS = frozenset([Kind.RULE, Kind.HEADING])


# Prompts, and what follows them on their lines, by index.
Starts = dict[int, tuple[str, str]]


class Layout(StrEnum):
    HEADINGS = "headings as questions"
    LABELED = "Q: and A:"
    BOLD = "bold questions"
    NUMBERED = "numbered questions"
    PLAIN = "a question a line"
    NOTES = "numbered topic notes"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading that is no question. `reason` says why what stands below it, up to the next mark, is in no item."""

    level: int
    title: str
    reason: str = ""


@dataclass
class Plan:
    """Indices of lines at which items begin (with their prompt and what follows on that line) and sections begin."""

    starts: Starts = field(default_factory=dict)
    sections: dict[int, Section] = field(default_factory=dict)


# In the order in which they win a draw: a list of contents asks the same as the headings it lists.
_MARKS = {
    Kind.HEADING: Layout.HEADINGS,
    Kind.LABELED: Layout.LABELED,
    Kind.BOLD: Layout.BOLD,
    Kind.NUMBERED: Layout.NUMBERED,
}
_BELOW = frozenset([Kind.ANSWER, Kind.INDENTED, Kind.FENCED, Kind.TABLE, Kind.LINKS])

BEFORE = "stands before the first question of its section"
CONTENTS = "table of contents"
FURNITURE = "about the document, not a question"
READING = "a reading list, not a question"
EMPTY = "a heading with nothing below it"

_CONTENTS = re.compile(r"(?:table of )?contents?|toc|list of questions|questions? list", re.IGNORECASE)
_FURNITURE = re.compile(
    r"preamble|introduction|intro|overview|about(?: .*)?|license|licen[cs]ing|contribut.*|.*\bhow to contribute\b.*|"
    r"acknowledge?ments?|credits?|disclaimer|change ?log|contacts?|authors?|star history|support|foreword|preface|"
    r"how to use.*|road ?map|"
    r"(?:further |recommended |suggested )?(?:reading|resources|references|links|sources)|installation|usage|prerequisites",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:further|recommended|suggested|additional|related|useful)?\s*(?:reading|viewing|watching|resources?|references?|links?|sources?|"
    r"examples?|notes?|see also|key points|pros|cons|advantages|disadvantages|answer|code|output|tl;?dr)\b.*",
    re.IGNORECASE,
)


def detect(lines: Sequence[Line]) -> Layout | None:
    """The layout that explains most of the questions; None where nothing is asked."""
    counts = Counter[Layout]()
    unmarked = prose = bodies = answers = 0
    contents = _contents(lines)
    for at, line in enumerate(lines):
        if at in contents:
            continue
        if layout := _MARKS.get(line.kind):
            bodies += bool(line.more)
            counts[layout] += layout is Layout.LABELED or asks(line.said) or (layout is Layout.NUMBERED and _answered(lines, at))
        elif line.kind in {Kind.TEXT, Kind.BULLET}:
            unmarked += (whole := _whole_question(line))
            prose += not whole and len(line.said.split()) > _SHORT
            bodies += not whole
        else:
            bodies += line.kind in _BELOW
            answers += line.kind is Kind.ANSWER
    best = max(_MARKS.values(), key=lambda layout: counts[layout])
    asked = counts[best]
    # Numbers go well with lines that have none; other marks do so only where they are few among them.
    beside = asked / 4 if best in {Layout.NUMBERED, Layout.LABELED} else asked * 3
    bare = best is Layout.NUMBERED and bodies < asked / 4
    if bare or (unmarked > beside and unmarked + asked > _MOSTLY * prose and (not asked or answers <= asked / 2)):
        return Layout.PLAIN
    if asked:
        return best
    return Layout.NOTES if _titles(lines) >= _FEW_TITLES else None


def plan(lines: Sequence[Line], layout: Layout) -> Plan:
    """Where items and sections begin in a text of that layout."""
    if layout is Layout.HEADINGS:
        return _by_headings(lines)
    starts = {
        Layout.LABELED: _labeled,
        Layout.BOLD: _bold,
        Layout.NUMBERED: _numbered,
        Layout.NOTES: _noted,
        Layout.PLAIN: _plain,
    }[layout](lines)
    return Plan(starts, _sections(lines, starts))


def _whole_question(line: Line) -> bool:
    said = tidy(line.said)
    return asks(said) and (said.endswith("?") or opens(said))


def _next(lines: Sequence[Line], at: int) -> Line | None:
    """The next line that is not blank."""
    return next((line for line in lines[at + 1 : at + 60] if line.kind is not Kind.BLANK), None)


def _answered(lines: Sequence[Line], at: int) -> bool:
    following = _next(lines, at)
    return following is not None and following.kind is Kind.ANSWER


def _titles(lines: Sequence[Line]) -> int:
    """How many numbered lines are titles with something below them."""
    return sum(line.kind is Kind.NUMBERED and _is_titled(line) for line in lines)


def _is_titled(line: Line) -> bool:
    return line.said.rstrip("* _").endswith(":") and len(line.said.split()) <= _SHORT and not line.more


def _contents(lines: Sequence[Line]) -> set[int]:
    """The lines below a heading that announces a table of contents, up to the next heading or rule."""
    inside, found = False, set()
    for at, line in enumerate(lines):
        if line.kind is Kind.HEADING:
            inside = bool(_CONTENTS.fullmatch(tidy(line.said).rstrip(":")))
        elif line.kind is Kind.RULE:
            inside = False
        elif inside:
            found.add(at)
    return found


# Headings as questions


@dataclass
class _Node:
    """A heading and the lines below it, up to `end`, the next heading of its level or a higher one."""

    at: int
    level: int
    title: str
    asks: bool
    end: int = 0
    below: list[_Node] = field(default_factory=list)


def _by_headings(lines: Sequence[Line]) -> Plan:
    nodes = _tree(lines)
    asked = Counter(node.level for node in nodes if node.asks)
    level = min(asked, key=lambda level: (-asked[level], level), default=0)
    found = Plan()
    end = 0
    for node in nodes:
        if node.at < end:  # in the answer of a question, or below a heading that is about the document
            continue
        if node.asks and not (node.level < level and any(child.level == level for child in node.below)):
            found.starts[node.at] = (_prompt(node.title), "")
            end = node.end
        elif any(child.asks for child in node.below):
            found.sections[node.at] = Section(node.level, tidy(node.title))
        else:
            end = _other(lines, node, found)
    return found


def _tree(lines: Sequence[Line]) -> list[_Node]:
    nodes: list[_Node] = []
    above: list[_Node] = []
    numbered = [bool(after_number(line.said)) for line in lines if line.kind is Kind.HEADING]
    by_number = sum(numbered) > len(numbered) / 2
    for at, line in enumerate(lines):
        if line.kind is not Kind.HEADING:
            continue
        while above and above[-1].level >= line.level:
            above.pop().end = at
        furniture = _FURNITURE.fullmatch(tidy(line.said).rstrip(":")) is not None
        asked = not furniture and (asks(_prompt(line.said)) or (by_number and after_number(line.said) is not None))
        node = _Node(at, line.level, line.said, asked, len(lines))
        for parent in above:
            parent.below.append(node)
        above.append(node)
        nodes.append(node)
    return nodes


def _prompt(title: str) -> str:
    numbered = after_number(title)
    return tidy(numbered[1] if numbered else title)


def _other(lines: Sequence[Line], node: _Node, found: Plan) -> int:
    """Place a heading below which no heading asks; the end of what was decided about."""
    title = tidy(node.title).rstrip(":")
    body = [line for line in lines[node.at + 1 : node.end] if line.kind is not Kind.BLANK]
    reason = ""
    if _CONTENTS.fullmatch(title) or (body and all(line.kind is Kind.INSIDE for line in body)):
        reason = CONTENTS
    elif _inner(lines, node, found):
        return node.end
    elif _FURNITURE.fullmatch(title):
        reason = FURNITURE
    elif not body:
        reason = EMPTY
    elif all(line.kind in {Kind.LINKS, Kind.RULE, Kind.INSIDE, Kind.MARKUP} for line in body):
        reason = READING
    elif node.below or not found.starts or node.level == 1:
        found.sections[node.at] = Section(node.level, title)
        return node.at + 1
    else:
        found.starts[node.at] = (_prompt(node.title), "")
        return node.end
    found.sections[node.at] = Section(node.level, title, f"{reason}: {title}" if reason is READING else reason)
    return node.end


def _inner(lines: Sequence[Line], node: _Node, found: Plan) -> bool:
    """Whether the lines below a heading are a bank of another layout; its items are then planned."""
    below = lines[node.at + 1 : node.end]
    layout = detect([line for line in below if line.kind is not Kind.HEADING])
    if layout is None or node.below:
        return False
    inner = plan(below, layout)
    if len(inner.starts) < 2:
        return False
    found.sections[node.at] = Section(node.level, tidy(node.title))
    found.starts.update({node.at + 1 + at: start for at, start in inner.starts.items()})
    return True


# The other layouts


def _labeled(lines: Sequence[Line]) -> Starts:
    contents = _contents(lines)
    return {at: _said(line) for at, line in enumerate(lines) if line.kind is Kind.LABELED and at not in contents}


def _bold(lines: Sequence[Line]) -> Starts:
    contents = _contents(lines)
    return {at: _said(line) for at, line in enumerate(lines) if line.kind is Kind.BOLD and asks(line.said) and at not in contents}


def _said(line: Line) -> tuple[str, str]:
    return tidy(line.said), line.more


def _numbered(lines: Sequence[Line]) -> Starts:
    """Numbered lines that ask, and those that keep count with them; lists inside answers count for themselves."""
    contents = _contents(lines)
    counted = [at for at, line in enumerate(lines) if line.kind in {Kind.NUMBERED, Kind.LABELED} and at not in contents]
    asked = [at for at in counted if asks(lines[at].said)]
    answered = {at for at in counted if _answered(lines, at)}
    marked = len(answered & set(asked)) > _NEARLY_ALL * len(asked)
    top = next((line.level for line in reversed(lines[: min(counted, default=0)]) if line.kind is Kind.HEADING), 0)
    starts: Starts = {}
    last = inner = 0
    for at in counted:
        line, before = lines[at], _before(lines, at)
        follows = line.count == last + 1 and not (inner and line.count == inner + 1)
        below = lines[before].kind is Kind.HEADING and lines[before].level <= top
        parted = asks(line.said) and not marked and (before in starts or lines[before].kind in _PARTS)
        begins = line.count == 1 and (below or parted)
        if at in answered or tidy(line.said).endswith("?") or follows or begins:
            starts[at], last, inner = _said(line), line.count, 0
        else:
            inner = line.count
    return starts


def _noted(lines: Sequence[Line]) -> Starts:
    """Numbered titles: those with a colon if most have one, in the order of their numbers."""
    counted = [at for at, line in enumerate(lines) if line.kind is Kind.NUMBERED and len(line.said.split()) <= _SHORT]
    titled = [at for at in counted if _is_titled(lines[at])]
    starts: Starts = {}
    last = 0
    for at in titled:
        if lines[at].count in {last + 1, 1}:
            starts[at], last = _said(lines[at]), lines[at].count
    return starts


def _before(lines: Sequence[Line], at: int) -> int:
    """The index of the last line before this one that is not blank, or this one's."""
    return next((n for n in range(at - 1, max(-1, at - 60), -1) if lines[n].kind is not Kind.BLANK), at)


def _plain(lines: Sequence[Line]) -> Starts:
    """Every line that asks, wherever it stands, and every short line that stands alone."""
    contents = _contents(lines)
    starts: Starts = {}
    open_ = ""  # what was said so far, if this line may go on with it
    for at, line in enumerate(lines):
        first = at == 0 or lines[at - 1].kind in {Kind.BLANK, Kind.RULE, Kind.HEADING}
        if line.kind not in {Kind.TEXT, Kind.BULLET, Kind.NUMBERED, Kind.LABELED, Kind.BOLD} or at in contents:
            open_ = ""
            continue
        said = tidy(line.said)
        if not first and wraps(open_, said):
            open_ = said
            continue
        counted = line.kind in {Kind.NUMBERED, Kind.LABELED}
        topic = first and line.kind in {Kind.TEXT, Kind.BOLD} and _is_topic(said) and bool(starts)
        if asks(said) or counted or topic or _answered(lines, at):
            starts[at] = _said(line)
            open_ = said
        else:
            open_ = ""
    return {at: start for at, start in starts.items() if not _is_title(lines, at, starts)}


def wraps(before: str, line: str) -> bool:
    """Whether `line` goes on with the sentence `before` left open."""
    if not before or before.endswith((".", "?", "!", ":", ")")) or not line:
        return False
    return line[0].islower() or (line.endswith("?") and not opens(line))


def _is_topic(said: str) -> bool:
    return len(said.split()) <= _SHORT and not said.endswith((".", ":", ",", ";")) and any(char.isalpha() for char in said)


def _is_title(lines: Sequence[Line], at: int, starts: Starts) -> bool:
    """Whether a line that could be a bare topic is the title of the questions below it."""
    line = lines[at]
    return line.kind is Kind.BOLD and not asks(line.said) and _next_index(lines, at) in starts


def _next_index(lines: Sequence[Line], at: int) -> int:
    return next((n for n in range(at + 1, min(at + 60, len(lines))) if lines[n].kind not in {Kind.BLANK, Kind.RULE}), -1)


def _sections(lines: Sequence[Line], starts: Starts) -> dict[int, Section]:
    """Headings above items, and lines that stand for one: `Questions on X:` or bold type, alone above an item."""
    contents = _contents(lines)
    found: dict[int, Section] = {}
    nearest = _leads(lines, starts)
    deepest = max((line.level for at, line in enumerate(lines) if line.kind is Kind.HEADING and at in nearest), default=0)
    above = 0
    for at, line in enumerate(lines):
        if at in starts or at in contents:
            continue
        title = tidy(line.said)
        if line.kind is Kind.HEADING:
            begun = any(start < at for start in starts) if not found else True
            if at in nearest or line.level <= min(deepest, above or SUMMARY) or not begun:
                above = line.level
                furniture = _CONTENTS.fullmatch(title) or _FURNITURE.fullmatch(title.rstrip(":"))
                found[at] = Section(line.level, title, FURNITURE if furniture and at not in nearest else "")
        elif _stands_for_heading(lines, at, title) and at in nearest:
            found[at] = Section(above or 1, title.rstrip(":"))
    return found


def _leads(lines: Sequence[Line], starts: Starts) -> set[int]:
    """The lines between which and the next item stand only headings, rules and blanks."""
    found: set[int] = set()
    leading = False
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        if at in starts:
            leading = True
        elif leading and line.kind in {Kind.HEADING, Kind.TEXT, Kind.BOLD}:
            found.add(at)
            leading = line.kind is Kind.HEADING
        elif line.kind not in {Kind.BLANK, Kind.RULE}:
            leading = False
    return found


def _stands_for_heading(lines: Sequence[Line], at: int, title: str) -> bool:
    alone = at == 0 or lines[at - 1].kind in {Kind.BLANK, Kind.RULE}
    colon = lines[at].kind is Kind.TEXT and title.endswith(":")
    short = len(title.split()) <= _SHORT and not _LABEL.fullmatch(title)
    return alone and short and (colon or lines[at].kind is Kind.BOLD) and not asks(title)
