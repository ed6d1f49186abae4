from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from coach.choose import fitting
from coach.domain import Origin, Question
from coach.errors import BadInput, StorageError
from coach.grade import NO_REFERENCE
from coach.hint import ladder
from coach.interview import Setup
from coach.settings import load_settings
from coach.wiring import make_store
from ingest.banks import answered, forget, keep, kept, name_of, topics_of
from ingest.formats.read import parse, read_items
from ingest.refresh import material, refresh, stale
from tests.conftest import NOW
from tests.interviews import CUES, examiner
from tests.material import TEA

ROOT = Path(__file__).resolve().parent.parent
BANK = """\
# Boats

## Sails

1. What is a jib?
   - Answer: A small sail before the mast. See [jibs](https://boats.example/jib).
2. What is a spinnaker?
   - Answer:
     Recommended reading:
     - [Spinnakers](https://boats.example/spinnaker)

## Engines

1. When should the engine run?
   Hint: think of calms and of harbors.
"""


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    file = tmp_path / "Boat Questions.md"
    file.write_text(BANK, encoding="utf-8")
    return file


def questions(text: str = BANK) -> list[Question]:
    return [question for topic in topics_of(parse(text, "boats.md").items, "boats") for question in topic.questions]


def test_items_become_questions_under_the_headings_they_stand_under() -> None:
    topics = topics_of(parse(BANK, "notes/boats.md").items, "boats")
    assert [(topic.id, topic.title, len(topic.questions)) for topic in topics] == [
        ("boats-sails", "Sails", 2),
        ("boats-engines", "Engines", 1),
    ]
    jib, spinnaker, engine = (question for topic in topics for question in topic.questions)
    assert (jib.at, jib.references[0].title) == ("boats.md:5", "jibs")
    assert (spinnaker.answer, spinnaker.references[0].url) == ("", "https://boats.example/spinnaker")
    assert engine.hint == "think of calms and of harbors."


def test_a_question_keeps_its_id_when_it_moves_and_the_same_one_twice_has_two() -> None:
    moved = BANK.replace("## Sails\n", "## Sails\n\nWritten by hand.\n\n")
    assert [question.id for question in questions(moved)] == [question.id for question in questions()]
    twice = [question.id for question in questions("1. What is a jib?\n2. What is a jib?\n")]
    assert twice[1] == f"{twice[0]}-2"


def test_our_own_format_loses_nothing_on_the_way() -> None:
    (question,) = questions(f"# Tea\n\n{TEA}")
    assert question.id == "boats-TE01"
    assert question.key_points
    assert question.misconceptions


def test_a_bank_is_kept_read_again_and_forgotten(tmp_path: Path) -> None:
    topics = topics_of(parse(BANK, "boats.md").items, "boats")
    keep(tmp_path / "banks", "boats", Path("/somewhere/boats.md"), topics, NOW)
    keep(tmp_path / "banks", "boats", Path("/somewhere/boats.md"), topics[:1], NOW)
    (found,) = kept(tmp_path / "banks")
    assert found.topics == topics[:1]
    with pytest.raises(BadInput, match="already a bank 'boats'"):
        keep(tmp_path / "banks", "boats", Path("/elsewhere/boats.md"), topics, NOW)
    with pytest.raises(BadInput, match="There are: boats"):
        forget(tmp_path / "banks", "../boats")
    forget(tmp_path / "banks", "boats")
    assert kept(tmp_path / "banks") == ()


def test_a_damaged_record_names_the_cure(tmp_path: Path) -> None:
    (tmp_path / "boats.json").write_text('{"name": "boats"')
    with pytest.raises(StorageError, match="coach ingest --forget boats"):
        kept(tmp_path)
    forget(tmp_path, "boats")


@pytest.mark.parametrize("name", ["Boat Questions.md", "boat_questions.txt", "BOAT-questions"])
def test_a_name_is_letters_digits_and_hyphens(name: str) -> None:
    assert name_of(Path(name)) == "boat-questions"


def test_only_what_is_answered_is_indexed_but_all_can_be_asked(corpus: Path, bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_CORPUS", str(corpus))
    monkeypatch.setenv("COACH_EMBEDDER", "hashing")
    settings = load_settings()
    refresh(settings)
    topics = topics_of(read_items(bank).items, "boats")
    keep(settings.banks_folder, "boats", bank, topics, NOW)
    assert "has changed" in stale(settings)
    assert len(material(settings).questions) == 6
    assert refresh(settings).summary.added == 1
    assert not stale(settings)
    sources = {entry.entry.passage.source: entry.entry.passage for entry in make_store(settings).open().stored()}
    assert sources["Boat Questions.md"].origin is Origin.DOCUMENT
    assert sources["bank/tea.md"].origin is Origin.BANK
    forget(settings.banks_folder, "boats")
    assert refresh(settings).summary.removed == 1


def test_what_nobody_answered_is_asked_only_when_it_is_chosen() -> None:
    found = questions()
    assert [question.prompt for question in fitting(found, Setup())] == ["What is a jib?"]
    assert len(fitting(found, Setup(topics=("boats-sails",)))) == 2
    assert len(fitting(found, Setup(only=(found[2].id,)))) == 1
    assert [question.prompt for topic in answered(topics_of(parse(BANK, "b").items, "b")) for question in topic.questions] == [
        "What is a jib?"
    ]


def test_a_question_without_an_answer_is_not_graded_and_gives_the_hint_it_came_with() -> None:
    judge, engine = examiner(), questions()[2]
    grade = judge.grade(engine, "When there is no wind at all, and in a harbor, where sails are in the way.")
    assert (grade.score, grade.note) == (None, NO_REFERENCE)
    assert ladder(engine, CUES, "") == ("think of calms and of harbors.",)
    assert judge.stamp(engine) == judge.stamp(replace(engine, hint=""))


def coach(*arguments: str, corpus: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COACH_CORPUS": str(corpus), "COACH_EMBEDDER": "hashing"}
    return subprocess.run(
        [sys.executable, "-m", "ui.cli", "ingest", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )


def test_a_dry_run_says_what_it_found_and_keeps_nothing(corpus: Path, bank: Path) -> None:
    done = coach(str(bank), "--dry-run", "--verbose", corpus=corpus)
    assert f"{bank}: 3 items (numbered questions)" in done.stdout
    assert f"{bank}:5-6: What is a jib? [answer, 1 links]" in done.stdout
    assert f"{bank}:1: a heading: the topic of what follows" in done.stderr
    whole = json.loads(coach(str(bank), "--dry-run", "--json", corpus=corpus).stdout)
    assert whole[0]["items"][2]["hint"] == "think of calms and of harbors."
    assert "No banks" in coach("--list", corpus=corpus).stdout


def test_the_command_keeps_lists_and_forgets_a_bank(corpus: Path, bank: Path) -> None:
    done = coach(str(bank), str(bank.with_name("none.md")), corpus=corpus)
    assert done.returncode == 2
    assert "none.md: cannot be opened" in done.stderr
    assert "Indexed 6 questions: 4 added" in done.stdout
    assert "boat-questions: 3 questions, 1 with an answer" in coach("--list", corpus=corpus).stdout
    assert "0 removed" in coach("--forget", "boat-questions", "--dry-run", corpus=corpus).stdout
    assert "1 removed" in coach("--forget", "boat-questions", corpus=corpus).stdout
