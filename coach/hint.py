"""A question becomes hints that give away a little more each time, and a missed point becomes a follow-up.

Knows no screen and no grader. What a hint names are cues: the rarest words of a key point that the candidate has not
read in the question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from coach.domain import Grade, KeyPoint, Question, Verdict
from coach.interview import Style
from coach.ports import About, Lexicon
from coach.retrieve import inverse_document_frequency
from coach.text import shortened

GAP = "______"
_ESSENTIAL = 3
_GAPS = 3
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_SHORTEST = 3
# Characters of the candidate's own words that a follow-up repeats.
_QUOTED = 300


@dataclass(frozen=True)
class Cues:
    """Finds the telling words of a text; `about` knows how rare they are in the material."""

    lexicon: Lexicon
    about: About

    def of(self, text: str, known: str) -> str:
        """The word, or the two neighboring words, that tell most about `text` without being in `known`.

        Nothing if no word does, and never the whole text.
        """
        worth = {word: value for word, value in self._worth(text, known).items() if value}
        found = list(_WORD.finditer(text))
        telling = [[word] for word in found if word.group().lower() in worth]
        runs = telling + [[*one, *other] for one, other in pairwise(telling) if text[one[0].end() : other[0].start()] == " "]
        values = {" ".join(word.group() for word in run): _total(worth, run) for run in runs if len(run) < len(found)}
        return max(values, key=lambda run: values[run], default="")

    def gapped(self, text: str, known: str) -> str:
        """`text` with its most telling words left out: those that are not in `known`, if there are any."""
        worth = self._worth(text, known)
        worth = worth if any(worth.values()) else self._worth(text, "")
        hidden = sorted((word for word, value in worth.items() if value > 0), key=lambda word: (-worth[word], word))[:_GAPS]
        return _WORD.sub(lambda match: GAP if match.group().lower() in hidden else match.group(), text)

    def _worth(self, text: str, known: str) -> dict[str, float]:
        """How rare each word of `text` is; 0 for stop words, short ones and words of `known`."""
        spoken = set(self.lexicon.query(known).indices)
        found = {match.group().lower() for match in _WORD.finditer(text) if len(match.group()) >= _SHORTEST}
        return {word: self._rarity(word, spoken) for word in found}

    def _rarity(self, word: str, spoken: set[int]) -> float:
        tokens = self.lexicon.query(word).indices
        if not tokens or set(tokens) & spoken:
            return 0.0
        return max(inverse_document_frequency(self.about.frequencies.get(token, 0), self.about.entries) for token in tokens)


def ladder(question: Question, cues: Cues, known: str, open_points: Sequence[int] = ()) -> tuple[str, ...]:
    """Three hints: how many points and what one turns on, what all turn on, and one with gaps to fill.

    `known` is what the candidate has read, `open_points` the numbers of the points a draft has not made yet; none means
    all. A question without key points has only the hint that came with it, if one did.
    """
    points = [question.key_points[number] for number in open_points] or list(question.key_points)
    if not points:
        return (question.hint,) if question.hint else ()
    points.sort(key=lambda point: -point.weight)
    first = points[0].text
    cue = cues.of(first, known)
    # With its cue known, the first point gives another one.
    more = [found for point in points if (found := cues.of(point.text, f"{known} {cue}"))]
    start = f" Begin with what turns on: {cue}." if cue else ""
    turns_on = f"What is still to say turns on: {'; '.join(dict.fromkeys(filter(None, [cue, *more])))}."
    known_words = f"The first point takes {len(_WORD.findall(first))} words, most of them known: say how they belong together."
    return (
        f"{_size(question.key_points)}{start}",
        turns_on if more else known_words,
        f"Fill the gaps: {cues.gapped(first, known)}",
    )


def _size(points: Sequence[KeyPoint]) -> str:
    if len(points) == 1:
        return "A full answer makes one point."
    essential = sum(point.weight == _ESSENTIAL for point in points)
    return f"A full answer makes {len(points)} points, {essential or 'none'} of them essential."


def most_valuable(grade: Grade) -> int | None:
    """The number of the key point worth following up: contradicted before missing before partial, the heaviest first."""
    order = (Verdict.CONTRADICTED, Verdict.MISSING, Verdict.PARTIAL)
    weak = [
        (order.index(verdict.verdict), -verdict.point.weight, number)
        for number, verdict in enumerate(grade.verdicts)
        if verdict.verdict in order
    ]
    return min(weak)[-1] if weak else None


def follow_up(grade: Grade, number: int, question: Question, cues: Cues, style: Style) -> str:
    """What an interviewer asks about point `number` without giving it away."""
    verdict = grade.verdicts[number]
    said = shortened(" ".join(verdict.said.split()), _QUOTED)
    if verdict.verdict is Verdict.CONTRADICTED and said:
        return f"{_DOUBT[style]} You said: “{said}” Walk me through why, or put it right."
    if verdict.verdict is Verdict.PARTIAL and said:
        return f"{_CLOSER[style]} You said: “{said}” Can you be more exact about that?"
    cue = cues.of(verdict.point.text, question.prompt)
    return f"{_OPEN[style]} {f'It turns on: {cue}. What would you add?' if cue else 'What would you add?'}"


_DOUBT = {
    Style.FRIENDLY: "One thing I would like to look at again.",
    Style.NEUTRAL: "I am not sure about one thing.",
    Style.PROBING: "I do not believe that yet.",
}
_CLOSER = {
    Style.FRIENDLY: "You are close with one point.",
    Style.NEUTRAL: "One point was vague.",
    Style.PROBING: "That was vague.",
}
_OPEN = {
    Style.FRIENDLY: "There is one more thing that matters here.",
    Style.NEUTRAL: "Something that matters was left out.",
    Style.PROBING: "You left out something that matters.",
}


def _total(worth: dict[str, float], run: Sequence[re.Match[str]]) -> float:
    return sum(worth[word.group().lower()] for word in run)
