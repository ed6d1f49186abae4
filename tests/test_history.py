"""One suite for both databases, an SQLite file and a PostgreSQL server; then what only one of them can suffer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, text

from coach.adapters import database
from coach.adapters.database import Database, database_at
from coach.adapters.history import TABLES, SqlHistory
from coach.archive import exported, restored
from coach.errors import BadInput, Conflict, StorageError
from coach.migrations import VERSION_TABLE, Steps
from coach.ports import History, Record, Stream

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PASSWORD = "pass word@1"
ODD = "\0 \ud800 😀 \u202e ' \" \\u0041 \x85 é"
LONG = "long 😀 " * 200_000

# What a version of the coach wrote, by the last step it knew. A new step needs a line here.
WRITTEN_AT = {
    "0001": r"""
        INSERT INTO streams VALUES ('s', 'interview', 'N\u00e4me', '2026-11-21T09:00:00.000000+00:00',
                                    '2026-11-21T09:01:00.000000+00:00');
        INSERT INTO records VALUES ('s', 0, '2026-11-21T09:01:00.000000+00:00', 'reply', '{"text": "a\u0000b"}')
    """,
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=ZONES)  # noqa: DTZ001
RECORDS = st.builds(Record, kind=st.text(min_size=1), at=TIMES, data=st.dictionaries(st.text(), JSON, max_size=3))
MANY = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="session")
def server() -> Iterator[URL]:
    """A PostgreSQL server of our own, on loopback, run by somebody who is not root."""
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")), *map(Path, filter(None, [shutil.which("pg_ctl")]))]
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg")
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp())
    (folder / "password").write_text(PASSWORD)
    if user:
        for path in (folder, folder / "password"):
            shutil.chown(path, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(found[-1].with_name(program)), "-D", str(folder / "data"), *arguments]
        # Not captured: a server keeps its pipes open, and who reads them would wait for it to end.
        subprocess.run(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    port = free_port()
    run("initdb", "-U", "coach", "-A", "scram-sha-256", "--pwfile", str(folder / "password"), "--locale=C", "--no-sync")
    run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", f"-h 127.0.0.1 -p {port} -k '' -F")
    yield URL.create("postgresql", "coach", PASSWORD, "127.0.0.1", port, "postgres")
    run("pg_ctl", "stop", "-m", "immediate")
    shutil.rmtree(folder)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(params=["file", "server"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place where nothing is yet: a path, or the URL of an empty schema."""
    if request.param == "file":
        return str(tmp_path / "a %20?#é:b c" / "history.db")
    url: URL = request.getfixturevalue("server")
    import psycopg

    schema = f"t{uuid.uuid4().hex}"
    with psycopg.connect(host=url.host, port=url.port, user=url.username, password=url.password, dbname="postgres") as admin:
        admin.execute(f"CREATE SCHEMA {schema}".encode())
    return url.set(query={"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)


@pytest.fixture
def history(where: str) -> Iterator[SqlHistory]:
    opened = SqlHistory.at(where)
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def record(number: int, said: str = "so") -> Record:
    return Record("reply", NOW + timedelta(minutes=number), {"number": number, "said": said})


def fill(history: History, stream: str, count: int, kind: str = "interview", said: str = "so") -> None:
    history.begin(stream, kind, f"about {stream}", NOW)
    for number in range(count):
        history.append(stream, number, record(number, said))


def test_what_was_appended_comes_back_in_order_and_after_reopening(history: SqlHistory, where: str) -> None:
    fill(history, "s", 12)
    history.close()
    again: History = SqlHistory.at(where)
    assert again.records("s") == [record(number) for number in range(12)]
    assert again.streams("interview") == [Stream("s", "interview", "about s", NOW, NOW + timedelta(minutes=11), 12)]
    again.close()


@pytest.mark.parametrize("number", [-1, 0, 1, 3, 2**70])
def test_a_number_is_written_once_and_none_is_skipped(history: SqlHistory, number: int) -> None:
    fill(history, "s", 2)
    before = list(history.everything("interview"))
    with pytest.raises(Conflict, match=rf"Record {number} of 's'.* next one is 2"):
        history.append("s", number, record(9))
    assert list(history.everything("interview")) == before


def test_beginning_twice_changes_nothing(history: SqlHistory) -> None:
    fill(history, "s", 1)
    before = history.streams("interview")
    history.begin("s", "profile", "another", NOW + timedelta(days=1))
    assert history.streams("interview") == before
    assert history.streams("profile") == []


def test_what_is_not_there_has_no_records_and_can_be_renamed_and_deleted(history: SqlHistory) -> None:
    assert history.records("nothing") == []
    history.rename("nothing", "something")
    history.delete("nothing")
    assert history.streams("interview") == []
    assert list(history.everything("interview")) == []


def test_the_stream_changed_last_comes_first_but_everything_comes_oldest_first(history: SqlHistory) -> None:
    for minute, name in enumerate("abc"):
        history.begin(name, "interview", name, NOW + timedelta(minutes=minute))
    history.begin("p", "profile", "p", NOW)
    history.append("a", 0, record(9))
    assert [stream.id for stream in history.streams("interview")] == ["a", "c", "b"]
    everything = list(history.everything("interview"))
    assert [(stream.id, records) for stream, records in everything] == [("a", [record(9)]), ("b", []), ("c", [])]
    assert sorted(history.streams("interview"), key=lambda stream: stream.id) == [stream for stream, _ in everything]


def test_a_stream_can_be_renamed(history: SqlHistory) -> None:
    fill(history, "s", 1)
    history.rename("s", ODD)
    assert history.streams("interview") == [Stream("s", "interview", ODD, NOW, NOW, 1)]


def test_a_deleted_stream_is_gone_alone_and_cannot_be_added_to(history: SqlHistory) -> None:
    fill(history, "s", 2)
    fill(history, "other", 2)
    history.delete("s")
    assert history.records("s") == []
    assert [stream.id for stream in history.streams("interview")] == ["other"]
    with pytest.raises(Conflict, match="deleted in another window"):
        history.append("s", 2, record(2))
    fill(history, "s", 1)
    assert history.records("s") == [record(0)]


def test_everything_can_be_deleted_and_begun_again(history: SqlHistory) -> None:
    fill(history, "s", 2)
    fill(history, "p", 2, kind="profile")
    history.delete_everything()
    assert history.streams("interview") == history.streams("profile") == []
    assert history.records("s") == []
    fill(history, "s", 1)
    assert history.records("s") == [record(0)]


@pytest.mark.parametrize("words", [ODD, LONG, "", "'; DROP TABLE records; --"], ids=["odd", "long", "empty", "sql"])
def test_any_text_comes_back_as_it_went_in(history: SqlHistory, words: str) -> None:
    short = words[:50]
    history.begin(short, short, words, NOW)
    history.append(short, 0, Record(short, NOW, {words: [words]}))
    assert history.streams(short) == [Stream(short, short, words, NOW, NOW, 1)]
    assert history.records(short) == [Record(short, NOW, {words: [words]})]


@MANY
@given(records=st.lists(RECORDS, max_size=5))
def test_any_sequence_of_appends_reads_back_equal(history: SqlHistory, records: list[Record]) -> None:
    stream = uuid.uuid4().hex
    history.begin(stream, stream, "any", NOW)
    for number, one in enumerate(records):
        history.append(stream, number, one)
    assert history.records(stream) == records
    assert [found for _, found in history.everything(stream)] == [records]
    assert all(found.at.tzinfo is UTC or found.at.utcoffset() == timedelta(0) for found in history.records(stream))


def test_what_is_no_json_or_no_moment_is_refused_before_anything_is_written(history: SqlHistory) -> None:
    fill(history, "s", 0)
    for at, data in [(NOW.replace(tzinfo=None), {}), (NOW, {"a": float("nan")})]:
        with pytest.raises(ValueError, match=r"time zone|JSON compliant"):
            history.append("s", 0, Record("reply", at, data))
    assert history.records("s") == []


def test_what_is_no_json_in_the_table_names_the_cure(history: SqlHistory) -> None:
    fill(history, "s", 1)
    with history._database.writing() as connection:
        connection.execute(text("UPDATE records SET data = '{'"))
    for read in (history.records, lambda _: history.everything("interview")):
        with pytest.raises(StorageError, match=r"put a good copy in its place|Check COACH_HISTORY_URL"):
            read("s")


def race(where: str, wins: int) -> str:
    """A program that adds `wins` records to stream s, whoever else does, and prints each number it wrote."""
    return f"""
from datetime import UTC, datetime
from coach.adapters.history import SqlHistory
from coach.errors import Conflict
from coach.ports import Record
NOW = datetime(2026, 11, 21, tzinfo=UTC)
history = SqlHistory.at({where!r})
won = 0
while won < {wins}:
    number = len(history.records("s"))
    try:
        history.append("s", number, Record("reply", NOW, {{"number": number, "pad": "x" * 50_000}}))
        print(number, flush=True)
        won += 1
    except Conflict:
        pass
"""


def started(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_of_threads_that_write_the_same_number_one_wins(history: SqlHistory) -> None:
    history.begin("s", "interview", "s", NOW)

    def attempt(number: int, said: str) -> bool:
        try:
            history.append("s", number, record(number, said))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        for number in range(10):
            assert sum(pool.map(attempt, [number] * 6, "abcdef")) == 1
    assert [one.data["number"] for one in history.records("s")] == list(range(10))


def test_threads_with_streams_of_their_own_do_not_hinder_each_other(history: SqlHistory) -> None:
    def work(stream: str) -> list[Record]:
        fill(history, stream, 15)
        return history.records(stream)

    with ThreadPoolExecutor(12) as pool:
        assert all(found == [record(number) for number in range(15)] for found in pool.map(work, "abcdefghijkl"))


def test_two_processes_that_write_at_once_write_nothing_twice(where: str) -> None:
    history = SqlHistory.at(where)
    history.begin("s", "interview", "s", NOW)
    outcomes = [program.communicate() for program in [started(race(where, 12)), started(race(where, 12))]]
    assert [complaint for _, complaint in outcomes] == ["", ""]
    assert sorted(int(line) for printed, _ in outcomes for line in printed.split()) == list(range(24))
    assert [one.data["number"] for one in history.records("s")] == list(range(24))
    history.close()


def test_many_may_open_a_new_history_at_once(where: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(SqlHistory.at, [where] * 6))
    fill(opened[0], "s", 1)
    assert all(history.records("s") == [record(0)] for history in opened)
    for history in opened:
        history.close()


def test_who_opens_while_another_takes_the_steps_waits(where: str) -> None:
    first = empty(where)
    with ThreadPoolExecutor(1) as pool:
        with first.writing() as connection:
            first._claim(connection)
            Steps().walk(connection)
            opening = pool.submit(SqlHistory.at, where)
            time.sleep(0.3)
        second = opening.result()
    fill(second, "s", 1)
    assert second.records("s") == [record(0)]
    second.close()
    first.close()


def test_a_writer_killed_at_any_moment_loses_nothing_it_was_told_is_kept(where: str) -> None:
    history = SqlHistory.at(where)
    history.begin("s", "interview", "s", NOW)
    history.close()
    acknowledged = -1
    for patience in (1, 6):
        with started(race(where, 10_000)) as writer:
            assert writer.stdout is not None
            seen = [writer.stdout.readline() for _ in range(patience)]
            writer.send_signal(signal.SIGKILL)
            acknowledged = max(acknowledged, *(int(line) for line in [*seen, *writer.stdout] if line.endswith("\n")))
        history = SqlHistory.at(where)
        numbers = [one.data["number"] for one in history.records("s")]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) - 1 in {acknowledged, acknowledged + 1}
        history.close()


def empty(where: str) -> Database:
    """A database in which no step was taken yet."""
    if "://" not in where:
        Path(where).parent.mkdir(exist_ok=True)
    return database_at(where)


def made_at(step: str, where: str) -> None:
    """Leave at `where` what a coach that knew the steps up to `step` has written."""
    made = empty(where)
    with made.writing() as connection:
        Steps().walk(connection, step)
        for statement in WRITTEN_AT[step].split(";"):
            connection.exec_driver_sql(statement)
    made.close()


def later(folder: Path, body: str = "op.add_column('streams', sa.Column('mood', sa.Text))") -> Steps:
    """The steps of a version to come, which takes one more."""
    program = "import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = 'next', '{}'\ndef upgrade():\n    {}\n"
    folder.mkdir(exist_ok=True)
    (folder / "next.py").write_text(program.format(Steps().numbers()[-1], body))
    return Steps(folder)


def test_every_step_has_something_written_before_it() -> None:
    numbers = Steps().numbers()
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)] == list(WRITTEN_AT)


@pytest.mark.parametrize("step", WRITTEN_AT)
def test_what_any_version_wrote_is_read_and_added_to(where: str, step: str) -> None:
    made_at(step, where)
    history = SqlHistory.at(where)
    minute = NOW + timedelta(minutes=1)
    assert history.streams("interview") == [Stream("s", "interview", "Näme", NOW, minute, 1)]
    assert history.records("s") == [Record("reply", minute, {"text": "a\0b"})]
    history.append("s", 1, record(1))
    history.close()


def test_the_steps_make_the_tables_the_code_knows(history: SqlHistory) -> None:
    with history._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, TABLES) == []


def test_a_step_to_come_is_taken_with_everything_kept(history: SqlHistory, where: str, tmp_path: Path) -> None:
    fill(history, "s", 3)
    newer = SqlHistory.at(where, later(tmp_path / "100 % later"))
    assert newer.records("s") == [record(number) for number in range(3)]
    newer.close()


def test_a_history_from_a_newer_version_is_left_alone(where: str, tmp_path: Path) -> None:
    SqlHistory.at(where, later(tmp_path / "later")).close()
    with pytest.raises(StorageError, match=r"newer version .*'next'.*up to 0001.*Update Interview Coach"):
        SqlHistory.at(where)


def test_a_step_that_breaks_leaves_everything_as_it_was(where: str, tmp_path: Path) -> None:
    made_at("0001", where)
    broken = "op.add_column('streams', sa.Column('mood', sa.Text)); op.execute('SELECT 1 FROM nowhere')"
    with pytest.raises(StorageError, match="nowhere"):
        SqlHistory.at(where, later(tmp_path / "later", broken))
    history = SqlHistory.at(where)
    assert len(history.records("s")) == 1
    history.close()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_before_a_step_the_file_is_copied_with_what_is_still_in_its_log(file: Path, tmp_path: Path) -> None:
    history = SqlHistory.at(file)
    fill(history, "s", 2)
    SqlHistory.at(file, later(tmp_path / "later")).close()
    history.close()
    copy = file.with_name("history.db.before-next")
    assert copy.stat().st_mode & 0o777 == 0o600
    kept = SqlHistory.at(copy)
    assert kept.records("s") == [record(0), record(1)]
    kept.close()


def test_a_new_or_current_file_is_not_copied(file: Path) -> None:
    SqlHistory.at(file).close()
    SqlHistory.at(file).close()
    assert set(files(file.parent)) - {"history.db.lock"} == {"history.db"}
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_copy_no_step_is_taken(file: Path, tmp_path: Path) -> None:
    SqlHistory.at(file).close()
    before = file.read_bytes()
    file.with_name("history.db.before-next").mkdir()
    with pytest.raises(StorageError, match=r"must be copied .*nothing was changed"):
        SqlHistory.at(file, later(tmp_path / "later"))
    assert file.read_bytes() == before


@pytest.mark.parametrize("delete", [lambda h: h.delete("s"), SqlHistory.delete_everything], ids=["stream", "everything"])
def test_deleted_words_are_in_no_file_even_while_another_has_it_open(file: Path, delete: Callable[[SqlHistory], None]) -> None:
    history, other = SqlHistory.at(file), SqlHistory.at(file)
    fill(history, "s", 40, said="confession " * 50)
    assert len(other.records("s")) == 40
    assert any(b"confession" in content for content in files(file.parent).values())
    delete(history)
    assert not any(b"confession" in content for content in files(file.parent).values())
    assert other.records("s") == []
    history.close()
    other.close()


def test_deleting_everything_takes_the_copies_too(file: Path, tmp_path: Path) -> None:
    made_at("0001", str(file))
    history = SqlHistory.at(file, later(tmp_path / "later"))
    assert file.with_name("history.db.before-next").exists()
    history.delete_everything()
    assert not list(file.parent.glob("*.before-*"))
    history.close()


def test_who_deletes_while_another_reads_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0.1)
    history = SqlHistory.at(file)
    fill(history, "s", 1)
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM records").fetchall()
        with pytest.raises(StorageError, match=r"is deleted, but .* Close other programs"):
            history.delete("s")
    history.delete("s")
    history.close()


def test_a_writer_that_never_ends_is_named_as_the_reason(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0.1)
    history = SqlHistory.at(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match=r"is in use: .*locked"):
            history.begin("s", "interview", "s", NOW)
    history.close()


def test_every_commit_reaches_the_disk(file: Path) -> None:
    history = SqlHistory.at(file)
    with history._database.reading() as connection:
        asked = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "fullfsync")]
    assert asked == ["wal", 3, 1]
    history.close()


@pytest.mark.parametrize("content", [b"Dear diary,\n" * 500, b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_left_as_it_is(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(StorageError, match=r"history\.db .*Move it away.*nothing is overwritten"):
        SqlHistory.at(file)
    assert file.read_bytes() == content


def test_the_database_of_another_program_is_left_as_it_is(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    before = file.read_bytes()
    with pytest.raises(StorageError, match=r"history\.db is the database of another program"):
        SqlHistory.at(file)
    assert file.read_bytes() == before


def test_a_file_damaged_in_the_middle_is_named(file: Path) -> None:
    history = SqlHistory.at(file)
    fill(history, "s", 50, said="word " * 100)
    history.close()
    with file.open("r+b") as raw:
        raw.seek(8192)
        raw.write(b"\xee" * (file.stat().st_size - 8192))
    with pytest.raises(StorageError, match=r"history\.db is damaged.*put a good copy"):
        SqlHistory.at(file).records("s")


def test_where_no_folder_can_be_made_the_message_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    for place in (tmp_path / "taken" / "history.db", tmp_path):
        with pytest.raises(StorageError, match=r"cannot be kept in .*COACH_HOME"):
            SqlHistory.at(place)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_may_only_be_read_is_named(file: Path, which: str) -> None:
    SqlHistory.at(file).close()
    path = file if which == "file" else file.parent
    mode = path.stat().st_mode
    path.chmod(0o500)
    with pytest.raises(StorageError, match=r"cannot be kept in .*history\.db.*writable"):
        SqlHistory.at(file)
    path.chmod(mode)


def test_a_path_and_its_url_are_the_same_file(file: Path) -> None:
    history = SqlHistory.at(f"sqlite:///{file}")
    fill(history, "s", 1)
    history.close()
    again = SqlHistory.at(file)
    assert again.records("s") == [record(0)]
    again.close()


def test_a_server_that_cannot_be_reached_is_named_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StorageError) as caught:
        SqlHistory.at(f"postgres://coach:geheim@127.0.0.1:{free_port()}/interviews")
    assert "'interviews' on 127.0.0.1" in str(caught.value)
    assert "COACH_HISTORY_URL" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_server_that_refuses_the_password_does_not_show_it(server: URL) -> None:
    with pytest.raises(StorageError, match="password authentication failed") as caught:
        SqlHistory.at(server.set(password="geheim").render_as_string(hide_password=False))
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://coach:geheim@here:port/db",
        "postgresql://coach:geh@geheim@here/db",
        "postgresql://coach:geh@here/geheim@here/db",
        "mysql://coach:geheim@here/db",
        "://geheim",
        "sqlite://",
    ],
)
def test_a_url_that_is_none_is_not_repeated(url: str) -> None:
    with pytest.raises(StorageError, match=r"COACH_HISTORY_URL is not .*%40") as caught:
        SqlHistory.at(url)
    assert "geheim" not in str(caught.value)


def test_without_the_driver_the_message_says_what_to_install() -> None:
    program = """
import sys
sys.modules["psycopg"] = None
from coach.adapters.history import SqlHistory
SqlHistory.at("postgresql://here/db")
"""
    assert "pip install 'interview-coach[postgres]'" in started(program).communicate()[1]


@MANY
@given(records=st.lists(RECORDS, max_size=4), name=st.text())
def test_what_was_exported_is_restored_elsewhere(history: SqlHistory, file: Path, records: list[Record], name: str) -> None:
    stream = kind = uuid.uuid4().hex
    history.begin(stream, kind, name, NOW)
    for number, one in enumerate(records):
        history.append(stream, number, one)
    elsewhere = SqlHistory.at(file)
    assert restored(elsewhere, json.dumps(exported(history, [kind]))) == 1
    assert list(elsewhere.everything(kind)) == list(history.everything(kind))
    elsewhere.close()


def test_only_the_kinds_asked_for_are_exported(history: SqlHistory) -> None:
    fill(history, "s", 1)
    fill(history, "p", 1, kind="profile")
    assert exported(history, ["profile"]) == {
        "format": 1,
        "streams": [
            {
                "id": "p",
                "kind": "profile",
                "name": "about p",
                "began": "2026-11-21T09:00:00+00:00",
                "records": [{"kind": "reply", "at": "2026-11-21T09:00:00+00:00", "data": {"number": 0, "said": "so"}}],
            }
        ],
    }


def test_what_is_there_is_left_alone(history: SqlHistory) -> None:
    fill(history, "s", 3, said="old")
    archive = exported(history, ["interview"])
    history.delete_everything()
    fill(history, "s", 2, said="new")
    before = list(history.everything("interview"))
    assert restored(history, archive) == 0
    assert list(history.everything("interview")) == before


def test_a_restore_that_was_cut_off_can_be_run_again(history: SqlHistory) -> None:
    fill(history, "a", 3)
    fill(history, "b", 2)
    archive = exported(history, ["interview"])
    complete = list(history.everything("interview"))
    history.delete_everything()
    fill(history, "a", 1)
    assert restored(history, archive) == 2
    assert restored(history, archive) == 0
    assert list(history.everything("interview")) == complete


def test_an_id_that_a_stream_of_another_kind_has_is_left_alone(history: SqlHistory) -> None:
    fill(history, "s", 1)
    archive = exported(history, ["interview"])
    history.delete_everything()
    fill(history, "s", 0, kind="profile")
    assert restored(history, archive) == 0
    assert history.records("s") == []


def test_half_a_surrogate_pair_leaves_as_a_question_mark(history: SqlHistory) -> None:
    fill(history, "s", 1, said="cut \ud83d off")
    archive = json.dumps(exported(history, ["interview"])).encode()
    history.delete_everything()
    assert restored(history, archive) == 1
    assert history.records("s")[0].data["said"] == "cut ? off"


def one_stream(**changes: object) -> dict[str, object]:
    stream = {"id": "s", "kind": "interview", "name": "", "began": "2026-11-21T09:00:00+00:00", "records": []}
    return {"format": 1, "streams": [stream | changes]}


def one_record(**changes: object) -> dict[str, object]:
    return one_stream(records=[{"kind": "reply", "at": "2026-11-21T09:00:00Z", "data": {}} | changes])


@pytest.mark.parametrize(
    ("archive", "complaint"),
    [
        (b"", "at the top: Invalid JSON"),
        (b"\xff\xfe{", "at the top: Invalid JSON"),
        ("\ud800", "at the top"),
        ("[]", "at the top"),
        ("[" * 100_000, "at the top: Invalid JSON: recursion limit"),
        ({"format": 2, "streams": []}, "at format: this version of Interview Coach reads format 1, not 2"),
        ({"format": True, "streams": []}, "at format"),
        ({"format": 1}, "at streams: Field required"),
        ({"format": 1, "streams": [{}]}, "at streams.0.id"),
        ({"format": 1, "streams": {"a": object()}}, "not JSON"),
        (one_stream(id=""), "at streams.0.id"),
        (one_stream(id="i" * 100_000), "at streams.0.id"),
        (one_stream(id=7), "at streams.0.id"),
        (one_stream(began="2026-11-21T09:00:00"), "at streams.0.began"),
        (one_stream(began=0), "at streams.0.began"),
        (one_stream(began="0001-01-01T00:00:00+14:00"), "at streams.0.began: no such time"),
        (one_stream(**{"<script>": 1}), "at streams.0.<script>: Extra"),
        (one_record(at="yesterday"), "at streams.0.records.0.at"),
        (one_record(data=[]), "at streams.0.records.0.data"),
        (one_record(data={"a": float("inf")}), "at streams.0.records.0.data: Out of range"),
        (one_record(kind=None), "at streams.0.records.0.kind"),
    ],
)
def test_a_hostile_archive_is_refused_whole(file: Path, archive: dict[str, object] | str | bytes, complaint: str) -> None:
    history = SqlHistory.at(file)
    with pytest.raises(BadInput) as caught:
        restored(history, archive)
    assert complaint in str(caught.value)
    assert "Nothing was restored" in str(caught.value)
    assert len(str(caught.value)) < 500
    assert history.streams("interview") == []
    history.close()
