"""A file's bytes become text in which the lines are still the file's, or a sentence that says why not."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from coach.errors import BadInput
from coach.text import clean
from ingest.read import MAX_FILE_BYTES

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_ARCHIVES = {
    b"PK\x03\x04": "a zip archive (or an office document)",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BREAKS = re.compile("\r\n|\r")
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u202f\u3000\u2002\u2003\u2009", " ") | {"\f": " ", "\v": " "})


class Unreadable(BadInput):
    """A file cannot be read as a bank. The message is the reason alone, without the file's name."""


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file that did not change meanwhile. Raises Unreadable."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe must not make us wait
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}. Check that it exists and may be read") from error
    with os.fdopen(handle, "rb") as file:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise Unreadable("is no regular file. Give a text file or a folder")
        if before.st_size > MAX_FILE_BYTES:
            raise Unreadable(f"has {before.st_size:,} bytes, more than {MAX_FILE_BYTES:,}. Split it by topic")
        try:
            data = file.read(MAX_FILE_BYTES + 1)
            now = path.stat()
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror}. Check the disk and run again") from error
    if len(data) != before.st_size or (now.st_mtime_ns, now.st_size) != (before.st_mtime_ns, before.st_size):
        raise Unreadable("changed while it was read. Run again when nobody writes to it")
    return data


def decoded(data: bytes) -> str:
    """The text of a file, mojibake mended, with the line breaks of the file as `\\n`. Raises Unreadable."""
    for start, what in _ARCHIVES.items():
        if data.startswith(start):
            raise Unreadable(f"is {what}, not text, whatever its name says. Export it as Markdown or text")
    text = clean(_BREAKS.sub("\n", _characters(data)).translate(_SPACES))
    return text if text.isascii() else "\n".join(_mended(line) for line in text.split("\n"))


def _mended(line: str) -> str:
    """A line without mojibake: UTF-8 that somebody read as something else."""
    # It takes a while to import, and no other command needs it.
    from ftfy import fix_encoding

    return line if line.isascii() else fix_encoding(line).replace("\n", " ")


def _characters(data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "") or _unmarked(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not {encoding} text from byte {error.start:,} on. Save it as UTF-8") from error


def _unmarked(data: bytes) -> str:
    """The encoding of bytes without a mark: UTF-8, else what old Windows editors write."""
    half = len(data) // 2
    for zeros, encoding in ((data[1::2], "utf-16-le"), (data[::2], "utf-16-be")):
        if half and zeros.count(0) > half * 0.7 and data.count(0) < half * 1.1:
            return encoding
    if _CONTROLS.search(data):
        raise Unreadable("is binary, not text. Export it as Markdown or text")
    try:
        data.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
