"""The bank, the page of a question and the sources by their keys, over a small bank."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach.interview import Setup
from tests.pages import GOOD, click, drawn, interviewer, seen, small_bank, window


@pytest.fixture(autouse=True)
def bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_bank(corpus, monkeypatch)


def questions(app: AppTest) -> list[str]:
    return [link.value.strip("*").replace("\\", "") for link in app.page_link if link.value.startswith("**")]


def answered() -> None:
    coach = interviewer()
    coach.next(coach.go_on(coach.reply(coach.begin(Setup(questions=1, only=("TE01",))), GOOD, 4)))


def test_the_whole_bank_is_listed_with_how_each_question_stands() -> None:
    answered()
    app = window("bank")
    assert len(questions(app)) == 3
    assert "**3** questions" in seen(app)
    assert "known]" in seen(app)
    assert "last 5.0" in seen(app)


def test_what_is_typed_is_found_by_words_and_by_number() -> None:
    app = window("bank")
    app.text_input(key="bank-q").set_value("green tea")
    assert questions(drawn(app))[0] == "How is green tea brewed?"
    app.text_input(key="bank-q").set_value("sa01")
    assert questions(drawn(app))[0] == "How can a boat sail against the wind?"


def test_filters_stand_in_the_address_and_an_address_filters() -> None:
    app = window("bank")
    app.multiselect(key="bank-topic").set_value(["tea"])
    drawn(app)
    assert app.query_params["topic"] == "tea"
    assert len(questions(app)) == 2
    linked = window("bank", topic="sailing", state="new", level="nonsense")
    assert questions(linked) == ["How can a boat sail against the wind?"]
    assert "**1** of 3" in seen(linked)


def test_clear_takes_every_filter_away() -> None:
    app = window("bank", topic="sailing", q="boat")
    assert len(questions(click(app, "clear"))) == 3


def test_nothing_found_says_what_to_try() -> None:
    app = window("bank", q="xylophone", state="known")
    assert "No question is like that." in seen(app)
    assert "Ask it instead" in [link.value for link in app.page_link]


# One question.


def test_a_question_has_an_address_and_hides_its_answer() -> None:
    app = window("question", id="te01")
    assert "How is green tea brewed?" in str(app.header[0].value).replace("\\", "")
    assert "You have not answered it yet." in seen(app)
    answer = next(expander for expander in app.expander if expander.label == "Show the answer")
    assert not answer.proto.expanded
    assert "water well below boiling" in seen(app)
    assert "Rather: the water stays below boiling." in seen(app)


def test_its_history_is_told_with_what_was_thought_of_each_answer() -> None:
    answered()
    said = seen(window("question", id="TE01"))
    assert "**5.0** of 5" in said
    assert "you rated it good" in said


def test_it_is_practiced_with_one_click() -> None:
    app = click(window("question", id="SA01"), "practice")
    assert "question 1 of 1" in seen(app)
    assert interviewer().interviews()[0][1].setup.only == ("SA01",)


@pytest.mark.parametrize("id_", ["XX99", "<b>![](http://a.example/b.png)", ""])
def test_an_unknown_question_is_an_empty_state(id_: str) -> None:
    app = window("question", id=id_)
    assert "Look for it in the bank." in seen(app)
    assert "Look through the bank" in [link.value for link in app.page_link]


# Sources.


def test_every_source_is_listed_with_who_cites_it_and_its_state() -> None:
    said = seen(window("sources"))
    assert "**1** pages" in said
    assert "[A paper](<https://arxiv.org/abs/2005.11401>)" in said
    assert "arxiv.org · **not fetched yet**" in said


def test_sources_are_filtered_by_address_kind_and_words() -> None:
    assert "**1** of 1" in seen(window("sources", kind="paper", topic="tea"))
    app = window("sources", kind="paper")
    app.text_input(key="sources-q").set_value("nothing like it")
    assert "No page is like that." in seen(drawn(app))
