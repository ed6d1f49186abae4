"""The app as a server: Streamlit inside `st.App`, with headers of its own, a health route and a model that warms
while the first page is already drawn.

Run as `python -m ui.serve ADDRESS PORT`; `coach app` does.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit.runtime.pages_manager import PagesManager

from coach.errors import SettingsError
from coach.settings import load_settings
from ui.focus import SCRIPT


def _own_scripts() -> str:
    """The hashes of the scripts that stand in Streamlit's own page and of ours, as a policy names them."""
    page = Path(st.__file__).with_name("static") / "index.html"
    scripts = [*re.findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL), SCRIPT]
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts)


# No script, style, image, font or connection from anywhere else: a passage or an answer cannot phone home.
# Streamlit styles its elements inline, loads its own code in workers and reads a recording back from memory (blob).
_POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' 'wasm-unsafe-eval' {_own_scripts()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}


class SecurityHeaders:
    """Adds the headers to every HTTP response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def known(host: str, names: Collection[str]) -> bool:
    """Whether a Host header, `name` or `name:port`, is one of `names` or an IP address.

    A page elsewhere can have its own name lead here (DNS rebinding), but no name that is ours and no address.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name in names:
            return True
        ip_address(name)
    except ValueError:
        return False
    return True


class Gate:
    """Turns away who calls the app by a name that is not its own, and a websocket that no browser opened."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] in {"http", "websocket"} else None
        if headers is None or (known(headers.get("host", ""), self._names) and _from_browser(scope, headers)):
            await self._app(scope, receive, send)
            return
        said = "This app does not go by that name. If it should, start it with COACH_HOSTS set to the name.\n"
        refusal: ASGIApp = PlainTextResponse(said, 403) if scope["type"] == "http" else WebSocketClose(1008)
        await refusal(scope, receive, send)


def _from_browser(scope: Scope, headers: Headers) -> bool:
    """Every browser says from which page it opens a websocket; Streamlit checks where that is, but only if it is said."""
    return scope["type"] == "http" or "origin" in headers


@asynccontextmanager
async def _lifespan(_app: Any) -> AsyncIterator[None]:
    from ui.state import doorway

    # Until the first page was drawn, Streamlit would take the folder `pages` for the app's navigation, and an address
    # of ours for one of its files.
    PagesManager.uses_pages_directory = False
    doorway()
    yield


async def _health(_request: Request) -> JSONResponse:
    from ui.state import doorway

    door = doorway()
    return JSONResponse({"ready": door.ready, "trouble": door.trouble})


async def _today(request: Request) -> RedirectResponse:
    """Today is the first page, which Streamlit serves under no name."""
    return RedirectResponse(f"/?{request.url.query}")


def make_app(names: Collection[str]) -> Any:
    """The app for whoever calls it by one of `names`."""
    return st.App(
        str(Path(__file__).with_name("app.py")),
        middleware=[Middleware(Gate, names=names), Middleware(SecurityHeaders)],
        routes=[Route("/api/health", _health), Route("/today", _today)],
        lifespan=_lifespan,
    )


def free(address: str, port: int) -> None:
    """Raises SettingsError if nothing can listen there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise SettingsError(
                f"Nothing can listen on {address}:{port}: {error.strerror or error}. "
                f"Close what uses it, or choose another: coach app --port {port % 65535 + 1}"
            ) from error


def serve(address: str, port: int) -> None:
    """Become the server. Does not return."""
    os.execv(sys.executable, [sys.executable, "-m", "ui.serve", address, str(port)])  # noqa: S606 no shell is wanted


def names(address: str) -> frozenset[str]:
    """What the app may be called, in lower case. Raises SettingsError."""
    others = load_settings().hosts.split(",")
    return frozenset(name.strip().lower() for name in ("localhost", address, socket.gethostname(), *others) if name.strip())


if __name__ == "__main__":
    make_app(names(sys.argv[1])).run(
        config={"server.address": sys.argv[1], "server.port": int(sys.argv[2]), "server.headless": True}
    )
