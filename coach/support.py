"""A claim and passages become what it stands on: the quotes that say it, or nothing. Knows no model and no screen.

A passage supports a claim if one of its windows is near, if the two nearest have much of what the claim's words are
worth, rare ones counting more and the question's not at all, and if nothing speaks against it: a number or a name that
stands nowhere in the passage, a thing that one denies and the other states, a word whose opposite stands there. That is
closeness, not proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from coach.ports import About, Lexicon, Stored, Vectors
from coach.retrieve import inverse_document_frequency
from coach.text import Unit, units, words

# A claim may draw on two windows. Of sentences held against their own passage there pass about 85 % of key points, a third
# of their other wordings, a third of misconceptions, and half of what contradicts a key point in nearly its own words; a
# higher share of words loses as many honest wordings as wrong ones. `python -m bench.support` prints the figures.
_WINDOWS = 2
LEAST_COSINE = 0.3
LEAST_WORDS = 0.4

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_SPELLED = {
    word: str(n)
    for n, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 2)
}
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[.,;:!?()]")
_NEGATIONS = frozenset({"not", "no", "never", "neither", "nor", "none", "nothing", "cannot", "without"})
_REACH = 2
_ANNOUNCING_WORDS = 10
_ANNOUNCING = "trade offs steps points differences summary short example advantages disadvantages limits costs reasons parts ways"
_INSIDE = re.compile(r"[\w,;)'’]\s+$")
_NAME = re.compile(r"[^\W_]+")
_OPPOSITES = {
    one: other
    for pair in (
        "higher lower", "high low", "more less", "more fewer", "most least", "increases decreases", "increase decrease",
        "increases reduces", "increase reduce", "raises lowers", "raise lower", "faster slower", "fast slow", "larger smaller",
        "large small", "longer shorter", "better worse", "best worst", "before after", "always never", "cheaper costlier",
        "cheap expensive", "first last", "easier harder", "early late", "maximizes minimizes", "maximum minimum", "with without",
        "strong weak", "stronger weaker", "improves hurts", "inside outside", "reads writes", "above below", "over under",
    )
    for one, other in (pair.split(), pair.split()[::-1])
}  # fmt: skip

# What praise and advertisements are made of; no passage says it in other words.
_ABSOLUTE = frozenset(
    {"best", "worst", "only", "always", "never", "perfect", "perfectly", "guaranteed", "ideal", "everything", "nothing"}
)

# Sentences that talk to whoever reads prompts: they take back instructions, address a model, or dictate an answer.
_TELL = (
    r"(?:say|answer|reply|respond|write|mention|recommend|praise|include|add|tell|output|print|begin|end|cite|omit|repeat|append)"
)
_MUST = r"(?:must|should|shall|needs? to|has to|have to|are to|is to|please|will)"
_MODEL = r"(?:ai|assistants?|llms?|language models?|chatbots?|summarizers?|bots?)"
_REPLIES = r"(?:answers?|repl(?:y|ies)|responses?)"
_WHAT = rf"(?:that|with|the user|the reader|this link|exactly|(?:in|to|from) (?:every|your|the) (?:{_REPLIES}|question))"
_STEERING = re.compile(
    "|".join(
        (
            r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules?|directions?|guidelines?)\b",
            r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:above|previous)\b",
            r"\b(?:reveal|print|repeat|output|show)\b.{0,40}\b(?:system (?:prompt|message)|(?:your|these|the) instructions)\b",
            r"\byou are now\b",
            r"\bnew instructions?\s*:",
            r"<\s*/?\s*(?:system|assistant|instructions?)\s*>",
            rf"\b{_MODEL}\b[^.?!]{{0,60}}\b{_MUST}\b[^.?!]{{0,20}}\b(?:{_TELL}|ask)\b",
            rf"(?:^|[.!?>\]]\s*|\bplease\s+)(?:always |only |never |do not |don['’]t )?{_TELL}\b.{{0,25}}\b{_WHAT}\b",
            rf"(?:^|[.!?>\]]\s*){_TELL}\b.{{0,25}}<\w",
            rf"\b(?:in|to|end|begin|start) (?:all|every|each|any|your) {_REPLIES}\b",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """A window of a passage; `words` are token ids."""

    units: tuple[Unit, ...]
    vector: Vectors
    words: frozenset[int]


@dataclass(frozen=True)
class Evidence:
    """The passages an answer may stand on, in the order of their numbers, and the question, whose words prove nothing."""

    stored: tuple[Stored, ...]
    question: str
    lexicon: Lexicon
    about: About

    def quotes(self, claim: str, vector: Vectors, least_words: float = LEAST_WORDS) -> dict[int, str]:
        """The numbers of the passages that say `claim`, the most telling first, each with the unit that says it best."""
        tokens = frozenset(self.lexicon.query(claim).indices)
        found: dict[int, tuple[float, str]] = {}
        for number, grounds in enumerate(self._by_passage, 1):
            near = sorted(grounds, key=lambda ground: -float(ground.vector @ vector))[:_WINDOWS]
            cosine = float(near[0].vector @ vector) if near else 0.0
            share = self._share(tokens - self._asked or tokens, frozenset().union(*(ground.words for ground in near)))
            if cosine < LEAST_COSINE or share < least_words:
                continue
            unit = max(
                (unit for ground in near for unit in ground.units), key=lambda unit: self._share(tokens, self._words(unit))
            )
            if not self._against(claim, unit, self._wholes[number - 1]):
                found[number] = (cosine + share, unit.text)
        return {number: quote for number, (_, quote) in sorted(found.items(), key=lambda item: -item[1][0])}

    def announces(self, text: str) -> bool:
        """Whether a sentence only announces what follows, in words of the passages, of the question, or of lists."""
        if not text.rstrip().endswith(":") or len(text.split()) > _ANNOUNCING_WORDS:
            return False
        known = self._asked.union(self.lexicon.query(_ANNOUNCING).indices, *(ground.words for ground in self.grounds))
        return set(self.lexicon.query(text).indices) <= known

    @cached_property
    def grounds(self) -> tuple[Ground, ...]:
        """Every window of every passage, without the units that talk to a model."""
        return tuple(ground for grounds in self._by_passage for ground in grounds)

    @cached_property
    def _by_passage(self) -> tuple[tuple[Ground, ...], ...]:
        return tuple(tuple(self._grounds(stored)) for stored in self.stored)

    @cached_property
    def _asked(self) -> frozenset[int]:
        return frozenset(self.lexicon.query(self.question).indices)

    @cached_property
    def _wholes(self) -> tuple[str, ...]:
        """All that may be believed of each passage."""
        passages = [stored.entry.passage for stored in self.stored]
        parts = [[p.heading, *(unit.text for unit in units(p.text))] for p in passages]
        return tuple(" ".join(part for part in texts if not steers(part)) for texts in parts)

    def _grounds(self, stored: Stored) -> Iterator[Ground]:
        found = units(stored.entry.passage.text)
        for piece, vector in zip(stored.entry.pieces, stored.dense, strict=True):
            over = tuple(unit for unit in found[piece.first : piece.last] if not steers(unit.text))
            if over:
                words = self.lexicon.query(" ".join(unit.text for unit in over)).indices
                yield Ground(over, vector, frozenset(words))

    def _words(self, unit: Unit) -> frozenset[int]:
        return frozenset(self.lexicon.query(unit.text).indices)

    def _share(self, wanted: frozenset[int], there: frozenset[int]) -> float:
        """How much of what `wanted` is worth stands `there`, from 0 to 1."""
        whole = sum(self._rarity(token) for token in wanted)
        return sum(self._rarity(token) for token in wanted & there) / whole if whole else 0.0

    def _rarity(self, token: int) -> float:
        return inverse_document_frequency(self.about.frequencies.get(token, 0), self.about.entries)

    def _against(self, claim: str, unit: Unit, whole: str) -> bool:
        told = set(words(whole))
        foreign = names(claim) | _ABSOLUTE & set(words(claim))
        if numbers(claim) - numbers(whole) or any(not {word, f"{word}s", word.removesuffix("s")} & told for word in foreign):
            return True
        said, there = set(_tokens(claim)), set(_tokens(unit.text))
        return self._opposed(claim, unit.text) or any(word not in there and _OPPOSITES.get(word) in there - said for word in said)

    def _opposed(self, claim: str, text: str) -> bool:
        """Whether one denies what the other states. If both deny something, that may be the same in other words."""
        denied, stated = self._denied(claim)
        denied_there, stated_there = self._denied(text)
        if denied and denied_there:
            return False
        return bool((denied - stated) & stated_there or (denied_there - stated_there) & stated)

    def _denied(self, text: str) -> tuple[frozenset[int], frozenset[int]]:
        """The tokens a text denies, the first few after a negation, and all others."""
        denied: set[int] = set()
        stated: set[int] = set()
        left = 0
        for word in _tokens(text):
            if word in _NEGATIONS or word.endswith(("n't", "n’t")):
                left = _REACH
            elif not word[0].isalnum():
                left = 0
            elif token := self.lexicon.query(word).indices:
                (denied if left > 0 else stated).update(token)
                left -= 1
        return frozenset(denied), frozenset(stated)


def steers(text: str) -> bool:
    """Whether a sentence gives orders to a model. It is then neither shown to one nor evidence of anything."""
    return bool(_STEERING.search(text))


def numbers(text: str) -> set[str]:
    """The numbers of a text, spelled or in digits; one is no number, since it mostly is a pronoun."""
    digits = {match.group().replace(",", "") for match in _NUMBER.finditer(text)}
    return (digits | {_SPELLED[word] for word in _tokens(text) if word in _SPELLED}) - {"1"}


def names(text: str) -> set[str]:
    """The words of a text that are written like names, in lower case: HNSW, k1, AcmeDB, or Acme inside a sentence."""
    found = set()
    for match in _NAME.finditer(text):
        word = match.group()
        inner = any(c.isupper() for c in word[1:]) or (word[0].isalpha() and any(c.isdigit() for c in word))
        if inner or (word[0].isupper() and len(word) > 1 and _INSIDE.search(text[: match.start()])):
            found.add(word.lower())
    return found


def _tokens(text: str) -> Sequence[str]:
    return _TOKEN.findall(text.lower())
