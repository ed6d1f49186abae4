"""The values that travel. All frozen; nothing here knows a screen, a disk, a clock or a library."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    JUNIOR = "junior"
    MID = "mid"
    SENIOR = "senior"


@dataclass(frozen=True, slots=True)
class Reference:
    """A source an answer stands on. `why` is one line for the reader."""

    title: str
    url: str
    why: str


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One checkable statement. `weight` is 1 (bonus) to 3 (essential); `also_said` are full-credit wordings."""

    text: str
    weight: int
    also_said: tuple[str, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        return (self.text, *self.also_said)


@dataclass(frozen=True, slots=True)
class Misconception:
    """A wrong statement people make, and what is right instead (may be empty)."""

    text: str
    rather: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One entry of the bank. `at` is `file:line` of its heading; `as_of` is `YYYY-MM` or empty.

    Without key points a reply is compared with the answer; without an answer it is not graded. `hint` is what a foreign
    bank says helps, or empty.
    """

    id: str
    topic: str
    level: Level
    prompt: str
    also_asked: tuple[str, ...]
    answer: str
    key_points: tuple[KeyPoint, ...]
    misconceptions: tuple[Misconception, ...]
    follow_ups: tuple[str, ...]
    references: tuple[Reference, ...]
    tags: tuple[str, ...] = ()
    as_of: str = ""
    experience: bool = False
    at: str = ""
    hint: str = ""

    @property
    def askings(self) -> tuple[str, ...]:
        return (self.prompt, *self.also_asked)

    @property
    def gradable(self) -> bool:
        """Whether there is anything to compare a reply with."""
        return bool(self.answer or self.key_points)


@dataclass(frozen=True, slots=True)
class Topic:
    """A bank file: its id (the file's stem), its title and its questions."""

    id: str
    title: str
    questions: tuple[Question, ...]


class Origin(StrEnum):
    """Whose words a passage is: the bank's, a page's the bank cites, a maintainer's document, or the candidate's own notes."""

    BANK = "bank"
    PAGE = "page"
    DOCUMENT = "document"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of material a person can read and check.

    `id` is a stable hash of `source` and `place`, so ingesting twice changes nothing. `source` is the file or
    page it came from, `title` names that, `heading` the place in it, `links` what it stands on in turn. `as_of` is the
    day a page was fetched, `YYYY-MM-DD`, or empty; `by` is who wrote it, when and under which license, as far as it says.
    """

    id: str
    text: str
    source: str
    title: str
    heading: str
    topic: str
    place: str
    links: tuple[Reference, ...] = ()
    origin: Origin = Origin.BANK
    as_of: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text embedded for a passage: one way to ask for it (`first == last`), or a window over its units.

    A window covers the units `first` to `last - 1` of the passage's text, counted as `text.units` does.
    """

    text: str
    first: int = 0
    last: int = 0

    @property
    def is_window(self) -> bool:
        return self.last > self.first


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage as it is indexed.

    A question that is close to any of the `pieces` finds it; `words` is the text BM25 sees; `digest` a hash of
    everything that decides the vectors, so that an unchanged entry is never embedded again.
    """

    passage: Passage
    pieces: tuple[Piece, ...]
    words: str
    digest: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question. `score` = `dense` + weighted `lexical`; both parts are in [0, 1]."""

    passage: Passage
    score: float
    dense: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote that was looked up in its passage. Without the quote there, there is no citation."""

    passage: Passage
    quote: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """How sure the coach is that the material answers a question, from 0 to 1, and how sure it must be.

    `unknown` are names in the question that stand nowhere in the material.
    """

    confidence: float
    floor: float
    unknown: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        return self.confidence >= self.floor


class AnswerKind(StrEnum):
    EXTRACTED = "extracted"
    WRITTEN = "written"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NearTopic:
    """Something the material does cover, offered when the question itself is not in it."""

    topic: str
    prompt: str
    passage_id: str


class Manner(StrEnum):
    """How an answer is to be given."""

    PLAIN = "plain"
    SIMPLE = "simple"
    DEEPER = "deeper"
    COMPARE = "compare"
    EXAMPLE = "example"
    NEXT = "next"
    QUIZ = "quiz"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of a written answer found: claims that stand on a passage, claims that do not, and what was removed.

    `unknown` are citations of passages that were never given, `moved` those of a passage that does not say it,
    `quotes` quotations that stand nowhere, `links` links, pictures and tags.
    """

    supported: int = 0
    unsupported: tuple[str, ...] = ()
    unknown: int = 0
    moved: int = 0
    quotes: int = 0
    links: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What a language model took for an answer. Tokens that the server did not count are estimated, and not `counted`.

    `cost` is in the currency of the prices that were set, None if none were.
    """

    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    counted: bool
    cost: float | None
    seconds: float

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class Doing(StrEnum):
    SEARCHING = "searching"
    READING = "reading"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being done for an answer."""

    doing: Doing
    passages: int = 0

    def __str__(self) -> str:
        if self.doing is not Doing.READING:
            return self.doing
        return f"reading {self.passages} passage{'' if self.passages == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an answer's text, as it comes. All parts together are the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the coach says. `text` is Markdown with `[n]` after each sentence, n counting `citations` from 1.

    `near_topics` and no citations when refused; `note` says what went otherwise than asked, for instance a
    fallback. `searched` is what was searched for in place of a question that only the conversation explains. In a written
    text `[?]` marks a sentence that no passage says. `partial` is what a model had written before it failed, `stopped`
    that the text ends early. `further` are quotes of what lies beside the bank and says more of it. `asks` are questions
    to go on with, `practice` the id of a question of the bank.
    """

    kind: AnswerKind
    question: str
    text: str
    citations: tuple[Citation, ...] = ()
    near_topics: tuple[NearTopic, ...] = ()
    note: str = ""
    judgement: Judgement = Judgement(0.0, 0.0)
    searched: str = ""
    manner: Manner = Manner.PLAIN
    checked: Checked | None = None
    partial: str = ""
    stopped: bool = False
    further: tuple[Citation, ...] = ()
    asks: tuple[str, ...] = ()
    practice: str = ""
    spent: Spent | None = None


class Verdict(StrEnum):
    COVERED = "covered"
    PARTIAL = "partial"
    MISSING = "missing"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Taught:
    """Where the material teaches a thing: a quote that was looked up in a passage."""

    passage_id: str
    source: str
    place: str
    heading: str
    quote: str


@dataclass(frozen=True, slots=True)
class PointVerdict:
    """What a reply says about one key point.

    `said` quotes the reply, and is empty if nothing there is about the point; `taught` cites the material.
    `confidence` is how sure the grader is of the verdict, from 0 to 1.
    """

    point: KeyPoint
    verdict: Verdict
    said: str
    confidence: float
    taught: Taught | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A misconception a reply asserts, in the reply's own words, and where the material says what is right."""

    misconception: Misconception
    said: str
    taught: Taught | None = None


class Mode(StrEnum):
    RUBRIC = "rubric"
    LLM = "llm"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What graded. `version` is the rubric's or the prompt's, `material` a hash of the question as it was then.

    Grades whose `grader` differs are never put on one trend line.
    """

    mode: Mode
    model: str
    version: str
    material: str

    @property
    def grader(self) -> str:
        return f"{self.mode} {self.version} with {self.model}"


@dataclass(frozen=True, slots=True)
class Grade:
    """`score` from 0 to 5 follows from the verdicts; None, with a `note`, when there is too little to grade.

    `note` also says what went otherwise than asked, for instance that the model failed and the rubric graded, or
    that the two graders differ.
    """

    score: float | None
    verdicts: tuple[PointVerdict, ...] = ()
    held: tuple[Held, ...] = ()
    note: str = ""
    stamp: Stamp | None = None
