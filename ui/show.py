"""Values become Markdown that is safe to draw. Whatever a page, a person or a model wrote passes `safe` or `plain`.

Streamlit draws no raw HTML, but a remote image is a beacon, a directive can forge a badge, a heading makes an
anchor, a mermaid fence fetches pictures and a LaTeX rule can be a thousand pages tall.
"""

from __future__ import annotations

import re

from coach.domain import Answer, Citation, Passage
from coach.text import BlockKind, clean, units

_CODE = re.compile(r"(^(?:```|~~~).*?^(?:```|~~~)[^\S\n]*$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_MATH = re.compile(r"(?<![\\$])\$(?=\S)([^$\n]{1,400}?)(?<=\S)\$(?![\d$])")
_MATH_COMMANDS = re.compile(r"\\([A-Za-z]+)")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")
_ESCAPED = re.compile(r"([\[\]<>!~|&$\\]|:(?=\S))")
_LINE_START = re.compile(r"^(\s*)(#{1,6}(?=\s)|>|=+\s*$|-{3,}\s*$)", re.MULTILINE)
_MARKER = re.compile(r" \[(\d+)\](?=\s|$)")
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

# LaTeX that only spells formulas: no boxes, spaces, links, colors or definitions.
_ALLOWED_COMMANDS = frozenset(
    """
    alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi varphi chi psi omega
    Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell nabla partial infty sum prod int log ln exp max min arg argmax argmin
    sqrt frac tfrac dfrac binom cdot cdots ldots dots times div pm mp le leq ge geq ne neq approx sim simeq equiv propto ll gg
    in notin subset subseteq cup cap forall exists to rightarrow leftarrow Rightarrow leftrightarrow mapsto mid parallel perp
    left right big Big bigl bigr Bigl Bigr lvert rvert lVert rVert Vert vert langle rangle lfloor rfloor lceil rceil
    text textbf mathrm mathbf mathbb mathcal mathit operatorname hat bar tilde vec dot overline underline odot otimes oplus
    quad top prime circ ast star sin cos tan tanh softmax det dim Pr limits begin end cases bmatrix pmatrix aligned mathbbm
    underbrace overbrace boldsymbol bm cdotp colon not neg land lor lim sup inf gcd Re Im deg ker
    """.split()  # noqa: SIM905 readable as words
)


def plain(text: str) -> str:
    """`text` exactly as typed: nothing in it is Markdown any more."""
    return _SPECIAL.sub(r"\\\1", clean(text)).replace("\n", "  \n")


def safe(markdown: str) -> str:
    """`markdown` with emphasis, lists, code and formulas; links, images, HTML, headings and directives are inert."""
    parts = _CODE.split(clean(markdown))
    return "".join(_code(part) if i % 2 else _prose(part) for i, part in enumerate(parts))


def _code(part: str) -> str:
    """Code as it is, except that no fence names a language Streamlit would run."""
    return re.sub(r"^(```|~~~)\s*mermaid", r"\1text", part, flags=re.IGNORECASE)


def _prose(part: str) -> str:
    pieces, at = [], 0
    for match in _MATH.finditer(part):
        pieces.append(_inert(part[at : match.start()]))
        body = match.group(1)
        harmless = set(_MATH_COMMANDS.findall(body)) <= _ALLOWED_COMMANDS
        pieces.append(match.group() if harmless else f"`{body.replace('`', '')}`")
        at = match.end()
    pieces.append(_inert(part[at:]))
    return "".join(pieces)


def _inert(text: str) -> str:
    escaped = _ESCAPED.sub(r"\\\1", text)
    return _LINE_START.sub(r"\1\\\2", escaped)


def answer_markdown(answer: Answer) -> str:
    """The answer's text, its citation numbers raised."""
    return _raised(safe(_MARKER.sub(r" ⟦\1⟧", answer.text)))


def _raised(text: str) -> str:
    return re.sub(r" ?⟦(\d+)⟧", lambda match: f":primary[{match.group(1).translate(_SUPERSCRIPT)}]", text)


def passage_markdown(passage: Passage, quotes: list[str]) -> str:
    """The passage's text with everything quoted from it marked."""
    spans = [(passage.text.find(quote), passage.text.find(quote) + len(quote)) for quote in quotes if quote in passage.text]
    lines: list[str] = []
    previous = None
    for unit in units(passage.text):
        marked = any(start <= unit.start and unit.end <= end for start, end in spans)
        separator = "" if previous is None else passage.text[previous.end : unit.start]
        lines.append(separator + (_highlighted(unit.text) if marked and unit.kind is not BlockKind.CODE else safe(unit.text)))
        previous = unit
    return "".join(lines)


def _highlighted(text: str) -> str:
    marker = re.match(r"\s*(?:[-*+]|\d+[.)])\s+", text)
    lead = marker.group() if marker else ""
    return f"{lead}:yellow-background[{safe(text[len(lead) :])}]"


def grouped(citations: tuple[Citation, ...]) -> list[tuple[Passage, list[tuple[int, str]]]]:
    """Each cited passage once, with the numbers and quotes that cite it, in order of appearance."""
    found: dict[str, tuple[Passage, list[tuple[int, str]]]] = {}
    for number, citation in enumerate(citations, 1):
        found.setdefault(citation.passage.id, (citation.passage, []))[1].append((number, citation.quote))
    return list(found.values())
