"""A script becomes a real server on loopback that speaks the OpenAI protocol, faults included.

    with scripted(status(429, retry_after=0.01), reply({"score": 3})) as server:
        OpenAIModel(server.url, "key", "small").fill(messages, Score)
    assert server.requests[0].body["model"] == "small"

Each request is answered by the next step of the script; a request beyond the last one fails the test.
Any function of an `Exchange` is a step.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Request:
    """What the client sent. `body` is the JSON; `raw` the bytes, for what is none."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Scripted:
    """A running server. `hung_up` is set once a client has closed a connection on which a step was still busy."""

    url: str
    requests: list[Request] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def formats(self) -> list[str]:
        """The `response_format` each request asked for."""
        return [request.body.get("response_format", {}).get("type", "none") for request in self.requests]


@dataclass(frozen=True)
class Exchange:
    """One request being answered. `request` is None for the list of models."""

    handler: BaseHTTPRequestHandler
    server: Scripted
    request: Request | None = None

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """A whole answer."""
        self.begin(status, headers | {"content-length": str(len(body))})
        self.handler.wfile.write(body)

    def begin(self, status: int, headers: dict[str, str]) -> None:
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()

    def chunk(self, data: bytes) -> None:
        """A piece of an answer whose length nobody knows yet; an empty one ends it."""
        self.handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.handler.wfile.flush()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that hung up is part of the play
            super().handle_error(request, client_address)


Step = Callable[[Exchange], None]


@contextmanager
def scripted(*steps: Step, models: tuple[str, ...] | None = None, listing: Step | None = None) -> Iterator[Scripted]:
    """A server that answers by `steps`, and lists `models` if there are any, unless `listing` answers that too."""
    left = iter(steps)
    surplus: list[str] = []
    listed = {"object": "list", "data": [{"id": model, "object": "model"} for model in models or ()]}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each small write waits 40 ms for the one before

        def do_GET(self) -> None:
            exchange = Exchange(self, server)
            (listing or (json_body(listed) if models else status(404, "no such page")))(exchange)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            request = Request(self.path, {k.lower(): v for k, v in self.headers.items()}, raw)
            server.requests.append(request)
            step = next(left, None)
            if step is None:
                surplus.append(self.path)
                step = status(418, "the script is over")
            try:
                step(Exchange(self, server, request))
            except OSError:
                server.hung_up.set()
                self.close_connection = True

        def log_message(self, *_args: object) -> None:
            pass

    with _Listener(("127.0.0.1", 0), Handler) as httpd:
        server = Scripted(f"http://127.0.0.1:{httpd.server_port}/v1")
        threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": _LOOK_SECONDS}, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            httpd.shutdown()
    assert not surplus, f"more requests than the script has steps: {surplus}"


def json_body(body: object) -> Step:
    return raw(json.dumps(body).encode())


def raw(body: bytes, number: int = 200, kind: str = "application/json", headers: dict[str, str] | None = None) -> Step:
    return lambda exchange: exchange.send(number, body, {"content-type": kind} | (headers or {}))


def status(
    number: int,
    message: str = "no",
    /,
    *,
    retry_after: float | str | None = None,
    headers: dict[str, str] | None = None,
    **error: Any,
) -> Step:
    """An error; `error` holds further fields, such as `code` and `param`."""
    body = json.dumps({"error": {"message": message, "type": "some_error"} | error}).encode()
    wait = {} if retry_after is None else {"retry-after": str(retry_after)}
    return raw(body, number, headers=wait | (headers or {}))


def reply(content: str | dict[str, Any] | None, *, finish: str | None = "stop", pause: float = 0.0, **message: Any) -> Step:
    """A completion of 5 tokens for a prompt of 7; a dict is sent as JSON. `message` holds further fields, such as `refusal`."""
    text = json.dumps(content) if isinstance(content, dict) else content
    choice = {"index": 0, "message": {"role": "assistant", "content": text} | message, "finish_reason": finish}
    answer = json_body({"id": "1", "object": "chat.completion", "choices": [choice], "usage": _usage()})

    def step(exchange: Exchange) -> None:
        time.sleep(pause)
        answer(exchange)

    return step


def stream(
    *parts: str | dict[str, Any] | bytes,
    finish: str | None = "stop",
    usage: bool = True,
    pause: float = 0.0,
    then: Step | None = None,
) -> Step:
    """A streamed completion, `pause` seconds before each part.

    A part is a piece of content, a whole delta, or bytes that go out as they are. `then` comes instead of the end.
    """

    def step(exchange: Exchange) -> None:
        exchange.begin(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        exchange.chunk(_event({"role": "assistant", "content": ""}))
        for part in parts:
            time.sleep(pause)
            exchange.chunk(part if isinstance(part, bytes) else _event({"content": part} if isinstance(part, str) else part))
        if finish:
            exchange.chunk(_event({}, finish))
        if then:
            then(exchange)
            return
        if usage:
            exchange.chunk(_data({"object": "chat.completion.chunk", "choices": [], "usage": _usage()}))
        exchange.chunk(b"data: [DONE]\n\n")
        exchange.chunk(b"")

    return step


def drop(exchange: Exchange) -> None:
    """The connection breaks."""
    exchange.handler.close_connection = True
    exchange.handler.connection.shutdown(socket.SHUT_RDWR)


def stall(exchange: Exchange) -> None:
    """Nothing more comes, until the client hangs up."""
    exchange.handler.close_connection = True
    exchange.handler.connection.settimeout(_LOOK_SECONDS)
    while not exchange.server.over.is_set():
        try:
            if not exchange.handler.connection.recv(1):
                exchange.server.hung_up.set()
                return
        except TimeoutError:
            continue


def drip(data: bytes) -> Step:
    """`data` comes again and again, until the client hangs up."""

    def step(exchange: Exchange) -> None:
        exchange.begin(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        while not exchange.server.over.wait(_LOOK_SECONDS):
            exchange.chunk(data)

    return step


def _event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return _data({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _data(body: object) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()


def _usage() -> dict[str, int]:
    return {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
