"""Lines of a terminal or a pipe become an answer, or a command about it. Knows no interview."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

try:  # where it is there, `input` lets a line be edited
    from readline import get_line_buffer as unfinished
except ImportError:  # Windows

    def unfinished() -> str:
        """The line that was being typed when it was interrupted."""
        return ""


_COMMAND = re.compile(r":([a-z]+)")


@dataclass(frozen=True, slots=True)
class Typed:
    """The answer so far, and what is to be done about it: a command, or nothing to hand it in. `rating` is 0 to 5."""

    text: str
    command: str = ""
    rating: int | None = None


@dataclass(frozen=True)
class Lines:
    """What comes in, line by line. `live` is whether somebody types it, who is shown prompts."""

    live: bool

    @classmethod
    def of_standard_input(cls) -> Lines:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        return cls(sys.stdin.isatty())

    def next(self, prompt: str) -> str | None:
        """The next line without its end, or None when there are no more for now."""
        if not self.live:
            line = sys.stdin.readline()
            return line.rstrip("\r\n") if line else None
        try:
            return input(prompt)
        except EOFError:
            print()  # noqa: T201 the prompt has left the cursor behind it
            return None


def command(line: str) -> str:
    """The command a line consists of, without its colon, or nothing."""
    found = _COMMAND.fullmatch(line.strip())
    return found[1] if found else ""


def typed(lines: Lines, text: str, prompt: Callable[[], str], rating_prompt: str, keep: Callable[[str], None]) -> Typed:
    """What is typed from `text` on, up to an empty line, the end of input, or a command.

    `keep` is called with all there is whenever some of it might be lost. Whoever types is asked for a rating; what is
    none goes on with the answer, as it comes of pasting an answer with empty lines in it. A pipe that ends without
    another word hands nothing in.
    """
    before = text
    try:
        while True:
            line = lines.next(prompt())
            if line is None and (not text.strip() or (text == before and not lines.live)):
                return Typed(text, "pause")
            handed_in = not (line or "").strip()
            if handed_in and not text.strip():
                continue
            if handed_in:
                line = lines.next(rating_prompt) if lines.live else ""
                if not line or line.strip() in _RATINGS:
                    return Typed(text, rating=int(line) if line else None)
            if said := command(line or ""):
                return Typed(text, said)
            text = _joined(text, f"\n{line}" if handed_in else line or "")
            if lines.live:
                keep(text)
    except KeyboardInterrupt:
        keep(_joined(text, unfinished()) if lines.live else text)
        raise


_RATINGS = frozenset("012345")


def _joined(text: str, line: str) -> str:
    return f"{text}\n{line}" if text and line else text or line
