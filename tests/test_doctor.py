"""Is the language model there? Asked of real servers on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coach.adapters.llm import reachable


@contextmanager
def server(status: int, body: object) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/v1"
        httpd.shutdown()


MODELS = {"object": "list", "data": [{"id": "small", "object": "model", "created": 1, "owned_by": "us"}]}


def test_a_server_with_the_model_is_fine() -> None:
    with server(200, MODELS) as url:
        assert reachable(url, "key", "small") == ""


@pytest.mark.parametrize(
    ("status", "body", "model", "said"),
    [
        (200, MODELS, "big", "does not serve 'big'; it serves small"),
        (401, {"error": {"message": "no"}}, "small", "Check OPENAI_API_KEY"),
        (404, {"error": {"message": "no"}}, "small", "usually ends in /v1"),
        (500, {"error": {"message": "no"}}, "small", "status 500"),
        (200, "<html>a web page</html>", "small", "Check OPENAI_BASE_URL"),
    ],
)
def test_every_trouble_names_its_setting(status: int, body: object, model: str, said: str) -> None:
    with server(status, body) as url:
        assert said in reachable(url, "key", model)


def test_a_server_that_is_not_there_is_named() -> None:
    assert "cannot be reached" in reachable("http://127.0.0.1:9/v1", "key", "small")


def test_neither_key_nor_address_is_told() -> None:
    assert "OPENAI_BASE_URL" in reachable(None, None, "small")
