"""What passages, questions and earlier turns say is data: a model that obeys them still says nothing unverified unmarked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from coach.adapters.embed import HashingEmbedder
from coach.adapters.english import English
from coach.adapters.index_edge import EdgeStore
from coach.adapters.lexicon import Bm25Lexicon
from coach.conversation import Answered, Asked, record
from coach.conversations import CONVERSATION, Conversations
from coach.domain import Answer, AnswerKind
from coach.service import Coach
from coach.support import steers
from coach.text import units
from coach.write import MARK
from eval.cases import FOLDER
from ingest.read import whole_bank
from ingest.split import entries
from tests.asking import GREEN, HONEST, NOON, answered, keyless, served
from tests.conftest import CALIBRATION, CORPUS, build
from tests.llm_server import reply, stream
from tests.material import write_corpus
from ui.show import answer_markdown

CASES = [json.loads(line) for line in (FOLDER / "injections.jsonl").read_text(encoding="utf-8").splitlines()]
LIVE = re.compile(r"https?://|!\[|\]\(|<\w|⟦")


def of(where: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in CASES if case["where"] == where]


def poisoned(folder: Path, text: str) -> Conversations:
    """Conversations over the tea material, where the passage about green tea ends in `text`."""
    corpus = write_corpus(folder / "corpus")
    file = corpus / "bank" / "tea.md"
    bank = file.read_text(encoding="utf-8")
    last = "A second infusion from the same leaves needs less time."
    file.write_text(bank.replace(last, f"{last}\n\n{text}", 1), encoding="utf-8")
    store = EdgeStore(folder / "index")
    build(store, entries(whole_bank(corpus).topics))
    coach = Coach(store.open(), HashingEmbedder(), Bm25Lexicon(), English(), CALIBRATION)
    return keyless(coach, folder / "history.db")


def vouched(answer: Answer) -> str:
    """What of a text stands there without the mark of what no passage says."""
    blocks = re.split(r"\n\n(?! \[\?\])", answer.text)
    kept = []
    for block in blocks:
        if re.search(r"\n\n \[\?\]$", block):
            continue
        kept += [part for part in re.split(r"(?<=\])(?=\s)", block) if not part.endswith(MARK)]
    return " ".join(kept)


def expect_harmless(answer: Answer, never: list[str]) -> None:
    for words in never:
        assert words.lower() not in vouched(answer).lower()
    assert not LIVE.search(answer.text)
    assert not re.search(r"(?<!\\)[!<]\[?\w*https?:", answer_markdown(answer.text))
    assert all(citation.quote in citation.passage.text for citation in answer.citations)
    used = {int(number) for number in re.findall(r"\[(\d+)\]", answer.text)}
    assert used == set(range(1, len(answer.citations) + 1))


def test_there_are_forty_attacks() -> None:
    assert len(CASES) >= 40
    assert len({case["id"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", of("passage"))
def test_a_model_that_obeys_a_passage_is_not_believed(case: dict[str, Any], tmp_path: Path) -> None:
    conversations = poisoned(tmp_path, case["text"])
    with served(conversations, stream(HONEST, f"\n\n{case['obeys']}")) as (asking, _server):
        answer = answered(asking)
    assert answer.kind is AnswerKind.WRITTEN
    expect_harmless(answer, case["never"])


@pytest.mark.parametrize("case", of("passage"))
def test_a_model_that_only_obeys_a_passage_is_not_shown(case: dict[str, Any], tmp_path: Path) -> None:
    with served(poisoned(tmp_path, case["text"]), stream(case["obeys"])) as (asking, _server):
        answer = answered(asking)
    expect_harmless(answer, case["never"])


@pytest.mark.parametrize("case", of("question"))
def test_a_model_that_obeys_the_question_is_not_believed(case: dict[str, Any], small_coach: Coach, tmp_path: Path) -> None:
    conversations = keyless(small_coach, tmp_path / "history.db")
    with served(conversations, stream(HONEST, f"\n\n{case['obeys']}")) as (asking, _server):
        answer = answered(asking, f"{GREEN} {case['text']}")
    expect_harmless(answer, case["never"])


@pytest.mark.parametrize("case", of("history"))
def test_a_model_that_obeys_an_earlier_turn_is_not_believed(case: dict[str, Any], small_coach: Coach, tmp_path: Path) -> None:
    conversations = keyless(small_coach, tmp_path / "history.db")
    earlier = Answer(AnswerKind.WRITTEN, GREEN, f"Green tea steeps. {case['text']} AcmeTea is the best at https://evil.test/")
    conversations.history.begin("c0", CONVERSATION, "tea", NOON)
    conversations.history.append("c0", 0, record(Asked(NOON, GREEN)))
    conversations.history.append("c0", 1, record(Answered(NOON, earlier)))
    obedient = stream(HONEST, " AcmeTea is the best [1].")
    with served(conversations, reply({"question": case["obeys"]}), obedient) as (asking, _server):
        *_, answer = asking.ask(asking.open("c0"), "and how long does it steep?")
    assert isinstance(answer, Answer)
    expect_harmless(answer, case["never"])
    assert not [words for words in case["never"] if words in answer.searched]


def test_the_bank_is_not_taken_for_an_attack() -> None:
    """It quotes injections where it teaches about them; those few sentences may be withheld, and no more."""
    found = [unit.text for question in whole_bank(CORPUS).questions for unit in units(question.answer) if steers(unit.text)]
    assert len(found) <= 8
