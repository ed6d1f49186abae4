"""What a page, a person or a model wrote becomes Markdown that is safe to draw: nothing in it links, loads or poses as ours.

Streamlit draws no raw HTML, but a remote image is a beacon, a directive can forge a badge, a bare address becomes a link,
a heading makes an anchor, a mermaid fence fetches pictures and a LaTeX rule can be a thousand pages tall.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from coach.text import clean

# An address becomes a link however it is escaped, so it becomes code.
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s`<>]*[^\s`<>.,;:!?)\]}*_~'\"]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
# What stays as it is within a line: code between backticks, a formula between dollars.
_VERBATIM = re.compile(
    r"(?P<code>(?<!`)(?P<run>`+)(?!`)(?:.*?[^`])(?P=run)(?!`))"
    r"|(?P<math>(?<![\\$])\$(?=\S)(?P<body>[^$`\n]{1,400}?)(?<=\S)\$(?![\d$]))"
    rf"|(?P<address>{_ADDRESS.pattern})",
    re.IGNORECASE,
)
_FENCE = re.compile(r"(?P<indent>[^\S\n]*)(?P<fence>`{3,}(?=[^`]*$)|~{3,})[^\S\n]*(?P<language>[\w+#-]*).*")
_ALL_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&=])")
_SPECIAL = re.compile(r"([\[\]<>!~|&$\\`]|:(?=\S))")
# A line of nothing but such marks is a rule, or makes the line before it a heading: one dash is enough.
_BLOCK = re.compile(r"^((?:\s|[-*+]\s|\d+[.)]\s)*)(#{1,6}(?=\s|$)|>|[-*_=](?=[-*_=\s]*$))")
# Streamlit looks for :names: of icons and emoji after it has read the escapes; a word joiner, which has no width, stops it.
_SHORTCODE = re.compile(r":(?=[\w+/-]+:)")
_JOINER = ":\u2060"

# LaTeX that only spells formulas: no boxes, spaces, links, colors or definitions.
_COMMANDS = re.compile(r"\\([A-Za-z]+)")
_NO_FORMULA = re.compile(r"\\\\\s*\[|(?:\\\\.*?){12}|!?\]\(|<[A-Za-z/!?].*>")
_HARMLESS = frozenset(
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
    """`text` as typed: nothing in it is Markdown any more. Only an address looks like code, so that it is no link."""
    pieces, at, text = [], 0, clean(text)
    for match in _ADDRESS.finditer(text):
        pieces += [_escaped(_ALL_SPECIAL, text[at : match.start()]), f"`{match.group()}`"]
        at = match.end()
    return _joined([*pieces, _escaped(_ALL_SPECIAL, text[at:])]).replace("\n", "  \n")


def safe(markdown: str) -> str:
    """`markdown` with emphasis, lists, code and formulas; links, images, HTML, headings and directives are inert."""
    return "\n".join(_blocks(iter(clean(markdown).split("\n"))))


def _blocks(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        opening = _FENCE.fullmatch(line)
        if opening:
            yield from _fenced(opening, lines)
        else:
            yield _line(line)


def _fenced(opening: re.Match[str], lines: Iterator[str]) -> Iterator[str]:
    """Code up to the line that ends it, in a fence that nothing in it can end and that names no language Streamlit runs.

    It stands at the margin: in a list, what ends it would depend on the list.
    """
    content = []
    for line in lines:
        if re.fullmatch(rf"\s*{opening['fence'][0]}{{{len(opening['fence'])},}}\s*", line):
            break
        content.append(line.removeprefix(opening["indent"]))
    longest = max((len(run) for run in re.findall("`+", "\n".join(content))), default=0)
    fence = "`" * max(3, longest + 1)
    language = opening["language"]
    yield fence + ("text" if language.lower() == "mermaid" else language)
    yield from content
    yield fence


def _line(line: str) -> str:
    pieces, at = [], 0
    for match in _VERBATIM.finditer(line):
        pieces += [_escaped(_SPECIAL, line[at : match.start()]), _verbatim(match)]
        at = match.end()
    return _BLOCK.sub(r"\1\\\2", _joined([*pieces, _escaped(_SPECIAL, line[at:])]))


def _verbatim(match: re.Match[str]) -> str:
    if match["address"]:
        return f"`{match['address']}`"
    if match["code"]:
        return match["code"]
    body = match["body"]
    harmless = set(_COMMANDS.findall(body)) <= _HARMLESS and not _NO_FORMULA.search(body)
    return match["math"] if harmless else f"`{body}`"


def _escaped(special: re.Pattern[str], text: str) -> str:
    return special.sub(r"\\\1", _SHORTCODE.sub(_JOINER, text))


def _joined(pieces: list[str]) -> str:
    """One text, with a space where two pieces of code would grow together."""
    kept = [piece for piece in pieces if piece]
    touching = (before[0] == after[0] == "`" for before, after in pairwise(kept))
    return "".join([*kept[:1], *(f" {piece}" if touches else piece for touches, piece in zip(touching, kept[1:], strict=True))])
