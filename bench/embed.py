"""The packaged model in numpy beside the same in PyTorch: how alike the vectors are, and what a text and a start take.

    python -m bench.embed            # 440 questions and 60 answers of the bank

Both take turns with each text. Milliseconds are those of the processor, which other programs disturb least.
"""

from __future__ import annotations

import subprocess
import sys
from resource import RUSAGE_CHILDREN, getrusage

import numpy as np

from bench.ask import took
from coach.adapters.embed import SentenceEmbedder
from coach.adapters.embed_quick import QuickEmbedder
from coach.ports import Embedder
from coach.settings import load_settings
from ingest.read import read_bank

_START = "from {module} import {name}; {name}().embed(['What is chunking?'])"


def starting(embedder: Embedder) -> float:
    """Seconds of the processor from nothing to the first vector."""
    kind = type(embedder)
    script = _START.format(module=kind.__module__, name=kind.__name__)
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    questions = read_bank(load_settings().corpus).questions
    kinds = {"questions": [one.prompt for one in questions][:440], "answers": [one.answer for one in questions][:60]}
    embedders: dict[str, Embedder] = {"numpy": QuickEmbedder(), "PyTorch": SentenceEmbedder()}
    for name, embedder in embedders.items():
        print(f"{name:8} start {starting(embedder):5.2f} s")
        embedder.warm()
    least = 1.0
    for kind, texts in kinds.items():
        times: dict[str, list[float]] = {name: [] for name in embedders}
        for text in texts:
            for name, embedder in embedders.items():
                times[name].append(took(lambda text, by=embedder: by.embed([text]), text)[0])
        ours, theirs = (embedder.embed(texts) for embedder in embedders.values())
        least = min(least, float((ours * theirs).sum(axis=1).min()))
        for name, each in times.items():
            print(f"{name:8} {kind:10} p50 {np.percentile(each, 50):6.1f} ms, p95 {np.percentile(each, 95):6.1f} ms")
    print(f"Least cosine between both, of {sum(map(len, kinds.values()))} texts: {least:.7f}")


if __name__ == "__main__":
    main()
