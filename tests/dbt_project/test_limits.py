"""What a target would refuse is left out of the mart and named: every limit of every mart, tried with a value that breaks it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.dbt_project.project import Project, query
from warehouse.embedded import open_warehouse

Checks = dict[str, dict[str, str]]

GOOD = {
    "varchar": "'text'",
    "number(38,0)": "12",
    "number(18,2)": "12.34",
    "double": "1.5",
    "boolean": "true",
    "date": "'2026-01-02'::date",
    "timestamp_ntz": "'2026-01-02 03:04:05'::timestamp_ntz",
}
TAKEN = {"limit_email": "'ada@example.com'", "limit_phone": "'+44 20 7946 0123'"}
TOO_PRECISE = {"number(38,0)": "9007199254740993", "number(18,2)": "9999999999999999.99"}

# A name is all that a tag has, and Intercom documents no length of it.
WITHOUT_LIMITS = {"intercom__tags"}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return open_warehouse(tmp_path_factory.mktemp("limits")).connect("MIGRATION", "STAGING")


def test_every_value_that_breaks_a_limit_is_left_out_and_named(project: Project, session: Any) -> None:
    tried = set()
    for mart in _record_marts(project):
        checks = _checks(mart)
        good = {name: _good(column, checks.get(name, {})) for name, column in mart["columns"].items()}
        cases = [("", "", good)]
        for name, own in checks.items():
            for check, condition in own.items():
                bad = _bad(check, condition, mart["columns"][name]["data_type"])
                cases.append((name, check, {**good, name: bad}))
        for (name, check, _), row in zip(
            cases, _sent(session, mart, [case[2] for case in cases]), strict=True
        ):
            tried.add(check)
            named = [part for part in row["_LEFT_OUT"].split(",") if part]
            assert named == [] or f"{name}|{check}" in named, f"{mart['name']}.{name}"
            assert {part.split("|")[0] for part in named} == ({name} if name else set()), mart["name"]
            empty = {column for column, value in row.items() if value is None}
            assert empty == ({name.upper()} if name else set()), f"{mart['name']}.{name}"
    assert tried >= {
        "limit_length",
        "limit_options",
        "limit_email",
        "limit_phone",
        "limit_date",
        "limit_precision",
    }


def test_what_is_left_out_is_no_part_of_the_digest(project: Project, session: Any) -> None:
    """Else a record would be sent again each time that somebody writes another number that is none."""
    mart = project.models["hubspot__contacts"]
    good = {name: _good(column, _checks(mart).get(name, {})) for name, column in mart["columns"].items()}
    rows = _sent(session, mart, [{**good, "phone": phone} for phone in ("'n/a'", "'see mobile'", "null")])
    assert len({row["_ROW_HASH"] for row in rows}) == 1


@pytest.mark.parametrize(
    ("phone", "is_one"),
    [
        ("+44 20 7946 0123", True),
        ("020 7946 0123 ext. 12345678", True),
        ("(030) 1234-567 Durchwahl 9", True),
        ("Tel: 0049 30 1234567", True),
        ("1-800-GET-FLOW", False),
        ("0000000000", False),
        ("see mobile", False),
        ("123456", False),
        ("1234567890123456", False),
    ],
)
def test_what_a_telephone_number_is(project: Project, session: Any, phone: str, is_one: bool) -> None:
    mart = project.models["hubspot__companies"]
    [row] = _sent(session, mart, [dict.fromkeys(mart["columns"], "null") | {"phone": f"'{phone}'"}])
    assert (row["PHONE"] == phone) == is_one
    assert row["_LEFT_OUT"] == ("" if is_one else "phone|limit_phone")


def _record_marts(project: Project) -> Iterator[Mapping[str, Any]]:
    for exposure, mart in project.marts_sent():
        if exposure["config"]["meta"]["kind"] == "record":
            yield mart


def _checks(mart: Mapping[str, Any]) -> Checks:
    """Give the checks of each property with their conditions, as the compiled mart has them."""
    found: Checks = {}
    for line in re.split(r"\n +iff\(", mart["compiled_code"]):
        ended = re.match(r"(.*), '(\w+)\|(limit_\w+)', null\)", line, re.DOTALL)
        if ended:
            found.setdefault(ended[2], {})[ended[3]] = ended[1]
    assert found or mart["name"] in WITHOUT_LIMITS, mart["name"]
    return found


def _good(column: Mapping[str, Any], checks: Mapping[str, str]) -> str:
    if "limit_options" in checks:
        return "'" + re.findall(r"'([^']+)'", checks["limit_options"])[-1] + "'"
    return next((TAKEN[check] for check in checks if check in TAKEN), GOOD[column["data_type"]])


def _bad(check: str, condition: str, data_type: str) -> str:
    match check:
        case "limit_length":
            return f"repeat('x', {condition.rsplit('> ', 1)[1]} + 1)"
        case "limit_date":
            return f"'0001-01-01'::{data_type}"
        case "limit_precision":
            return TOO_PRECISE[data_type]
        case "limit_size":
            return f"{condition.rsplit('> ', 1)[1]} + 1"
    return "'none of them'"


def _sent(session: Any, mart: Mapping[str, Any], rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Give what the last select of a mart makes of mapped rows, in their order."""
    last = mart["compiled_code"][mart["compiled_code"].rindex("\nselect\n") :]
    assert query(mart).ctes[-1].alias == "mapped"
    values = [
        ", ".join(
            f"cast({value} as {mart['columns'][name]['data_type']}) as {name}"
            for name, value in row.items()
            if not name.startswith("_")
        )
        for row in rows
    ]
    mapped = " union all ".join(
        f"select '{number:04}' as _record_key, {value}" for number, value in enumerate(values)
    )
    cursor = session.cursor().execute(f"with mapped as ({mapped}) {last} order by _record_key")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
