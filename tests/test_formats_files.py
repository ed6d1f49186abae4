from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from ingest.formats.decode import Unreadable, read_bytes
from ingest.formats.items import ItemsRead
from ingest.formats.links import links
from ingest.formats.read import MAX_LINES, parse, read_items
from ingest.read import MAX_FILE_BYTES

BANK = "# Tea\n\n## What is “green” tea?\nA drink — from leaves.\n\n## Why is it green?\nIt is.\n"


def written(folder: Path, name: str, data: bytes) -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


def refusal(read: ItemsRead) -> str:
    assert not read.items
    (skipped,) = read.skipped
    return str(skipped)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_whatever_wrote_it_the_text_and_its_lines_are_the_same(tmp_path: Path, encoding: str, ends: str) -> None:
    file = written(tmp_path, "tea.md", BANK.replace("\n", ends).encode(encoding))
    first, second = read_items(file).items
    assert (first.prompt, first.answer) == ("What is “green” tea?", "A drink — from leaves.")
    assert (first.first, second.first, second.path) == (3, 6, ("Tea",))


def test_mojibake_is_mended_line_by_line(tmp_path: Path) -> None:
    wrong = "## What is tea?\nA hitchhikerâ€™s drink.\nLeavesâ€”and water. Ã˜rsted drank it, says “a book”.\n"
    (item,) = read_items(written(tmp_path, "tea.md", wrong.encode())).items
    assert item.answer == "A hitchhiker’s drink.\nLeaves—and water. Ørsted drank it, says “a book”."


def test_blanks_that_do_not_break_and_invisible_characters_hide_no_question(tmp_path: Path) -> None:
    text = "##\u00a0What\u00a0is\u200b tea?\nA\u00a0drink.\n\n## What&nbsp;is coffee &amp; cake?\nFood.\n\n1\\. Left over\n"
    assert [item.prompt for item in read_items(written(tmp_path, "t.md", text.encode())).items] == [
        "What is tea?",
        "What is coffee & cake?",
    ]


def test_tables_tags_and_comments_stay_in_the_answer_or_are_left_out() -> None:
    text = "<!-- \n## What is hidden?\n-->\n## What is tea?\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<br/>\nDone.\n<hr>\n</div>\n"
    read = parse(text, "t.md")
    (item,) = read.items
    assert item.answer == "| a | b |\n|---|---|\n| 1 | 2 |\n\n<br/>\nDone."
    assert [(one.first, one.last) for one in read.skipped] == [(1, 3), (11, 12)]


@pytest.mark.parametrize("fence", ["```", "~~~~", "    ```"])
def test_what_stands_in_a_fence_asks_nothing(fence: str) -> None:
    assert len(parse(f"## What is X?\n{fence}\n## What is Y?\n{fence}\n## What is Z?\nz\n", "t.md").items) == 2


def test_a_fence_that_nobody_closes_hides_nothing() -> None:
    assert len(parse("## What is X?\n```\n## What is Y?\ny\n<!-- \n## What is Z?\n", "t.md").items) == 3


def zipped() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a.md", BANK)
    return whole.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped(), "a zip archive"),
        (b"%PDF-1.7 ...", "a PDF"),
        (bytes(range(256)) * 20, "binary, not text"),
        (b"\xff\xfe\x00", "not utf-16 text"),
        (b"", "is empty"),
        (b"\n" * (MAX_LINES + 1), "more than 200,000 lines"),
        (b"# Story\n" * (MAX_FILE_BYTES // 8 + 1), "Split it by topic"),
    ],
    ids=["zip", "pdf", "binary", "half a character", "empty", "lines", "huge"],
)
def test_what_is_no_bank_says_so_and_the_others_are_read(tmp_path: Path, data: bytes, said: str) -> None:
    bad = written(tmp_path, "bad.md", data)
    assert said in refusal(read_items(bad))
    written(tmp_path, "tea.md", BANK.encode())
    read = read_items(tmp_path)
    assert len(read.items) == 2
    assert said in str(read.skipped[0])


def test_fifty_megabytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.md"
    with file.open("wb") as huge:
        huge.truncate(50_000_000)
    assert "50,000,000 bytes" in refusal(read_items(file))


def test_a_missing_file_a_pipe_and_a_forbidden_one_are_named(tmp_path: Path) -> None:
    assert "cannot be opened: No such file" in refusal(read_items(tmp_path / "none.md"))
    os.mkfifo(tmp_path / "pipe.md")
    assert "no regular file" in refusal(read_items(tmp_path / "pipe.md"))
    forbidden = written(tmp_path, "secret.md", BANK.encode())
    forbidden.chmod(0)
    if os.access(forbidden, os.R_OK):
        pytest.skip("this user may read everything")
    assert "Permission denied" in refusal(read_items(forbidden))


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = written(tmp_path, "outside.md", BANK.encode())
    folder = tmp_path / "banks"
    folder.mkdir()
    (folder / "link.md").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere.md").symlink_to(folder / "gone.md")
    written(folder, "tea.md", BANK.encode())
    read = read_items(folder)
    assert len(read.items) == 2
    assert [Path(one.file).name for one in read.skipped if not one.first] == ["link.md", "nowhere.md"]
    assert "a link out of the folder" in read.skipped[0].reason


class Scribbled(type(Path())):  # type: ignore[misc]
    """A file that somebody else appends to whenever its state is asked for."""

    def stat(self, **_options: bool) -> os.stat_result:
        with open(self, "ab") as more:  # noqa: PTH123
            more.write(b"x")
        return os.stat(self)  # noqa: PTH116


def test_a_file_that_changes_while_it_is_read_is_not_believed(tmp_path: Path) -> None:
    file = written(tmp_path, "tea.md", BANK.encode())
    with pytest.raises(Unreadable, match="changed while it was read"):
        read_bytes(Scribbled(file))


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{'  ' * min(depth, 100)}- item\n" for depth in range(10_000)),
        "- " * 10_000 + "deep",
        ">" * 100_000,
        "[" * 50_000 + "](" * 50_000,
        "*" * 100_000,
        "# " + " " * 100_000 + "#",
        "`" * 99_999 + "\n" * 10,
        "```a\n" * 5_000,
        "<!-- \n" * 5_000,
        "<a " * 30_000,
        "1. " * 30_000,
        "1. What is X?\n" * 5_000,
        "What? " * 50_000,
        "Q" * 100_000 + ":",
        "https://x.example/" + "(" * 100_000,
        "Answer" * 20_000,
        "What is\n" + "a\n" * 30_000,
        "1. What is X?\n" + "\nAnswer\n" * 20_000,
    ],
    ids=range(18),
)
def test_hostile_text_takes_no_more_than_its_length(text: str) -> None:
    """A pattern that backtracks would run into the limit of the test run."""
    read = parse(text, "t.md")
    assert read.items or read.skipped


def test_addresses_end_where_they_end() -> None:
    text = (
        "[a (b)](https://x.example/a_(b)), ![c](https://x.example/c.png) <https://x.example/d> (https://x.example/e). "
        "[https://x.example/f](https://x.example/f) https://x.example/g:-h,i?j=%2B#k, [with [brackets]](https://x.example/l)"
    )
    found = {link.url.removeprefix("https://x.example/"): link.title for link in links(text)}
    assert list(found) == ["a_(b)", "c.png", "d", "e", "f", "g:-h,i?j=%2B#k", "l"]
    assert (found["a_(b)"], found["c.png"], found["l"]) == ("a (b)", "c", "with [brackets]")
    assert found["f"] == "https://x.example/f"
