"""What every call meets: versions, sessions, budget, headers, cursors, faults; and the token endpoint."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.salesforce import query
from tests.sandbox.salesforce_org import CLIENT, TOKEN_PATH, Acme, acme, record_id, write_csv

PEOPLE = 401


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with acme(tmp_path_factory.mktemp("protocol")) as org:
        yield org


@pytest.fixture
def org(served: Acme, tmp_path: Path) -> Acme:
    served.control("reset")
    rows = [{"Id": record_id("003", f"{number:03}"), "LastName": "x"} for number in range(1, PEOPLE + 1)]
    write_csv(tmp_path / "csv", "Contact", rows)
    served.seed(tmp_path / "csv")
    return served


def test_health_needs_no_login(org: Acme) -> None:
    assert requests.get(f"{org.url}/_sandbox/health", timeout=10).json() == {"status": "ok"}


def test_versions_are_listed_without_login(org: Acme) -> None:
    answer = requests.get(f"{org.url}/services/data/", timeout=10)
    assert "Sforce-Limit-Info" not in answer.headers
    versions = {each["version"]: each["label"] for each in answer.json()}
    assert list(versions) == [f"{number}.0" for number in range(31, 68)]
    labels = [versions[number] for number in ("31.0", "59.0", "65.0", "66.0", "67.0")]
    assert labels == ["Summer '14", "Winter '24", "Winter '26", "Spring '26", "Summer '26"]


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("31.0", 200),
        ("67.0", 200),
        ("30.0", 410),
        ("21.0", 410),
        ("20.0", 404),
        ("68.0", 404),
        ("66", 404),
        ("x", 404),
    ],
)
def test_versions_offered(org: Acme, version: str, status: int) -> None:
    assert org.http.get(f"{org.url}/services/data/v{version}/limits").status_code == status


def test_unknown_paths_and_methods(org: Acme) -> None:
    unknown, method = org.get("/nothing/here"), org.call("PUT", "/query")
    assert unknown.json() == [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
    assert (unknown.status_code, method.status_code) == (404, 405)
    assert method.json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"
    assert "Sforce-Limit-Info" in unknown.headers
    assert "Sforce-Limit-Info" in method.headers


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic abc", "Bearer "])
def test_no_session_no_answer(org: Acme, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{org.url}/services/data/v66.0/limits", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


@pytest.mark.parametrize(
    ("form", "basic", "status", "error"),
    [
        ({"grant_type": "client_credentials"}, CLIENT, 200, None),
        (
            {"grant_type": "client_credentials", "client_id": CLIENT[0], "client_secret": CLIENT[1]},
            None,
            200,
            None,
        ),
        ({"grant_type": "client_credentials"}, (CLIENT[0], "wrong"), 400, "invalid_client"),
        ({"grant_type": "client_credentials"}, ("wrong", CLIENT[1]), 400, "invalid_client_id"),
        ({"grant_type": "client_credentials"}, None, 400, "invalid_client_id"),
        ({"grant_type": "password"}, CLIENT, 400, "unsupported_grant_type"),
        ({}, None, 400, "unsupported_grant_type"),
    ],
)
def test_token_endpoint(
    org: Acme, form: dict[str, str], basic: tuple[str, str] | None, status: int, error: str | None
) -> None:
    answer = requests.post(org.url + TOKEN_PATH, data=form, auth=basic, timeout=10)
    assert answer.status_code == status
    assert answer.json().get("error") == error
    if error is None:
        fields = {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"}
        assert set(answer.json()) == fields
        assert answer.json()["instance_url"] == org.url
    else:
        assert set(answer.json()) == {"error", "error_description"}


def test_the_budget_counts_down_and_refuses(org: Acme) -> None:
    org.control("limits", {"DailyApiRequests": 2})
    headers = [org.get("/sobjects").headers["Sforce-Limit-Info"] for _ in range(3)]
    assert headers == ["api-usage=1/2", "api-usage=2/2", "api-usage=2/2"]
    refusal = org.get("/sobjects")
    assert refusal.status_code == 403
    assert refusal.json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    calls = requests.get(f"{org.url}/_sandbox/calls", timeout=10).json()
    assert calls == {
        "calls": {"GET /services/data/v{version}/sobjects": 4},
        "throttled": 2,
        "api_requests": 2,
    }


def test_unknown_limits_are_refused(org: Acme) -> None:
    answer = requests.post(f"{org.url}/_sandbox/limits", json={"DailyApiRequest": 1}, timeout=10)
    assert answer.status_code == 400
    assert "DailyApiRequests" in answer.json()["error"]


def test_a_long_uri_is_refused(org: Acme) -> None:
    fits = "SELECT Id FROM Contact WHERE LastName IN (" + ",".join(["'x'"] * 1000) + ")"
    assert org.query(fits).status_code == 200
    refusal = org.query(fits.replace("'x'", "'" + "y" * 20 + "'"))
    assert refusal.status_code == 414
    assert refusal.headers["Content-Type"].startswith("text/html")


def test_faults_on_demand(org: Acme) -> None:
    org.control("faults", {"status": 503, "times": 2, "path": "/query"})
    statuses = [org.get(path).status_code for path in ("/sobjects", "/query?q=x", "/query?q=x", "/limits")]
    assert statuses == [200, 503, 503, 200]
    assert org.query("SELECT COUNT() FROM Contact").status_code == 200


def test_a_page_is_as_large_as_the_client_wishes_within_bounds(org: Acme) -> None:
    sizes = {}
    for wish in ("batchSize=300", "batchSize=5", "batchSize=9999"):
        answer = org.get(
            "/query", params={"q": "SELECT Id FROM Contact"}, headers={"Sforce-Query-Options": wish}
        )
        sizes[wish] = len(answer.json()["records"])
    assert sizes == {"batchSize=300": 300, "batchSize=5": query.SMALLEST_BATCH, "batchSize=9999": PEOPLE}


def test_pages_follow_each_other(org: Acme) -> None:
    org.control("limits", {"QueryBatch": 200})
    page = org.query("SELECT Id FROM Contact ORDER BY Id").json()
    ids = [record["Id"] for record in page["records"]]
    while not page["done"]:
        assert page["totalSize"] == PEOPLE
        page = org.http.get(org.url + page["nextRecordsUrl"]).json()
        ids += [record["Id"] for record in page["records"]]
    assert ids == [record_id("003", f"{number:03}") for number in range(1, PEOPLE + 1)]


@pytest.mark.parametrize(
    "locator", ["01gnothing-2000", "01g", "-", "x-y", "01gSb0000000001IAA-401", "01gSb0000000001IAA"]
)
def test_a_dead_cursor_is_told(org: Acme, locator: str) -> None:
    org.control("limits", {"QueryBatch": 200})
    org.query("SELECT Id FROM Contact")
    answer = org.get(f"/query/{locator}")
    assert answer.status_code == 400
    assert answer.json() == [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]


def test_cursors_outlive_a_restart(tmp_path: Path) -> None:
    rows = [{"Id": record_id("003", f"A{number}"), "LastName": "x"} for number in range(3)]
    write_csv(tmp_path / "csv", "Contact", rows)
    with acme(tmp_path / "home") as org:
        org.seed(tmp_path / "csv")
        org.control("limits", {"QueryBatch": 2})
        url = org.query("SELECT Id FROM Contact").json()["nextRecordsUrl"]
    with acme(tmp_path / "home") as org:
        page = org.http.get(org.url + url).json()
        assert (len(page["records"]), page["done"]) == (1, True)


def test_record_counts_are_hints(org: Acme) -> None:
    org.call("DELETE", f"/sobjects/Contact/{record_id('003', '001')}")
    counts = org.get("/limits/recordCount", params={"sObjects": "Contact,Lead,Nope"}).json()
    # An object without records is left out; what lies in the recycle bin is still counted.
    assert counts == {"sObjects": [{"count": PEOPLE, "name": "Contact"}]}


def test_a_session_can_ask_whose_it_is(org: Acme) -> None:
    said = org.http.get(f"{org.url}/services/oauth2/userinfo").json()
    assert (said["organization_id"][:3], said["user_id"][:3]) == ("00D", "005")
    assert said["preferred_username"] == "admin@acme.example"
    refused = requests.get(f"{org.url}/services/oauth2/userinfo", timeout=10)
    assert (refused.status_code, refused.text) == (403, "Bad_OAuth_Token")


def test_a_version_lists_its_resources_and_needless_slashes_do_not_matter(org: Acme) -> None:
    listed = org.http.get(f"{org.url}//services/data/v66.0/").json()
    assert listed["sobjects"] == "/services/data/v66.0/sobjects"
    assert {"query", "queryAll", "limits"} <= {*listed}


def test_a_query_can_tell_its_columns_instead_of_rows(org: Acme) -> None:
    soql = "SELECT Id, HasOptedOutOfEmail, Account.Name FROM Contact"
    said = org.get("/query", params={"q": soql, "columns": "true"}).json()
    assert (said["entityName"], said["idSelected"], said["keyPrefix"]) == ("Contact", True, "003")
    columns = said["columnMetadata"]
    assert [(each["columnName"], each["booleanType"]) for each in columns] == [
        ("Id", False),
        ("HasOptedOutOfEmail", True),
        ("Account", False),
    ]
    assert [each["columnName"] for each in columns[2]["joinColumns"]] == ["Name"]


def test_header_names_are_written_as_salesforce_does(org: Acme) -> None:
    assert {"Content-Type", "Sforce-Limit-Info"} <= {*org.get("/limits").raw.headers}
