"""What a Qdrant server is asked for, and what is said when it fails: a server of our own on loopback takes notes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from coach.adapters.index_server import ServerStore, Shape
from coach.domain import Entry
from coach.errors import IndexUnusable
from tests.conftest import build

Asked = list[tuple[str, str, dict[str, Any], str]]


class Notes(BaseHTTPRequestHandler):
    """Says yes to everything, until it is asked for points beyond `room`."""

    asked: Asked
    room = 1_000

    def answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        self.asked.append((self.command, self.path.split("?")[0], body, self.headers.get("api-key", "")))
        full = self.path.split("?")[0].endswith("/points") and len(self.asked) > self.room
        result: Any = {"aliases": []} if self.path == "/aliases" else {"operation_id": 1, "status": "completed"}
        result = (
            True
            if self.command in {"PUT", "DELETE", "POST"} and "/points" not in self.path and "/index" not in self.path
            else result
        )
        said = {"status": {"error": "disk full"}} if full else {"result": result, "status": "ok", "time": 0}
        data = json.dumps(said).encode()
        self.send_response(500 if full else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[tuple[str, type[Notes]]]:
    handler = type("Handler", (Notes,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}", handler
        serving.shutdown()
        thread.join()


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_a_build_is_made_in_the_shape_that_was_set_and_the_alias_moves_last(
    server: tuple[str, type[Notes]], small_entries: list[Entry]
) -> None:
    url, handler = server
    store = ServerStore.at(url, "secret", "coach", Shape(shards=3, replicas=2, on_disk=True, quantized=True))
    build(store, small_entries)
    made = next(body for method, path, body, _ in handler.asked if method == "PUT" and path.count("/") == 2)
    assert (made["shard_number"], made["replication_factor"], made["on_disk_payload"]) == (3, 2, True)
    assert made["vectors"]["dense"]["on_disk"] is True
    assert made["vectors"]["dense"]["quantization_config"]["scalar"]["type"] == "int8"
    indexed = [body["field_name"] for _, path, body, _ in handler.asked if path.endswith("/index")]
    assert indexed == ["origin", "topic", "source"]
    assert handler.asked[-1][1] == "/collections/aliases"
    assert {key for *_, key in handler.asked} == {"secret"}


def test_a_build_that_a_server_cannot_hold_is_removed_and_the_alias_stays(
    server: tuple[str, type[Notes]], small_entries: list[Entry]
) -> None:
    url, handler = server
    handler.room = 1
    with pytest.raises(IndexUnusable, match="COACH_QDRANT_URL"):
        build(ServerStore.at(url, name="coach"), small_entries)
    assert handler.asked[-1][0] == "DELETE"
    assert not [path for _, path, *_ in handler.asked if path == "/collections/aliases"]
