"""A bare Streamlit app beside which ours is measured: pages with nothing but a title, and a chat of ten lines."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_APP = """
import streamlit as st
def titled(name):
    return st.Page(lambda: st.title(name), title=name, url_path=name.lower())
def chat():
    st.title("Chat")
    for said in st.session_state.setdefault("said", []):
        st.chat_message("user").write(said)
        st.chat_message("assistant").write("An answer.")
    if asked := st.chat_input("Ask"):
        st.chat_message("user").write(asked)
        st.chat_message("assistant").write("Searching ...")
        st.session_state.said.append(asked)
st.navigation([titled("One"), titled("Two"), titled("Three"), st.Page(chat, title="Chat", url_path="chat")], position="top").run()
"""


@contextmanager
def plain() -> Iterator[str]:
    """The address of the bare app while it runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "app.py"
        script.write_text(_APP, encoding="utf-8")
        options = {
            "server.port": port,
            "server.address": "127.0.0.1",
            "server.headless": "true",
            "browser.gatherUsageStats": "false",
        }
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(script),
            *(f"--{name}={value}" for name, value in options.items()),
        ]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"The bare app does not answer at {address}.")
