"""Claims and texts become verdicts without a language model: the judge of every run that has no other.

A text says a claim if it stands there word for word; or if one of its sentences is near in meaning, its best two hold much
of what the claim's words are worth, and nothing there speaks against it: a number the text does not have, a "not" on one side
only, an opposite, the same words in another order. What shares few words with the claim may still say it in other words: in
short texts that is left to the small net of `coach.entail`, and only that, for the net takes a near copy for a denial.
It does not see every exchange of roles, and hardly any paraphrase that shares no words; `eval.self_test` measures how often.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from coach.entail import SAYS, Entailment, Seen
from coach.guard import misnumbered, negates, turned
from coach.ports import About, Embedder, Lexicon, Vectors
from coach.retrieve import inverse_document_frequency
from coach.support import numbers
from coach.text import find_quote, words
from eval.judge import Ruling, Verdict
from eval.judge import claims as sentences_of

# Raised with every change that can change a verdict.
VERSION = "rules-1"

# Chosen on key points of 52 questions (one in eight, which the net was not trained on either) and the answers they belong to:
# 90 of 100 stand there by these numbers, before anything speaks against them; in another answer of the same topic 1, in one of
# another topic none.
CLOSE = 0.6
LEAST_COSINE = 0.4
LEAST_WORDS = 0.4
# On the statements written about the same questions: 40 of 100 free paraphrases are taken, 4 free contradictions, 1 foreign.
SAID = 0.6
SAID_COSINE = 0.3
# A long text is not read where it shares so little with a claim, and then only its best sentences by words. Of a short one
# every sentence is, and only there a paraphrase without common words is looked for: elsewhere it would hardly be among those.
_WORTH_READING = 0.25
_SHORT = 6
_LOOKED_AT = 2
# A "not" stands so many words before what it denies, an "after" so many behind.
_ASIDE = 2
# How many words a "not" reaches.
_REACH = 4
# A claim that repeats this much of a sentence in another order turns it around; fewer words have no order to speak of. Of key
# points and the sentences that teach them, 6 in 100 are lost to that.
_COPIED, _ORDERED, _IN_ORDER = 0.9, 3, 0.85


@dataclass(frozen=True, slots=True)
class _Text:
    """A text's sentences, and the tokens of each."""

    whole: str
    sentences: tuple[str, ...]
    tokens: tuple[frozenset[int], ...]

    @property
    def short(self) -> bool:
        return len(self.sentences) <= _SHORT


@dataclass(frozen=True, slots=True)
class _Best:
    """The sentences of a text that a claim is compared with, most telling first: their cosines, and what both hold of it."""

    sentences: tuple[str, ...]
    cosines: tuple[float, ...]
    share: float

    @property
    def close(self) -> bool:
        near = self.cosines[0]
        return near >= LEAST_COSINE and self.share >= LEAST_WORDS and (near + self.share) / 2 >= CLOSE


@dataclass(frozen=True)
class Rules:
    """The deterministic judge. `about` tells how rare words are; `net` is the one trained for the embedder, if there is one."""

    embedder: Embedder
    lexicon: Lexicon
    about: About
    net: Entailment | None = None
    _seen: dict[str, Seen] = field(default_factory=dict, repr=False)
    _texts: dict[str, _Text] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        return f"{VERSION} {self.embedder.id}"

    def entail(self, claims: Sequence[str], texts: Sequence[str]) -> list[list[Verdict]]:
        read = [self._text(text) for text in texts]
        candidates = {
            (row, column): rows
            for row, claim in enumerate(claims)
            for column, text in enumerate(read)
            if not find_quote(claim, text.whole) and (rows := self._candidates(claim, text))
        }
        wanted = [claims[row] for row, _ in candidates]
        wanted += [read[column].sentences[i] for (_, column), rows in candidates.items() for i in rows]
        vectors = dict(zip(wanted, self.embedder.embed(wanted), strict=True)) if wanted else {}
        return [
            [self._verdict(claim, text, candidates.get((row, column), ()), vectors) for column, text in enumerate(read)]
            for row, claim in enumerate(claims)
        ]

    def _text(self, text: str) -> _Text:
        if text not in self._texts:
            found = tuple(sentences_of(text))
            self._texts[text] = _Text(text, found, tuple(self._tokens(sentence) for sentence in found))
        return self._texts[text]

    def _candidates(self, claim: str, text: _Text) -> tuple[int, ...]:
        """Which sentences of a text are worth comparing with a claim."""
        if text.short:
            return tuple(range(len(text.sentences)))
        wanted = self._tokens(claim)
        best = sorted(range(len(text.sentences)), key=lambda i: -self._share(wanted, text.tokens[i]))[:_LOOKED_AT]
        share = self._share(wanted, frozenset().union(*(text.tokens[i] for i in best)))
        return tuple(best) if share >= _WORTH_READING else ()

    def _verdict(self, claim: str, text: _Text, rows: Sequence[int], vectors: Mapping[str, Vectors]) -> Verdict:
        if span := find_quote(claim, text.whole):
            return Verdict(Ruling.SUPPORTED, text.whole[slice(*span)], "word for word", self.id)
        if not rows:
            return Verdict(Ruling.UNKNOWN, by=self.id)
        best = self._best(claim, text, rows, vectors)
        first = best.sentences[0]
        if best.close:
            against = _against(claim, first, text.whole, self.lexicon)
            ruling = Ruling.CONTRADICTED if against else Ruling.SUPPORTED
            return Verdict(ruling, first, against or f"cosine {best.cosines[0]:.2f}, words {best.share:.2f}", self.id)
        for sentence, cosine in zip(best.sentences, best.cosines, strict=True):
            says = self._says(claim, sentence) if text.short and cosine >= SAID_COSINE else 0.0
            if says >= SAID and not _against(claim, sentence, text.whole, self.lexicon):
                return Verdict(Ruling.SUPPORTED, sentence, f"in other words {says:.2f}", self.id)
        return Verdict(Ruling.UNKNOWN, first, f"cosine {best.cosines[0]:.2f}, words {best.share:.2f}", self.id)

    def _best(self, claim: str, text: _Text, rows: Sequence[int], vectors: Mapping[str, Vectors]) -> _Best:
        wanted = self._tokens(claim)
        cosines = [float(vectors[text.sentences[i]] @ vectors[claim]) for i in rows]
        worth = [cosine + self._share(wanted, text.tokens[i]) for cosine, i in zip(cosines, rows, strict=True)]
        order = sorted(range(len(rows)), key=lambda at: -worth[at])[:_LOOKED_AT]
        there: frozenset[int] = frozenset().union(*(text.tokens[rows[at]] for at in order))
        return _Best(
            tuple(text.sentences[rows[at]] for at in order),
            tuple(cosines[at] for at in order),
            self._share(wanted, there),
        )

    def _says(self, claim: str, sentence: str) -> float:
        """What the net makes of it; nothing without one."""
        if self.net is None:
            return 0.0
        new = [text for text in dict.fromkeys((claim, sentence)) if text not in self._seen]
        for text, reading in zip(new, self.embedder.read(new) if new else (), strict=True):
            self._seen[text] = self.net.seen(reading.states)
        return float(self.net.chances(self._seen[claim], [self._seen[sentence]])[0, SAYS])

    def _tokens(self, text: str) -> frozenset[int]:
        return frozenset(self.lexicon.query(text).indices)

    def _share(self, wanted: frozenset[int], there: frozenset[int]) -> float:
        """How much of what `wanted` is worth stands `there`, from 0 to 1."""
        whole = sum(map(self._rarity, wanted))
        return sum(map(self._rarity, wanted & there)) / whole if whole else 0.0

    def _rarity(self, token: int) -> float:
        return inverse_document_frequency(self.about.frequencies.get(token, 0), self.about.entries)


def _against(claim: str, sentence: str, whole: str, lexicon: Lexicon) -> str:
    """What speaks against a sentence's saying a claim it resembles; empty if nothing does."""
    if numbers(claim) - numbers(whole) or misnumbered(claim, sentence):
        return "number"
    part = _part(claim, sentence, lexicon)
    said, there = _stems(claim, lexicon), _stems(part, lexicon)
    if _denies(claim, there, lexicon) != _denies(part, said, lexicon):
        return "negation"
    return turned(part, claim, lexicon) or turned(claim, part, lexicon) or _exchanged(said, there)


def _exchanged(said: Sequence[int], there: Sequence[int]) -> str:
    """Whether stems are the same but for one, or the same in another order: a near copy that differs tells something else."""
    changes = [change for change in SequenceMatcher(None, said, there, autojunk=False).get_opcodes() if change[0] != "equal"]
    if len(changes) == 1 and changes[0][0] == "replace" and len(said) == len(there) > changes[0][2] - changes[0][1] == 1:
        return "one word"
    places = [there.index(stem) for stem in dict.fromkeys(said) if stem in there]
    if len(places) < max(_ORDERED, _COPIED * len(set(said))):
        return ""
    # What was last may come first ("With more tokens the cache grows"): that is no exchange.
    rising = max(_longest_rising(places[at:] + places[:at]) for at in range(len(places)))
    return "order" if rising < _IN_ORDER * len(places) else ""


def _denies(text: str, shared: Sequence[int], lexicon: Lexicon) -> bool:
    """Whether a text denies any of the stems; what else it denies is another matter."""
    spoken = text.split()
    after = (" ".join(spoken[at + 1 : at + 1 + _REACH]) for at, word in enumerate(spoken) if negates(word))
    return any(stem in shared for words_after in after for stem in _stems(words_after, lexicon))


def _longest_rising(places: Sequence[int]) -> int:
    tails: list[int] = []
    for place in places:
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return len(tails)


def _stems(text: str, lexicon: Lexicon) -> list[int]:
    """The content stems of a text, in order."""
    known = lexicon.tokens(text)
    return [known[word] for word in words(text) if word in known]


def _part(claim: str, sentence: str, lexicon: Lexicon) -> str:
    """The stretch of a sentence from its first to its last word that the claim has too, and what is next to it: what is
    farther away is said of something else."""
    own = set(lexicon.tokens(claim).values())
    spoken = sentence.split()
    shared = [at for at, word in enumerate(spoken) if own & set(lexicon.tokens(word).values())]
    return " ".join(spoken[max(0, shared[0] - _ASIDE) : shared[-1] + 1 + _ASIDE]) if shared else sentence
