"""What a keyless answer takes beside the least it could: one embedding of the question and one search of the index.

    python -m bench.ask                  # over the published index; --questions 100 --rounds 3
    python -m bench.ask --start 5        # the CPU seconds of `coach ask` as a process, from nothing to its answer

All parts take turns with every question, so that a busy machine is as busy for each. Milliseconds are those of the
processor, which other programs disturb least; the clock's stand beside them.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from coach.adapters.history import SqlHistory
from coach.retrieve import search
from coach.service import Coach
from coach.settings import load_settings
from coach.wiring import open_coach, open_conversations
from eval.cases import FOLDER, load_retrieval
from ingest.read import read_bank

TARGET = 1.5
LEAST = "one embedding and one search"
ANSWER = "a keyless answer"
KEPT = "the same, kept in a conversation"
_HITS = 10
_WARM = 5

Took = tuple[float, float]


def took(part: Callable[[str], object], question: str) -> Took:
    """Milliseconds of the processor and of the clock."""
    cpu, wall = process_time(), perf_counter()
    part(question)
    return 1000 * (process_time() - cpu), 1000 * (perf_counter() - wall)


def least(coach: Coach, question: str) -> object:
    return search(coach.index, coach.lexicon, question, coach.embedder.embed([question])[0], _HITS)


def measured(parts: Mapping[str, Callable[[str], object]], questions: Sequence[str], rounds: int) -> dict[str, list[Took]]:
    """What each part took for each question: the quickest of so many rounds, in which the parts change places."""
    best: dict[str, list[Took]] = {name: [] for name in parts}
    for number, question in enumerate(questions):
        tries: dict[str, list[Took]] = {name: [] for name in parts}
        for again in range(rounds):
            turn = (number + again) % len(parts)
            names = list(parts)
            for name in names[turn:] + names[:turn]:
                tries[name].append(took(parts[name], question))
        for name, times in tries.items():
            best[name].append((min(cpu for cpu, _ in times), min(wall for _, wall in times)))
    return best


def answering(questions: int, rounds: int) -> bool:
    """Print the comparison; whether the answer keeps within the target."""
    settings = load_settings()
    coach = open_coach(settings)
    cases = [case.user_input for case in load_retrieval(*sorted(FOLDER.glob("retrieval-*.jsonl")))]
    chosen = cases[:: max(1, len(cases) // questions)][:questions]
    with tempfile.TemporaryDirectory() as folder:
        history = SqlHistory.at(Path(folder) / "history.db")
        keyless = settings.model_copy(update={"model": None})
        talking = open_conversations(coach, read_bank(settings.corpus).topics, keyless, history)
        parts: dict[str, Callable[[str], object]] = {
            LEAST: partial(least, coach),
            ANSWER: coach.ask,
            KEPT: lambda question: list(talking.ask(talking.new(), question)),
        }
        measured(parts, chosen[:_WARM], 1)
        best = measured(parts, chosen, rounds)
        history.close()
    print(f"{len(chosen)} questions, the quickest of {rounds} rounds each; milliseconds, and times the first line\n")
    print(f"{'':36}{'CPU p50':>9}{'p95':>8}{'x p50':>8}{'x p95':>8}{'clock p50':>12}{'p95':>8}")
    table = {name: np.percentile(np.array(times), [50, 95], axis=0) for name, times in best.items()}
    for name, ((cpu, wall), (slow_cpu, slow_wall)) in table.items():
        ratios = table[name][:, 0] / table[LEAST][:, 0]
        print(f"{name:36}{cpu:9.1f}{slow_cpu:8.1f}{ratios[0]:8.2f}{ratios[1]:8.2f}{wall:12.1f}{slow_wall:8.1f}")
    ratio = float(table[ANSWER][0, 0] / table[LEAST][0, 0])
    print(f"\n{'Within' if ratio <= TARGET else 'MISSES'} the target: at p50 at most {TARGET} x; it is {ratio:.2f} x.")
    return ratio <= TARGET


def starting(times: int) -> None:
    """Print what `coach ask` takes as a process of its own."""
    cpus, walls = [], []
    for _ in range(times):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
        command = [sys.executable, "-m", "ui.cli", "ask", "How does HNSW find neighbors?"]
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        walls.append(perf_counter() - began)
    print(f"coach ask, {times} starts: CPU {np.median(cpus):.2f} s (least {min(cpus):.2f}), clock {np.median(walls):.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--start", type=int, default=0, metavar="TIMES", help="measure the start of `coach ask` instead")
    chosen = parser.parse_args()
    if chosen.start:
        starting(chosen.start)
    elif not answering(chosen.questions, chosen.rounds):
        sys.exit(1)


if __name__ == "__main__":
    main()
