"""What the bank says and the pages it cites become disagreements: the same statement with another number, or denied.

A candidate is found by its words alone, so that only the few sentences that might disagree are embedded. What is listed
is for a person to look at: a page may speak of another version, another model or another year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urldefrag

from coach.domain import Origin, Passage, Question
from coach.guard import misnumbered, negates, turned
from coach.ports import Embedder, Lexicon
from coach.text import BlockKind, units

# At least so near, two sentences are taken for one statement, if they also share this much of the shorter one's words.
SAME = 0.65
SHARED = 0.6
# A "not" may belong to what only the longer one says, unless they share this much of its words too. That loses one in five
# of those found and more than half of the false ones: `python -m bench.disagree` prints what is left.
WHOLE = 0.5
_FEWEST_WORDS = 4
_WAYS = {"number": "another number", "opposite": "the opposite", "negation": "one denies it"}
# A number that stands by itself, not one in a name such as BM25 or GPT-4.
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)*(?!\w)")
_ADDRESS = re.compile(r"\]\([^()\s]*\)|https?://\S+")

# A sentence and the stems of its words.
Statement = tuple[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A sentence of a question's answer or key points and one of a page it cites that cannot both be right.

    `near` is their cosine.
    """

    question: Question
    said: str
    page: Passage
    theirs: str
    how: str
    near: float

    @property
    def where(self) -> str:
        """The page's address and the place in it."""
        return f"{self.page.source}{'' if self.page.place.startswith('#') else ' '}{self.page.place}".rstrip()

    def __str__(self) -> str:
        told = f"{self.question.at}: {self.question.id}: {self.how} ({self.near:.2f})"
        return f"{told}\n  bank: {self.said}\n  page: {self.theirs}\n  {self.where}"


def pages_of(questions: Iterable[Question], passages: Iterable[Passage]) -> Mapping[str, Sequence[Passage]]:
    """The passages of the pages that a question cites, by the question's id, where it cites one of these at all."""
    pages: dict[str, list[Passage]] = {}
    for passage in passages:
        if passage.origin is Origin.PAGE:
            pages.setdefault(_page(passage.source), []).append(passage)
    found = {question.id: _addresses(question) for question in questions}
    return {
        id_: [passage for address in sorted(addresses) for passage in pages.get(address, ())]
        for id_, addresses in found.items()
        if pages.keys() & addresses
    }


def disagreements(
    questions: Iterable[Question], pages: Mapping[str, Sequence[Passage]], embedder: Embedder, lexicon: Lexicon
) -> list[Disagreement]:
    """Where the bank and the pages given for it disagree, in the order of the questions, the nearest first.

    A sentence of a page is listed once for a question, beside what of its answer and key points is nearest.
    """
    cited = {page.id: page for of_one in pages.values() for page in of_one}
    stated = {id_: tuple(_statements(page.text, lexicon)) for id_, page in cited.items()}
    found = [one for question in questions for one in _suspected(question, pages.get(question.id, ()), stated, lexicon)]
    texts = list(dict.fromkeys(text for one in found for text in (one[1], one[3])))
    vectors = dict(zip(texts, embedder.embed(texts), strict=True)) if texts else {}
    near = [Disagreement(*one, float(vectors[one[1]] @ vectors[one[3]])) for one in found]
    order = {id_: place for place, id_ in enumerate(dict.fromkeys(one.question.id for one in near))}
    ranked = sorted((one for one in near if one.near >= SAME), key=lambda one: (order[one.question.id], -one.near))
    nearest: dict[tuple[str, str, str], Disagreement] = {}
    for one in ranked:
        nearest.setdefault((one.question.id, one.page.id, one.theirs), one)
    return list(nearest.values())


def _suspected(
    question: Question, pages: Sequence[Passage], stated: Mapping[str, Sequence[Statement]], lexicon: Lexicon
) -> Iterator[tuple[Question, str, Passage, str, str]]:
    """Pairs of sentences that share their words and differ in what they state."""
    stands = "\n".join([question.answer, "", *(f"- {point.text}" for point in question.key_points)])
    ours = list(_statements(stands, lexicon)) if pages else []
    for page in pages:
        for theirs, their_words in stated[page.id]:
            for said, our_words in ours:
                shared, lengths = len(our_words & their_words), (len(our_words), len(their_words))
                if shared < SHARED * min(lengths):
                    continue
                if how := _difference(said, theirs, lexicon, whole=shared >= WHOLE * max(lengths)):
                    yield question, said, page, theirs, how


def _difference(said: str, theirs: str, lexicon: Lexicon, *, whole: bool) -> str:
    """How two statements about the same differ; empty if they do not."""
    if misnumbered(said, theirs) or _numbers(said, theirs):
        return _WAYS["number"]
    if whole and negates(said) != negates(theirs):
        return _WAYS["negation"]
    return _WAYS.get(turned(theirs, said, lexicon), "")


def _numbers(said: str, theirs: str) -> bool:
    """Whether both name numbers and have none in common."""
    ours, others = (set(_NUMBER.findall(text)) for text in (said, theirs))
    return bool(ours and others) and ours.isdisjoint(others)


def _statements(markdown: str, lexicon: Lexicon) -> Iterator[Statement]:
    """Each sentence that is long enough to state something, on one line and without addresses, and its words' stems."""
    for unit in units(markdown):
        if unit.kind in {BlockKind.PARAGRAPH, BlockKind.ITEM}:
            text = " ".join(_ADDRESS.sub("]", unit.text).replace("[", "").replace("]", "").split())
            stems = frozenset(lexicon.tokens(text).values())
            if len(stems) >= _FEWEST_WORDS:
                yield text, stems


def _addresses(question: Question) -> frozenset[str]:
    return frozenset(_page(reference.url) for reference in question.references)


def _page(url: str) -> str:
    """An address without the place in the page."""
    return urldefrag(url).url.rstrip("/")
