"""How search, memory and disk grow with the number of passages on the embedded index: the table in docs/scale.md.

    nice python -m bench.scale                      # 1 000, 10 000 and 100 000 passages; minutes
    python -m bench.scale --passages 1000 --searches 50

Each search is the quickest of three, so that a busy machine disturbs less. Passages are made up: 100 words, drawn as a
language without its stop words draws them (Zipf and Mandelbrot: the most frequent stands in a quarter of the passages),
three pieces each, random unit vectors around 500 directions, as texts gather around topics. `found` is the share of the
ten truly nearest that come back. Every size is searched in a process of its own: `memory` is what that process holds after
its searches beyond what one with an empty index holds after the same, and `own` is the part that is no page of a file,
which the system could not drop and read again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np

from coach.adapters.index_edge import EdgeStore
from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Entry, Passage, Piece
from coach.ports import FORMAT, About, EmbedderId, PassageIndex, Stored, Vectors
from coach.retrieve import search

SIZES = (1_000, 10_000, 100_000)
TARGET = 3.0
_DIMENSION, _PIECES, _WORDS, _VOCABULARY = 384, 3, 100, 20_000
_FREQUENCY = 1 / (np.arange(_VOCABULARY) + 50)
_FREQUENCY /= _FREQUENCY.sum()
_DIRECTIONS = np.random.default_rng(0).standard_normal((500, _DIMENSION))
_WARM, _ROUNDS = 20, 3
_EMBEDDER = EmbedderId("random", _DIMENSION, "random")


def text(rng: np.random.Generator, words: int) -> str:
    return " ".join(f"term{number}" for number in rng.choice(_VOCABULARY, words, p=_FREQUENCY))


def unit(rng: np.random.Generator, rows: int) -> Vectors:
    """Rows of one passage gather around one direction."""
    vectors = _DIRECTIONS[rng.integers(len(_DIRECTIONS))] + rng.standard_normal((rows, _DIMENSION))
    whole: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return whole


def stored(passages: int, lexicon: Bm25Lexicon) -> Iterator[Stored]:
    rng = np.random.default_rng(1)
    for number in range(passages):
        said = text(rng, _WORDS)
        passage = Passage(str(uuid.UUID(int=number + 1)), said, "made-up.md", "Made up", "", "", f"line {number}")
        pieces = tuple(Piece(f"{number} {piece}", piece, piece + 1) for piece in range(_PIECES))
        yield Stored(Entry(passage, pieces, said, str(number)), unit(rng, _PIECES), lexicon.document(said))


def measured(passages: int, searches: int) -> dict[str, float]:
    """Seconds, milliseconds and MB for an index of so many passages, built in this process and searched in another."""
    with tempfile.TemporaryDirectory() as folder:
        built, took_up = build(passages, Path(folder)), disk(Path(folder))
        return {"passages": passages, "build s": built, "disk MB": took_up} | searched(Path(folder), searches)


def build(passages: int, folder: Path) -> float:
    """Seconds."""
    lexicon, store = Bm25Lexicon(), EdgeStore(folder)
    frequencies = Counter(token for entry in stored(passages, lexicon) for token in entry.sparse.indices)
    about = About(FORMAT, _EMBEDDER, "", "", passages, passages * _PIECES, frequencies)
    began = perf_counter()
    store.publish(about, stored(passages, lexicon))
    return perf_counter() - began


def searched(folder: Path, searches: int) -> dict[str, float]:
    """Searching alone, in a process that has built nothing; memory as that process holds it in all."""
    code = "import sys, bench.scale as b; b.print_searched(sys.argv[1], int(sys.argv[2]))"
    done = subprocess.run([sys.executable, "-c", code, str(folder), str(searches)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def print_searched(folder: str, searches: int) -> None:
    store, lexicon, rng = EdgeStore(Path(folder)), Bm25Lexicon(), np.random.default_rng(2)
    free = disk(Path(folder))
    began = perf_counter()
    index = store.open()
    opened = perf_counter() - began
    copied = disk(Path(folder)) - free
    times = []
    for _ in range(searches + _WARM):
        question, vector = text(rng, 8), unit(rng, 1)[0]
        times.append(min(took(index, lexicon, question, vector) for _ in range(_ROUNDS)))
    p50, p95 = np.percentile(times[_WARM:], [50, 95])
    memory, own = resident()
    print(
        json.dumps(
            {
                "open s": opened,
                "copy MB": copied,
                "p50 ms": p50,
                "p95 ms": p95,
                "memory MB": memory,
                "own MB": own,
                "found": found(index, index.about.entries) if index.about.entries else 0.0,
            }
        )
    )
    index.close()


def took(index: PassageIndex, lexicon: Bm25Lexicon, question: str, vector: Vectors) -> float:
    """Milliseconds of the clock."""
    began = perf_counter()
    search(index, lexicon, question, vector, 10)
    return 1000 * (perf_counter() - began)


def found(index: PassageIndex, passages: int) -> float:
    """The share of the ten truly nearest passages that are found, over a few questions."""
    rng = np.random.default_rng(3)
    questions = np.concatenate([unit(rng, 1) for _ in range(_WARM)])
    best: list[list[tuple[float, str]]] = [[] for _ in questions]
    ids = [str(uuid.UUID(int=number + 1)) for number in range(passages)]
    for start in range(0, passages, 1_000):
        for entry in index.entries(ids[start : start + 1_000]):
            for nearest, score in zip(best, (entry.dense @ questions.T).max(axis=0), strict=True):
                nearest.append((float(score), entry.entry.passage.id))
    shares = []
    for question, nearest in zip(questions, best, strict=True):
        truly = {id_ for _score, id_ in sorted(nearest)[-10:]}
        shares.append(len(truly & index.dense(question.tolist(), 10).keys()) / 10)
    return float(np.mean(shares))


def resident() -> tuple[float, float]:
    """MB this process holds now, and those of them that are no pages of files; 0 where there is no /proc."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    held = {name: int(value.split()[0]) / 1024 for name, value in (line.split(":") for line in lines) if value.endswith("kB")}
    return held.get("VmRSS", 0.0), held.get("RssAnon", 0.0)


def disk(folder: Path) -> float:
    """MB that a folder's files really take; one that is linked twice counts once."""
    files = {
        (found.st_dev, found.st_ino): found.st_blocks * 512 for found in (f.stat() for f in folder.rglob("*") if f.is_file())
    }
    return sum(files.values()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--passages", type=int, nargs="+", default=SIZES)
    parser.add_argument("--searches", type=int, default=300)
    chosen = parser.parse_args()
    names = ("passages", "build s", "disk MB", "open s", "copy MB", "p50 ms", "p95 ms", "memory MB", "own MB", "found")
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    empty, rows = measured(0, chosen.searches), []
    for passages in chosen.passages:
        row = measured(passages, chosen.searches)
        rows.append(row | {name: row[name] - empty[name] for name in ("memory MB", "own MB")})
        print("| " + " | ".join(f"{rows[-1][name]:,.{0 if name == 'passages' else 2}f}" for name in names) + " |", flush=True)
    ratio = rows[-1]["p50 ms"] / rows[0]["p50 ms"]
    print(f"\np50 grows {ratio:.2f} x from the first to the last; the target is {TARGET:.0f} x.")


if __name__ == "__main__":
    main()
