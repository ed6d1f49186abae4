"""What meaning vectors hardly see: a "not", a swapped number, exchanged roles, words without order. Knows no model.

In honest answers such words carry hardly any signal. So a sentence is suspected only if it otherwise copies a wording,
and a whole reply only if it does the same thing in most of its sentences.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

from coach.ports import Lexicon
from coach.text import words

# How much of a wording a sentence must repeat before what differs can be taken for a reversal.
COPIED = 0.75
# With as few words there is no order to speak of.
_ORDERED = 4
_IN_ORDER = 0.7
# With less of the wording or more words beside it, a "not" or another order may well be due to those.
_WHOLE = 0.9
_ASIDE = 1

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|cannot|without|neither|nor|hardly|barely)\b|n['’]t\b", re.IGNORECASE
)
_UNTRUE = re.compile(r"\b(?:false|untrue|a myth)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PASSIVE = re.compile(r"\bby\b", re.IGNORECASE)

_PAIRS = """increase decrease|increases decreases|increasing decreasing|raise lower|raises lowers|rise fall|rises falls
grow shrink
grows shrinks|more less|more fewer|most least|higher lower|high low|larger smaller|large small|bigger smaller|big small
longer shorter|long short|faster slower|fast slow|better worse|best worst|cheap expensive|cheaper costlier|easy hard
easier harder|simple complex|before after|first last|early late|earlier later|begin end|start stop|input output
encoder decoder|left right|up down|above below|always never|all none|every no|with without|inside outside
internal external|local remote|global local|public private|add remove|adds removes|include exclude|includes excludes
enable disable|allow prevent|allows prevents|accept reject|keep drop|positive negative|true false|same different
similar different|equal unequal|dense sparse|static dynamic|fixed variable|mutable immutable|success failure
succeeds fails|strong weak|stronger weaker|deep shallow|wide narrow|full empty|open closed|hot cold|old new|train test
training inference|frozen trainable|supervised unsupervised|online offline|synchronous asynchronous|parallel sequential
read write|reads writes|send receive|encode decode|compress expand|insert delete|push pop|minimum maximum
minimize maximize|reduces increases|reduce increase|improves worsens|improve worsen|speeds slows|saves wastes|gain lose
gains loses|required optional
"""


# A whole reply is judged by this share of its sentences, if it has as many.
_MOSTLY = 0.6
_SENTENCES = 4
_MAYBE = re.compile(r"\b(?:could|might|may|maybe|perhaps|possibly|probably|can be|either)\b", re.IGNORECASE)
_OR = re.compile(r"\bor\b", re.IGNORECASE)

# What follows such an article in no English sentence; a few slips of the tongue are forgiven. ("A" may be a name.)
_ARTICLE = re.compile(r"\b(?:the|an)\b\W*(\w*)", re.IGNORECASE)
_LITTLE = """
the a an of in on at to for from by with and or but is are was were be been it its they them he she we you that which
this these those as if so than then because when while can will would should could not into
"""
_NEVER_AFTER = frozenset(_LITTLE.split())
_SLIPS = 0.25
_ARTICLES = 4

# Numbers of the same thing this far apart are not roundings of each other.
_FACTOR = 2.0
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)*)\s*(%|[a-z]+)?", re.IGNORECASE)


def scrambled(text: str) -> bool:
    """Whether words stand in no order: in English hardly any article is followed by another little word."""
    after = [match.group(1).lower() for match in _ARTICLE.finditer(text)]
    return len(after) >= _ARTICLES and sum(word in _NEVER_AFTER or not word for word in after) > _SLIPS * len(after)


def hedges(sentence: str) -> bool:
    """Whether a sentence names options without choosing."""
    return bool(_MAYBE.search(sentence) and _OR.search(sentence))


def negates(sentence: str) -> bool:
    return bool(_NEGATION.search(sentence))


def mostly(sentences: Sequence[str], does: Callable[[str], bool]) -> bool:
    """Whether most sentences of a reply do a thing that honest replies do now and then."""
    return len(sentences) >= _SENTENCES and sum(map(does, sentences)) >= _MOSTLY * len(sentences)


def misnumbered(said: str, wording: str) -> bool:
    """Whether a sentence gives another number than the wording for what is counted in the same unit."""
    mine, theirs = _amounts(said), _amounts(wording)
    return any(
        all(not one / _FACTOR <= other <= one * _FACTOR for one in theirs[unit] for other in mine[unit])
        for unit in mine.keys() & theirs.keys()
    )


def _amounts(text: str) -> Mapping[str, list[float]]:
    """The numbers of a text by the word that follows; a number before another ("10 to 20 percent") has the same unit."""
    found: dict[str, list[float]] = {}
    waiting: list[float] = []
    for number, unit in _AMOUNT.findall(text):
        waiting.append(float(number.replace(",", "")) if number.count(".") < 2 else 0.0)
        if unit.lower() not in {"", "to", "and", "or"}:
            found.setdefault("percent" if unit == "%" else unit.lower().rstrip("s"), []).extend(waiting)
            waiting = []
    return found


def turned(said: str, wording: str, lexicon: Lexicon) -> str:
    """Why `said` is the reverse of `wording`: a negation, a number, an opposite or an order; empty if it is not."""
    mine, theirs = _stems(said, lexicon), _stems(wording, lexicon)
    shared = [stem for stem in theirs if stem in mine]
    if not theirs or len(shared) < COPIED * len(theirs):
        return _opposite(said, wording) if len(shared) >= COPIED * (len(theirs) - 1) > 1 else ""
    whole = len(shared) >= _WHOLE * len(theirs) and len(mine) <= len(theirs) + _ASIDE
    if whole and _negations(said) % 2 != _negations(wording) % 2:
        return "negation"
    numbers = set(_NUMBER.findall(wording)), set(_NUMBER.findall(said))
    if numbers[0] and numbers[1] and not numbers[0] & numbers[1]:
        return "number"
    return _opposite(said, wording) or (_order(said, wording, mine, theirs) if whole else "")


def _stems(text: str, lexicon: Lexicon) -> Mapping[int, int]:
    """Each content stem and where it first stands."""
    found: dict[int, int] = {}
    for place, token in enumerate(lexicon.tokens(text).values()):
        found.setdefault(token, place)
    return found


def _negations(text: str) -> int:
    return len(_NEGATION.findall(text)) + len(_UNTRUE.findall(text))


def _opposite(said: str, wording: str) -> str:
    """Whether a word of the wording is missing and its opposite stands there instead."""
    mine, theirs = set(words(said)), set(words(wording))
    swapped = any(theirs & _OPPOSITES.get(word, frozenset()) for word in mine - theirs)
    lost = any(mine & _OPPOSITES.get(word, frozenset()) for word in theirs - mine)
    return "opposite" if swapped and lost else ""


def _order(said: str, wording: str, mine: Mapping[int, int], theirs: Mapping[int, int]) -> str:
    """Whether the same words stand in quite another order, as when two roles are exchanged. A passive does that too."""
    common = [mine[stem] for stem in theirs if stem in mine]
    if len(common) < _ORDERED or len(mine) > len(theirs) + 1 or _PASSIVE.search(said) or _PASSIVE.search(wording):
        return ""
    # What was last may come first ("With more tokens the cache grows"): that is no exchange.
    turns = (common[at:] + common[:at] for at in range(len(common)))
    return "order" if max(map(_longest_rising, turns)) < _IN_ORDER * len(common) else ""


def _longest_rising(places: Sequence[int]) -> int:
    tails: list[int] = []
    for place in places:
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return len(tails)


def _opposites() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS.replace("\n", "|").split("|"):
        if pair.strip():
            one, other = pair.split()
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


_OPPOSITES = _opposites()
