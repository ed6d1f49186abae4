"""The packaged model without PyTorch gives what sentence-transformers gives."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from coach.adapters.embed import SentenceEmbedder
from coach.adapters.embed_quick import QuickEmbedder
from coach.errors import EmbedderError
from ingest.read import read_bank
from tests.conftest import CORPUS
from tests.test_cli import ROOT

HOSTILE = (
    "",
    " ",
    "\x00\u200b",
    "naïve café ﬁancée Ⅷ 10⁻³ µs",
    "𝔘𝔫𝔦 😀 日本語 العربية",
    "a" * 5_000,
    "[CLS] [MASK] [PAD] x [SEP]",
)


@pytest.fixture(scope="module")
def plain() -> SentenceEmbedder:
    return SentenceEmbedder()


@pytest.fixture(scope="module")
def quick() -> QuickEmbedder:
    return QuickEmbedder()


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Short ones and some that are longer than the model reads; `python -m bench.embed` takes 500."""
    questions = read_bank(CORPUS).topics[0].questions
    return [*HOSTILE, *[question.prompt for question in questions], *[question.answer for question in questions[:2]]]


@pytest.mark.model
def test_both_give_the_same_vectors(plain: SentenceEmbedder, quick: QuickEmbedder, texts: list[str]) -> None:
    assert quick.id == plain.id
    np.testing.assert_allclose(quick.embed(texts), plain.embed(texts), atol=1e-6)


@pytest.mark.model
def test_threads_side_by_side_give_what_one_gives(plain: SentenceEmbedder, texts: list[str]) -> None:
    many, done = texts[len(HOSTILE) : -2] * 3, list[int]()
    np.testing.assert_allclose(SentenceEmbedder(threads=3).embed(many, done.append), plain.embed(many), atol=1e-6)
    assert sum(done) == len(many)


@pytest.mark.model
def test_both_read_the_same_words_and_states(plain: SentenceEmbedder, quick: QuickEmbedder, texts: list[str]) -> None:
    some = texts[:12] + texts[-1:]
    for ours, theirs in zip(quick.read(some), plain.read(some), strict=True):
        assert ours.words == theirs.words
        np.testing.assert_allclose(ours.vector, theirs.vector, atol=1e-6)
        np.testing.assert_allclose(ours.meanings, theirs.meanings, atol=1e-5)
        np.testing.assert_allclose(ours.states, theirs.states, atol=1e-5)


@pytest.mark.model
def test_a_text_has_one_vector_whatever_stands_beside_it(quick: QuickEmbedder, texts: list[str]) -> None:
    done: list[int] = []
    together = quick.embed(texts[:20], done.append)
    assert sum(done) == 20
    np.testing.assert_allclose(together, [quick.embed([text])[0] for text in texts[:20]], atol=1e-6)
    assert quick.embed([]).shape == (0, 384)


@pytest.mark.model
def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coach.adapters.embed._PACKAGED_SHA256", "0" * 64)
    with pytest.raises(EmbedderError, match="not the published weights"):
        QuickEmbedder().embed(["tea"])


@pytest.mark.model
def test_an_embedded_question_imports_no_torch() -> None:
    script = (
        "import sys; from coach.wiring import *; make_quick_embedder(load_settings()).embed(['x']); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
