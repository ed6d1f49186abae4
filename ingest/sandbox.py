"""Foreign bytes are read in a child process with limits, so that a bomb, a hang or a crash of a parser takes nothing down.

Run as `python -m ingest.sandbox`, this is the child: it reads jobs from its input and writes what came of them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import IO, Self

from pydantic import TypeAdapter, ValidationError

from coach.domain import Origin
from coach.errors import ExtractError, NeedsLogin
from ingest.document import Document

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 30
WALL_SECONDS = 60.0
_MOST_REPLY = 50_000_000
_DOCUMENT = TypeAdapter(Document)
_TOO_LONG = "Reading it took longer than {:.0f} seconds, so it was given up."
_DIED = "Reading it took more than the memory or time a document may take, so it was given up."


@dataclass(frozen=True, slots=True)
class Job:
    """What to read: `kind` is `html`, `pdf`, `markdown`, `code` or `notebook`. `charset` is what a server said of it."""

    kind: str
    source: str
    title: str
    origin: Origin
    charset: str = ""
    as_of: str = ""


class Sandbox:
    """One child for many documents; a new one after each that had to be killed. Safe to be used by several threads."""

    def __init__(self, seconds: float = WALL_SECONDS) -> None:
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def read(self, job: Job, data: bytes) -> Document:
        """The document these bytes are. Raises ExtractError, NeedsLogin."""
        with self._lock:
            reply = self._asked(job, data)
        try:
            said = json.loads(reply)
            if "error" in said:
                raise (NeedsLogin if said.get("login") else ExtractError)(str(said["error"]))
            return _DOCUMENT.validate_python(said["document"])
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise ExtractError(_DIED) from error

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _asked(self, job: Job, data: bytes) -> bytes:
        child = self._child = self._child if self._child and self._child.poll() is None else _child()
        assert child.stdin is not None
        assert child.stdout is not None
        timer = threading.Timer(self._seconds, child.kill)
        timer.start()
        try:
            child.stdin.write(json.dumps({**asdict(job), "bytes": len(data)}).encode() + b"\n")
            child.stdin.write(data)
            child.stdin.flush()
            return child.stdout.readline(_MOST_REPLY)
        except OSError as error:
            raise ExtractError(_DIED) from error
        finally:
            late = not timer.is_alive()
            timer.cancel()
            if late:
                self.close()
                raise ExtractError(_TOO_LONG.format(self._seconds))


def _child() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ingest.sandbox"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def _read(job: Job, data: bytes) -> Document:
    """In the child. Raises ExtractError."""
    if job.kind == "html":
        from ingest.extract import document_of_page

        return document_of_page(data, job.source, job.charset, job.as_of)
    if job.kind == "pdf":
        from ingest.pdf import document_of_pdf

        return document_of_pdf(data, job.source, job.title, job.origin, job.as_of)
    from ingest.code import document_of_code
    from ingest.markdown import document_of, markdown_of_notebook

    text = data.decode(job.charset or "utf-8-sig", errors="replace")
    if job.kind == "code":
        return document_of_code(text, job.source, job.title, job.origin)
    text = markdown_of_notebook(text) if job.kind == "notebook" else text
    return document_of(text, job.source, job.title, job.origin)


def _limit() -> None:
    """The memory this process may have, and the time it may take for the next document."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _serve(jobs: IO[bytes], replies: IO[bytes]) -> None:
    for line in jobs:
        given = json.loads(line)
        data = jobs.read(given.pop("bytes"))
        _limit()
        try:
            reply = {
                "document": _DOCUMENT.dump_python(_read(Job(**{**given, "origin": Origin(given["origin"])}), data), mode="json")
            }
        except ExtractError as error:
            reply = {"error": str(error), "login": isinstance(error, NeedsLogin)}
        except (MemoryError, RecursionError):
            reply = {"error": _DIED}
        except Exception as error:  # noqa: BLE001 whatever a parser raises on bytes nobody foresaw
            reply = {"error": f"It cannot be read: {type(error).__name__}."}
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
