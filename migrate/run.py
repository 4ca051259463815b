"""A whole run: phases in order, a gate after each, and the next call continues where one stopped."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from rich.markup import escape

from migrate import alerts, failures, phases, runs, telemetry
from migrate.phases import Outcome, Work
from migrate.runs import Run

log = structlog.get_logger()

STEPS: dict[str, Callable[[Work], Outcome]] = {
    "extract": phases.extract_phase,
    "build": phases.build_phase,
    "load": phases.load_phase,
    "reconcile": phases.reconcile_phase,
}


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """How one phase of this call ended: succeeded, failed, or skipped because an earlier call had finished it."""

    name: str
    status: str
    seconds: float
    findings: tuple[str, ...] = ()
    detail: dict[str, Any] | None = None


def run_all(work: Work, run: Run, *, until: str = runs.PHASES[-1]) -> list[PhaseResult]:
    """Run the phases that this run has not yet finished, `until` that one; stop at the first gate that stays shut.

    An exception is written to OPS.RUN_PHASE before it goes on, and the next call continues with that phase. After a gate
    that stayed shut the next call begins anew: the mend may lie in the source, in a model or in a target.
    """
    results: list[PhaseResult] = []
    with telemetry.exported(), telemetry.span("run", run_id=work.run_id, resumed=run.is_resumed):
        for name in runs.PHASES[: runs.PHASES.index(until) + 1]:
            if name in run.done:
                results.append(PhaseResult(name, "skipped", 0.0))
                continue
            result = run_phase(work, name, STEPS[name])
            results.append(result)
            if result.status == "failed":
                break
    is_finished = all(result.status != "failed" for result in results)
    ended = "succeeded" if until == runs.PHASES[-1] else "stopped"
    runs.finish(work.connection, work.run_id, ended if is_finished else "failed")
    return results


def run_phase(work: Work, name: str, step: Callable[[Work], Outcome]) -> PhaseResult:
    """Run one phase, write how it ended, and tell the person."""
    started_at, started = runs.now(), time.monotonic()
    try:
        with telemetry.span(name, run_id=work.run_id):
            outcome = step(work)
    except BaseException as error:
        if isinstance(error, Exception):
            alerts.send(
                work.settings, work.run_id, f"{name} was ended by an error", [failures.outline(error)]
            )
        runs.record_phase(
            work.connection, work.run_id, name, "stopped", started_at, {"error": type(error).__name__}
        )
        runs.finish(work.connection, work.run_id, "stopped")
        raise
    status = "failed" if outcome.findings else "succeeded"
    runs.record_phase(
        work.connection,
        work.run_id,
        name,
        status,
        started_at,
        {"findings": list(outcome.findings), **outcome.detail},
    )
    seconds = round(time.monotonic() - started, 1)
    log.info("phase ended", phase=name, status=status, seconds=seconds)
    telemetry.measure(name, seconds, len(outcome.findings), outcome.detail)
    if outcome.findings:
        alerts.send(work.settings, work.run_id, f"the gate of {name} stayed shut", outcome.findings)
    mark = "[green]✓[/green]" if status == "succeeded" else "[red]✗[/red]"
    work.screen.say(f"{mark} {name:<10} {seconds:>6.1f} s")
    for finding in outcome.findings:
        work.screen.say(f"  [red]{escape(finding)}[/red]")
    return PhaseResult(name, status, seconds, tuple(outcome.findings), dict(outcome.detail))


def document(run: Run, results: list[PhaseResult], objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the one document that `migrate run --json` ends with."""
    writes = {target: {"calls": 0, "records": 0} for target in ("hubspot", "intercom")}
    for result in results:
        if result.name == "load" and result.detail:
            writes = result.detail["targets"]
    return {
        "run_id": run.run_id,
        "status": "failed" if any(result.status == "failed" for result in results) else "succeeded",
        "phases": [
            {"name": one.name, "status": one.status, "seconds": one.seconds, "findings": list(one.findings)}
            for one in results
        ],
        "writes": writes,
        "objects": objects,
    }
