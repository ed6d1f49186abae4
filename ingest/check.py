"""Questions become findings: what the format allows but the bank does not want. Knows words, not meaning.

Everything here is quick and needs no model; what needs one is in `meaning.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from coach.bank import Problem
from coach.domain import Level, Question, Topic

ANSWER_WORDS = range(110, 311)
POINT_WORDS = range(5, 33)
COUNTS = {
    "key points": range(4, 8),
    "other ways to ask": range(3, 6),
    "misconceptions": range(2, 5),
    "follow-ups": range(2, 3),
    "references": range(2, 6),
    "tags": range(1, 6),
}
ALSO_SAID = range(2, 4)
MISCONCEPTION_WORDS = 5
# A statement joined by this many "and"s or semicolons is more than one.
MOST_JOINS = 2

# The field's own spellings; the left is what slips in. Only whole words, outside code and addresses.
TERMS = {
    r"[Ff]inetun(e[sd]?|ing)": "fine-tun(e, ing)",
    r"[Hh]uggingface|HuggingFace": "Hugging Face",
    r"Pytorch|pyTorch": "PyTorch",
    r"Tensorflow": "TensorFlow",
    r"LLaMa|LLama": "Llama or LLaMA",
    r"[Vv]ectorstores?": "vector store",
    r"[Cc]hatgpt|ChatGpt": "ChatGPT",
    r"Gpt-?\d": "GPT-4",
    r"Qlora|QLora": "QLoRA",
    r"Lora": "LoRA",
    r"Colbert|ColBert": "ColBERT",
    r"\w*(?:behaviour|neighbour|colour|favour|honour|labour)\w*": "American spelling: -or",
    r"\w+(?<!improv)(?:isation|isations)": "American spelling: -ization",
    r"(?:general|optim|normal|token|quant|memor|regular|summar|organ|special|penal|minim|maxim|util|initial|parallel|emphas|"
    r"custom|recogn|categor|visual|real)is(?:e|es|ed|ing|er|ers)": "American spelling: -ize",
    r"(?:model|label|travel|cancel)l(?:ed|ing)": "American spelling: one l",
    r"[Cc]entre|[Cc]atalogue|[Aa]nalyse[sd]?|[Gg]rey": "American spelling",
}
_TERMS = [
    (re.compile(rf"(?<![\w/.-])(?:{wrong})(?![\w/])", re.IGNORECASE if right.startswith("American") else 0), right)
    for wrong, right in TERMS.items()
]
# What can be mended without asking: typography, and names with one right spelling.
_NAMES = {
    r"Huggingface|HuggingFace": "Hugging Face",
    r"Pytorch|pyTorch": "PyTorch",
    r"Tensorflow": "TensorFlow",
    r"Chatgpt|ChatGpt": "ChatGPT",
    r"Qlora|QLora": "QLoRA",
    r"Colbert|ColBert": "ColBERT",
}
_TYPOGRAPHY = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})
_CODE = re.compile(r"```.*?```|`[^`]*`|\$[^$]*\$|https?://\S+", re.DOTALL)
_JOINS = re.compile(r";|,? and (?=\w+ing\b|\w+s\b)|, and ")


def findings(topics: Iterable[Topic]) -> Iterator[Problem]:
    """Everything wrong with the questions, in the order they stand in."""
    for topic in topics:
        for question in topic.questions:
            yield from question_findings(question)


def question_findings(question: Question) -> Iterator[Problem]:
    file, _, line = question.at.rpartition(":")
    for text in _texts(question):
        yield Problem(file, int(line), f"{question.id}: {text}")


def _texts(question: Question) -> Iterator[str]:
    yield from _amounts(question)
    yield from _points(question)
    yield from _misconceptions(question)
    yield from _references(question)
    yield from _spelling(question)
    if not question.answer.rstrip().endswith((".", "```", "!", "?", "|", "$", ")")):
        yield "the answer does not end with a full stop. Finish the sentence"


def _amounts(question: Question) -> Iterator[str]:
    words = len(question.answer.split())
    if words not in ANSWER_WORDS:
        yield f"the answer has {words} words; write {ANSWER_WORDS.start} to {ANSWER_WORDS.stop - 1}"
    found = {
        "key points": len(question.key_points),
        "other ways to ask": len(question.also_asked),
        "misconceptions": len(question.misconceptions),
        "follow-ups": len(question.follow_ups),
        "references": len(question.references),
        "tags": len(question.tags),
    }
    for what, allowed in COUNTS.items():
        if found[what] not in allowed:
            yield f"{found[what]} {what}; have {_range(allowed)}"
    repeated = [text for text, count in Counter(map(str.lower, question.askings)).items() if count > 1]
    if repeated:
        yield f"the question is asked twice in the same words: {repeated[0]!r}"


def _points(question: Question) -> Iterator[str]:
    if not any(point.weight == 3 for point in question.key_points):
        yield "no key point has weight 3. Say what is essential"
    for point in question.key_points:
        words = len(point.text.split())
        if words not in POINT_WORDS:
            yield f"a key point of {words} words; write {_range(POINT_WORDS)}: {point.text!r}"
        if len(_JOINS.findall(point.text)) >= MOST_JOINS:
            yield f"a key point that says several things; split it: {point.text!r}"
        if len(point.also_said) not in ALSO_SAID:
            yield f"{len(point.also_said)} other wordings; write {_range(ALSO_SAID)} for: {point.text!r}"
        if len({wording.lower() for wording in point.wordings}) < len(point.wordings):
            yield f"a wording stands twice under: {point.text!r}"


def _misconceptions(question: Question) -> Iterator[str]:
    points = {wording.lower().rstrip(".") for point in question.key_points for wording in point.wordings}
    for misconception in question.misconceptions:
        if len(misconception.text.split()) < MISCONCEPTION_WORDS:
            yield f"a misconception is a full statement: {misconception.text!r}"
        if not misconception.rather:
            yield f"say below it what is right (Rather: ...): {misconception.text!r}"
        if misconception.text.lower().rstrip(".") in points:
            yield f"both a key point and a misconception: {misconception.text!r}"


def _references(question: Question) -> Iterator[str]:
    seen = set()
    for reference in question.references:
        try:
            url = urlsplit(reference.url)
        except ValueError:
            yield f"not a usable address; use https: {reference.url}"
            continue
        if url.scheme != "https" or "." not in (url.hostname or "") or " " in reference.url:
            yield f"not a usable address; use https: {reference.url}"
        if "utm_" in url.query or url.username:
            yield f"an address with tracking or a login in it: {reference.url}"
        if url.hostname == "arxiv.org" and not re.fullmatch(r"/abs/(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})", url.path):
            yield f"link an arXiv paper as https://arxiv.org/abs/NUMBER without a version: {reference.url}"
        if not reference.why:
            yield f"say after a colon why it is worth reading: {reference.title}"
        if reference.url in seen:
            yield f"the same reference twice: {reference.url}"
        seen.add(reference.url)


def _spelling(question: Question) -> Iterator[str]:
    prose = _CODE.sub(" ", "\n".join(own_words(question)))
    for wrong, right in _TERMS:
        for found in dict.fromkeys(match.group() for match in wrong.finditer(prose)):
            yield f"{found!r} is spelled {right}"


def mended(text: str) -> str:
    """A bank file's text with everything set right that needs no thought: line ends, white space at the end of lines,
    curly quotes, and names that have one spelling. Code, formulas and addresses stay as they are."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    parts = re.split(f"({_CODE.pattern})", "\n".join(lines), flags=re.DOTALL)
    return "".join(part if i % 2 else _respelled(part.translate(_TYPOGRAPHY)) for i, part in enumerate(parts)).strip("\n") + "\n"


def _respelled(prose: str) -> str:
    for wrong, right in _NAMES.items():
        prose = re.sub(rf"(?<![\w/.-])(?:{wrong})(?![\w/])", right, prose)
    return prose


def own_words(question: Question) -> list[str]:
    """Every text of a question that its author wrote: all but references' titles and addresses.

    How people ask sloppily is theirs: `also_asked` is left out.
    """
    return [
        question.prompt,
        question.answer,
        *(wording for point in question.key_points for wording in point.wordings),
        *(text for wrong in question.misconceptions for text in (wrong.text, wrong.rather)),
        *question.follow_ups,
    ]


def coverage(topics: Sequence[Topic]) -> list[tuple[str, int, int, int, int]]:
    """Topic, questions, and how many of them are junior, mid and senior."""
    rows = []
    for topic in topics:
        levels = Counter(question.level for question in topic.questions)
        rows.append((topic.id, len(topic.questions), levels[Level.JUNIOR], levels[Level.MID], levels[Level.SENIOR]))
    return rows


def _range(allowed: range) -> str:
    return str(allowed.start) if len(allowed) == 1 else f"{allowed.start} to {allowed.stop - 1}"
