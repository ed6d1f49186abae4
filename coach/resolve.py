"""A question and what was said before become a question that stands by itself. Knows no model and no index but its words.

Most questions stand by themselves, and carrying anything into those only hurts. So a question is taken for a follow-up
only if it points at something outside itself: by a pronoun that nothing in it explains, by a comparison without its
other half, or by having no topic at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coach.ports import About, Lexicon
from coach.text import shortened

# A word in more passages than this names no topic.
TOPIC_SHARE = 0.2
CARRIED_WORDS = 6
MAX_CARRIED = 300


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_OPENING = _any(r"^\W*(?:(?:ok(?:ay)?|well|hm+|yes|no|right|thanks|and|but|so|or|then|also)\b[\s,.:!]*)+")
# "What about HTML?" and "and tables?": a name put into the question before.
_REPLACING = _any(
    r"^\W*(?:(?:and|or|but|so|ok(?:ay)?)\W+)?(?:what|how) about\b",
    r"^\W*(?:and|or|but)\W+(?:the |a |for |with |in )?\w+(?:[- ]\w+)?\W*$",
)
_CLAUSE = _any(
    r"[,;:.?!]",
    r"\b(?:and|but|so|when|if|because|while|that|which|who|since|although|where|how|why|whats?|explain)\b",
    r"\b(?:after|before|without|until)\b",
)
_THING = r"(?:one|kind|version|half|variant)"
_POINTED = rf"(?:{_THING}|part|way|type|sort|step|problem|case|method|approach|thing|system)"
_AUXILIARIES = r"is|are|was|does|do|can|would|will|should|has"
_VERBS = rf"(?:{_AUXILIARIES}|be|have|hurt|help|change|work|matter|mean|happen|cost|make|need|compare|differ)"
_PRONOUN = _any(
    r"\b(?:it|they|them|these|those|this|he|she|mine|both|ones)\b",
    r"\bthe (?:two|three)\b(?! \w+ (?:of|in|for)\b)",
    r"\bthe (?:former|latter|others)\b",
    r"\bthe (?:first|second|last|other)(?: ones?)?\W*$",
    r"\bthe same(?: thing)?\W*$",
    rf"\bthe (?:\w+ )?{_THING}\b(?! (?:of|to|for|in))",
    rf"\b(?:that|such an?) (?:\w+ )?{_POINTED}\b",
    # "That" stands for something where a noun could stand: after a verb or a preposition, before a verb or the end.
    rf"(?:^|\b(?:{_AUXILIARIES}|did|could|to|for|of|in|on|over|than|from|with|about|against|like|all|why|how|after|before"
    r"|without|by|at|and|but)\s+)that"
    rf"(?=\W*$|\s+(?:{_VERBS}|better|worse|used|and|why|different|an?|in|to|for)\b)",
)
_OWN = _any(r"\b(?:its|their)\b")
# "Is it worth tuning ...", "it is possible to ...": this "it" points at what follows.
_EXPLETIVE = _any(
    r"\bit(?:['’]s| is| be| was)? (?:ever |really |still |a )?worth(?: it)? (?:to )?\w+ing\b",
    r"\bit(?:['’]s| is| be| was)? (?:ever |really |still |a )?(?:possible|better|best|hard|easy|necessary|important|useful|safe"
    r"|normal|ok|good idea|bad idea|wrong|cheaper|faster) (?:to|that|if|for)\b",
    r"\bit (?:takes? to|makes? sense to|means? (?:to|that|when))\b",
    r"\bit the \w+ or the \w+\b",
    r"\bworth it\b",
    r"\btime is it\b",
)
# A comparison without its other half, and words that hang on what was said before.
_LOOSE = _any(
    r"\b(?:compare|differ|different|better|worse|faster|slower|cheaper|bigger|smaller|the same)\W*$",
    r"\b(?:one(?: as well| too)?|there|then|afterwards|instead|too|as well|else|how so|why not)\W*$",
    r"\bis one\b",
)
# So many words that name a topic only loosely, or so many that do, stand by themselves; a loose end matters where fewer do.
_WEAK, _SEVERAL, _FEW = 2, 4, 1

_SIDE = r"(?:an? |the )?([\w-]+(?: [\w-]+){0,3}?)"
_END = r"\s*(?:$|[?.,:;])"
_COMPARED = (
    _any(rf"\bbetween {_SIDE} and {_SIDE}{_END}"),
    _any(rf"^\W*(?:compare )?{_SIDE},? (?:versus|vs\.?|or|against) {_SIDE}{_END}"),
    _any(rf"\bcompare {_SIDE} (?:and|with|to) {_SIDE}{_END}"),
    _any(rf"\b(?:is|are|does|do) {_SIDE} (?:compare|compared|differ|different) (?:from|to|with) {_SIDE}{_END}"),
    _any(rf"\b(?:is|are) {_SIDE} (?:better|worse|faster|slower|cheaper) than {_SIDE}{_END}"),
)

# Words that say something about any topic and name none.
_GENERIC = frozenset(
    """
    add adding advantage answer approach avoid bad benefit best better big bigger break bring buy call care case
    change cheap cheaper choose come common compare compared cost costly count cut decide depend describe detail
    differ difference different disadvantage downside easy else enough example expensive explain fail fast faster few
    fewer find first fit fix fixed game get give go good half hard help high hit hurt idea important improve instead
    job keep kind know large later learn leave less like limit little long look lose loss lot low lower make many
    matter mean measure mention merge mine more most much need new next normal number ok old one part people pick
    picture plain point possible practice pro problem production question quick quickly rather real reason rely
    replace right safe same save say second see serve several short show simple slow slower small smaller solve
    somebody sort start static step still stop successor take tell thing think time trade trick try two type typical
    understand use used useful user usual version want way well while word work worse worst worth write wrong
    """.split()  # noqa: SIM905 readable as words
)


@dataclass(frozen=True, slots=True)
class Said:
    """An earlier turn: the question as asked and as searched for, and the text it was answered with."""

    question: str
    searched: str
    text: str


@dataclass(frozen=True)
class Resolver:
    """Knows which words name topics: those that stand in few passages, and are not of the kind that fits any topic."""

    lexicon: Lexicon
    about: About

    def follows(self, question: str) -> bool:
        """Whether a question makes no sense without what was said before it."""
        bare = _OPENING.sub("", question)
        topics = self.topics(bare)
        if _REPLACING.search(question):
            return True
        if len(topics) >= _SEVERAL or _EXPLETIVE.search(bare):
            return False
        if not topics and len(self.topics(bare, share=1.0)) < _WEAK:
            return True
        if len(topics) <= _FEW and _LOOSE.search(bare):
            return True
        loose = any(not self._bound(bare[: match.start()]) for match in _PRONOUN.finditer(bare))
        return loose or any(not self.topics(bare[: match.start()]) for match in _OWN.finditer(bare))

    def carried(self, question: str, said: Sequence[Said]) -> str:
        """The question led by what the last one was about, or nothing if it stands by itself."""
        if not said or not self.follows(question):
            return ""
        spoken = {word.lower() for word in self.topics(question)}
        topics = [word for word in self.topics(said[-1].searched) if word.lower() not in spoken][:CARRIED_WORDS]
        return shortened(f"{' '.join(dict.fromkeys(topics)) or said[-1].searched} {question}", MAX_CARRIED)

    def topics(self, text: str, share: float = TOPIC_SHARE) -> list[str]:
        """The words of `text` that name a topic of the material, in order; in at most this share of its passages."""
        found = []
        for match in _WORD.finditer(text):
            tokens = [token for part in re.split(r"[-'’]", match.group()) for token in self.lexicon.query(part).indices]
            word = match.group().lower()
            if not tokens or word in _GENERIC or word.rstrip("s") in _GENERIC:
                continue
            if min(self.about.frequencies.get(token, 0) for token in tokens) <= share * self.about.entries:
                found.append(match.group())
        return found

    def _bound(self, before: str) -> bool:
        """Whether a topic in an earlier clause explains a pronoun; in its own clause it would not be spoken of by one."""
        ends = [end.start() for end in _CLAUSE.finditer(before)]
        return bool(ends) and bool(self.topics(before[: ends[-1]]))


def sides(question: str) -> tuple[str, ...]:
    """The two things a question compares, or nothing if it does not say them."""
    match = next((match for pattern in _COMPARED if (match := pattern.search(question))), None)
    return match.groups() if match else ()
