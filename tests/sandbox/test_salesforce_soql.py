"""SOQL over REST: what each construct finds, and how Salesforce refuses what is wrong."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from sandbox.salesforce import soql
from sandbox.salesforce.dates import day_range
from sandbox.salesforce.org import declared_org
from sandbox.salesforce.translate import translate
from tests.sandbox.salesforce_org import Acme, acme, record_id, write_csv

CONTACTS = [
    # id, last name, first name, account, city, topics, opted out, deleted, changed
    ("A1", "Lovelace", "Ada", "K1", "London", "Events;Research", "true", "", "2024-03-01T10:00:00.000Z"),
    ("A2", "hopper", "Grace", "K1", "", "Events", "", "", "2024-03-02T10:00:00.000Z"),
    ("A3", "O'Neil", "Pat", "K2", "São Paulo", "", "", "", "2024-03-03T10:00:00.000Z"),
    ("A4", "100%_real\\x", "Li", "", "Bonn", "Offers", "", "", "2024-03-04T10:00:00.000Z"),
    ("A5", "Gone", "Al", "K2", "Bonn", "", "", "true", "2024-03-05T10:00:00.000Z"),
]
COLUMNS = [
    "Id",
    "LastName",
    "FirstName",
    "AccountId",
    "MailingCity",
    "Newsletter_Topics__c",
    "HasOptedOutOfEmail",
    "IsDeleted",
    "LastModifiedDate",
]


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    home = tmp_path_factory.mktemp("soql")
    rows = [
        dict(zip(COLUMNS, [record_id("003", row[0]), *row[1:]], strict=True))
        | {"AccountId": record_id("001", row[3]) if row[3] else "", "OwnerId": record_id("005", "U1")}
        for row in CONTACTS
    ]
    write_csv(home / "csv", "contact", rows)
    accounts = [
        {
            "Id": record_id("001", "K1"),
            "Name": "Analytical Engines",
            "AnnualRevenue": "99213206",
            "ParentId": "",
        },
        {
            "Id": record_id("001", "K2"),
            "Name": "Lanes",
            "AnnualRevenue": "1500.5",
            "ParentId": record_id("001", "K1"),
        },
    ]
    write_csv(home / "csv", "Account", accounts)
    users = [
        {"Id": record_id("005", "U1"), "Username": "u@acme.example", "LastName": "Un", "Name": "Owner Un"}
    ]
    write_csv(home / "csv", "USER", users)
    queue = [{"Id": record_id("00G", "Q1"), "Name": "Support queue", "Type": "Queue"}]
    write_csv(home / "csv", "Group", queue)
    cases = [
        {"Id": record_id("500", "C1"), "CaseNumber": "1", "OwnerId": record_id("00G", "Q1")},
        {"Id": record_id("500", "C2"), "CaseNumber": "2", "OwnerId": record_id("005", "U1")},
    ]
    write_csv(home / "csv", "Case", cases)
    with acme(home / "home") as served:
        served.seed(home / "csv")
        yield served


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("", "A1 A2 A3 A4"),
        ("WHERE LastName = 'LOVELACE'", "A1"),
        ("WHERE LastName != 'lovelace'", "A2 A3 A4"),
        ("WHERE MailingCity != 'London'", "A2 A3 A4"),
        ("WHERE NOT MailingCity = 'London'", "A2 A3 A4"),
        ("WHERE MailingCity = null", "A2"),
        ("WHERE MailingCity = ''", "A2"),
        ("WHERE MailingCity != null AND AccountId = null", "A4"),
        ("WHERE LastName LIKE 'l%'", "A1"),
        ("WHERE LastName LIKE '_opper'", "A2"),
        (r"WHERE LastName LIKE '100\%\_%'", "A4"),
        (r"WHERE LastName LIKE '%\\x'", "A4"),
        (r"WHERE LastName = 'O\'Neil'", "A3"),
        ("WHERE LastName IN ('hopper', 'gone', 'lovelace')", "A1 A2"),
        ("WHERE LastName NOT IN ('hopper')", "A1 A3 A4"),
        ("WHERE MailingCity NOT IN ('London')", "A2 A3 A4"),
        ("WHERE MailingCity IN ('Bonn', null)", "A2 A4"),
        ("WHERE Newsletter_Topics__c INCLUDES ('Events')", "A1 A2"),
        ("WHERE Newsletter_Topics__c INCLUDES ('Events;Research', 'Offers')", "A1 A4"),
        ("WHERE Newsletter_Topics__c EXCLUDES ('Events')", "A3 A4"),
        ("WHERE HasOptedOutOfEmail = true", "A1"),
        ("WHERE HasOptedOutOfEmail = FALSE AND FirstName = 'grace'", "A2"),
        ("WHERE (FirstName = 'ada' OR FirstName = 'grace') AND NOT LastName = 'hopper'", "A1"),
        ("WHERE LastModifiedDate > 2024-03-02T10:00:00Z", "A3 A4"),
        (
            "WHERE LastModifiedDate >= 2024-03-02T11:00:00.000+01:00 AND LastModifiedDate < 2024-03-04T10:00:00Z",
            "A2 A3",
        ),
        ("WHERE LastModifiedDate < TODAY", "A1 A2 A3 A4"),
        ("WHERE LastModifiedDate = LAST_N_DAYS:1", ""),
        (f"WHERE Id = '{record_id('003', 'A3')}'", "A3"),
        (f"WHERE Id = '{record_id('003', 'A3')[:15]}'", "A3"),
        (f"WHERE Id > '{record_id('003', 'A2')}'", "A3 A4"),
        ("WHERE Account.Name = 'lanes'", "A3"),
        ("WHERE Account.Parent.Name = 'Analytical Engines'", "A3"),
        ("WHERE Contact.LastName = 'Hopper'", "A2"),
        ("WHERE Account.AnnualRevenue > 1500.25 AND Account.AnnualRevenue < 1e6", "A3"),
        ("WHERE AccountId IN (SELECT Id FROM Account WHERE AnnualRevenue > 1e6)", "A1 A2"),
        ("WHERE AccountId NOT IN (SELECT Id FROM Account WHERE AnnualRevenue > 1e6)", "A3 A4"),
        (
            "WHERE LastName != 'x' AND AccountId IN (SELECT Id FROM Account WHERE Name LIKE 'an%') AND FirstName = 'ada'",
            "A1",
        ),
        ("WHERE isdeleted = true", ""),
    ],
)
def test_conditions(org: Acme, where: str, found: str) -> None:
    assert org.ids(f"SELECT Id FROM Contact {where} ORDER BY Id") == found.split()


@pytest.mark.parametrize(
    ("tail", "found"),
    [
        ("ORDER BY LastName", "A4 A2 A1 A3"),
        ("ORDER BY LastName DESC", "A3 A1 A2 A4"),
        ("ORDER BY MailingCity, Id", "A2 A4 A1 A3"),
        ("ORDER BY MailingCity NULLS LAST", "A4 A1 A3 A2"),
        ("ORDER BY MailingCity DESC NULLS LAST", "A3 A1 A4 A2"),
        ("ORDER BY Account.Name NULLS LAST, LastName DESC LIMIT 2", "A1 A2"),
        ("ORDER BY Id LIMIT 2 OFFSET 1", "A2 A3"),
        ("ORDER BY Id DESC LIMIT 0", ""),
    ],
)
def test_order_limit_and_offset(org: Acme, tail: str, found: str) -> None:
    assert org.ids(f"SELECT Id FROM Contact {tail}") == found.split()


def test_query_all_shows_the_recycle_bin(org: Acme) -> None:
    soql = "SELECT Id FROM Contact WHERE IsDeleted = true"
    assert org.ids(soql) == []
    assert org.ids(soql, deleted=True) == ["A5"]


def test_values_are_typed_and_related_records_nested(org: Acme) -> None:
    fields = "Id, LastName, HasOptedOutOfEmail, LastModifiedDate, Birthdate, Account.AnnualRevenue, Account.Owner.Name"
    with_account, without = org.records(
        f"SELECT {fields} FROM Contact WHERE FirstName IN ('Ada', 'Li') ORDER BY Id"
    )
    base = "/services/data/v66.0/sobjects"
    assert with_account == {
        "attributes": {"type": "Contact", "url": f"{base}/Contact/{record_id('003', 'A1')}"},
        "Id": record_id("003", "A1"),
        "LastName": "Lovelace",
        "HasOptedOutOfEmail": True,
        "LastModifiedDate": "2024-03-01T10:00:00.000+0000",
        "Birthdate": None,
        "Account": {
            "attributes": {"type": "Account", "url": f"{base}/Account/{record_id('001', 'K1')}"},
            "AnnualRevenue": 99213206.0,
            "Owner": {
                "attributes": {"type": "User", "url": f"{base}/User/{record_id('005', 'U1')}"},
                "Name": "Owner Un",
            },
        },
    }
    assert without["Account"] is None


def test_a_polymorphic_owner_shows_its_own_type(org: Acme) -> None:
    queue, user = org.records("SELECT Owner.Name, Owner.Type FROM Case ORDER BY CaseNumber")
    assert (queue["Owner"]["attributes"]["type"], queue["Owner"]["Name"], queue["Owner"]["Type"]) == (
        "Group",
        "Support queue",
        "Group",
    )
    assert (user["Owner"]["attributes"]["type"], user["Owner"]["Name"]) == ("User", "Owner Un")
    assert len(org.records("SELECT Id FROM Case WHERE Owner.Name = 'support queue'")) == 1


def test_counts_and_aggregates(org: Acme) -> None:
    counted = org.query("SELECT COUNT() FROM Contact WHERE AccountId != null").json()
    assert counted == {"totalSize": 3, "done": True, "records": []}
    soql = "SELECT AccountId, COUNT(Id) number, MAX(LastModifiedDate) FROM Contact GROUP BY AccountId ORDER BY COUNT(Id) DESC, AccountId"
    groups = org.records(soql)
    assert groups[0] == {
        "attributes": {"type": "AggregateResult"},
        "AccountId": record_id("001", "K1"),
        "number": 2,
        "expr0": "2024-03-02T10:00:00.000+0000",
    }
    assert [group["number"] for group in groups] == [2, 1, 1]
    only = org.records("SELECT AccountId FROM Contact GROUP BY AccountId HAVING COUNT(Id) > 1")
    assert [group["AccountId"] for group in only] == [record_id("001", "K1")]
    sums = org.records(
        "SELECT SUM(AnnualRevenue) total, AVG(AnnualRevenue), COUNT_DISTINCT(Name) FROM Account"
    )[0]
    assert (sums["total"], sums["expr0"], sums["expr1"]) == (99214706.5, 49607353.25, 2)
    assert org.records(
        "SELECT Account.Name, COUNT(Id) FROM Contact GROUP BY Account.Name HAVING COUNT(Id) = 2"
    ) == [{"attributes": {"type": "AggregateResult"}, "Name": "Analytical Engines", "expr0": 2}]


def test_field_groups(org: Acme) -> None:
    everything = org.records("SELECT FIELDS(ALL) FROM Contact ORDER BY Id LIMIT 1")[0]
    assert set(everything) == {"attributes"} | {
        each.name for each in declared_org().sobjects["Contact"].fields
    }
    assert everything["MailingAddress"]["city"] == "London"
    custom = org.records("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 1")[0]
    assert set(custom) == {"attributes", "Preferred_Language__c", "Newsletter_Topics__c"}


NO_COLUMN = (
    "No such column '{}' on entity '{}'. If you are attempting to use a custom field, be sure to append the '__c' after "
    "the custom field name. Please reference your WSDL or the describe call for the appropriate names."
)


@pytest.mark.parametrize(
    ("soql", "code", "column", "message"),
    [
        ("SELECT Id FORM Contact", "MALFORMED_QUERY", 11, "unexpected token: 'FORM'"),
        ("SELECT * FROM Contact", "MALFORMED_QUERY", 8, "unexpected token: '*'"),
        ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY", 29, "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Contact; DROP TABLE x", "MALFORMED_QUERY", 23, "unexpected character: ';'"),
        (
            "SELECT Id FROM Contact WHERE LastName = 'a' OR 1=1",
            "MALFORMED_QUERY",
            48,
            "unexpected token: '1'",
        ),
        (
            "SELECT Id FROM Contact WHERE Id='a' AND Id='b' OR Id='c'",
            "MALFORMED_QUERY",
            48,
            "unexpected token: 'OR'",
        ),
        ("SELECT Id FROM Contact WHERE LastName = 'open", "MALFORMED_QUERY", 41, "unexpected character: '''"),
        ("SELECT Id FROM Contact LIMIT 'x'", "MALFORMED_QUERY", 30, "unexpected token: ''x''"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD", 8, NO_COLUMN.format("Nope", "Contact")),
        ("SELECT Id FROM Contact WHERE Nope = 1", "INVALID_FIELD", 30, NO_COLUMN.format("Nope", "Contact")),
        ("SELECT Account.Nope FROM Contact", "INVALID_FIELD", 8, NO_COLUMN.format("Nope", "Account")),
        ("SELECT Id, Id FROM Contact", "INVALID_FIELD", 12, "duplicate field selected: Id"),
        (
            "SELECT Id FROM Contact WHERE LastModifiedDate > '2024-01-01T00:00:00Z'",
            "INVALID_FIELD",
            49,
            "value of filter criterion for field 'LastModifiedDate' must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = 5",
            "INVALID_FIELD",
            41,
            "value of filter criterion for field 'LastName' must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE Description = 'x'",
            "INVALID_FIELD",
            30,
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Contact ORDER BY Description",
            "INVALID_FIELD",
            33,
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT LastName, COUNT(Id) FROM Contact GROUP BY FirstName",
            "MALFORMED_QUERY",
            8,
            "Field must be grouped or aggregated: LastName",
        ),
        (
            "SELECT SUM(LastName) FROM Contact",
            "MALFORMED_QUERY",
            8,
            "field LastName does not support aggregate operator SUM",
        ),
        (
            "SELECT FIELDS(ALL) FROM Contact",
            "MALFORMED_QUERY",
            8,
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        (
            "SELECT Id FROM Contact LIMIT 1 OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            39,
            "Maximum SOQL offset allowed is 2000",
        ),
        (
            "SELECT Id FROM Contact WHERE CreatedDate = SOON",
            "MALFORMED_QUERY",
            44,
            "unexpected token: 'SOON'",
        ),
        (
            "SELECT Id FROM Contact WHERE CreatedDate = 2024-13-01T00:00:00Z",
            "MALFORMED_QUERY",
            44,
            "Invalid date: 2024-13-01T00:00:00Z",
        ),
        (
            "SELECT Id FROM Contact WHERE Id LIKE '003%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            38,
            "invalid operator on id field",
        ),
    ],
)
def test_refusals_point_at_the_mistake(org: Acme, soql: str, code: str, column: int, message: str) -> None:
    answer = org.query(soql)
    pointer = f"\n{soql}\n{' ' * (column - 1)}^\nERROR at Row:1:Column:{column}\n{message}"
    assert answer.status_code == 400
    assert answer.json() == [{"message": pointer, "errorCode": code}]


def test_an_error_on_a_later_line_names_its_row(org: Acme) -> None:
    message = org.query("SELECT Id\nFROM Contact\nWHERE Nope = 1").json()[0]["message"]
    assert message.startswith("\nWHERE Nope = 1\n      ^\nERROR at Row:3:Column:7\n")


@pytest.mark.parametrize(
    "literal",
    ["x'); DROP TABLE org.Contact; --", 'x" OR 1=1 --', "?", "$1", "%'", "\\", "\n", "{0}", "x\0y"],
)
def test_a_literal_is_only_ever_a_value(org: Acme, literal: str) -> None:
    for operator in ("=", "LIKE", "IN"):
        value = soql.quoted(literal)
        value = f"({value})" if operator == "IN" else value
        assert org.ids(f"SELECT Id FROM Contact WHERE LastName {operator} {value}") == []
    assert len(org.ids("SELECT Id FROM Contact")) == 4


def test_no_text_of_a_query_reaches_the_sql() -> None:
    text = "SELECT lastname, COUNT(id) sneaky FROM contact WHERE lastname = 'secret' GROUP BY lastname ORDER BY lastname LIMIT 7"
    statement = translate(soql.parse(text), declared_org())
    assert statement.parameters == ("secret",)
    assert not any(word in statement.sql for word in ("sneaky", "secret", "lastname"))


@pytest.mark.parametrize(
    ("word", "first", "end"),
    [
        ("TODAY", (2024, 5, 15), (2024, 5, 16)),
        ("YESTERDAY", (2024, 5, 14), (2024, 5, 15)),
        ("TOMORROW", (2024, 5, 16), (2024, 5, 17)),
        ("LAST_N_DAYS:3", (2024, 5, 12), (2024, 5, 16)),
        ("NEXT_N_DAYS:3", (2024, 5, 16), (2024, 5, 19)),
        ("N_DAYS_AGO:3", (2024, 5, 12), (2024, 5, 13)),
        ("THIS_WEEK", (2024, 5, 12), (2024, 5, 19)),
        ("LAST_MONTH", (2024, 4, 1), (2024, 5, 1)),
        ("NEXT_MONTH", (2024, 6, 1), (2024, 7, 1)),
        ("LAST_N_MONTHS:2", (2024, 3, 1), (2024, 5, 1)),
        ("NEXT_N_MONTHS:8", (2024, 6, 1), (2025, 2, 1)),
        ("THIS_QUARTER", (2024, 4, 1), (2024, 7, 1)),
        ("LAST_QUARTER", (2024, 1, 1), (2024, 4, 1)),
        ("THIS_YEAR", (2024, 1, 1), (2025, 1, 1)),
        ("N_YEARS_AGO:2", (2022, 1, 1), (2023, 1, 1)),
        ("LAST_90_DAYS", (2024, 2, 15), (2024, 5, 16)),
    ],
)
def test_date_words(word: str, first: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    assert day_range(word, date(2024, 5, 15)) == (date(*first), date(*end))


@pytest.mark.parametrize(
    ("operator", "bounds"),
    [("=", [2, 3]), ("<", [2]), (">=", [2]), ("<=", [3]), (">", [3]), ("!=", [2, 3])],
)
def test_a_date_word_compares_as_its_whole_range(operator: str, bounds: list[int]) -> None:
    query = soql.parse(f"SELECT Id FROM Contact WHERE CreatedDate {operator} TODAY")
    now = datetime(2024, 5, 2, 12, tzinfo=UTC)
    expected: tuple[Any, ...] = tuple(datetime(2024, 5, day) for day in bounds)
    assert translate(query, declared_org(), now=now).parameters == expected
