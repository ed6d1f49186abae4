"""The coach's own evaluations as suites: retrieval, refusal, grading, attacks and follow-ups.

Retrieval, attacks and follow-ups take all their cases, for nothing is fitted on them; refusal and grading the half held back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from coach.domain import Grade, Hit, Question, Verdict
from coach.errors import BadInput
from coach.grade import FULL, Grader
from coach.ports import Vectors
from coach.retrieve import search
from coach.service import Coach
from eval.attacks import Attack, Expect, excess
from eval.cases import RetrievalCase
from eval.follow_ups import FOLLOW_UP, Dialog, found
from eval.grading import GradedReply
from eval.judge import Judge
from eval.metrics import Missing, Score, ranking
from eval.retrieval import DEPTH
from eval.self_test import FALSE, TRUE, Pair
from eval.suite import Better, Case, Metric, Scored, Suite, hashed

SHOWN = 3
TRUE_FLOORS = {"verbatim": 0.95, "paraphrase": 0.15}
FALSE_LIMITS = {"negated": 0.1, "number": 0.1, "antonym": 0.2, "roles": 0.4, "foreign": 0.02}
# What must never earn marks.
NEVER = frozenset(
    {"echoed", "stuffed", "shuffled", "one-keyword", "off-topic", "injection", "empty", "dont-know", "praise", "code", "meta"}
)
FOR_NOTHING, FOR_WRONG, HONEST = "marks for nothing", "marks for a wrong reply", "honest reply marked down"
_FOOLED = {Expect.LOW: FOR_NOTHING, Expect.LOWER: FOR_WRONG, Expect.HIGH: HONEST, Expect.SAME: HONEST}


class Searches:
    """The hits of every question of a set: all embedded when the first is asked for, each searched for once."""

    def __init__(self, coach: Coach, questions: Sequence[str]) -> None:
        self.coach = coach
        self._questions = list(dict.fromkeys(questions))
        self._hits: dict[str, list[Hit]] = {}
        self._vectors: Mapping[str, Vectors] = {}

    def hits(self, question: str) -> list[Hit]:
        if not self._vectors:
            self._vectors = dict(zip(self._questions, self.coach.embedder.embed(self._questions), strict=True))
        if question not in self._hits:
            found = search(self.coach.index, self.coach.lexicon, question, self._vectors[question], DEPTH)
            self._hits[question] = found
        return self._hits[question]

    def confidence(self, question: str) -> float:
        return self.coach.judge(question, self.hits(question)).confidence


def retrieval(searches: Searches, questions: Mapping[str, Question], cases: Sequence[RetrievalCase]) -> Suite:
    """Is the passage that answers among the first?"""
    of = {case.id: case for case in cases if case.answerable}

    def score(case: Case) -> Scored:
        wanted = of[case.id].relevant
        hits = searches.hits(case.text)
        places = [hit.passage.place for hit in hits]
        values = ranking({case.id: places}, {case.id: wanted})
        shown = [{"question": hit.passage.place, "heading": hit.passage.heading, "score": round(hit.score, 4)} for hit in hits]
        evidence = {"expected": list(wanted), "found": shown[:SHOWN]}
        return Scored({name: by_case[case.id] for name, by_case in values.items()}, evidence=evidence, counts={"searches": 1})

    metrics = (
        Metric("nDCG@10", floor=0.88),
        Metric("hit@1", floor=0.82, tolerance=0.03),
        Metric("recall@5", floor=0.9),
        Metric("MRR", floor=0.87),
    )
    return Suite("retrieval", metrics, tuple(_asked(case, questions) for case in of.values()), score)


def refusal(searches: Searches, questions: Mapping[str, Question], cases: Sequence[RetrievalCase]) -> Suite:
    """Is what cannot be answered told from what can? Only the half on which the refusal was not fitted."""
    of = {case.id: case for case in cases if case.held_back}

    def score(case: Case) -> Scored:
        wanted, hits = of[case.id].relevant, searches.hits(case.text)
        judged = searches.coach.judge(case.text, hits)
        first = hits[0].passage.place if hits else ""
        wrong = {"false refusal": float(not judged.enough)} if wanted else {"false answer": float(judged.enough)}
        numbers = {
            "confidence": judged.confidence,
            "answerable": float(bool(wanted)),
            "near": float(of[case.id].kind == "near"),
            "right": float(first in wanted),
        }
        evidence = {"expected": list(wanted), "found": first, "confidence": round(judged.confidence, 4), "floor": judged.floor}
        return Scored(wrong, numbers, {**evidence, "unknown": list(judged.unknown)}, {"searches": 1})

    metrics = (
        Metric("false answer", Better.LOWER, floor=0.25, tolerance=0.03, worst=1.0),
        Metric("false refusal", Better.LOWER, floor=0.1, tolerance=0.02, worst=1.0),
        Metric("AUROC", floor=0.93, tolerance=0.01, whole="auroc"),
        Metric("AUROC near", floor=0.9, tolerance=0.01, whole="auroc near"),
        Metric("AURC", Better.LOWER, tolerance=0.02, worst=1.0, whole="aurc"),
        Metric("coverage at 5 % risk", whole="coverage at 5 % risk", gated=False),
        Metric("coverage at 10 % risk", whole="coverage at 10 % risk", gated=False),
    )
    return Suite("refusal", metrics, tuple(_asked(case, questions) for case in of.values()), score)


def follow_up_dialogs(coach: Coach, questions: Mapping[str, Question], dialogs: Sequence[Dialog]) -> Suite:
    """Does a follow-up find what it is about, and is a new question left alone? Keyless."""
    of = {dialog.id: dialog for dialog in dialogs}

    def score(case: Case) -> Scored:
        dialog = of[case.id]
        one = found(coach, dialog)
        # A new question may be worded as the bank words it: that it is found tells nothing.
        if dialog.kind == FOLLOW_UP:
            scores = {"found": float(one.resolved), "answered": float(one.answered)}
        else:
            scores = {"new question rewritten": float(one.searched != dialog.turns[-1])}
        evidence = {"turns": list(dialog.turns), "searched": one.searched, "expected": list(dialog.relevant)}
        return Scored(scores, evidence=evidence)

    metrics = (
        Metric("found", floor=0.75, tolerance=0.03),
        Metric("answered", floor=0.85, tolerance=0.03),
        Metric("new question rewritten", Better.LOWER, floor=0.2, tolerance=0.03, worst=1.0),
    )
    cases = tuple(
        Case(
            dialog.id,
            dialog.relevant[0],
            " → ".join(dialog.turns),
            hashed([dialog.turns, dialog.relevant, dialog.kind]),
            {"kind": dialog.kind, **_tags(questions, dialog.relevant)},
            dialog.held_back,
        )
        for dialog in dialogs
    )
    return Suite("follow-ups", metrics, cases, score)


class Grades:
    """The grader's grade of each reply, given once, and each question's rubric, read once."""

    def __init__(self, grader: Callable[[], Grader], questions: Mapping[str, Question]) -> None:
        self._questions = questions
        self._grader = cache(grader)
        self._rubric = cache(lambda question_id: self._grader().rubric(questions[question_id]))
        self._grade: Callable[[str, str], Grade] = cache(
            lambda question_id, reply: self._grader().grade(self._rubric(question_id), reply)
        )

    def grade(self, question_id: str, reply: str) -> Grade:
        """Raises BadInput if the question is not in the bank."""
        if question_id not in self._questions:
            raise BadInput(f"A case is about {question_id}, which is not in the bank. Mend one of them.")
        return self._grade(question_id, reply)


def graded(grades: Grades, questions: Mapping[str, Question], replies: Sequence[GradedReply]) -> Suite:
    """Does the grader agree with the labelers? Only the half of the questions on which it was not fitted."""
    of = {reply.id: reply for reply in replies if reply.held_back}
    place = {question: float(at) for at, question in enumerate(sorted({reply.question_id for reply in of.values()}))}

    def score(case: Case) -> Scored:
        reply = of[case.id]
        grade = grades.grade(reply.question_id, reply.response)
        given = [verdict.verdict for verdict in grade.verdicts] or [Verdict.MISSING] * len(reply.verdicts[0])
        labeled = reply.verdicts[0]
        right = [one is other for one, other in zip(given, labeled, strict=True)]
        numbers = {"score": grade.score or 0.0, "labeled": reply.score, "question": place[reply.question_id]}
        numbers |= {"labeler 1": reply.scores[0], "labeler 2": reply.scores[1]}
        for verdict in Verdict:
            numbers[f"{verdict} given"] = float(given.count(verdict))
            numbers[f"{verdict} labeled"] = float(labeled.count(verdict))
            numbers[f"{verdict} right"] = float(sum(one is other is verdict for one, other in zip(given, labeled, strict=True)))
        scores = {"points judged right": sum(right) / len(right), "error": abs(numbers["score"] - reply.score)}
        points = [
            {"point": verdict.point.text, "given": str(verdict.verdict), "labeled": str(label), "said": verdict.said}
            for verdict, label in zip(grade.verdicts, labeled, strict=False)
        ]
        evidence = {"reply": reply.response, "score": grade.score, "labeled": reply.score, "points": points, "note": grade.note}
        return Scored(scores, numbers, evidence)

    metrics = (
        Metric("points judged right", floor=0.5, tolerance=0.02),
        Metric("error", Better.LOWER, floor=1.25, tolerance=0.08, worst=FULL),
        Metric("QWK", floor=0.55, tolerance=0.03, whole="qwk"),
        Metric("QWK of the labelers", gated=False, whole="qwk of labelers"),
        Metric("Pearson", gated=False, whole="pearson"),
        Metric("bias", gated=False, whole="bias"),
        *(Metric(f"{verdict} F1", tolerance=0.03, gated=False, whole=f"{verdict} f1") for verdict in Verdict),
    )
    cases = tuple(
        Case(
            reply.id,
            reply.question_id,
            questions[reply.question_id].prompt if reply.question_id in questions else reply.question_id,
            hashed([reply.response, reply.verdicts, reply.scores]),
            {"style": reply.style, **_tags(questions, (reply.question_id,))},
            held_back=True,
        )
        for reply in of.values()
    )
    return Suite("grading", metrics, cases, score)


def attacked(grades: Grades, questions: Mapping[str, Question], tried: Sequence[Attack]) -> Suite:
    """What earns marks without knowledge, and what honest way of talking loses them?"""
    by_id = {attack.id: attack for attack in tried}
    of = {attack.id: attack for attack in tried if attack.expect in _FOOLED}

    def score(case: Case) -> Scored:
        attack = of[case.id]
        grade = grades.grade(attack.question_id, attack.response)
        base = by_id.get(attack.of or "")
        before = grades.grade(base.question_id, base.response).score if base else None
        fooled = excess(attack, grade.score, before or 0.0) > 0
        evidence = {"attack": attack.attack, "reply": attack.response[:2_000], "score": grade.score, "base": before}
        return Scored({_FOOLED[attack.expect]: float(fooled)}, evidence={**evidence, "must be": str(attack.expect)})

    metrics = tuple(
        Metric(name, Better.LOWER, floor=floor, tolerance=0.02, worst=1.0)
        for name, floor in ((FOR_NOTHING, 0.1), (FOR_WRONG, 0.75), (HONEST, 0.2))
    )
    cases = tuple(
        Case(
            attack.id,
            attack.question_id,
            attack.user_input,
            hashed([attack.response, attack.expect, by_id[attack.of].response if attack.of else ""]),
            {"attack": attack.attack, **_tags(questions, (attack.question_id,))},
            must=attack.attack in NEVER,
        )
        for attack in of.values()
    )
    return Suite("attacks", metrics, cases, score)


def judged(judge: Judge, pairs: Sequence[Pair]) -> Suite:
    """Does the judge accept what a text says, and nothing that was turned around? Its own numbers, so never another's."""
    of = {f"{pair.id}-{kind}": (pair, kind) for pair in pairs for kind in (*TRUE, *FALSE)}

    def score(case: Case) -> Scored:
        pair, kind = of[case.id]
        ((verdict,),) = judge.entail([pair.claim(kind)], [pair.text])
        accepted: Score = Missing.ERROR if verdict.holds is None else float(verdict.holds)
        return Scored(
            {_accepted(kind): accepted}, evidence={"text": pair.text, "verdict": str(verdict.ruling), "why": verdict.why}
        )

    metrics = (
        *(Metric(_accepted(kind), floor=floor, tolerance=0.05, judged=True) for kind, floor in TRUE_FLOORS.items()),
        *(
            Metric(_accepted(kind), Better.LOWER, floor=most, tolerance=0.05, worst=1.0, judged=True)
            for kind, most in FALSE_LIMITS.items()
        ),
    )
    cases = tuple(
        Case(id_, pair.id, pair.claim(kind), hashed([pair.text, pair.claim(kind)]), {"kind": kind})
        for id_, (pair, kind) in of.items()
    )
    return Suite("judge", metrics, cases, score, judge.id)


def _accepted(kind: str) -> str:
    return f"{'true' if kind in TRUE else 'false'} accepted, {kind}"


def _asked(case: RetrievalCase, questions: Mapping[str, Question]) -> Case:
    whole = hashed([case.user_input, case.relevant])
    tags = {"phrasing": case.kind, **_tags(questions, case.relevant)}
    return Case(case.id, case.family, case.user_input, whole, tags, case.held_back)


def _tags(questions: Mapping[str, Question], relevant: Sequence[str]) -> dict[str, str]:
    question = questions.get(relevant[0]) if relevant else None
    return {"topic": question.topic, "level": str(question.level)} if question else {}
