from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.bank import parse
from coach.domain import Question
from coach.errors import BadInput
from coach.text import words
from eval.cases import FOLDER, RetrievalCase, digest, load_retrieval, verbatim
from eval.grading import GradedReply, load
from ingest.read import whole_bank
from tests.conftest import CORPUS
from tests.material import OOLONG, TEA

FILES = sorted(FOLDER.glob("retrieval-*.jsonl"))
GOOD = '{"id": "a", "user_input": "how hot", "reference_context_ids": ["TE01"], "kind": "near"}'


@pytest.fixture(scope="module")
def bank() -> dict[str, Question]:
    return {question.id: question for question in whole_bank(CORPUS).questions}


@pytest.fixture(scope="module")
def cases() -> list[RetrievalCase]:
    return load_retrieval(*FILES)


@pytest.fixture(scope="module")
def replies() -> list[GradedReply]:
    return load()


def written(folder: Path, *lines: str) -> Path:
    file = folder / "cases.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_the_committed_cases_are_enough_of_each_kind(cases: list[RetrievalCase]) -> None:
    assert sum(case.answerable for case in cases) >= 300
    assert sum(not case.answerable for case in cases) >= 120
    assert {case.kind for case in cases if not case.answerable} == {"near", "far"}
    assert not {case.kind for case in cases if case.answerable} & {"near", "far"}


def test_each_id_stands_once(cases: list[RetrievalCase]) -> None:
    assert max(Counter(case.id for case in cases).values()) == 1


def test_each_question_is_asked_once(cases: list[RetrievalCase]) -> None:
    assert [text for text, count in Counter(" ".join(words(case.user_input)) for case in cases).items() if count > 1] == []


def test_every_case_refers_to_questions_that_are_there(cases: list[RetrievalCase], bank: dict[str, Question]) -> None:
    assert [(case.id, id_) for case in cases for id_ in case.relevant if id_ not in bank] == []
    assert [case.id for case in cases if len(set(case.relevant)) < len(case.relevant)] == []


def test_no_case_is_worded_as_the_bank_words_it(cases: list[RetrievalCase], bank: dict[str, Question]) -> None:
    asked = {" ".join(words(asking)) for question in bank.values() for asking in question.askings}
    assert [case.id for case in cases if " ".join(words(case.user_input)) in asked] == []


def test_both_halves_are_used_and_no_family_is_in_both(cases: list[RetrievalCase]) -> None:
    for answerable in (True, False):
        share = Counter(case.held_back for case in cases if case.answerable is answerable)
        assert min(share[True], share[False]) >= 0.35 * share.total()
    families: dict[str, set[bool]] = {}
    for case in cases:
        families.setdefault(case.family, set()).add(case.held_back)
    assert all(len(halves) == 1 for halves in families.values())


def test_the_committed_replies_have_a_letter_for_each_key_point(replies: list[GradedReply], bank: dict[str, Question]) -> None:
    assert len(replies) >= 300
    for reply in replies:
        expected = len(bank[reply.question_id].key_points)
        assert [len(labeling) for labeling in reply.verdicts] == [expected, expected], reply.id


def test_the_committed_replies_have_scores_on_the_scale_and_stand_once(replies: list[GradedReply]) -> None:
    assert max(Counter(reply.id for reply in replies).values()) == 1
    assert all(0 <= score <= 5 and score * 2 == int(score * 2) for reply in replies for score in reply.scores)
    assert {reply.held_back for reply in replies} == {True, False}
    assert all(reply.response.strip() for reply in replies)


def test_the_labelers_did_not_copy_from_each_other(replies: list[GradedReply]) -> None:
    pairs = [pair for reply in replies for pair in zip(*reply.verdicts, strict=True)]
    agreeing = sum(one is other for one, other in pairs) / len(pairs)
    assert 0.6 < agreeing < 1


def test_a_case_is_read_with_its_defaults(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD, "", '{"id": "b", "user_input": "who won", "response": "ragas may say more"}')
    one, other = load_retrieval(file)
    assert (one.relevant, one.kind, one.answerable, one.family) == (("TE01",), "near", True, "TE01")
    assert (other.relevant, other.kind, other.answerable, other.family) == ((), "question", False, "b")


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "not JSON",
        "[]",
        "null",
        "{}",
        '{"id": "b"}',
        '{"id": "", "user_input": "x"}',
        '{"id": "b", "user_input": ""}',
        '{"id": 7, "user_input": "x"}',
        '{"id": "b", "user_input": "x", "reference_context_ids": "TE01"}',
        '{"id": "b", "user_input": "x", "reference_context_ids": [1]}',
        GOOD + GOOD,
    ],
)
def test_a_line_that_is_no_case_is_told_with_file_and_line(tmp_path: Path, broken: str) -> None:
    with pytest.raises(BadInput, match=r"^cases\.jsonl:3: .*one JSON object a line"):
        load_retrieval(written(tmp_path, GOOD, "", broken))


def test_an_id_used_twice_is_told_with_both_places(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^cases\.jsonl:2: the id 'a' is already used at cases\.jsonl:1\."):
        load_retrieval(written(tmp_path, GOOD, GOOD))
    (tmp_path / "more.jsonl").write_text(GOOD)
    with pytest.raises(BadInput, match=r"^more\.jsonl:1: the id 'a' is already used at cases\.jsonl:1\."):
        load_retrieval(written(tmp_path, GOOD), tmp_path / "more.jsonl")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Give the path of a JSONL file"):
        load_retrieval(tmp_path / "missing.jsonl")
    with pytest.raises(BadInput, match="Give the path of a JSONL file"):
        load_retrieval(tmp_path)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match=r"binary\.jsonl"):
        load_retrieval(tmp_path / "binary.jsonl")


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85"])
def test_only_a_line_feed_ends_a_line(tmp_path: Path, inside: str) -> None:
    line = json.dumps({"id": "a", "user_input": f"how{inside}hot"}, ensure_ascii=False)
    assert load_retrieval(written(tmp_path, line))[0].user_input == f"how{inside}hot"


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5, unique=True), st.text(min_size=1, max_size=80))
def test_what_was_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, ids: list[str], asked: str) -> None:
    file = written(tmp_path_factory.mktemp("cases"), *(json.dumps({"id": id_, "user_input": asked}) for id_ in ids))
    assert [(case.id, case.user_input) for case in load_retrieval(file)] == [(id_, asked) for id_ in ids]


def test_verbatim_cases_ask_the_bank_s_own_questions() -> None:
    questions = parse(f"# Tea\n\n{TEA}\n{OOLONG}", "tea.md", "tea")[0].questions
    assert verbatim(questions, 1)[1] == RetrievalCase(
        "verbatim-TE02", "What sets oolong apart from black tea?", ("TE02",), "verbatim"
    )
    assert [case.id for case in verbatim(questions, 2)] == ["verbatim-TE01"]
    assert verbatim([]) == []


def test_a_digest_changes_with_anything_a_case_says() -> None:
    case = RetrievalCase("a", "how hot", ("TE01",), "near")
    others = [
        [RetrievalCase("b", "how hot", ("TE01",), "near")],
        [RetrievalCase("a", "how cold", ("TE01",), "near")],
        [RetrievalCase("a", "how hot", (), "near")],
        [RetrievalCase("a", "how hot", ("TE01",), "far")],
        [case, case],
        [],
    ]
    assert digest([case]) == digest(iter([case]))
    assert len({digest([case]), *map(digest, others)}) == 1 + len(others)


def labeled(folder: Path, first: str, second: str) -> Path:
    (folder / "answers-a.jsonl").write_text(
        '{"id": "g1", "question_id": "TE01", "style": "short", "user_input": "?", "response": "Cool water."}\n'
    )
    (folder / "labels-1.jsonl").write_text(first)
    (folder / "labels-2.jsonl").write_text(second)
    return folder


def test_a_reply_comes_with_both_labelings(tmp_path: Path) -> None:
    (reply,) = load(labeled(tmp_path, '{"id": "g1", "points": "cp", "score": 4}', '{"id": "g1", "points": "mx", "score": 1.5}'))
    assert [[str(verdict) for verdict in labeling] for labeling in reply.verdicts] == [
        ["covered", "partial"],
        ["missing", "contradicted"],
    ]
    assert (reply.scores, reply.score) == ((4.0, 1.5), 2.75)


def test_a_reply_that_one_labeler_left_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'g1' does not have two labelings"):
        load(labeled(tmp_path, '{"id": "g1", "points": "c", "score": 5}', ""))
    (tmp_path / "labels-2.jsonl").unlink()
    with pytest.raises(BadInput, match="'g1' does not have two labelings"):
        load(tmp_path)
