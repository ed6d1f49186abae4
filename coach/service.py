"""What the coach can do. Each verb is a straight line from what a person gives to what comes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from coach.answer import Found, refuse
from coach.domain import Answer, Doing, Hit, Judgement, Manner, Part, Question, Stage
from coach.entail import entailment_for
from coach.errors import BadQuestion
from coach.grade import Grader, Weights
from coach.library import FURTHER, WHOSE, Library, further
from coach.ports import CommonWords, Embedder, Lexicon, PassageIndex
from coach.quote import Quoter
from coach.refuse import Calibration, features, unknown_names
from coach.resolve import Resolver, Said, sides
from coach.retrieve import search, search_words
from coach.text import clean, units, words
from coach.write import Stop, Writer

MAX_QUESTION = 2_000
_LOOKED_AT = 10
_READ = 4
# What is looked up: at most so many questions, each with at least this score, and this part of the best one's.
_LISTED, _LEAST, _NEAR = 50, 0.4, 0.5
# A job description: sentences looked at, hits a sentence votes with, how near they must be, and a topic's least share.
_LINES = 60
_VOTES = 5
_ABOUT = 0.3
_SHARE = 0.08


@dataclass(frozen=True)
class Coach:
    """An index, what searches it, and how sure it must be to answer.

    `bank` holds questions by id, for what a passage alone does not know; `writer` the language model, if there is one;
    `library` what lies beside the bank, if anything does.
    """

    index: PassageIndex
    embedder: Embedder
    lexicon: Lexicon
    english: CommonWords
    calibration: Calibration
    bank: Mapping[str, Question] = field(default_factory=dict)
    writer: Writer | None = None
    library: Library | None = None

    def search(self, question: str, limit: int = _LOOKED_AT) -> list[Hit]:
        """The best hits for a question. Raises BadQuestion."""
        question = asked(question)
        return search(self.index, self.lexicon, question, self.embedder.embed([question])[0], limit)

    def look_up(self, text: str, *, meaning: bool = True) -> list[str]:
        """The ids of the questions nearest to a text, best first; by its words alone without `meaning`. Raises BadQuestion."""
        text = asked(text)
        if not meaning:
            return [passage.place for passage in search_words(self.index, self.lexicon, text, _LISTED)]
        hits = self.search(text, _LISTED)
        least = max(_LEAST, _NEAR * hits[0].score) if hits else 0.0
        return [hit.passage.place for hit in hits if hit.score >= least]

    def ask(self, question: str) -> Answer:
        """An answer from the material with citations, or the honest word that it is not there. Raises BadQuestion."""
        *_, answer = self.answering(question)
        assert isinstance(answer, Answer)
        return answer

    def answering(
        self, question: str, said: Sequence[Said] = (), manner: Manner = Manner.PLAIN, stop: Stop | None = None
    ) -> Generator[Stage | Part | Answer]:
        """Stages and text as they come, and last the answer. Raises BadQuestion.

        `said` are the turns before, which explain a follow-up. Closing this, or pressing `stop` in any thread, ends the
        language model's call.
        """
        question = asked(question)
        yield Stage(Doing.SEARCHING)
        author = self.writer or self.quoter
        searched, spent = author.query(question, said)
        found = replace(self._found(question, searched if searched != question else "", manner), spent=spent)
        beside = self.library.enough(found.query, self.library.search(found.query, found.vector)) if self.library else []
        if beside and not found.judgement.enough:
            yield from self._from_library(found, beside, stop or Stop())
            return
        if not found.judgement.enough:
            refusal = refuse(question, found.hits, self._nowhere(found))
            yield Part(refusal.text)
            yield replace(refusal, searched=found.searched, manner=manner, spent=spent)
            return
        yield Stage(Doing.READING, len(found.hits))
        yield from self._told(author, found, beside, stop or Stop())

    @property
    def quoter(self) -> Quoter:
        """What answers without a language model."""
        return Quoter(Resolver(self.lexicon, self.index.about), self.embedder, self.bank)

    def _nowhere(self, found: Found) -> Judgement:
        """The judgement without the names that the library does know."""
        unknown = found.judgement.unknown
        return replace(found.judgement, unknown=self.library.unknown(unknown)) if self.library else found.judgement

    def _told(self, author: Writer | Quoter, found: Found, beside: Sequence[Hit], stop: Stop) -> Iterator[Stage | Part | Answer]:
        """The bank's answer, with what supports it in the library; a language model is given that to read as well."""
        if not beside or not self.library:
            yield from author.answer(found, stop)
            return
        stored = self.library.stored(beside)
        support = further(found, beside, stored)
        if author is self.writer:
            found = replace(found, hits=(*found.hits, *beside[:FURTHER]), stored=(*found.stored, *stored[:FURTHER]))
        for step in author.answer(found, stop):
            yield replace(step, further=support) if isinstance(step, Answer) else step

    def _from_library(self, found: Found, beside: Sequence[Hit], stop: Stop) -> Iterator[Stage | Part | Answer]:
        """An answer in the words of what lies beside the bank, which says whose words they are."""
        assert self.library is not None
        read = tuple(beside[:_READ])
        judged = self.library.judge(found.query, read[0])
        found = replace(found, hits=read, stored=tuple(self.library.stored(read)), judgement=judged)
        yield Stage(Doing.READING, len(read))
        for step in (self.writer or self.quoter).answer(found, stop):
            if isinstance(step, Answer):
                note = f"{WHOSE[read[0].passage.origin]} {step.note}".strip()
                step = replace(step, note=note)  # noqa: PLW2901 the same answer, with its note
            yield step

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
        return Grader(self.embedder, self.lexicon, self.index.about, weights, entailment_for(self.embedder.id.name))

    def _found(self, question: str, searched: str, manner: Manner) -> Found:
        """What there is to answer from, and how sure it is that it answers; for a comparison, the best of either side."""
        query = searched or question
        halves = sides(query) if manner is Manner.COMPARE else ()
        vector, *others = self.embedder.embed([query, *(f"What is {half}?" for half in halves)])
        hits = search(self.index, self.lexicon, query, vector, _LOOKED_AT)
        judged = self.judge(query, hits)
        for half, near in reversed(list(zip(halves, others, strict=True))):
            best = search(self.index, self.lexicon, half, near, 1)
            hits = [*best, *(hit for hit in hits if hit.passage != best[0].passage)] if best else hits
        read = hits[:_READ]
        stored = self.index.entries([hit.passage.id for hit in read])
        return Found(question, searched, manner, vector, tuple(read), tuple(stored), judged)

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
