"""dbt in this process: the first call loads it, which takes seconds; later calls do not."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from migrate.errors import SetupError
from migrate.failures import chain
from migrate.settings import Settings

Progress = Callable[[str, int, int | None], None]

BAD = {"error", "fail", "runtime error", "partial success"}


@dataclass(frozen=True, slots=True)
class Node:
    """What dbt says of one model, seed, snapshot or test: its unique id, status, message and seconds."""

    unique_id: str
    status: str
    message: str
    seconds: float
    failures: int | None


@dataclass(frozen=True, slots=True)
class Built:
    """All nodes of one dbt invocation."""

    nodes: tuple[Node, ...]

    @property
    def failed(self) -> tuple[Node, ...]:
        """The nodes that did not do what they should."""
        return tuple(node for node in self.nodes if node.status in BAD)

    @property
    def warned(self) -> tuple[Node, ...]:
        """The tests that found something which does not stop a run."""
        return tuple(node for node in self.nodes if node.status == "warn")


def build(settings: Settings, arguments: Sequence[str] = (), progress: Progress | None = None) -> Built:
    """Run `dbt build` with the configured target.

    Raises:
        SetupError: dbt could not run at all, such as for a syntax error; failed nodes are in the answer instead.
    """
    return Built(tuple(_node(result) for result in _invoke(settings, ["build", *arguments], progress)))


def build_elsewhere(
    settings: Settings, target_path: Path, arguments: Sequence[str], progress: Progress
) -> tuple[Built, dict[str, Any]]:
    """Run `dbt build` for another project, which the arguments name, and give its manifest too."""
    built = Built(tuple(_node(result) for result in _invoke(settings, ["build", *arguments], progress)))
    return built, _manifest(target_path)


def manifest(settings: Settings) -> dict[str, Any]:
    """Parse the project and give dbt's manifest, in which sources, exposures and contracts are declared."""
    _invoke(settings, ["parse"], None)
    return _manifest(settings.dbt_target_path)


def compiled(settings: Settings) -> dict[str, Any]:
    """Compile the project and give dbt's manifest with every model's SQL as the warehouse gets it, asking none."""
    _invoke(settings, ["compile", "--no-introspect", "--no-populate-cache"], None)
    return _manifest(settings.dbt_target_path)


def thresholds(project: Path = Path("dbt_project.yml")) -> dict[str, float]:
    """Give the gates' thresholds, which dbt_project.yml declares among its variables, by name without the ending."""
    declared = yaml.safe_load(project.read_text())["vars"]
    ending = "_threshold"
    return {
        name.removesuffix(ending): float(value) for name, value in declared.items() if name.endswith(ending)
    }


def masks_pii(project: Path = Path("dbt_project.yml")) -> bool:
    """Say whether personal values are masked where they are shown: the variable of dbt_project.yml."""
    return bool(yaml.safe_load(project.read_text())["vars"]["mask_pii"])


def variable(name: str, project: Path = Path("dbt_project.yml")) -> float:
    """Give a number that dbt_project.yml declares among its variables."""
    return float(yaml.safe_load(project.read_text())["vars"][name])


def _manifest(target_path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((target_path / "manifest.json").read_text())
    return document


def _invoke(settings: Settings, arguments: Sequence[str], progress: Progress | None) -> list[Any]:
    from dbt.cli.main import dbtRunner

    callbacks = [_counter(progress)] if progress else []
    common = ["--target", settings.target, "--log-level", "none"]
    outcome = dbtRunner(callbacks=callbacks).invoke([*arguments, *common])
    if any(isinstance(cause, KeyboardInterrupt) for cause in chain(outcome.exception)):
        raise KeyboardInterrupt
    if outcome.exception:
        raise SetupError(f"dbt {arguments[0]} could not run: {outcome.exception}") from outcome.exception
    return list(getattr(outcome.result, "results", None) or [])


def _counter(progress: Progress) -> Callable[[Any], None]:
    def count(event: Any) -> None:
        if event.info.name == "LogStartLine":
            progress("dbt", event.data.index, event.data.total)

    return count


def _node(result: Any) -> Node:
    return Node(
        unique_id=result.node.unique_id,
        status=str(result.status),
        message=(result.message or "").strip(),
        seconds=round(result.execution_time, 3),
        failures=result.failures,
    )
