"""What an ingest takes beside the least it could: the embedder alone on the same texts. And a run in which nothing changed.

    nice python -m bench.ingest                     # 60 questions of the bank, three turns each
    python -m bench.ingest --unchanged              # the whole bank as it is published, copied first; embeds nothing

The embedder is given all texts at once, sorted by length as it sorts them itself; ingest reads, plans, embeds, keeps every
vector on disk and publishes. They take turns, and the quickest of each counts, so that a busy machine disturbs less.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from coach.adapters.index_edge import EdgeStore
from coach.domain import Entry
from coach.ports import Embedder
from coach.settings import load_settings
from coach.wiring import make_embedder
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


def ingested(chosen: list[Entry], embedder: Embedder) -> None:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        bring_up_to_date(chosen, "", EdgeStore(where / "index"), embedder, where / "vectors.db", datetime.now(UTC))


def throughput(questions: int, turns: int) -> bool:
    """Print both rates; whether the ingest keeps within the target."""
    settings = load_settings()
    embedder = make_embedder(settings)
    every = entries(read_bank(settings.corpus).topics)
    chosen = every[:: max(1, len(every) // questions)][:questions]
    texts = list(dict.fromkeys(piece.text for entry in chosen for piece in entry.pieces))
    embedder.warm()
    embedder.embed(texts[:32])
    alone, whole = [], []
    for _ in range(turns):
        alone.append(took(lambda: embedder.embed(texts)))
        whole.append(took(lambda: ingested(chosen, embedder)))
    print(f"{len(chosen)} questions, {len(texts)} texts, the quickest of {turns} turns; texts a second\n")
    shares = []
    for name, which in (("processor", 0), ("clock", 1)):
        raw, ours = min(t[which] for t in alone), min(t[which] for t in whole)
        shares.append(raw / ours)
        print(f"{name:10} embedder alone {len(texts) / raw:7.1f}   ingest {len(texts) / ours:7.1f}   share {raw / ours:.3f}")
    print(f"\n{'Within' if shares[0] >= TARGET else 'MISSES'} the target: a share of at least {TARGET}.")
    return shares[0] >= TARGET


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
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--unchanged", action="store_true", help="measure a run over the published index instead")
    chosen = parser.parse_args()
    if not (unchanged() if chosen.unchanged else throughput(chosen.questions, chosen.turns)):
        sys.exit(1)


if __name__ == "__main__":
    main()
