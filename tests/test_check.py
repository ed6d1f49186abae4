from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.adapters.embed import HashingEmbedder
from coach.adapters.lexicon import Bm25Lexicon
from coach.bank import parse
from coach.domain import KeyPoint, Misconception, Question, Reference, Topic
from coach.wiring import make_grader
from ingest.check import coverage, findings, mended, own_words, question_findings
from ingest.meaning import Share, asked_twice, finds_itself, grades_itself
from ingest.read import bank_files
from ingest.sources import KINDS, kind, markdown, sources
from ingest.split import entries
from tests.conftest import CORPUS
from tests.material import OOLONG, SAILS, TEA

TOPICS = (parse(f"# Tea\n\n{TEA}\n{OOLONG}", "tea.md", "tea")[0], parse(f"# Sea\n\n{SAILS}", "sea.md", "sea")[0])
QUESTIONS = tuple(question for topic in TOPICS for question in topic.questions)
PAPER = Reference("A paper", "https://arxiv.org/abs/2005.11401", "where it comes from.")
SAID = ("You let the kettle cool first.", "Cooler water is poured over it.")
# TE01 with as much of everything as the bank wants: nothing is wrong with it.
FINE = replace(
    QUESTIONS[0],
    also_asked=("what temperature for green tea", "how hot for sencha", "why is my tea bitter"),
    answer=" ".join(["Green tea is brewed with water below boiling, so that the leaves are not scalded."] * 8),
    key_points=(
        KeyPoint("Green tea is brewed with water below boiling.", 3, SAID),
        KeyPoint("The leaves steep for two minutes.", 2, SAID),
        KeyPoint("A second infusion needs less time.", 1, SAID),
        KeyPoint("Boiling water makes the cup bitter.", 2, SAID),
    ),
    misconceptions=(
        Misconception("Green tea is brewed with boiling water.", "the water stays below boiling."),
        Misconception("The leaves can be used only once.", "a second infusion is fine."),
    ),
    follow_ups=("And what then?", "And why is that?"),
    references=(PAPER, Reference("A page", "https://example.org/tea", "how it is done.")),
)


def told(question: Question) -> list[str]:
    return [str(problem) for problem in question_findings(question)]


def point(text: str = "The leaves steep for two minutes.", weight: int = 3, said: tuple[str, ...] = SAID) -> Question:
    """FINE with another first key point."""
    return replace(FINE, key_points=(KeyPoint(text, weight, said), *FINE.key_points[1:]))


def cited(url: str, why: str = "why.") -> Question:
    return replace(FINE, references=(PAPER, Reference("A page", url, why)))


def answered(more: str) -> Question:
    return replace(FINE, answer=f"{FINE.answer} {more}")


def test_nothing_is_said_of_a_question_as_the_bank_wants_it() -> None:
    assert told(FINE) == []
    assert told(replace(FINE, references=(*FINE.references, Reference("Old", "https://arxiv.org/abs/cs/0112017", "why.")))) == []


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (replace(FINE, answer="Too short."), "the answer has 2 words; write 110 to 310"),
        (replace(FINE, answer="word " * 400 + "."), "the answer has 401 words"),
        (replace(FINE, answer=FINE.answer.removesuffix(".") + " and"), "does not end with a full stop"),
        (replace(FINE, answer=""), "the answer has 0 words"),
        (replace(FINE, key_points=FINE.key_points[:3]), "3 key points; have 4 to 7"),
        (replace(FINE, key_points=()), "no key point has weight 3"),
        (replace(FINE, follow_ups=("One?",)), "1 follow-ups; have 2"),
        (replace(FINE, tags=()), "0 tags; have 1 to 5"),
        (
            replace(FINE, also_asked=(*FINE.also_asked, "HOW IS green tea brewed?")),
            "asked twice in the same words: 'how is green",
        ),
        (point(weight=2), "no key point has weight 3. Say what is essential"),
        (point("Too short."), "a key point of 2 words; write 5 to 32"),
        (point("It cools, and it steeps, and it is poured into a cup."), "says several things; split it"),
        (point("The water cools; the leaves steep; the cup is warm."), "says several things; split it"),
        (point(said=SAID[:1]), "1 other wordings; write 2 to 3 for: 'The leaves steep"),
        (point(said=(SAID[0], SAID[0].upper())), "a wording stands twice under"),
        (replace(FINE, misconceptions=(Misconception("Too short.", "yes."), *FINE.misconceptions)), "is a full statement"),
        (replace(FINE, misconceptions=(Misconception("It is not said what is right."), *FINE.misconceptions)), "(Rather: ...)"),
        (
            replace(FINE, misconceptions=(Misconception("the leaves STEEP for two minutes", "no."), *FINE.misconceptions)),
            "both a key point and a misconception",
        ),
        (replace(FINE, misconceptions=(Misconception(SAID[0], "no."), *FINE.misconceptions)), "both a key point and"),
        (cited("http://example.org/tea"), "not a usable address; use https: http://example.org/tea"),
        (cited("https://localhost/tea"), "not a usable address"),
        (cited("https://example.org/tea?utm_source=x"), "tracking or a login"),
        (cited("https://me:secret@example.org/tea"), "tracking or a login"),
        (cited("https://arxiv.org/pdf/2005.11401"), "link an arXiv paper as https://arxiv.org/abs/NUMBER"),
        (cited("https://arxiv.org/abs/2005.11401v2"), "without a version"),
        (cited("https://example.org/tea", why=""), "say after a colon why it is worth reading: A page"),
        (replace(FINE, references=(PAPER, PAPER)), "the same reference twice: https://arxiv.org/abs/2005.11401"),
        (answered("Its behaviour differs."), "'behaviour' is spelled American spelling: -or"),
        (answered("The tokenisation differs."), "'tokenisation' is spelled American spelling: -ization"),
        (answered("We optimised the labelling."), "'optimised' is spelled American spelling: -ize"),
        (answered("We optimised the labelling."), "'labelling' is spelled American spelling: one l"),
        (answered("Use Huggingface."), "'Huggingface' is spelled Hugging Face"),
        (answered("Use Pytorch."), "'Pytorch' is spelled PyTorch"),
        (replace(FINE, prompt="What is Lora?"), "'Lora' is spelled LoRA"),
        (replace(FINE, follow_ups=("Why grey?", "And then?")), "'grey' is spelled American spelling"),
        (point("A vectorstore holds what was embedded."), "'vectorstore' is spelled vector store"),
    ],
)
def test_everything_the_bank_does_not_want_is_told_with_its_line(spoiled: Question, said: str) -> None:
    found = told(spoiled)
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("tea.md:3: TE01: ") for problem in found)


@pytest.mark.parametrize(
    "fine",
    [
        "Call `optimiser.normalise()` here.",
        "Read https://example.org/behaviour/centre first.",
        "```python\ncolour = Lora\n```",
        "It is $behaviour$ here.",
        "The emphasis is on precise, concise analysis, canceled or not.",
        "LoRA, QLoRA, ColBERT, GPT-4, ChatGPT, PyTorch, TensorFlow and Llama are spelled so.",
        "A fine-tuned model in file/Lora.py stays.",
    ],
)
def test_code_addresses_and_right_spellings_are_left_alone(fine: str) -> None:
    assert told(answered(fine)) == []


def test_how_people_ask_sloppily_is_theirs() -> None:
    assert told(replace(FINE, also_asked=("colour and behaviour of Lora", "how hot", "why bitter"))) == []
    assert "what temperature for green tea" not in own_words(FINE)


def test_the_word_that_is_misspelled_is_told_whole() -> None:
    assert any("'finetuning' is spelled" in problem for problem in told(answered("We do finetuning.")))


@pytest.mark.parametrize("opening", ["Behaviour differs.", "Optimising helps.", "Colour matters.", "Labelled data helps."])
def test_a_sentence_s_first_word_is_looked_at_too(opening: str) -> None:
    assert told(answered(opening))


def test_improvisation_is_american() -> None:
    assert told(answered("It takes improvisation.")) == []


def test_an_address_that_cannot_be_taken_apart_is_told() -> None:
    assert any("not a usable address" in problem for problem in told(cited("https://[example.org/tea")))


def test_a_plural_is_told_once_and_findings_come_in_order() -> None:
    assert len([problem for problem in told(answered("The grey, grey tea.")) if "grey" in problem]) == 1
    lines = [(problem.file, problem.line) for problem in findings(TOPICS)]
    assert list(dict.fromkeys(lines)) == [("tea.md", 3), ("tea.md", 35), ("sea.md", 3)]


@given(st.text(max_size=200), st.text(max_size=60))
def test_no_wording_breaks_the_check(answer: str, text: str) -> None:
    spoiled = replace(point(text), answer=answer, prompt=text, misconceptions=(Misconception(text, text),))
    assert all(problem.line == 3 for problem in question_findings(spoiled))


def test_coverage_counts_levels() -> None:
    assert coverage(TOPICS) == [("tea", 2, 0, 2, 0), ("sea", 1, 0, 1, 0)]


def test_every_address_is_listed_once_with_all_who_cite_it() -> None:
    found = sources([*QUESTIONS, replace(FINE, id="TE09")])
    assert [(source.url, source.questions) for source in found] == [
        (PAPER.url, ("SA01", "TE01", "TE02", "TE09")),
        ("https://example.org/tea", ("TE09",)),
    ]
    assert sources([]) == []


def test_a_question_that_cites_twice_is_listed_once() -> None:
    assert sources([replace(FINE, references=(PAPER, PAPER))])[0].questions == ("TE01",)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://arxiv.org/abs/2005.11401", "paper"),
        ("https://www.aclanthology.org/P19-1.pdf", "paper"),
        ("https://proceedings.neurips.cc/paper/x", "paper"),
        ("https://example.org/slides.PDF", "pdf"),
        ("https://github.com/owner/docs/guide.md", "code"),
        ("https://en.wikipedia.org/wiki/Tea", "encyclopedia"),
        ("https://youtu.be/abc", "video"),
        ("https://docs.python.org/3/", "documentation"),
        ("https://huggingface.co/docs/peft", "documentation"),
        ("https://x.readthedocs.io/en/latest", "documentation"),
        ("https://example.org/blog", "article"),
        ("https://notarxiv.org/abs/1", "article"),
        ("https://arxiv.org.evil.example/abs/1", "article"),
        ("", "article"),
    ],
)
def test_the_kind_of_a_page_is_told_from_its_address(url: str, wanted: str) -> None:
    assert kind(url) == wanted


@given(st.sampled_from(["arxiv.org", "github.com", "x.org", "docs.x.io"]), st.text("abc/.-", max_size=20))
def test_every_address_has_a_kind(host: str, path: str) -> None:
    assert urlsplit(f"https://{host}/{path}").hostname == host
    assert kind(f"https://{host}/{path}") in KINDS


def test_the_list_of_sources_mentions_each_under_its_kind() -> None:
    found = sources([FINE, *QUESTIONS[1:]])
    text = markdown(found)
    assert text.startswith("# Sources\n")
    assert text.index("## Paper (1)") < text.index(PAPER.url) < text.index("## Article (1)") < text.index("example.org")
    assert f"- [A paper]({PAPER.url}): SA01, TE01, TE02\n" in text
    assert "##" not in markdown([])


def with_another(question: Question) -> tuple[list[Question], Topic]:
    more = replace(TOPICS[0], questions=(*TOPICS[0].questions, question))
    return [*more.questions], more


def test_every_way_of_asking_finds_its_own_question() -> None:
    share = finds_itself(QUESTIONS, [*entries(TOPICS)], HashingEmbedder(), Bm25Lexicon())
    assert (share.good, share.of, share.rest) == (3, 3, ())
    assert share.enough


def test_a_way_of_asking_that_is_another_question_s_is_told() -> None:
    stolen = replace(QUESTIONS[1], also_asked=("what temperature for green tea",))
    questions = [QUESTIONS[0], stolen]
    share = finds_itself(questions, entries((replace(TOPICS[0], questions=tuple(questions)),)), HashingEmbedder(), Bm25Lexicon())
    assert share.good < share.of == 2
    assert not share.enough
    assert any("TE02: 'what temperature for green tea' finds TE01 first" in line for line in share.rest)


def test_a_question_asked_twice_is_told_with_both_ids() -> None:
    questions, _topic = with_another(replace(QUESTIONS[0], id="TE09", prompt="How is green tea brewed"))
    assert list(asked_twice(QUESTIONS, HashingEmbedder())) == []
    (line,) = asked_twice(questions, HashingEmbedder())
    assert line == "tea.md:3: TE01 and TE09 ask nearly the same (1.00)"


def test_the_bank_grades_itself_and_what_goes_wrong_is_told() -> None:
    upside_down = replace(QUESTIONS[0], id="TE09", answer="Nothing is said here about any of it, sorry to say.")
    praised = replace(QUESTIONS[0], id="TE08", misconceptions=(Misconception(QUESTIONS[0].key_points[0].text, "no."),))
    grader = make_grader(HashingEmbedder(), entries(TOPICS))
    ticks: list[int] = []
    own, wrong = grades_itself([*QUESTIONS, upside_down, praised], grader, ticks.append)
    assert (own.good, own.of, wrong.good, wrong.of, len(ticks)) == (4, 5, 4, 5, 5)
    assert "TE09: its own answer gets 0.0; not covered: 'Green tea" in own.rest[0]
    assert "TE08: a misconception alone gets" in wrong.rest[0]


def test_stories_are_not_graded_against_the_bank() -> None:
    grader = make_grader(HashingEmbedder(), entries(TOPICS))
    own, wrong = grades_itself([replace(QUESTIONS[0], experience=True)], grader)
    assert (own.of, wrong.of) == (0, 0)
    assert own.enough


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1))
def test_a_share_is_enough_from_what_is_needed_on(good: int, bad: int, needed: float) -> None:
    share = Share("are fine", good, good + bad, needed, ())
    assert share.enough == (good + bad == 0 or good >= needed * (good + bad) or good / (good + bad) >= needed)
    assert str(share).startswith(f"{good} of {good + bad} are fine (")


def test_mending_sets_right_what_needs_no_thought_and_nothing_else() -> None:
    text = "# Tea  \r\n\r\nHuggingface and Pytorch say “hello”.\r\nSee https://huggingface.co/Pytorch and `Pytorch`.\n\n\n"
    assert mended(text) == '# Tea\n\nHugging Face and PyTorch say "hello".\nSee https://huggingface.co/Pytorch and `Pytorch`.\n'


@given(st.text(max_size=200))
def test_mending_twice_is_mending_once(text: str) -> None:
    assert mended(mended(text)) == mended(text)


def test_the_bank_needs_no_mending() -> None:
    for file in bank_files(CORPUS):
        text = file.read_text(encoding="utf-8")
        assert mended(text) == text, file.name
