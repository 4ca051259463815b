"""What an org has besides records: files, history, currencies, hidden fields, and a catalogue of itself."""

import base64
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.salesforce.org import declared_org
from tests.sandbox.salesforce_org import Acme, acme, record_id, write_csv

CONTENT = bytes(range(256)) * 5


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with acme(tmp_path_factory.mktemp("orgs")) as org:
        yield org


@pytest.fixture
def org(served: Acme) -> Acme:
    served.control("reset")
    return served


def seed(org: Acme, folder: Path, name: str, *rows: dict[str, str]) -> None:
    write_csv(folder / name, name, rows)
    org.seed(folder / name)


def test_the_content_of_a_file_has_its_own_address(org: Acme, tmp_path: Path) -> None:
    known = record_id("00P", "F1")
    body = base64.b64encode(CONTENT).decode()
    seed(org, tmp_path, "Attachment", {"Id": known, "Name": "a.bin", "Body": body, "BodyLength": "1280"})
    [record] = org.records("SELECT Id, Body, BodyLength FROM Attachment")
    assert record["Body"] == record["attributes"]["url"] + "/Body"
    answer = org.http.get(org.url + record["Body"])
    assert (answer.content, answer.headers["Content-Type"]) == (CONTENT, "application/octet-stream")
    for path in (f"{known}/Name", f"{record_id('00P', 'F2')}/Body", f"{known}/Nope"):
        assert org.get(f"/sobjects/Attachment/{path}").status_code == 404
    refused = org.call("POST", "/jobs/query", {"operation": "query", "query": "SELECT Body FROM Attachment"})
    assert (refused.status_code, "binary" in refused.text) == (400, True)


def test_a_version_without_content_has_no_address(org: Acme, tmp_path: Path) -> None:
    known = record_id("068", "V1")
    seed(
        org,
        tmp_path,
        "ContentVersion",
        {"Id": known, "Title": "link", "ContentDocumentId": record_id("069", "D1")},
    )
    assert org.records("SELECT VersionData FROM ContentVersion")[0]["VersionData"] is None
    assert org.get(f"/sobjects/ContentVersion/{known}/VersionData").status_code == 404


def test_history_and_queues_lack_what_salesforce_leaves_out(org: Acme, tmp_path: Path) -> None:
    history = {"Id": record_id("017", "H1"), "OpportunityId": record_id("006", "O1"), "Field": "StageName"}
    seed(
        org,
        tmp_path,
        "OpportunityFieldHistory",
        history | {"OldValue": "Prospecting", "NewValue": "Closed Won"},
    )
    queue = {"Id": record_id("03g", "Q1"), "QueueId": record_id("00G", "G1"), "SobjectType": "Case"}
    seed(org, tmp_path, "QueueSobject", queue)
    assert org.ids("SELECT Id FROM OpportunityFieldHistory WHERE Field = 'StageName'") == ["H1"]
    assert org.ids("SELECT Id FROM QueueSobject", deleted=True) == ["Q1"]
    assert org.csv("SELECT SobjectType FROM QueueSobject") == '"SobjectType"\n"Case"\n'
    for name in ("OpportunityFieldHistory", "QueueSobject"):
        fields = {each["name"] for each in org.get(f"/sobjects/{name}/describe").json()["fields"]}
        assert not fields & {"LastModifiedDate", "LastModifiedById"}
    now = dt.datetime.now(dt.UTC)
    span = {"start": f"{now - dt.timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}", "end": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    assert org.get("/sobjects/OpportunityFieldHistory/updated", params=span).json()["ids"] == []
    refused = org.get("/sobjects/QueueSobject/deleted", params=span)
    assert refused.json()[0]["errorCode"] == "INVALID_TYPE_FOR_OPERATION"


def test_an_org_with_several_currencies(org: Acme, tmp_path: Path) -> None:
    assert org.query("SELECT Id FROM CurrencyType").status_code == 400
    org.control("org", {"multi_currency": True})
    rate = {"Id": record_id("01L", "E1"), "IsoCode": "EUR", "ConversionRate": "1.1", "DecimalPlaces": "2"}
    seed(org, tmp_path, "CurrencyType", rate | {"IsActive": "true"})
    seed(org, tmp_path, "Opportunity", {"Id": record_id("006", "O1"), "Name": "X", "CurrencyIsoCode": "EUR"})
    assert org.records("SELECT IsoCode FROM CurrencyType")[0]["IsoCode"] == "EUR"
    assert org.records("SELECT CurrencyIsoCode FROM Opportunity")[0]["CurrencyIsoCode"] == "EUR"
    fields = {each["name"]: each for each in org.get("/sobjects/Opportunity/describe").json()["fields"]}
    assert "EUR" in [each["value"] for each in fields["CurrencyIsoCode"]["picklistValues"]]
    assert org.query("SELECT CurrencyIsoCode FROM Task").status_code == 400


def test_a_hidden_field_vanishes_but_for_the_catalogue(org: Acme, tmp_path: Path) -> None:
    seed(org, tmp_path, "Contact", {"Id": record_id("003", "A1"), "LastName": "L", "Email": "a@b.example"})
    org.control("org", {"hidden": {"Contact": ["Email"]}})
    described = {each["name"] for each in org.get("/sobjects/Contact/describe").json()["fields"]}
    assert "Email" not in described
    refused = org.query("SELECT Email FROM Contact")
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD"
    assert (
        org.call("POST", "/jobs/query", {"operation": "query", "query": "SELECT Email FROM Contact"}).ok
        is False
    )
    listed = org.get("/tooling/query", params={"q": _fields_of("Contact")}).json()["records"]
    assert {each["QualifiedApiName"] for each in listed} - described == {"Email"}
    org.control("org", {})
    assert org.records("SELECT Email FROM Contact")[0]["Email"] == "a@b.example"


def test_the_catalogue_names_every_object_and_field(org: Acme) -> None:
    entities = org.get("/tooling/query", params={"q": "SELECT QualifiedApiName FROM EntityDefinition"}).json()
    assert {each["QualifiedApiName"] for each in entities["records"]} == declared_org().sobjects.keys()
    for sobject in declared_org():
        answer = org.get("/tooling/query", params={"q": _fields_of(sobject.name)}).json()
        assert {each["QualifiedApiName"] for each in answer["records"]} == {
            each.name for each in sobject.fields
        }
    [tier] = org.get(
        "/tooling/query",
        params={
            "q": "SELECT DurableId, DataType, EntityDefinition.Label FROM FieldDefinition "
            "WHERE EntityDefinitionId = 'Account' AND QualifiedApiName = 'Open_Pipeline__c'"
        },
    ).json()["records"]
    assert (tier["DurableId"], tier["DataType"]) == ("Account.Open_Pipeline", "Formula (Currency)")
    assert tier["EntityDefinition"]["Label"] == "Account"


@pytest.mark.parametrize("where", ["", " WHERE DataType = 'Email'"])
def test_fields_are_asked_for_by_object(org: Acme, where: str) -> None:
    answer = org.get("/tooling/query", params={"q": f"SELECT Id FROM FieldDefinition{where}"})
    assert answer.json() == [
        {
            "message": "FieldDefinition: a filter on a reified column is required [EntityDefinitionId,DurableId]",
            "errorCode": "MALFORMED_QUERY",
        }
    ]


def test_a_long_catalogue_comes_in_pages(org: Acme) -> None:
    org.control("limits", {"QueryBatch": 10})
    answer = org.get("/tooling/query", params={"q": _fields_of("Account")}).json()
    assert answer["nextRecordsUrl"].startswith("/services/data/v66.0/tooling/query/01g")
    rest = org.http.get(org.url + answer["nextRecordsUrl"]).json()
    assert len(rest["records"]) == 10


def _fields_of(name: str) -> str:
    return f"SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = '{name}'"
