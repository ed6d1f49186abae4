"""A line becomes a fact: does it ask something? Knows words, not Markdown's blocks."""

from __future__ import annotations

import re

from coach.text import sentences, words

MOST_PROMPT = 1_500

_AUXILIARIES = frozenset(words("is are was were do does did can could should shall would will have has had may might must"))
_ALWAYS = frozenset(words("what why how which who whom whose what's why's how's who's")) | _AUXILIARIES
# These begin statements too ("When training ends, ..."): they ask only before an auxiliary.
_SOMETIMES = frozenset(["when", "where"])
_ORDERS = frozenset(
    words(
        "explain explaining describe describing discuss discussing define compare comparing contrast differentiate "
        "distinguish elaborate illustrate summarize summarise outline enumerate justify highlight suppose imagine clarify "
        "mention propose derive sketch tell"
    )
)
# Nouns as well, or the beginning of advice: they ask only in a sentence of some length.
_MAYBE_ORDERS = frozenset(
    words(
        "give list name state provide write walk talk design implement show build create consider assume identify suggest "
        "estimate calculate compute draw analyze analyse argue interpret share evaluate evaluating demonstrate develop "
        "recommend prove cite predict choose given"
    )
)
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,1000}(?:\([^()\s]{0,300}\)[^()\s]{0,300}){0,3}\)")
_STRESS = re.compile(r"(?<!\w)[*_]{2,}|[*_]{2,}(?!\w)")
_LEADING = re.compile(r"^[^\w]+")
_MORE_THAN_A_NAME = 4


def asks(text: str) -> bool:
    """Whether somebody is asked something: a question mark, a question word, or an order to explain.

    >>> [asks(text) for text in ("Explain attention", "Pretraining:", "What metrics can be used", "How it works.")]
    [True, False, True, False]
    """
    said = bare(text)
    if not said or len(said) > MOST_PROMPT:
        return False
    if said.endswith("?") or "? " in said or "?(" in said:
        return True
    found = sentences(said)
    return opens(said) or any(orders(sentence) for sentence in found[-1:])


def opens(text: str) -> bool:
    """Whether `text` begins the way questions begin, so that it does not go on with what stands before."""
    said = bare(text)
    first, *rest = [word.strip("\"'“”‘(),:;").lower() for word in said.split()[:6]] or [""]
    if orders(said):
        return True
    if first in _SOMETIMES:
        return bool(rest) and rest[0] in _AUXILIARIES
    return first.replace("’", "'") in _ALWAYS and len(rest) >= 1 and not said.endswith((".", ":"))


def bare(text: str) -> str:
    """`text` without emphasis and with links as their titles."""
    return _LEADING.sub("", _STRESS.sub("", _LINK.sub(r"\1", text[: MOST_PROMPT * 4]))).strip()


def orders(text: str) -> bool:
    """Whether `text` begins with an order to explain something."""
    said = [word.strip("\"'“”‘(),:;").lower() for word in text.split()[:_MORE_THAN_A_NAME]]
    if not said or text.endswith(":"):
        return False
    return (said[0] in _ORDERS and len(said) > 1) or (said[0] in _MAYBE_ORDERS and len(said) >= _MORE_THAN_A_NAME)
