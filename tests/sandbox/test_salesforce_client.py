"""The stand-in driven by simple-salesforce 1.12.10, as it is."""

import csv
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from sandbox.salesforce.app import create_app
from tests.sandbox.salesforce_org import (
    CLIENT,
    TOKEN_PATH,
    VERSION,
    Acme,
    login,
    plain_http,
    record_id,
    write_csv,
)
from tests.sandbox.serving import serve

PEOPLE = 11


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(create_app(tmp_path_factory.mktemp("client"))) as served:
        yield served


@pytest.fixture
def org(url: str, tmp_path: Path) -> Iterator[Acme]:
    rows = [{"Id": record_id("003", f"A{n:02}"), "LastName": f"Last {n:02}"} for n in range(PEOPLE)]
    write_csv(tmp_path / "csv", "Contact", rows)
    with login(url) as served:
        served.control("reset")
        served.seed(tmp_path / "csv")
        yield served


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(serialization.Encoding.PEM, form).decode()


def test_client_credentials_login(org: Acme) -> None:
    sf = Salesforce(
        consumer_key=CLIENT[0],
        consumer_secret=CLIENT[1],
        domain="acme.my",
        session=plain_http(org.url),
        version=VERSION,
    )
    # The client takes the instance from the reply; only the host of the stand-in is there.
    assert sf.sf_instance == org.url.removeprefix("http://")
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == PEOPLE


def test_jwt_login(org: Acme, key: rsa.RSAPrivateKey) -> None:
    org.control("jwt_key", {"public_key": public_pem(key)})
    sf = Salesforce(
        username="admin@acme.example",
        consumer_key=CLIENT[0],
        privatekey=pem(key),
        session=plain_http(org.url),
        version=VERSION,
    )
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == PEOPLE


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_jwt_login_without_a_known_key_fails(tmp_path: Path, key: rsa.RSAPrivateKey) -> None:
    refusal = pytest.raises(SalesforceAuthenticationFailed, match="user hasn't approved this consumer")
    with serve(create_app(tmp_path / "home")) as url, refusal:
        Salesforce(
            username="admin@acme.example",
            consumer_key=CLIENT[0],
            privatekey=pem(key),
            session=plain_http(url),
        )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"aud": "https://other.example"}, "audience is invalid"),
        ({"iss": "other-client"}, "client identifier invalid"),
        ({"sub": "nobody@acme.example"}, "user hasn't approved this consumer"),
        ({"exp": 1}, "expired authorization code"),
        ({"exp": 4_000_000_000}, "invalid assertion"),
    ],
)
def test_wrong_claims_are_refused(
    org: Acme, key: rsa.RSAPrivateKey, change: dict[str, object], error: str
) -> None:
    org.control("jwt_key", {"public_key": public_pem(key)})
    claims = {
        "iss": CLIENT[0],
        "sub": "admin@acme.example",
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 120,
    }
    assertion = jwt.encode(claims | change, pem(key), algorithm="RS256")
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    answer = requests.post(org.url + TOKEN_PATH, data=form, timeout=10)
    assert (answer.status_code, answer.json()["error_description"]) == (400, error)


def test_an_assertion_signed_by_another_key_is_refused(org: Acme, key: rsa.RSAPrivateKey) -> None:
    org.control("jwt_key", {"public_key": public_pem(key)})
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid assertion"):
        Salesforce(
            username="admin@acme.example",
            consumer_key=CLIENT[0],
            privatekey=pem(other),
            session=plain_http(org.url),
        )


def test_query_all_follows_every_page(org: Acme) -> None:
    org.control("limits", {"QueryBatch": 4})
    answer = org.sf.query_all("SELECT Id, LastName FROM Contact ORDER BY Id")
    assert answer["totalSize"] == PEOPLE
    assert [each["LastName"] for each in answer["records"]] == [f"Last {n:02}" for n in range(PEOPLE)]


def test_pages_belong_to_the_moment_of_the_first(org: Acme) -> None:
    org.control("limits", {"QueryBatch": 4})
    first = org.sf.query("SELECT Id, LastName FROM Contact ORDER BY Id")
    org.sf.Contact.delete(record_id("003", "A09"))
    following = org.sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    last = org.sf.query_more(following["nextRecordsUrl"], identifier_is_url=True)
    assert [len(page["records"]) for page in (first, following, last)] == [4, 4, 3]
    assert last["done"] is True
    assert "nextRecordsUrl" not in last


def test_describe_and_limits(org: Acme) -> None:
    described = org.sf.describe()
    assert described is not None
    names = {each["name"] for each in described["sobjects"]}
    assert {"Account", "Contact", "Subscription__c", "TaskStatus"} <= names
    fields = {each["name"]: each for each in org.sf.Contact.describe()["fields"]}
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    left = org.sf.limits()["DailyApiRequests"]
    assert left["Max"] == 100_000
    assert org.sf.api_usage["api-usage"].total == 100_000
    assert org.sf.api_usage["api-usage"].used == left["Max"] - left["Remaining"]


def test_bulk_query_over_several_pages(org: Acme) -> None:
    pages = list(
        org.sf.bulk2.Contact.query("SELECT Id, LastName FROM Contact ORDER BY Id", max_records=4, wait=0.01)
    )
    assert len(pages) == 3
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert [row["LastName"] for row in rows] == [f"Last {n:02}" for n in range(PEOPLE)]


def test_bulk_query_all_shows_deleted_rows(org: Acme) -> None:
    org.sf.Contact.delete(record_id("003", "A00"))
    soql = "SELECT Id, IsDeleted FROM Contact WHERE IsDeleted = true"
    pages = list(org.sf.bulk2.Contact.query_all(soql, wait=0.01))
    assert pages == [f'"Id","IsDeleted"\n"{record_id("003", "A00")}","true"\n']


def test_write_read_and_list_deleted(org: Acme) -> None:
    made = org.sf.Contact.create({"LastName": "Lovelace", "FirstName": "Ada", "Email": "ada@example.com"})
    assert org.sf.Contact.get(made["id"])["Name"] == "Ada Lovelace"
    assert org.sf.Contact.update(made["id"], {"FirstName": "A."}) == 204
    assert org.sf.Contact.get(made["id"])["Name"] == "A. Lovelace"
    assert org.sf.Contact.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        org.sf.Contact.get(made["id"])
    now = datetime.now(UTC)
    gone = org.sf.Contact.deleted(now - timedelta(hours=1), now + timedelta(minutes=1))
    assert [each["id"] for each in gone["deletedRecords"]] == [made["id"]]


def test_an_expired_session_is_told(org: Acme) -> None:
    org.control("expire_sessions")
    with pytest.raises(SalesforceExpiredSession) as refusal:
        org.sf.query("SELECT Id FROM Contact")
    assert refusal.value.content == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]


def test_the_daily_budget_refuses_with_403(org: Acme) -> None:
    org.control("limits", {"DailyApiRequests": 1})
    org.sf.query("SELECT COUNT() FROM Contact")
    with pytest.raises(SalesforceRefusedRequest) as refusal:
        org.sf.query("SELECT COUNT() FROM Contact")
    assert refusal.value.content[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"


def test_a_malformed_query_is_told(org: Acme) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refusal:
        org.sf.query("SELECT Id FORM Contact")
    assert refusal.value.content[0]["errorCode"] == "MALFORMED_QUERY"
