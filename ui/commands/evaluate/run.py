"""`coach eval run`, `compare`, `baseline` and `report`: measure, gate, and say what to mend next."""

from __future__ import annotations

import secrets
import subprocess
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from coach.errors import BadInput, CoachError, EmbedderError, IndexStale, IndexUnusable, LLMError, StorageError
from coach.settings import Settings, load_settings
from coach.wiring import make_embedder, make_model, open_coach
from ingest.read import whole_bank
from ingest.refresh import stale
from ui.console import errors, out, progress

if TYPE_CHECKING:
    from coach.service import Coach
    from eval.judge import Judge
    from eval.run import Run
    from eval.suite import Suite

UNMEASURED = 3
RUNS = "runs"
Folder = Annotated[Path | None, typer.Option("--out", help="Folder for the run; one under COACH_HOME/runs if not given.")]


def run(
    what: Annotated[
        str, typer.Argument(help="retrieval, refusal, answers, grading, attacks, follow-ups, latency, all, or quick.")
    ] = "all",
    dataset: Annotated[
        list[Path] | None, typer.Option("--dataset", help="JSONL cases in ragas's field names instead of the committed ones.")
    ] = None,
    judge: Annotated[str, typer.Option("--judge", help="det, recorded:FILE, or llm (the model of COACH_MODEL).")] = "det",
    record: Annotated[
        Path | None, typer.Option("--record", help="Add the verdicts of --judge llm here, to be replayed with recorded:FILE.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Run to compare with; eval/baseline.json if not given.")
    ] = None,
    out_folder: Folder = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Also write JUnit here.")] = None,
    md: Annotated[
        Path | None, typer.Option("--md", help="Also add the Markdown here, for instance $GITHUB_STEP_SUMMARY.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the HTML report here.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be scored and what it would cost.")] = False,
    topic: Annotated[str, typer.Option("--topic", help="Only cases of these topics, comma-separated.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only cases of these phrasings, styles or attacks.")] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List the worst cases and those that changed.")] = False,
) -> None:
    """Measure, compare with the baseline, and fail if something got worse.

    Offline and without a key. A run that was stopped goes on where it stopped when the same command is given again. Exit
    codes: 0 passed, 1 a gate failed, 2 bad input, 3 could not be measured, 130 interrupted.
    """
    with _never_a_regression():
        from eval import run as running
        from eval.baseline import FILE, compared

        settings = load_settings()
        coach = _coach(settings)
        judging = _judge(settings, coach, judge, record)
        chosen = _chosen(settings, coach, judging, what, dataset or [], topic=topic, kind=kind)
        setup = {"embedder": str(coach.embedder.id), "writer": "none"}
        if dry_run:
            out.print(_costs(chosen))
            return
        before = running.load(baseline) if baseline else running.load(FILE) if FILE.exists() and not dataset else None
        folder = out_folder or _folder(settings, what, running.identity(chosen, setup))
        with progress("Measuring", sum(len(suite.cases) for suite in chosen)) as bar:
            found = running.run(chosen, setup, folder, bar)
        found = compared(replace(found, usage={**found.usage, **_spent(judging)}), before)
        found = replace(found, volatile={"created": _now().isoformat(timespec="seconds"), **_commit(), **found.volatile})
        _written(found, folder, settings.home / RUNS, junit, md, html)
        _told(found, verbose=verbose)
        out.print(f"Report: {folder / 'report.html'}", soft_wrap=True, markup=False)
        code = running.exit_code(found)
    raise typer.Exit(code)


def answers(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List the worst cases and those that changed.")] = False,
) -> None:
    """Answers and refusals beside a plain query engine; the same as coach eval run answers, which has more options."""
    run("answers", verbose=verbose)


def compare(
    before: Annotated[Path, typer.Argument(help="Folder of a run, its run.json, or a baseline.")],
    after: Annotated[Path, typer.Argument(help="The run to judge.")],
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List the cases that changed.")] = False,
) -> None:
    """One run beside another, case by case, with the same gates and exit codes as coach eval run."""
    with _never_a_regression():
        from eval import run as running
        from eval.baseline import compared

        found = compared(running.load(after), running.load(before))
        _told(found, verbose=verbose)
        code = running.exit_code(found)
    raise typer.Exit(code)


def baseline(
    folder: Annotated[Path | None, typer.Argument(help="Folder of a run; the newest if not given.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Make it the baseline, and write README's table anew.")] = False,
    file: Annotated[Path | None, typer.Option("--to", help="Where to; eval/baseline.json and README.md if not given.")] = None,
) -> None:
    """Show README's table as a run would have it; with --write, make the run the baseline.

    Suites that it did not run stay as they were. Review the difference before you commit it.
    """
    with _never_a_regression():
        from eval import baseline as baselines
        from eval import run as running

        to = file or baselines.FILE
        found = running.load(folder or _newest(load_settings().home / RUNS))
        kept = baselines.stored(found, running.load(to) if to.exists() else None)
        out.print(baselines.quality_table(kept), markup=False, soft_wrap=True)
        if not write:
            return
        running.save(kept, to)
        if file is None:
            baselines.tell_readme(kept)
        errors.print(f"Written to {to}.", markup=False, soft_wrap=True)


def report(
    folder: Annotated[Path | None, typer.Argument(help="Folder of a run; the newest if not given.")] = None,
) -> None:
    """Write the reports of a run anew and print the Markdown one."""
    with _never_a_regression():
        from eval import run as running
        from eval.history import history
        from eval.report import markdown

        runs = load_settings().home / RUNS
        folder = folder or _newest(runs)
        found = running.load(folder)
        _reports(found, folder if folder.is_dir() else folder.parent, runs)
        out.print(markdown(found, history(runs)), markup=False, soft_wrap=True)


@contextmanager
def _never_a_regression() -> Iterator[None]:
    """What keeps a run from measuring ends it with 3; 1 is left to gates. What the caller got wrong goes on to the door."""
    try:
        yield
    except (IndexUnusable, EmbedderError, StorageError, LLMError) as error:
        errors.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(UNMEASURED) from error
    except (CoachError, KeyboardInterrupt, typer.Exit):
        raise
    except Exception as error:
        traceback.print_exc()
        raise typer.Exit(UNMEASURED) from error


def _coach(settings: Settings) -> Coach:
    from eval.plan import shared

    if reason := stale(settings):
        raise IndexStale(f"{reason} Numbers over an old index mean nothing. Run: coach ingest")
    return shared(open_coach(settings, make_embedder(settings)))


def _chosen(
    settings: Settings, coach: Coach, judge: Judge, what: str, datasets: list[Path], *, topic: str, kind: str
) -> list[Suite]:
    from eval.plan import filtered, suites

    questions = {question.id: question for question in whole_bank(settings.corpus).questions}
    return filtered(suites(what, coach, questions, judge, datasets), topic=topic, kind=kind)


def _judge(settings: Settings, coach: Coach, name: str, record: Path | None) -> Judge:
    """Raises BadInput if there is no such judge, SettingsError if there is no language model for one."""
    from eval.judge import cached, one_source, recorded
    from eval.model_judge import ModelJudge
    from eval.plan import deterministic

    if name == "det":
        return deterministic(coach)
    if name.startswith("recorded:"):
        return recorded(*one_source(Path(name.removeprefix("recorded:"))), deterministic(coach))
    if name != "llm":
        raise BadInput(f"There is no judge {name!r}. Choose det, recorded:FILE or llm.")
    model = make_model(settings)
    if model is None:
        raise BadInput("--judge llm needs a language model. Set COACH_MODEL, and OPENAI_API_KEY or OPENAI_BASE_URL.")
    return cached(ModelJudge(model, lambda: secrets.token_hex(8)), file=record)


def _spent(judge: Judge) -> dict[str, int]:
    """What a language model took to judge, as far as its server says."""
    from eval.judge import Recalled
    from eval.model_judge import ModelJudge

    if not isinstance(judge, Recalled) or not isinstance(judge.otherwise, ModelJudge):
        return {}
    spent = judge.otherwise.spent
    tokens = {"judge tokens in": spent.prompt_tokens, "judge tokens out": spent.completion_tokens}
    return {"judge calls": spent.calls, **{name: count for name, count in tokens.items() if count is not None}}


def _folder(settings: Settings, what: str, measured: dict[str, object]) -> Path:
    """A new folder, or that of the same run if it was stopped."""
    from eval.run import unfinished

    runs = settings.home / RUNS
    if found := unfinished(runs, measured):
        errors.print(f"Going on with {found}.", markup=False, soft_wrap=True)
        return found
    return runs / f"{_now():%Y%m%d-%H%M%S}-{what}"


def _newest(runs: Path) -> Path:
    folders = sorted((file.parent for file in runs.glob("*/run.json")), reverse=True)
    if not folders:
        raise BadInput(f"There is no finished run in {runs}. Run: coach eval run")
    return folders[0]


def _written(found: Run, folder: Path, runs: Path, junit: Path | None, md: Path | None, html: Path | None) -> None:
    from eval.history import remember
    from eval.run import RUN, save

    save(found, folder / RUN)
    remember(runs, found)
    _reports(found, folder, runs)
    for file, name in ((junit, "junit.xml"), (html, "report.html")):
        if file:
            _write(file, (folder / name).read_bytes())
    if md:
        with md.open("a", encoding="utf-8") as summary:
            summary.write((folder / "report.md").read_text(encoding="utf-8"))


def _reports(found: Run, folder: Path, runs: Path) -> None:
    from eval import report as reports
    from eval.history import history

    before = history(runs)
    _write(folder / "report.md", reports.markdown(found, before).encode("utf-8", "replace"))
    _write(folder / "report.html", reports.html(found, before).encode("utf-8", "replace"))
    _write(folder / "junit.xml", reports.junit(found))


def _write(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}. Choose another place.") from error


def _told(found: Run, *, verbose: bool) -> None:
    from eval import report as reports
    from eval.stats import Status

    out.print(_table(found))
    colors = {Status.FAIL: "red", Status.NOT_MEASURED: "red", Status.WARN: "yellow"}
    for gate in found.gates:
        if gate.status in colors:
            out.print(f"{gate.name}: {gate.why}", style=colors[gate.status], markup=False, soft_wrap=True)
    if verbose:
        for one in found.changes:
            out.print(
                f"changed  {one.suite}/{one.id}: {one.metric} {reports.shown(one.before)} → {reports.shown(one.after)}",
                markup=False,
            )
        for result in found.metrics:
            for row in [] if result.whole else reports.worst(found, result):
                line = f"worst    {result.name} {reports.shown(row.scores[result.metric])}  {row.id}: {row.text}"
                out.print(line, markup=False, soft_wrap=True)
    out.print(reports.about(found), markup=False, soft_wrap=True)
    out.print(reports.verdict(found), style="bold", markup=False, soft_wrap=True)


def _table(found: Run) -> Table:
    from eval import report as reports

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("metric", "n", "value", "95 %", "baseline", "change", "p (Holm)", "would notice", "gate"):
        table.add_column(column, no_wrap=True, justify="left" if column in {"metric", "gate"} else "right")
    gates = {gate.name: gate for gate in found.gates}
    for result in found.metrics:
        gate = gates[result.name]
        table.add_row(
            result.name,
            reports.told(result),
            reports.shown(result.value),
            reports.interval(result.low, result.high),
            reports.shown(gate.baseline),
            reports.change(gate),
            reports.shown(gate.p),
            reports.shown(gate.detectable),
            str(gate.status or ""),
        )
    return table


def _costs(chosen: list[Suite]) -> Table:
    table = Table("suite", "cases", "LLM calls", "tokens", "judge", box=None, pad_edge=False, header_style="bold")
    for suite in chosen:
        cost = suite.cost(suite.cases)
        table.add_row(suite.name, str(len(suite.cases)), str(cost.calls), str(cost.tokens), suite.judge or "none")
    return table


def _commit() -> dict[str, str]:
    """The commit that is checked out, if this is a checkout."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 whichever git there is
            capture_output=True,
            text=True,
            cwd=Path(__file__).parent,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"git": done.stdout.strip()}


def _now() -> datetime:
    return datetime.now(UTC)
