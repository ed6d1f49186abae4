from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.domain import Grade, Held, KeyPoint, Misconception, PointVerdict, Question, Taught, Verdict
from coach.feedback import MINUTE_WORDS, TWO_MINUTES_WORDS, Feedback, feedback, model_answer
from coach.text import BlockKind, units
from ingest.read import whole_bank
from tests.conftest import CORPUS
from tests.interviews import FULL, GREEN, examiner

BANK = [question for topic in whole_bank(CORPUS).topics for question in topic.questions]
LONG = " ".join(f"Sentence {number} says what there is to say about it, at some length." for number in range(60))
WRONG = Misconception("Green tea takes ten minutes.", "two minutes are enough.")


def point(text: str, weight: int = 2, *also: str) -> KeyPoint:
    return KeyPoint(text, weight, also)


def taught(quote: str) -> Taught:
    return Taught("p1", "bank/tea.md", "TE01", "How?", quote)


def verdict(kind: Verdict, text: str = "It is so.", weight: int = 2, said: str = "", quote: str = "") -> PointVerdict:
    return PointVerdict(point(text, weight), kind, said, 0.9, taught(quote) if quote else None)


def told(*verdicts: PointVerdict, held: tuple[Held, ...] = ()) -> Feedback:
    return feedback(GREEN, Grade(2.0, verdicts, held))


def asking(answer: str) -> Question:
    return replace(GREEN, answer=answer)


def test_each_part_has_its_points_the_heaviest_first() -> None:
    kinds = {Verdict.COVERED: "a", Verdict.PARTIAL: "b", Verdict.CONTRADICTED: "c", Verdict.MISSING: ""}
    verdicts = [
        verdict(kind, f"{kind} {weight}", weight, said and f"{said}{weight}")
        for weight in (1, 3, 2)
        for kind, said in kinds.items()
    ]
    found = told(*verdicts)
    assert [one.quote for one in found.right] == ["a3", "a2", "a1"]
    assert [one.quote for one in found.close] == ["b3", "b2", "b1"]
    assert [one.quote for one in found.wrong] == ["c3", "c2", "c1"]
    assert [one.text for one in found.missing] == ["missing 3", "missing 2", "missing 1"]


def test_there_is_no_praise_without_a_quote() -> None:
    assert told(verdict(Verdict.COVERED)).right == ()


def test_what_was_not_made_and_not_quoted_is_taught_as_missing() -> None:
    found = told(verdict(Verdict.PARTIAL, "vague"), verdict(Verdict.CONTRADICTED, "denied"))
    assert (found.close, found.wrong) == ((), ())
    assert [one.text for one in found.missing] == ["vague", "denied"]


VERDICTS = st.lists(
    st.builds(verdict, st.sampled_from(Verdict), st.sampled_from("abc"), st.integers(1, 3), st.sampled_from(["", "so I said"]))
)


@given(VERDICTS)
def test_every_point_is_in_one_part_and_none_in_two(verdicts: list[PointVerdict]) -> None:
    different = [replace(one, said=one.said and f"{one.said} {number}") for number, one in enumerate(verdicts)]
    found = told(*different)
    praised = sum(one.verdict is Verdict.COVERED and not one.said for one in different)
    assert len(found.right) + len(found.close) + len(found.wrong) + len(found.missing) == len(different) - praised


def test_a_misconception_is_told_once_with_what_is_right_instead() -> None:
    found = told(verdict(Verdict.CONTRADICTED, said="ten minutes"), held=(Held(WRONG, "ten minutes", taught("Two.")),))
    assert [(one.quote, one.text) for one in found.wrong] == [("ten minutes", "two minutes are enough.")]
    bare = replace(WRONG, rather="")
    assert told(held=(Held(bare, "ten"),)).wrong[0].text == "It is not so that: Green tea takes ten minutes."


def test_the_heaviest_point_is_what_to_say_differently() -> None:
    found = told(verdict(Verdict.CONTRADICTED, "light", 1, "no"), verdict(Verdict.PARTIAL, "heavy", 3, "well"))
    assert found.differently == "Instead of “well”, say it like this: heavy"
    assert (
        told(verdict(Verdict.MISSING, "light", 1), verdict(Verdict.MISSING, "heavy", 3)).differently == "Add one sentence: heavy"
    )


def test_of_equally_heavy_points_the_wrong_one_comes_before_the_missing_one() -> None:
    found = told(
        verdict(Verdict.PARTIAL, "vague", said="a"),
        verdict(Verdict.MISSING, "gone"),
        verdict(Verdict.CONTRADICTED, "no", said="b"),
    )
    assert found.differently == "Instead of “b”, say it like this: no"


def test_what_to_say_is_worded_as_people_say_it() -> None:
    spoken = PointVerdict(point("Water stays below boiling.", 3, "You let the kettle cool."), Verdict.MISSING, "", 0.9)
    assert told(spoken).differently == "Add one sentence: You let the kettle cool."


def test_with_every_point_made_only_a_misconception_is_left_to_say_differently() -> None:
    made = verdict(Verdict.COVERED, said="below boiling")
    assert told(made).differently == ""
    assert told().differently == ""
    assert (
        told(made, held=(Held(WRONG, "ten minutes"),)).differently
        == "Leave out “ten minutes” Say instead: two minutes are enough."
    )


@pytest.mark.parametrize("limit", [MINUTE_WORDS, TWO_MINUTES_WORDS])
@pytest.mark.parametrize("question", [*BANK[::11], asking(LONG)], ids=lambda question: question.id)
def test_a_model_answer_can_be_said_in_its_time_and_stands_in_the_bank(question: Question, limit: int) -> None:
    answer = model_answer(question.answer, (), limit)
    assert len(answer.text.split()) == answer.words <= limit
    assert answer.text.startswith(units(question.answer)[0].text)
    for unit in units(answer.text):
        assert unit.text in question.answer


def test_a_model_answer_keeps_the_sentence_of_a_heavy_point_and_says_what_it_leaves_out() -> None:
    last, other = units(LONG)[-1].text, units(LONG)[-2].text
    verdicts = (verdict(Verdict.MISSING, "light", 1, quote=other), verdict(Verdict.MISSING, "heavy", 3, quote=last))
    short = model_answer(LONG, verdicts, 26)
    assert short.text == f"Sentence 0 says what there is to say about it, at some length. {last}"
    assert [left.text for left in short.left_out] == ["light"]
    assert model_answer(LONG, verdicts, 39).left_out == ()


def test_a_point_that_the_material_does_not_teach_is_not_called_left_out() -> None:
    assert model_answer(LONG, (verdict(Verdict.MISSING),), 26).left_out == ()


def test_code_and_tables_are_not_spoken() -> None:
    answer = "It works so.\n\n```python\nrun()\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nThat is all."
    coded = verdict(Verdict.MISSING, "code", quote="```python\nrun()\n```")
    found = model_answer(answer, (coded,), 150)
    assert found.text == "It works so.\n\nThat is all."
    assert [left.text for left in found.left_out] == ["code"]


@pytest.mark.parametrize("answer", ["", "```\nrun()\n```", "word " * 200 + "end."])
def test_an_answer_of_which_nothing_can_be_said_in_a_minute_is_empty(answer: str) -> None:
    assert model_answer(answer, (), MINUTE_WORDS).words == 0


def test_list_items_stay_lines_and_paragraphs_stay_apart() -> None:
    answer = "Three steps.\n\n- one\n- two\n\nThen. So."
    assert model_answer(answer, (), 150).text == answer


def test_a_real_grade_is_told_with_words_of_the_reply_and_of_the_bank() -> None:
    reply = FULL["TE01"].split(". ", maxsplit=1)[0] + "."
    found = feedback(GREEN, examiner().grade(GREEN, reply))
    assert [one.quote for one in found.right] == [reply]
    assert len(found.missing) == 2
    assert all(one.taught and one.taught.quote in GREEN.answer for one in found.missing)
    assert found.differently.startswith("Add one sentence: The leaves steep")


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.sampled_from(["One.", "Two is more.", "- item", "\n\n", "```\nx\n```", "| a |"]), max_size=12).map("\n".join),
    st.integers(0, 20),
)
def test_no_answer_is_too_odd_to_be_cut(answer: str, limit: int) -> None:
    found = model_answer(answer, (), limit)
    assert found.words <= limit
    assert all(unit.kind not in {BlockKind.CODE, BlockKind.TABLE} for unit in units(found.text))
