"""An address and a key become a client that keeps to its limits, and each fault of a server one sentence.

Knows no prompt and no reply. Importing it takes most of a second: import it inside a function.
"""

from __future__ import annotations

import email.utils
import re
import socket
import ssl
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx2
import openai
from pydantic import BaseModel, ConfigDict

from coach.errors import CoachError, ContextOverflow, LLMError
from coach.text import clean, shortened

_CONNECT_SECONDS = 5.0
_LOOK_SECONDS = 5.0
_MOST_BYTES = 32 * 2**20
_MOST_WORDS = 200
_MOST_NAMED = 5

# Finds the codes context_length_exceeded and exceed_context_size_error, too.
_OVERFLOW = re.compile(
    r"context[ _-](length|size|window)|(prompt|input|request)( is|'s)? too (long|large)|too many (input |prompt )?tokens"
    r"|reduce the length"
)

# What the client lets through besides its own errors: those of httpx2, of sockets, and of whatever reads a reply.
FAULTS = (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, OSError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of ours, however many requests it takes. `budget` is in seconds, `ends` on the monotonic clock."""

    where: str
    budget: float
    ends: float

    @property
    def left(self) -> float:
        return self.ends - time.monotonic()

    def check(self) -> None:
        """Raises LLMError once the call has taken its time."""
        if self.left <= 0:
            raise LLMError(f"{self.where} took longer than {self.budget:g} s. Try again, or choose a quicker model.")


# The client's hooks are shown requests only; this tells them whose. One thread makes one call at a time.
_CALL: ContextVar[Call] = ContextVar("call")


class Server:
    """A server that speaks the OpenAI protocol. One object serves all threads.

    `timeout` bounds the wait for the next byte, `budget` a whole call with its retries, both in seconds.
    """

    def __init__(self, base_url: str | None, api_key: str | None, timeout: float, budget: float, retries: int) -> None:
        """Connects to nothing yet. Raises LLMError for an address or a key that cannot be one."""
        self._key = (api_key or "").strip()
        if not self._key.isascii() or not self._key.isprintable():
            raise LLMError("The key holds a character that no key has. Paste OPENAI_API_KEY anew.")
        self._longest_wait = min(timeout, budget)
        self._budget = budget
        http = openai.DefaultHttpxClient(verify=_trusted(), event_hooks={"request": [_hurry], "response": [_bound]})
        weakref.finalize(self, http.close)
        try:
            self.client = openai.OpenAI(
                base_url=base_url or None,
                api_key=self._key or "none",
                timeout=httpx2.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
                max_retries=retries,
                http_client=http,
            )
        except (openai.OpenAIError, httpx2.InvalidURL, ValueError):
            raise LLMError("The server's address cannot be read. Check OPENAI_BASE_URL: https://host/v1.") from None
        self.where = _shown(base_url or str(self.client.base_url))

    @contextmanager
    def asking(self, model: str, setting: str) -> Iterator[Call]:
        """A call to `model`, which the variable `setting` names. Whatever fails inside becomes an LLMError."""
        call = Call(self.where, self._budget, time.monotonic() + self._budget)
        token = _CALL.set(call)
        try:
            yield call
        except CoachError:
            raise
        except FAULTS as error:
            # Not chained: an error of the client holds the request with its key, and what the server echoed.
            raise self.trouble(error, model, setting) from None
        finally:
            _CALL.reset(token)

    def served(self, model: str, setting: str) -> list[str]:
        """The models the server lists. Raises LLMError."""
        with self.asking(model, setting):
            listed = self.client.with_options(timeout=_LOOK_SECONDS, max_retries=0).models.list()
            return [one.id for one in _Models.model_validate(listed).data]

    def absent(self, model: str, served: list[str], setting: str) -> str:
        """One sentence if `model` is not among `served`, else nothing."""
        if not served or model in served:
            return ""
        named = ", ".join(self.words(name) for name in served[:_MOST_NAMED])
        return f"{self.where} does not serve {model!r}; it serves {named}. Change {setting}."

    def words(self, said: object) -> str:
        """What the server said, fit to be shown: one short line without the key."""
        line = clean(" ".join(str(said).split()))
        return shortened(line.replace(self._key, "(hidden)") if self._key else line, _MOST_WORDS)

    def trouble(self, error: Exception, model: str, setting: str) -> LLMError:
        """One of FAULTS as one sentence: what, where, what next."""
        if isinstance(error, LLMError):
            return error
        if isinstance(error, openai.APIStatusError):
            if overflows(error.body, error.status_code):
                return self._overflow(model, setting)
            return LLMError(self._refusal(error, model, setting))
        if isinstance(error, openai.APIConnectionError | httpx2.RequestError):
            return LLMError(self._silence(error))
        if isinstance(error, openai.APIError) and error.body:
            return self.fault(error.body, model, setting)
        return LLMError(
            f"{self.where} sent what cannot be read ({type(error).__name__}). "
            "Check OPENAI_BASE_URL: the server speaks the OpenAI protocol, and its address usually ends in /v1."
        )

    def fault(self, body: object, model: str, setting: str) -> LLMError:
        """What the server reports under status 200, or in the middle of a stream."""
        if overflows(body):
            return self._overflow(model, setting)
        return LLMError(f"{self.where} reports a fault{self._quoted(body)}. Try again, or change {setting}.")

    def _overflow(self, model: str, setting: str) -> ContextOverflow:
        return ContextOverflow(
            f"The text is too long for {model!r} at {self.where}. Shorten it, or set {setting} to a model that takes more."
        )

    def _refusal(self, error: openai.APIStatusError, model: str, setting: str) -> str:
        status, quoted = error.status_code, self._quoted(error.body)
        if status == 401:
            return f"{self.where} refuses the key. Check OPENAI_API_KEY."
        if status == 403:
            return f"{self.where} forbids this key to use {model!r}{quoted}. Check OPENAI_API_KEY and {setting}."
        if status == 404:
            return self._missing(error, model, setting)
        if status == 429:
            return self._limited(error)
        if status >= 500:
            return f"{self.where} failed with status {status}{quoted}. Try again; if it stays so, look at the server."
        return f"{self.where} refuses the request with status {status}{quoted}. Check {setting} and OPENAI_BASE_URL."

    def _missing(self, error: openai.APIStatusError, model: str, setting: str) -> str:
        served: list[str] = []
        if error.request.method == "POST":  # else it is the list of models that is missing
            with suppress(LLMError):
                served = self.served(model, setting)
        return self.absent(model, served, setting) or (
            f"{self.where} has no {model!r}, or no such service. Check {setting}, and OPENAI_BASE_URL: it usually ends in /v1."
        )

    def _limited(self, error: openai.APIStatusError) -> str:
        if error.code == "insufficient_quota":
            return f"{self.where} has no quota left for this key. Look at its account, or change OPENAI_API_KEY."
        wait = _asked_wait(error.response.headers)
        if wait > 0:
            return f"{self.where} is at its limit and asks to wait {wait:.3g} s. Try again then."
        return f"{self.where} is at its limit. Try again in a minute; if it stays so, look at the account's limits."

    def _silence(self, error: Exception) -> str:
        cause = error.__cause__ or error
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
            reason = self.words(cause) or "no answer"
            return f"{self.where} cannot be reached ({reason}). Check OPENAI_BASE_URL and that the server runs."
        if isinstance(cause, httpx2.UnsupportedProtocol):
            return f"{self.where} is not the address of a server. Check OPENAI_BASE_URL: https://host/v1."
        if isinstance(cause, httpx2.TimeoutException):
            return f"{self.where} sent nothing for {self._longest_wait:g} s. Try again, or choose a quicker model."
        return f"{self.where} broke the connection before the reply was complete. Try again; if it stays so, look at the server."

    def _quoted(self, body: object) -> str:
        if isinstance(body, dict):
            body = next((body[key] for key in ("message", "detail", "error") if body.get(key)), "")
        said = self.words(body or "")
        return "" if not said or said.startswith("<") else f' ("{said}")'


class _Model(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str


class _Models(BaseModel):
    """What is needed of the list of models. The client itself checks nothing."""

    model_config = ConfigDict(from_attributes=True)

    data: list[_Model]


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates to trust; reading them takes 80 ms, so all servers share them."""
    return httpx2.create_ssl_context()


def overflows(body: object, status: int = 200) -> bool:
    """Whether the server says that the messages are longer than the model can read."""
    # Of these four, only 429 speaks of too many tokens, and means a minute's.
    if status in {401, 403, 404, 429}:
        return False
    return status == 413 or bool(_OVERFLOW.search(str(body)[:1000].lower()))


def hang_up(stream: openai.Stream[Any]) -> None:
    """Close the connection of `stream` now; closing it alone would not reach a thread that waits for the next part."""
    if not stream.response.is_closed:
        connection = stream.response.extensions["network_stream"].get_extra_info("socket")
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    stream.close()


def _shown(url: str) -> str:
    """Without user, password and query, which may be secrets."""
    return re.sub(r"[^/@]*@", "", url).partition("?")[0].rstrip("/")


def _hurry(request: httpx2.Request) -> None:
    """Before each attempt: none begins or waits after the end of its call."""
    call = _CALL.get()
    call.check()
    waits = request.extensions["timeout"]
    request.extensions["timeout"] = {name: min(wait, call.left) for name, wait in waits.items()}


def _bound(response: httpx2.Response) -> None:
    """After each attempt: no pause before the next that outlasts the call, and no endless body."""
    call = _CALL.get()
    if _asked_wait(response.headers) > call.left:
        response.headers["x-should-retry"] = "false"  # as a server would tell the client
    assert isinstance(response.stream, httpx2.SyncByteStream)
    response.stream = _Bounded(response.stream, call)


class _Bounded(httpx2.SyncByteStream):
    """A body that ends with its call. With a timeout for each read alone, a server could drip for ever."""

    def __init__(self, body: httpx2.SyncByteStream, call: Call) -> None:
        self._body = body
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        for chunk in self._body:
            self._call.check()
            read += len(chunk)
            if read > _MOST_BYTES:
                raise LLMError(f"{self._call.where} sent more than {_MOST_BYTES:,} bytes. Look at the server.")
            yield chunk

    def close(self) -> None:
        self._body.close()


def _asked_wait(headers: httpx2.Headers) -> float:
    """Seconds that the server asks to wait, in numbers or until a date (RFC 9110, 10.2.3); 0 if it does not."""
    value = headers.get("retry-after", "0")
    try:
        return float(value)
    except ValueError:
        with suppress(ValueError, OverflowError):
            return email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    return 0.0
