"""What an ingest takes beside the least it could: the embedder alone on the same texts. And a run in which nothing changed.

    nice python -m bench.ingest                     # 30 questions of the bank, five turns each
    python -m bench.ingest --unchanged              # the whole bank as it is published, copied first; embeds nothing

The embedder is given all texts at once, sorted by length as it sorts them itself; ingest reads, plans, embeds, keeps every
vector on disk and publishes. They take turns, now one first, now the other, and the median of the turns' shares counts. On a
busy machine two runs of the same thing differ by more than a tenth by the clock; so what part of an ingest's own time is the
embedder's is measured, too, and with the processor's time it decides.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from coach.adapters.embed import SentenceEmbedder
from coach.adapters.index_edge import EdgeStore
from coach.domain import Entry
from coach.ports import Embedder, Progress, Vectors
from coach.settings import load_settings
from ingest.read import read_bank
from ingest.refresh import refresh
from ingest.run import Summary, bring_up_to_date
from ingest.split import entries

TARGET, UNCHANGED_TARGET = 0.9, 2.0


def took(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the processor and of the clock."""
    cpu, clock = process_time(), perf_counter()
    run()
    return process_time() - cpu, perf_counter() - clock


class Clocked(SentenceEmbedder):
    """Knows how many seconds of the clock it took."""

    seconds = 0.0

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        began = perf_counter()
        vectors = super().embed(texts, progress)
        self.seconds += perf_counter() - began
        return vectors


def ingested(chosen: list[Entry], embedder: Embedder) -> None:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        bring_up_to_date(chosen, "", EdgeStore(where / "index"), embedder, where / "vectors.db", datetime.now(UTC))


def throughput(questions: int, turns: int) -> bool:
    """Print both rates; whether the ingest keeps within the target."""
    settings = load_settings()
    embedder = Clocked(threads=settings.threads or os.cpu_count() or 1)
    every = entries(read_bank(settings.corpus).topics)
    chosen = every[:: max(1, len(every) // questions)][:questions]
    texts = list(dict.fromkeys(piece.text for entry in chosen for piece in entry.pieces))
    embedder.warm()
    embedder.embed(texts[:32])
    alone, whole, within = [], [], []

    def by_itself() -> None:
        alone.append(took(lambda: embedder.embed(texts)))

    def in_an_ingest() -> None:
        embedder.seconds = 0.0
        whole.append(took(lambda: ingested(chosen, embedder)))
        within.append(embedder.seconds / whole[-1][1])

    for turn in range(turns):
        for run in (by_itself, in_an_ingest) if turn % 2 else (in_an_ingest, by_itself):
            run()
    print(f"{len(chosen)} questions, {len(texts)} texts, medians of {turns} turns; texts a second\n")
    shares = []
    for name, which in (("processor", 0), ("clock", 1)):
        raw, ours = [t[which] for t in alone], [t[which] for t in whole]
        shares.append(median(one / other for one, other in zip(raw, ours, strict=True)))
        rates = f"embedder alone {len(texts) / median(raw):7.1f}   ingest {len(texts) / median(ours):7.1f}"
        print(f"{name:10} {rates}   share {shares[-1]:.3f}")
    print(f"{'of an ingest':10} the embedder has {median(within):.3f} of the clock")
    enough = min(shares[0], median(within)) >= TARGET
    print(f"\n{'Within' if enough else 'MISSES'} the target: at least {TARGET} by the processor and of the clock.")
    return enough


def unchanged() -> bool:
    """Print what a run takes that has nothing to do; whether it keeps within the target."""
    settings = load_settings()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(settings.home, home, symlinks=True, ignore=shutil.ignore_patterns("coach-reader-*"))
        copied = settings.model_copy(update={"home": home})
        refresh(copied)
        summaries: list[Summary] = []
        times = [took(lambda: summaries.append(refresh(copied).summary)) for _ in range(3)]
    embedded = sum(summary.embedded for summary in summaries)
    cpu, clock = min(times)
    told = f"{summaries[-1].unchanged} questions unchanged, {embedded} pieces embedded"
    print(f"{told}; the quickest of three: processor {cpu:.2f} s, clock {clock:.2f} s, target {UNCHANGED_TARGET:.0f} s")
    return clock < UNCHANGED_TARGET and not embedded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--unchanged", action="store_true", help="measure a run over the published index instead")
    chosen = parser.parse_args()
    if not (unchanged() if chosen.unchanged else throughput(chosen.questions, chosen.turns)):
        sys.exit(1)


if __name__ == "__main__":
    main()
