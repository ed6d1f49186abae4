"""The shape of the house: who may import whom, which library lives where, who reads the environment."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("coach", "ingest", "eval", "ui")
MAY_IMPORT = {
    "coach": {"coach"},
    "ingest": {"ingest", "coach"},
    "eval": {"eval", "ingest", "coach"},
    "ui": {"ui", "eval", "ingest", "coach"},
}
# Inside coach, a layer may import itself and what is below it.
LAYERS = (
    {"coach.errors", "coach.domain", "coach.text"},
    {"coach.ports", "coach.interview"},
    {"coach.bank", "coach.retrieve", "coach.records", "coach.archive", "coach.migrations"},
    {
        "coach.resolve",
        "coach.support",
        "coach.answer",
        "coach.ledger",
        "coach.conversation",
        "coach.entail",
        "coach.guard",
        "coach.refuse",
        "coach.grade",
        "coach.judge",
        "coach.bm25",
        "coach.feedback",
        "coach.hint",
    },
    {"coach.schedule", "coach.report", "coach.examiner", "coach.quote", "coach.write", "coach.transcript", "coach.library"},
    {"coach.choose", "coach.render", "coach.export", "coach.pace", "coach.past"},
    {"coach.catalog"},
    {"coach.progress"},
    {"coach.service", "coach.interviewer", "coach.conversations", "coach.settings"},
    {"coach.wiring"},
)
HOMES = {
    "sentence_transformers": {"coach/adapters/embed.py"},
    "torch": {"coach/adapters/embed.py", "eval/entail.py"},
    "transformers": {"coach/adapters/embed.py"},
    "tokenizers": {"coach/adapters/embed_quick.py"},
    "safetensors": {"coach/adapters/embed_quick.py"},
    "threadpoolctl": {"coach/adapters/embed_quick.py"},
    "qdrant_edge": {"coach/adapters/index_edge.py", "coach/adapters/lexicon.py"},
    "qdrant_client": {"coach/adapters/index_server.py"},
    "openai": {"coach/adapters/llm.py", "coach/adapters/wire.py"},
    "httpx2": {"coach/adapters/wire.py", "ingest/fetch/client.py"},
    "httpcore2": {"ingest/fetch/client.py", "ingest/fetch/guard.py"},
    "protego": {"ingest/fetch/robots.py"},
    "tenacity": {"ingest/fetch/run.py"},
    "lxml": {
        *("ingest/extract.py", "ingest/facts.py", "ingest/visible.py", "ingest/blocks.py", "ingest/mathml.py"),
        "ingest/fetch/arxiv.py",
    },
    "tinycss2": {"ingest/visible.py"},
    "trafilatura": {"ingest/extract.py"},
    "readability": {"ingest/extract.py"},
    "markdownify": {"ingest/extract.py", "ingest/blocks.py"},
    "pypdfium2": {"ingest/pdf.py"},
    "sqlalchemy": {
        "coach/adapters/history.py",
        "coach/adapters/database.py",
        "coach/migrations/__init__.py",
        "coach/migrations/versions/0001_streams.py",
    },
    "alembic": {"coach/migrations/__init__.py", "coach/migrations/env.py", "coach/migrations/versions/0001_streams.py"},
    "jinja2": {"coach/render.py", "eval/report.py"},
    "genanki": {"coach/export.py"},
    "fsrs": {"coach/schedule.py"},
    "llama_index": {"coach/adapters/retriever.py", "eval/baselines.py", "ingest/nodes.py"},
    "streamlit": {
        *("ui/app.py", "ui/serve.py", "ui/state.py", "ui/passages.py", "ui/trends.py"),
        *("ui/asking.py", "ui/ask_account.py", "ui/conversation_list.py", "ui/conversation_view.py"),
        "ui/focus.py",
        *("ui/interview_setup.py", "ui/interview_live.py", "ui/grade_view.py", "ui/report_view.py"),
        *("ui/pages/ask.py", "ui/pages/today.py", "ui/pages/settings.py", "ui/pages/interview.py", "ui/pages/history.py"),
        *("ui/pages/practice.py", "ui/pages/bank.py", "ui/pages/question.py", "ui/pages/progress.py", "ui/pages/sources.py"),
        *("ui/interview_hold.py", "ui/session_list.py", "ui/address.py", "ui/own_material.py"),
    },
    "spellchecker": {"coach/adapters/english.py"},
    "ir_measures": {"eval/metrics/ranking.py"},
    "sklearn": {"eval/metrics/agreement.py", "eval/metrics/refusal.py", "eval/retrieval.py", "eval/grading.py", "eval/entail.py"},
    "scipy": {"eval/metrics/agreement.py", "eval/stats.py", "eval/grading.py"},
    "pydantic_settings": {"coach/settings.py"},
}


def files() -> list[Path]:
    return [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(name: str) -> int | None:
    return next(
        (number for number, layer in enumerate(LAYERS) if any(name == m or name.startswith(f"{m}.") for m in layer)), None
    )


@pytest.mark.parametrize("file", files(), ids=module)
def test_imports_run_one_way(file: Path) -> None:
    package = module(file).split(".")[0]
    ours = {name.split(".")[0] for name in imports(file)} & set(PACKAGES)
    assert ours <= MAY_IMPORT[package]


@pytest.mark.parametrize("file", [f for f in files() if f.parent.name == "coach"], ids=module)
def test_no_layer_of_the_coach_imports_one_above_it(file: Path) -> None:
    own = layer(module(file))
    if own is None:
        assert file.name == "__init__.py", f"give {module(file)} a layer"
        return
    above = {name for name in imports(file) if (other := layer(name)) is not None and other > own}
    assert not above
    if module(file) != "coach.wiring":
        assert not [name for name in imports(file) if name.startswith("coach.adapters")]


@pytest.mark.parametrize("file", [f for f in files() if f.parent.name == "adapters"], ids=module)
def test_an_adapter_knows_neither_settings_nor_service(file: Path) -> None:
    assert not {name for name in imports(file) if name.startswith(("coach.settings", "coach.service", "coach.wiring"))}


@pytest.mark.parametrize("file", files(), ids=module)
def test_every_library_lives_in_its_home(file: Path) -> None:
    place = file.relative_to(ROOT).as_posix()
    for name in imports(file):
        home = HOMES.get(name.split(".")[0])
        assert home is None or place in home, f"{place} imports {name}"


def test_only_settings_reads_the_environment() -> None:
    readers = set()
    for file in files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            is_read = isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
            if is_read:
                readers.add(file.relative_to(ROOT).as_posix())
    # embed.py tells the libraries below it to stay offline; it asks the environment nothing.
    assert readers <= {"coach/settings.py", "coach/adapters/embed.py"}


def test_nothing_in_ui_shadows_a_package() -> None:
    assert not {file.stem for file in (ROOT / "ui").iterdir()} & {"coach", "ingest", "eval"}


@pytest.mark.parametrize("file", files(), ids=module)
def test_every_file_says_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    heavy = ("torch", "streamlit", "qdrant_client", "openai", "scipy", "llama_index")
    code = f"import sys, ui.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
