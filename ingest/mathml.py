"""MathML that no TeX stands beside becomes TeX, as far as its layout goes; signs stay the signs they are."""

from __future__ import annotations

from lxml.html import HtmlElement

_SCRIPTS = {"msub": "_", "msup": "^", "munder": "_", "mover": "^"}
_STACKED = {"munder": r"\underset", "mover": r"\overset"}
_BOTH = {"msubsup", "munderover"}
_UNSEEN = {"annotation", "annotation-xml", "mphantom"}


def tex_of(element: HtmlElement) -> str:
    """Raises RecursionError for what no person wrote."""
    tag = str(element.tag).rpartition(":")[2]
    if tag in _UNSEEN:
        return ""
    parts = [tex_of(child) for child in element if isinstance(child.tag, str)]
    if not parts:
        said = " ".join((element.text or "").split())
        return f"\\text{{{said}}}" if tag == "mtext" and said else said
    if tag in _STACKED and len(parts) == 2 and element[0].tag != "mo":
        return f"{_STACKED[tag]}{{{parts[1]}}}{{{parts[0]}}}"
    if tag in _SCRIPTS and len(parts) == 2:
        return f"{_grouped(parts[0])}{_SCRIPTS[tag]}{{{parts[1]}}}"
    if tag in _BOTH and len(parts) == 3:
        return f"{_grouped(parts[0])}_{{{parts[1]}}}^{{{parts[2]}}}"
    if tag == "mfrac" and len(parts) == 2:
        return f"\\frac{{{parts[0]}}}{{{parts[1]}}}"
    if tag == "mroot" and len(parts) == 2:
        return f"\\sqrt[{parts[1]}]{{{parts[0]}}}"
    if tag == "mtable":
        return "\\begin{matrix}" + r" \\ ".join(parts) + "\\end{matrix}"
    if tag == "mtr":
        return " & ".join(parts)
    joined = " ".join(part for part in parts if part)
    return f"\\sqrt{{{joined}}}" if tag == "msqrt" else joined


def _grouped(base: str) -> str:
    return base if len(base) == 1 else f"{{{base}}}"
