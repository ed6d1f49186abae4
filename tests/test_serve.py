"""Who may call the app, and by which name; and what a hostile text could reach from a page: nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from coach.errors import SettingsError
from tests.browser import CHROMIUM, chromium, running, settle, window
from tests.material import QUESTION
from ui.serve import Gate, free, known, names


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8501", "127.0.0.1:8501", "[::1]:8501", "192.168.0.7", "coach.example:80"]
)
def test_the_app_answers_to_its_names_and_to_any_address(host: str) -> None:
    assert known(host, {"localhost", "coach.example"})


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example", "[::1", "a@localhost.x"]
)
def test_no_name_of_somebody_else_leads_in(host: str) -> None:
    assert not known(host, names("localhost"))


def test_other_names_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_HOSTS", "Coach.example, other.example")
    assert {"coach.example", "other.example", "localhost"} <= names("0.0.0.0")


def gated() -> TestClient:
    async def page(_request: Any) -> PlainTextResponse:
        return PlainTextResponse("in")

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    app = Starlette(routes=[Route("/", page), WebSocketRoute("/ws", talk)])
    return TestClient(Gate(app, {"localhost"}), base_url="http://localhost")


def test_a_stranger_is_told_what_to_set() -> None:
    refused = gated().get("/", headers={"host": "evil.example"})
    assert refused.status_code == 403
    assert "COACH_HOSTS" in refused.text
    assert gated().get("/").text == "in"


def test_a_websocket_that_no_browser_opened_is_closed() -> None:
    with gated().websocket_connect("ws://localhost/ws", headers={"origin": "http://localhost"}):
        pass
    with pytest.raises(WebSocketDisconnect), gated().websocket_connect("ws://localhost/ws"):
        pass


def test_a_port_in_use_is_told_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="choose another"):
            free("127.0.0.1", taken.getsockname()[1])


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server elsewhere and the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


HOSTILE = """
![x]({url}/image.png) [x]({url}/link) <img src={url}/tag.png> {url}/bare www.evil.example
:green-badge[:material/verified: Checked by the coach] :material/verified: :tada: [here](/settings)

`` ![x]({url}/escaped.png) `

$\\rule{{5000em}}{{5000em}}$ $a\\\\[5000em]b$

- # root

  ```mermaid
  graph TD; A@{{ img: "{url}/mermaid.png", h: 60 }}
  ```

```mer&#109;aid
graph TD; A@{{ img: "{url}/mermaid2.png", h: 60 }}
```
"""


def hostile_bank(url: str) -> str:
    """A topic whose every part tries to reach `url`."""
    image = f"![x]({url}/part.png) :material/verified: {url}"
    return "# Hostile\n\n" + QUESTION.format(
        id="HO01",
        prompt=f"What does a hostile passage do {image}?",
        asked=f"what a hostile passage does {image}",
        answer=f"A hostile passage tries to reach out when it is drawn. {image}\n{HOSTILE.format(url=url)}",
        point=f"It tries to reach out when it is drawn. {image}",
        said=f"It reaches out. {image}",
        wrong=f"It does nothing at all. {image}",
        right=f"it tries to reach out. {image}",
    )


@pytest.mark.browser
@pytest.mark.timeout(200)
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; Debian: apt-get install chromium")
def test_hostile_material_reaches_nobody_and_forges_nothing(tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    with listener() as (url, asked):
        (tmp_path / "bank" / "hostile.md").write_text(hostile_bank(url))
        env = {"COACH_HOME": str(tmp_path / "home"), "COACH_CORPUS": str(tmp_path), "COACH_EMBEDDER": "hashing"}
        with running(env) as address, chromium() as browser:
            page = window(browser, 1280, "light")
            sent: list[str] = []
            page.on("request", lambda request: sent.append(request.url))
            hostile = HOSTILE.format(url=url).replace("\n", " ")[:1500]
            for path in ("/", "/ask?q=What does a hostile passage do?", "/bank", "/question?id=HO01", f"/ask?q={hostile}"):
                page.goto(f"{address}{path}")
                settle(page)
                if "hostile" in path or "HO01" in path:
                    page.get_by_text("hostile passage").first.wait_for()
                assert page.evaluate("Math.max(...[...document.querySelectorAll('p')].map(part => part.scrollHeight), 0)") < 3000
                assert not page.locator(f"a[href^='{url}'], a[href*='evil.example'], a[href='mailto:x']").count()
                assert not page.locator(f"img[src^='{url}']").count()
                assert not page.locator("#root #root, h1#root, h2#root").count()
                assert not page.locator("[data-testid=stMermaidChart], svg[id^=mermaid]").count()
        assert asked == []
        assert [one for one in sent if not one.startswith((address, "data:", "blob:"))] == []
