"""A question becomes hints that give away a little more each time, and a missed point becomes a follow-up.

Knows no screen and no grader. What a hint names are cues: the rarest words of a key point that the question does not
say itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from coach.domain import Grade, Question, Verdict
from coach.interview import Style
from coach.ports import About, Lexicon
from coach.retrieve import inverse_document_frequency

GAP = "______"
_ESSENTIAL = 3
_GAPS = 3
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_SHORTEST = 3


@dataclass(frozen=True)
class Cues:
    """Finds the telling words of a text; `about` knows how rare they are in the material."""

    lexicon: Lexicon
    about: About

    def of(self, text: str, known: str) -> str:
        """The word, or the two neighboring words, that tell most about `text` without being in `known`; maybe none."""
        worth = self._worth(text, known)
        found = list(_WORD.finditer(text))
        pairs = [(a, b) for a, b in pairwise(found) if text[a.end() : b.start()] == " "]
        runs = [(a.group(),) for a in found] + [(a.group(), b.group()) for a, b in pairs if _both(worth, a, b)]
        return (
            " ".join(max(runs, key=lambda run: sum(worth.get(word.lower(), 0.0) for word in run))) if any(worth.values()) else ""
        )

    def gapped(self, text: str, known: str) -> str:
        """`text` with its most telling words left out."""
        worth = self._worth(text, known)
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


def ladder(question: Question, cues: Cues, open_points: Sequence[int] = ()) -> tuple[str, ...]:
    """Three hints: how many points and what one turns on, what all turn on, and one with gaps to fill.

    `open_points` are the numbers of the points a draft has not made yet; none means all. A question without key points
    has no hints.
    """
    points = [question.key_points[number] for number in open_points] or list(question.key_points)
    if not points:
        return ()
    points.sort(key=lambda point: -point.weight)
    essential = sum(point.weight == _ESSENTIAL for point in question.key_points)
    first, *_ = points
    turns_on = [cue for point in points if (cue := cues.of(point.text, question.prompt))]
    start = f" Begin with what turns on: {turns_on[0]}." if turns_on else ""
    return (
        f"A full answer makes {len(question.key_points)} points, {essential} of them essential.{start}",
        f"What is still to say turns on: {'; '.join(dict.fromkeys(turns_on))}.",
        f"Fill the gaps: {cues.gapped(first.text, question.prompt)}",
    )


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
    if verdict.verdict is Verdict.CONTRADICTED and verdict.said:
        return f"{_DOUBT[style]} You said: “{verdict.said}” Walk me through why, or put it right."
    if verdict.verdict is Verdict.PARTIAL and verdict.said:
        return f"{_CLOSER[style]} You said: “{verdict.said}” Can you be more exact about that?"
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
    Style.FRIENDLY: "Good, and there is one more thing that matters here.",
    Style.NEUTRAL: "Something that matters was left out.",
    Style.PROBING: "You left out something that matters.",
}


def _both(worth: dict[str, float], one: re.Match[str], other: re.Match[str]) -> bool:
    return bool(worth.get(one.group().lower()) and worth.get(other.group().lower()))
