"""A question and a reply become a grade with evidence both ways: the candidate's words and the material's.

With a language model it judges and the rubric gives a second opinion; when it fails, the rubric grades and says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from threading import Lock

import numpy as np

from coach.bank import passage_of
from coach.domain import Grade, Held, Mode, PointVerdict, Question, Stamp, Taught, Verdict
from coach.errors import LLMError
from coach.grade import VERSION, Grader, Rubric, score
from coach.judge import VERSION as PROMPT
from coach.judge import Sample, judged
from coach.ports import ChatModel, Vectors
from coach.text import units

# Two graders further apart than this, of 5, are worth a remark: about the largest step a single heavy point makes.
DIFFERS = 1.5
_KEPT = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """A question prepared for grading: the rubric and where each point and each misconception is taught."""

    rubric: Rubric
    points: tuple[Taught | None, ...]
    wrong: tuple[Taught | None, ...]


@dataclass(frozen=True)
class Examiner:
    """Grades with a rubric grader and, if there is one, a language model of which `votes` samples are taken."""

    grader: Grader
    new_fence: Callable[[], str]
    model: ChatModel | None = None
    votes: int = 1
    _prepared: dict[Question, Taken] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def prepare(self, question: Question) -> Taken:
        """Embed what replies are compared with; worth doing while the candidate types."""
        with self._lock:
            if question not in self._prepared:
                if len(self._prepared) >= _KEPT:
                    self._prepared.clear()
                self._prepared[question] = self._taken(question)
            return self._prepared[question]

    def quick(self, question: Question, reply: str) -> Grade:
        """The rubric's grade, whatever model there is."""
        grade = self.grader.grade(self.prepare(question).rubric, reply)
        return self._cited(question, replace(grade, stamp=self._stamp(question, Mode.RUBRIC)))

    def grade(self, question: Question, reply: str) -> Grade:
        """The grade of a reply. Never raises for a model that fails: the rubric steps in and the note says so."""
        rubric = self.quick(question, reply)
        if self.model is None or rubric.score is None or not question.key_points:
            # What nobody can grade is no other grader's: its stamp is today's, so that it never looks outdated.
            return replace(rubric, stamp=self.stamp(question))
        try:
            sample, _usage = judged(question, reply, self.model, self.new_fence, self.votes)
        except LLMError as error:
            return replace(rubric, note=f"The language model could not grade, so the rubric did. {error}")
        verdicts = self._supported(question, sample)
        points = score(verdicts, len(sample.held))
        note = " ".join(_remarks(sample.dropped, points, rubric.score))
        return self._cited(question, Grade(points, verdicts, sample.held, note, self._stamp(question, Mode.LLM)))

    def again(self, question: Question, grade: Grade, point: int, said: str) -> Grade:
        """The grade after a dispute: its point number `point` judged by the words `said` alone, all else as it was."""
        before = grade.verdicts[point]
        single = self.grade(replace(question, key_points=(before.point,)), said)
        after = replace(single.verdicts[0], taught=before.taught) if single.verdicts else before
        if _VALUE[after.verdict] <= _VALUE[before.verdict]:
            return replace(grade, note=f"Judged again by the words you marked: the verdict stays. {single.note}".rstrip())
        verdicts = tuple(after if number == point else verdict for number, verdict in enumerate(grade.verdicts))
        note = f"Judged again by the words you marked: {before.verdict} became {after.verdict}. {single.note}".rstrip()
        return replace(grade, score=score(verdicts, len(grade.held)), verdicts=verdicts, note=note)

    def stamp(self, question: Question) -> Stamp:
        """What a grade of this question would be stamped with now."""
        return self._stamp(question, Mode.LLM if self.model and question.key_points else Mode.RUBRIC)

    def teaching(self, question: Question) -> tuple[Taught | None, ...]:
        """Where the material teaches each key point."""
        return self.prepare(question).points

    def _stamp(self, question: Question, mode: Mode) -> Stamp:
        # A hint grades nothing: grades from before there were any stay comparable.
        graded = {name: value for name, value in asdict(question).items() if name != "hint"}
        material = hashlib.sha256(json.dumps(graded, sort_keys=True).encode()).hexdigest()[:12]
        if mode is Mode.LLM and self.model:
            return Stamp(mode, self.model.name, PROMPT, material)
        return Stamp(Mode.RUBRIC, self.grader.embedder.id.name, VERSION, material)

    def _supported(self, question: Question, sample: Sample) -> tuple[PointVerdict, ...]:
        """A model's verdicts, without those whose quote has nothing to do with the point, or only repeats the question."""
        return tuple(
            replace(verdict, verdict=Verdict.MISSING, said="")
            if verdict.said and not self._bears(question, number, verdict)
            else verdict
            for number, verdict in enumerate(sample.verdicts)
        )

    def _bears(self, question: Question, number: int, verdict: PointVerdict) -> bool:
        """Whether a quote is about the point also without words of the question, unless the point has no others."""
        rubric, said = self.prepare(question).rubric, verdict.said
        if verdict.verdict is not Verdict.CONTRADICTED and self._beyond(question, verdict.point.text):
            said = " ".join(self._beyond(question, said))
        return bool(said) and self.grader.related(rubric, number, said)

    def _beyond(self, question: Question, text: str) -> list[str]:
        """The words of a text that do not stand in the question."""
        asked = set(self.grader.lexicon.query(question.prompt).indices)
        return [word for word in text.split() if not asked & set(self.grader.lexicon.query(word).indices)]

    def _cited(self, question: Question, grade: Grade) -> Grade:
        taken = self.prepare(question)
        verdicts = tuple(
            replace(v, taught=taught) for v, taught in zip(grade.verdicts, taken.points, strict=bool(grade.verdicts))
        )
        where = dict(zip(question.misconceptions, taken.wrong, strict=True))
        held = tuple(Held(one.misconception, one.said, where.get(one.misconception)) for one in grade.held)
        return replace(grade, verdicts=verdicts, held=held)

    def _taken(self, question: Question) -> Taken:
        rubric = self.grader.rubric(question)
        found = units(question.answer)
        vectors = self.grader.embedder.embed([unit.text for unit in found]) if found else None
        passage = passage_of(question, question.topic)

        def taught(wanted: Vectors) -> Taught | None:
            if vectors is None:
                return None
            best = int(np.argmax((vectors @ wanted.T).mean(axis=1)))
            return Taught(passage.id, passage.source, passage.place, passage.heading, found[best].text)

        return Taken(
            rubric,
            tuple(taught(point.vectors) for point in rubric.points),
            tuple(taught(row[None, :]) for row in rubric.right),
        )


_VALUE = {Verdict.CONTRADICTED: -1, Verdict.MISSING: 0, Verdict.PARTIAL: 1, Verdict.COVERED: 2}


def _remarks(dropped: int, given: float, rubric: float) -> Iterator[str]:
    if abs(given - rubric) > DIFFERS:
        yield f"Second opinion differs: the language model gives {given:.1f}, the rubric {rubric:.1f}."
    if dropped:
        yield f"Quotes of the language model that are not in the answer, or too short, and so did not count: {dropped}."
