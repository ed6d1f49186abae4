"""What a language model sent becomes text without its thoughts, an object of the wanted shape, and tokens counted.

Knows no server and no library but pydantic.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coach.ports import Shape, Usage, tokens_in_all

_FENCED_OBJECT = re.compile(r"```\w*\s*(?=\{)")
_MOST_PROBLEMS = 3


class _Sent(BaseModel):
    """Reads the client's objects, which hold whatever the server sent: the client itself checks nothing."""

    model_config = ConfigDict(from_attributes=True)


class Tokens(_Sent):
    """None where the server does not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Text(_Sent):
    """A message or a part of one."""

    content: str | None = None
    refusal: str | None = None


class Choice(_Sent):
    """A whole reply."""

    message: Text
    finish_reason: str | None = None


class Completion(_Sent):
    """What is needed of the answer to a call."""

    choices: list[Choice] = Field(min_length=1)
    usage: Tokens | None = None


class Step(_Sent):
    """A part of a reply."""

    delta: Text | None = None
    finish_reason: str | None = None


class Chunk(_Sent):
    """What is needed of a part of a stream; the one with the usage has no choices."""

    choices: list[Step] | None = None
    usage: Tokens | None = None


class Thought:
    """Takes the `<think>` block off the start of a text that comes in parts.

    Only off the start: in the middle the tag may be what the text is about.
    """

    _OPEN, _CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self._held = ""
        self._over = False

    def after(self, part: str) -> str:
        """What of `part`, and of the parts held back before it, is no thought."""
        if self._over:
            return part
        self._held = (self._held + part).lstrip()
        while self._held.startswith(self._OPEN):
            _, closed, rest = self._held.partition(self._CLOSE)
            if not closed:
                # Enough to see the end of the block, so that a long thought costs no more than its length.
                self._held = self._OPEN + self._held[len(self._OPEN) :][-len(self._CLOSE) :]
                return ""
            self._held = rest.lstrip()
        if self._OPEN.startswith(self._held):  # nothing yet, or perhaps the start of the tag
            return ""
        self._over = True
        return self._held

    def rest(self) -> str:
        """What was held back and is no thought, once the text is over."""
        return "" if self._over or self._held.startswith(self._OPEN) else self._held


def without_thought(text: str) -> str:
    thought = Thought()
    return thought.after(text) + thought.rest()


def fit(text: str, shape: type[Shape]) -> Shape | str:
    """The first JSON object in `text` as a `shape`, or what is wrong with it."""
    fence = None if text.startswith("{") else _FENCED_OBJECT.search(text)
    start = fence.end() if fence else text.find("{")
    try:
        # Not strict, since some servers let raw line breaks into strings.
        found, _ = json.JSONDecoder(strict=False).raw_decode(text, max(start, 0))
        return shape.model_validate_json(json.dumps(found))
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)[:_MOST_PROBLEMS]
        return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the object'}: {one['msg']}" for one in wrong)
    except (ValueError, RecursionError):
        return "it holds no complete JSON object" if text else "it is empty"


@dataclass(slots=True)
class Meter:
    """Counts what a call of ours takes, however many requests that is."""

    calls: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    def add(self, tokens: Tokens | None) -> None:
        """The tokens of one more reply."""
        if tokens is not None:
            self.tokens = Tokens(
                prompt_tokens=tokens_in_all(self.tokens.prompt_tokens, tokens.prompt_tokens),
                completion_tokens=tokens_in_all(self.tokens.completion_tokens, tokens.completion_tokens),
            )

    def stop(self) -> None:
        self.ended = self.ended or time.monotonic()

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began

    @property
    def usage(self) -> Usage:
        return Usage(self.calls, self.tokens.prompt_tokens, self.tokens.completion_tokens, self.seconds)
