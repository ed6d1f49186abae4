from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.bank import parse
from coach.domain import KeyPoint, Level
from tests.conftest import CORPUS
from tests.material import OOLONG, TEA


def problems(text: str) -> list[str]:
    return [str(problem) for problem in parse(text, "tea.md", "tea")[1]]


def test_a_question_is_read_with_all_its_parts() -> None:
    topic, found = parse(f"# Tea\n\n{TEA}", "tea.md", "tea")
    assert not found
    (question,) = topic.questions
    assert (question.id, question.level, question.at) == ("TE01", Level.MID, "tea.md:3")
    assert question.askings == ("How is green tea brewed?", "what temperature for green tea")
    assert question.key_points == (
        KeyPoint("Green tea is brewed with water below boiling.", 3, ("You let the kettle cool before pouring.",)),
    )
    assert question.misconceptions[0].rather == "the water stays below boiling."
    assert question.references[0].url == "https://arxiv.org/abs/2005.11401"


def test_the_example_in_the_guide_is_in_the_format() -> None:
    guide = (CORPUS / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```markdown\n(.*?)```", guide, re.DOTALL)
    assert example
    topic, found = parse(f"# Rag\n\n{example.group(1)}", "README.md", "rag")
    assert not found
    assert topic.questions[0].id == "RG01"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (TEA.replace("## TE01 How", "## How"), "tea.md:3: not a question heading"),
        (TEA.replace("Level: mid", "Level: expert"), "tea.md:3: level is 'expert'"),
        (TEA.replace("2026-11", "last year"), "tea.md:3: 'As of' is 'last year'"),
        (TEA.replace("Tags:", "Labels:"), "tea.md:5: unknown setting 'Labels'"),
        (TEA.replace("**Answer**", "**Reply**"), "unknown section 'Reply'"),
        (TEA.replace("**Follow-ups**\n\n- And what then?\n", ""), "TE01 has no section **Follow-ups**"),
        (TEA.replace("- (3) Green", "- Green"), "tea.md:19: a key point starts with its weight"),
        (TEA.replace("- (3) Green", "- (9) Green"), "tea.md:19: a key point starts with its weight"),
        (TEA.replace("https://", "ftp://"), "a reference is written"),
        (TEA.replace("  - Rather: the", "  - But: the"), "below a misconception stands only"),
        (TEA.replace("- what temperature", "what temperature"), "expected a bullet"),
        (TEA.replace("**Key points**", "**Rubric**"), "has a section 'Rubric'"),
        (TEA.replace("Tags: test", "Kind: riddle"), "kind is 'riddle'"),
        (TEA.replace("**Answer**", "**Answer**\n\n**Answer**"), "stands here a second time"),
    ],
)
def test_every_mistake_is_told_with_file_and_line(broken: str, said: str) -> None:
    assert any(said in problem for problem in problems(f"# Tea\n\n{broken}")), problems(f"# Tea\n\n{broken}")


def test_a_broken_question_does_not_hide_its_neighbor() -> None:
    topic, found = parse(f"# Tea\n\n{TEA.replace('Level: mid', 'Level: ?')}\n{OOLONG}", "tea.md", "tea")
    assert [question.id for question in topic.questions] == ["TE02"]
    assert found


def test_a_file_without_a_title_says_so() -> None:
    assert problems(TEA)[0].startswith("tea.md:1: the file has no title")


def test_an_experience_question_has_a_rubric() -> None:
    text = TEA.replace("Tags: test", "Kind: experience").replace("**Key points**", "**Rubric**")
    topic, found = parse(f"# Tea\n\n{text}", "tea.md", "tea")
    assert not found
    assert topic.questions[0].experience


def test_a_fenced_heading_is_part_of_the_answer() -> None:
    text = TEA.replace("The leaves steep", "```markdown\n## Not a question\n**Not a label**\n```\n\nThe leaves steep")
    topic, found = parse(f"# Tea\n\n{text}", "tea.md", "tea")
    assert not found
    assert "## Not a question" in topic.questions[0].answer


@given(st.text(alphabet=st.sampled_from("#*-() \n|`~ab1:[]·"), max_size=400))
def test_no_text_breaks_the_parser(text: str) -> None:
    _topic, found = parse(text, "any.md", "any")
    assert all(problem.line >= 1 for problem in found)


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    text = f"# Tea\n\n{TEA}"
    assert parse(text.replace("\n", "\r\n"), "tea.md", "tea") == parse(text, "tea.md", "tea")
