from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coach.bank import parse
from coach.domain import Grade, PointVerdict, Verdict
from coach.errors import BadInput
from coach.interview import Asked, Disputed, Replied, Turn
from eval.outside import line, load
from tests.material import TEA
from tests.test_cli import coach

NOW = datetime(2026, 11, 21, tzinfo=UTC)
GREEN = parse(f"# Tea\n\n{TEA}", "tea.md", "tea")[0].questions[0]


def written(tmp_path: Path, *rows: object) -> Path:
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return file


def test_the_usual_field_names_are_understood(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {"question": "Why?", "reference": "Because.", "answer": "So.", "score": 4},
        {"user_input": "Why?", "reference": "Because.", "response": "Well.", "grade": 1, "key_points": ["A point."]},
    )
    one, other = load(file)
    assert (one.question.prompt, one.response, one.score) == ("Why?", "So.", 4.0)
    assert other.question.key_points[0].text == "A point."


def test_replies_to_one_question_share_it(tmp_path: Path) -> None:
    row = {"question": "Why?", "reference": "Because.", "answer": "So.", "score": 4}
    one, other = load(written(tmp_path, row, {**row, "answer": "No."}))
    assert one.question is other.question


def test_scores_are_scaled_to_five(tmp_path: Path) -> None:
    (reply,) = load(written(tmp_path, {"question": "Why?", "answer": "So.", "score": 50}), highest=100)
    assert reply.score == 2.5


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{", "answers.jsonl:1"),
        ({"answer": "So.", "score": 4}, "question"),
        ({"question": "Why?", "answer": "So."}, "score"),
        ({"question": "Why?", "answer": "So.", "score": 7}, "--highest"),
        ({"question": "Why?", "answer": "So.", "score": "NaN"}, "score"),
        ("", "no line"),
    ],
)
def test_a_line_that_is_none_is_told_with_its_place(tmp_path: Path, row: object, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        load(written(tmp_path, row))


def disputed() -> Turn:
    point = PointVerdict(GREEN.key_points[0], Verdict.MISSING, "", 0.4)
    return Turn(
        Asked(NOW, GREEN.id, GREEN.prompt),
        reply=Replied(NOW, "I let the kettle cool down first."),
        grades=(Grade(0.0, (point,)),),
        disputes=(Disputed(NOW, 0, 0, "let the kettle cool"),),
    )


def test_a_disputed_turn_becomes_a_line_that_loads_with_the_point_made(tmp_path: Path) -> None:
    (reply,) = load(written(tmp_path, line(disputed(), GREEN, "abc-1")))
    assert (reply.id, reply.score) == ("abc-1", 5.0)
    assert reply.question.key_points == GREEN.key_points


def test_an_undisputed_turn_is_refused() -> None:
    with pytest.raises(BadInput, match="I did say that"):
        line(replace(disputed(), disputes=()), GREEN, "abc-1")


def test_adding_from_an_interview_that_is_not_there_says_so() -> None:
    done = coach("eval", "add", "nobody", "1")
    assert done.returncode == 2
    assert "no interview" in done.stderr
