"""What the coach can do. Each verb is a straight line from what a person gives to what comes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from coach.answer import extract, refuse
from coach.domain import Answer, Hit, Judgement
from coach.errors import BadQuestion
from coach.grade import Grader, Weights
from coach.ports import CommonWords, Embedder, Lexicon, PassageIndex
from coach.refuse import Calibration, features, unknown_names
from coach.retrieve import search
from coach.text import clean, units, words

MAX_QUESTION = 2_000
_LOOKED_AT = 10
_READ = 4
# A job description: sentences looked at, hits a sentence votes with, how near they must be, and a topic's least share.
_LINES = 60
_VOTES = 5
_ABOUT = 0.3
_SHARE = 0.08


@dataclass(frozen=True)
class Coach:
    """An index, what searches it, and how sure it must be to answer."""

    index: PassageIndex
    embedder: Embedder
    lexicon: Lexicon
    english: CommonWords
    calibration: Calibration

    def search(self, question: str, limit: int = _LOOKED_AT) -> list[Hit]:
        """The best hits for a question. Raises BadQuestion."""
        question = asked(question)
        return search(self.index, self.lexicon, question, self.embedder.embed([question])[0], limit)

    def ask(self, question: str) -> Answer:
        """An answer from the material with citations, or the honest word that it is not there. Raises BadQuestion."""
        question = asked(question)
        vector = self.embedder.embed([question])[0]
        hits = search(self.index, self.lexicon, question, vector, _LOOKED_AT)
        judged = self.judge(question, hits)
        if not judged.enough:
            return refuse(question, hits, judged)
        read = hits[:_READ]
        return extract(question, vector, read, self.index.entries([hit.passage.id for hit in read]), judged)

    def topics_for(self, text: str) -> list[str]:
        """The topics that a role or a job description is about, the most telling first. Raises BadQuestion.

        Each sentence votes for the topics of what it finds, as much as it has to do with them.
        """
        asked(text[:MAX_QUESTION])
        lines = [unit.text[:MAX_QUESTION] for unit in units(clean(text)) if words(unit.text)][:_LINES]
        votes: defaultdict[str, float] = defaultdict(float)
        for line, vector in zip(lines, self.embedder.embed(lines), strict=True):
            for hit in search(self.index, self.lexicon, line, vector, _VOTES):
                if hit.dense >= _ABOUT:
                    votes[hit.passage.topic] += hit.score
        total = sum(votes.values())
        return [topic for topic, vote in sorted(votes.items(), key=lambda item: -item[1]) if vote >= _SHARE * total]

    def grader(self, weights: Weights) -> Grader:
        """What grades replies with this coach's model and the words of its material."""
        return Grader(self.embedder, self.lexicon, self.index.about, weights)

    def judge(self, question: str, hits: Sequence[Hit]) -> Judgement:
        """How sure it is that the best of `hits` answers the question."""
        unknown = tuple(unknown_names(question, self.index.about, self.lexicon, self.english))
        confidence = self.calibration.confidence(features(question, hits[0], unknown)) if hits else 0.0
        return Judgement(confidence, self.calibration.floor, unknown)


def asked(question: str) -> str:
    """The question as it is searched for. Raises BadQuestion."""
    tidy = " ".join(clean(question).split())
    if not tidy:
        raise BadQuestion("The question is empty. Type one, for instance: How does HNSW find neighbors?")
    if len(tidy) > MAX_QUESTION:
        raise BadQuestion(f"The question has {len(tidy):,} characters; {MAX_QUESTION:,} is the most. Shorten it to the point.")
    if not words(tidy):
        raise BadQuestion("The question has no words in it. Ask in words, for instance: What is chunking?")
    return tidy
