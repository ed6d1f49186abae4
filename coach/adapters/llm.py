"""The language model, through the openai client: any server that speaks its protocol."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from coach.adapters.reply import Chunk, Completion, Meter, Thought, fit, without_thought
from coach.errors import LLMError
from coach.ports import Message, Shape, Usage, Writing
from coach.text import shortened

if TYPE_CHECKING:
    import openai

    from coach.adapters.wire import Server

_SETTING = "COACH_MODEL"
_LOOK_SECONDS = 5.0

# How a reply is asked into a shape, strictest first; a server that refuses one is asked for the next.
_SCHEMA, _OBJECT, _PLAIN = range(3)
_ASK = "Reply with one JSON object and nothing else. It must fit this JSON schema:\n{schema}"
_AGAIN = "That reply does not fit: {problem}. Send it again, mended."
_MOST_REPEATED = 4_000

# What a server may refuse by name, and what is sent in its place. Reasoning models refuse the first two.
_INSTEAD = {"temperature": "", "max_tokens": "max_completion_tokens", "stream_options": ""}

_MOST_CHARACTERS = 50_000
_HUGE = "huge"
_CUTS = {
    "": "The reply broke off without an end mark, so a part of it may be missing.",
    "length": "The reply was cut at the model's limit.",
    "content_filter": "The server's filter withheld a part of the reply.",
    _HUGE: f"The reply was cut at {_MOST_CHARACTERS:,} characters.",
}


def reachable(base_url: str | None, api_key: str | None, model: str) -> str:
    """Nothing if the server at `base_url` serves `model`, else one sentence on what is wrong and what to do."""
    if not api_key and not base_url:
        return "COACH_MODEL is set but neither OPENAI_API_KEY nor OPENAI_BASE_URL is. Set one, or unset COACH_MODEL."
    # The client takes most of a second to import, and keyless nobody needs it.
    from coach.adapters.wire import Server

    try:
        server = Server(base_url, api_key, _LOOK_SECONDS, _LOOK_SECONDS, 0)
        return server.absent(model, server.served(model, _SETTING), _SETTING)
    except LLMError as error:
        return str(error)


class OpenAIModel:
    """A model behind any OpenAI-compatible server; one object serves all threads.

    `timeout` bounds the wait for the next byte, `budget` a whole call with its retries, both in seconds;
    `max_tokens` bounds a reply. What the server refuses is remembered and not asked for again.
    """

    def __init__(
        self,
        base_url: str | None,
        api_key: str | None,
        model: str,
        *,
        temperature: float = 0.0,
        timeout: float = 60.0,
        budget: float = 180.0,
        retries: int = 2,
        max_tokens: int = 2048,
    ) -> None:
        self._name = model
        self._place = (base_url, api_key, timeout, budget, retries)
        self._wanted = {"temperature": temperature, "max_tokens": max_tokens}
        self._refused: frozenset[str] = frozenset()
        self._rung = _SCHEMA
        self._settled = False

    @property
    def name(self) -> str:
        return self._name

    def fill(self, messages: Sequence[Message], shape: type[Shape]) -> tuple[Shape, Usage]:
        """A reply that fits `shape`; one that does not may be mended once. Raises LLMError, ContextOverflow."""
        meter = Meter()
        with self._server.asking(self.name, _SETTING) as call:
            text, finish = self._reply(messages, shape, meter)
            found = fit(text, shape)
            # A second call takes about as long as the first, and what the limit cut it cuts again.
            if isinstance(found, str) and finish != "length" and call.left > meter.seconds:
                text, finish = self._reply(_mending(messages, text, found), shape, meter)
                found = fit(text, shape)
        if not isinstance(found, str):
            return found, meter.usage
        if finish == "length":
            raise LLMError(f"{self._at} hit its limit before its JSON was complete. Ask for less, or change {_SETTING}.")
        raise LLMError(
            f"{self._at} sent a reply that does not fit: {self._server.words(found)}. Try again, or change {_SETTING}."
        )

    def write(self, messages: Sequence[Message]) -> Writing:
        """A reply, streamed; a `<think>` block at its start is left out. Raises LLMError, ContextOverflow."""
        meter = Meter()
        with self._server.asking(self.name, _SETTING):
            stream = self._create(messages, meter, stream=True, stream_options={"include_usage": True})
        return _Stream(self._server, self.name, stream, meter)

    @cached_property
    def _server(self) -> Server:
        from coach.adapters.wire import Server

        return Server(*self._place)

    @property
    def _at(self) -> str:
        return f"{self.name!r} at {self._server.where}"

    def _reply(self, messages: Sequence[Message], shape: type[BaseModel], meter: Meter) -> tuple[str, str]:
        """The text of a reply without its thoughts, and why the model ended."""
        completion = self._formatted(messages, shape, meter)
        if error := getattr(completion, "error", None):  # some servers report a fault with status 200
            raise self._server.fault(error, self.name, _SETTING)
        body = Completion.model_validate(completion)
        meter.add(body.usage)
        choice = body.choices[0]
        if choice.message.refusal or choice.finish_reason == "content_filter":
            why = self._server.words(choice.message.refusal or "filtered")
            raise LLMError(f"{self._at} declines to answer ({why}). Word it differently, or change {_SETTING}.")
        text = without_thought(choice.message.content or "")
        if text and "{" not in text:
            self._rung = _PLAIN  # prose: this server takes a format and ignores it
        return text, choice.finish_reason or ""

    def _formatted(self, messages: Sequence[Message], shape: type[BaseModel], meter: Meter) -> object:
        """A completion in the strictest format the server takes."""
        import openai

        rung = self._rung
        while True:
            try:
                completion = self._create(_told(messages, shape, rung), meter, **_format(shape, rung))
            except openai.APIStatusError as error:
                if rung == _PLAIN or not self._may_mean_the_format(error):
                    raise
                rung += 1
            else:
                self._rung, self._settled = rung, True
                return completion

    def _may_mean_the_format(self, error: openai.APIStatusError) -> bool:
        """Servers refuse a format with any of four statuses; two of them mean something else once one was taken."""
        from coach.adapters.wire import overflows

        if overflows(error.body, error.status_code) or error.code == "model_not_found":
            return False
        return error.status_code in {400, 422} or (error.status_code in {404, 500} and not self._settled)

    def _create(self, messages: Sequence[Message], meter: Meter, **extra: object) -> Any:
        """What the client returns, asked without the parameters that the server refuses by name."""
        import openai

        refused = self._refused
        while True:
            asked = _without(refused, self._wanted | extra)
            meter.calls += 1
            try:
                answer = self._server.client.chat.completions.create(
                    model=self.name, messages=[_sent(message) for message in messages], **asked
                )
            except openai.APIStatusError as error:
                named = _named(error, asked)
                if not named:
                    raise
                refused |= {named}
            else:
                self._refused = refused
                return answer


class _Stream:
    """A stream of the client as a `Writing`."""

    def __init__(self, server: Server, model: str, stream: openai.Stream[Any], meter: Meter) -> None:
        self._server = server
        self._model = model
        self._stream = stream
        self._meter = meter
        self._parts = self._read()
        self._finish = ""
        self._written = 0
        self._closed = False
        self._cut = "The reply was stopped before its end."

    def __iter__(self) -> Iterator[str]:
        return self._parts

    def close(self) -> None:
        """Any thread may call it, also while another waits for the next part."""
        from coach.adapters.wire import hang_up

        self._closed = True
        self._meter.stop()
        hang_up(self._stream)

    @property
    def usage(self) -> Usage:
        return self._meter.usage

    @property
    def cut(self) -> str:
        return self._cut

    def _read(self) -> Iterator[str]:
        from coach.adapters.wire import FAULTS

        try:
            yield from self._visible()
            self._end()
        except (LLMError, *FAULTS) as error:
            if self._closed:
                return
            if self._written and self._finish:  # all was said; only the good-bye is missing
                self._end()
                return
            trouble = self._server.trouble(error, self._model, _SETTING)
            self._cut = str(trouble)
            raise trouble from None
        finally:
            self.close()

    def _visible(self) -> Iterator[str]:
        thought = Thought()
        for part in self._stream:
            chunk = Chunk.model_validate(part)
            self._meter.tokens = chunk.usage or self._meter.tokens  # always of the whole stream so far
            for step in (chunk.choices or [])[:1]:
                self._finish = step.finish_reason or self._finish
                yield from self._within_limit(thought.after((step.delta and step.delta.content) or ""))
            if self._finish == _HUGE:
                return
        yield from self._within_limit(thought.rest())

    def _within_limit(self, text: str) -> Iterator[str]:
        room = _MOST_CHARACTERS - self._written
        if len(text) > room:
            self._finish = _HUGE
        if kept := text[:room]:
            self._written += len(kept)
            yield kept

    def _end(self) -> None:
        if self._closed:
            return
        self._cut = _CUTS.get(self._finish, "")
        if self._written:
            return
        if not self._finish:
            raise ValueError("no stream")  # a web page, perhaps
        reason = self._cut or "The reply is empty."
        raise LLMError(f"{self._model!r} at {self._server.where} wrote nothing. {reason} Try again, or change {_SETTING}.")


def _sent(message: Message) -> Any:
    # A lone surrogate, which a page may hold, cannot be sent.
    return {"role": message.role, "content": message.content.encode(errors="replace").decode()}


def _mending(messages: Sequence[Message], text: str, problem: str) -> Sequence[Message]:
    shown = Message("assistant", shortened(text, _MOST_REPEATED))
    return [*messages, shown, Message("user", _AGAIN.format(problem=problem))]


def _told(messages: Sequence[Message], shape: type[BaseModel], rung: int) -> Sequence[Message]:
    """`messages`, with the schema in the last one unless it is in the format.

    Not in one of its own, since many chat templates refuse two messages of one role in a row.
    """
    if rung == _SCHEMA:
        return messages
    last = messages[-1]
    ask = _ASK.format(schema=json.dumps(shape.model_json_schema()))
    return [*messages[:-1], Message(last.role, f"{last.content}\n\n{ask}")]


def _format(shape: type[BaseModel], rung: int) -> dict[str, object]:
    import openai

    if rung == _PLAIN:
        return {}
    if rung == _OBJECT:
        return {"response_format": {"type": "json_object"}}
    # The client's public way to a schema as strict as servers want it.
    schema = openai.pydantic_function_tool(shape)["function"]["parameters"]
    named = {"name": shape.__name__, "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _without(refused: Collection[str], wanted: dict[str, Any]) -> dict[str, Any]:
    renamed = {_INSTEAD[name] if name in refused else name: value for name, value in wanted.items()}
    return {name: value for name, value in renamed.items() if name}


def _named(error: openai.APIStatusError, asked: Collection[str]) -> str:
    """The parameter that the server refuses, if it is one we can replace or do without."""
    from coach.adapters.wire import overflows

    if error.status_code not in {400, 422} or overflows(error.body, error.status_code):
        return ""
    said = str(error.body)
    return next((name for name, instead in _INSTEAD.items() if name in asked and name in said and instead in said), "")
