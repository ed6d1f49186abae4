"""How many disagreements of a page with the bank `coach check --against-sources` finds, and how often it is wrong.

    python -m bench.disagree             # needs no index; --every 1 for the whole bank

The pages are made up. Of each question's key points one sentence at a time is its page: with a number changed, with a
"not" put in, as it is, and statements of `eval/cases/statements.jsonl` that contradict it or say it freely. Then the
answers to all other questions of the topic are its page: they agree, so whatever is found there is wrong. The key points are
compared as well, so what was only changed in one of them is found too easily: a page says it in its own words.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Origin, Passage, Question
from coach.settings import load_settings
from coach.wiring import make_embedder
from eval.entail import Statement, load
from ingest.disagree import disagreements
from ingest.read import read_bank

_NUMBER = re.compile(r"(?<![\w.,-])\d+(?![\w.,])")
_VERB = re.compile(r"\b(?:is|are|can|must|does|do|has|should)\b(?! not)")
OTHERS = "other answers of the topic"


def page(id_: str, text: str) -> Passage:
    return Passage(id_, text, "https://example.org/page", "A page", "", "", "", origin=Origin.PAGE)


def sentences(question: Question, statements: Sequence[Statement]) -> Iterator[tuple[str, str]]:
    """Sentences about a question and what was done to them."""
    for point in question.key_points:
        yield "a key point as it is", point.text
        if number := _NUMBER.search(point.text):
            other = int(number.group()) * 7 + 3
            yield "with a number changed", f"{point.text[: number.start()]}{other}{point.text[number.end() :]}"
        if verb := _VERB.search(point.text):
            yield "with a not put in", f"{point.text[: verb.end()]} not{point.text[verb.end() :]}"
    for one in statements:
        if verb := _VERB.search(one.said):
            yield "said freely, a not put in", f"{one.said[: verb.end()]} not{one.said[verb.end() :]}"
        yield from (("said freely", one.said), ("a near contradiction", one.near), ("a free contradiction", one.free))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--every", type=int, default=5, help="every so many-th question of the bank")
    chosen = parser.parse_args()
    settings = load_settings()
    questions = read_bank(settings.corpus).questions
    statements: defaultdict[str, list[Statement]] = defaultdict(list)
    for statement in load():
        statements[statement.question_id].append(statement)
    answers = {question.id: page(question.id, question.answer) for question in questions}
    asked: list[Question] = []
    pages: dict[str, list[Passage]] = {}
    kinds: dict[str, str] = {}
    for question in questions[:: chosen.every]:
        mates = [answers[other.id] for other in questions if other.topic == question.topic and other != question]
        cases = [(kind, [page(text, text)]) for kind, text in sentences(question, statements[question.id])]
        for kind, shown in [*cases, (OTHERS, mates)]:
            case = replace(question, id=f"{question.id}-{len(asked)}")
            asked.append(case)
            pages[case.id], kinds[case.id] = shown, kind
    found = [one.question.id for one in disagreements(asked, pages, make_embedder(settings), Bm25Lexicon())]
    for kind in dict.fromkeys(kinds.values()):
        cases_of = [id_ for id_ in kinds if kinds[id_] == kind]
        listed = len(set(found).intersection(cases_of))
        print(f"{kind:28}{listed:5} of {len(cases_of):5}  {listed / len(cases_of):6.1%}")
    print(f"{sum(kinds[id_] == OTHERS for id_ in found)} pairs listed against {OTHERS}")


if __name__ == "__main__":
    main()
