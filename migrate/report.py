"""The sign-off report: what was moved, how exactly, and every exception, in one HTML file that needs nothing else."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jinja2
import pandas as pd

from dashboard import queries
from dashboard.palette import OUTCOMES
from dashboard.queries import Ask, lowered
from migrate import transform
from migrate.errors import SetupError

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the report says, as rows of the marts, all of one read-back.

    run: the run that the read-back belongs to, or the one before it where it was made by itself.
    check: the read-back's `run_id`, `mode` and `read_at`; None of a run that was not checked.
    is_last: whether it is the last read-back, which is the one that every record is known of.
    """

    run: dict[str, Any]
    check: dict[str, Any] | None
    is_last: bool
    objects: Rows
    phases: Rows
    quality: Rows
    exceptions: Rows
    links: Rows
    differences: pd.DataFrame
    extra: Rows
    thresholds: dict[str, float]

    @property
    def exception_count(self) -> int:
        """How many exceptions the report lists."""
        return len(self.exceptions) + len(self.links) + len(self.differences)


def facts(connection: Any, run_id: str | None = None) -> Facts:
    """Collect what the report says of a run, or of the last read-back, whoever made it.

    Of an earlier read-back only the counts were kept: its exceptions stand in the report that was written then.

    Raises:
        SetupError: there is no such run, or none was reconciled yet.
    """
    ask = asking(connection)
    known = queries.runs(ask)
    checks = queries.history(ask)
    if known.empty or checks.empty:
        raise SetupError("No run was reconciled yet: `migrate run` does it, then the report can be written.")
    last = checks.iloc[-1]
    wanted = known[known["run_id"] == run_id] if run_id else _belongs_to(known, last)
    if wanted.empty:
        raise SetupError(
            f"There is no run {run_id or 'before the read-back'}: `migrate status` shows the last one."
        )
    run = _rows(wanted)[0]
    check = _rows(checks[checks["run_id"] == run_id] if run_id else checks.tail(1))
    is_last = run_id in (None, last["run_id"])
    return Facts(
        run=run,
        check=check[0] if check else None,
        is_last=is_last,
        objects=_rows(queries.objects(ask) if is_last else _earlier(ask, run["run_id"])),
        phases=_rows(queries.phases(ask, run["run_id"])),
        quality=_rows(queries.quality(ask)) if is_last else [],
        exceptions=_rows(queries.exceptions(ask, most=None)) if is_last else [],
        links=_rows(queries.link_exceptions(ask, most=None)) if is_last else [],
        differences=queries.differences(ask, most=None) if is_last else pd.DataFrame(),
        extra=_rows(queries.extras(ask, most=None)) if is_last else [],
        thresholds=transform.thresholds(),
    )


def asking(connection: Any) -> Ask:
    """Ask a plain connection what the dashboard asks through Streamlit's."""

    def ask(statement: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        cursor = connection.cursor()
        try:
            cursor.execute(statement.replace("?", "%s"), tuple(values) or None)
        except Exception as error:
            if "does not exist" in str(error).lower():
                return pd.DataFrame()
            raise
        names = [column[0] for column in cursor.description]
        return lowered(pd.DataFrame(cursor.fetchall(), columns=names))

    return ask


def page(facts: Facts, *, show_pii: bool = False) -> str:
    """Write the report as HTML; personal values as their first character and length unless `show_pii`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("migrate", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"count": _count, "percent": _percent}
    differences = facts.differences if show_pii else queries.masked(facts.differences)
    for one in facts.objects:
        one["rejected"] = one.get("refused", 0) + one.get("failed", 0)
    return environment.get_template("report.html.j2").render(
        facts=facts,
        differences=_rows(differences),
        sums=_sums(facts.objects),
        outcomes=[each for each in OUTCOMES if any(one.get(each[0]) for one in facts.objects)],
        versions=json.loads(facts.run["versions"] or "{}"),
        written_at=datetime.now(UTC),
        show_pii=show_pii,
    )


def _belongs_to(runs: pd.DataFrame, check: pd.Series) -> pd.DataFrame:
    """Give the run that made a check; of a check that was made by itself, the last one that began before it."""
    own: pd.DataFrame = runs[runs["run_id"] == check["run_id"]]
    before: pd.DataFrame = runs[runs["started_at"] <= check["read_at"]]
    return own if len(own) else before.head(1)


def _earlier(ask: Ask, run_id: str) -> pd.DataFrame:
    return ask(f"select * from {queries.HISTORY} where run_id = ? order by target, object", (run_id,))


def _rows(frame: pd.DataFrame) -> Rows:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _sums(objects: Rows) -> dict[str, float]:
    names = (
        "source_records",
        "verified",
        "fields_expected",
        "fields_equal",
        "unexplained_loss",
        "unexpected",
        "unchecked",
    )
    sums = {name: float(sum(one.get(name) or 0 for one in objects)) for name in names}
    expected = sums["fields_expected"]
    return {**sums, "accuracy": sums["fields_equal"] / expected if expected else 1.0}


def _count(value: Any) -> str:
    return "-" if value is None else f"{float(value):,.0f}"


def _percent(share: Any) -> str:
    """Write a share, never rounded up to a whole that it is not."""
    return "-" if share is None else f"{int(float(share) * 10_000 + 1e-9) / 100:.2f} %"
