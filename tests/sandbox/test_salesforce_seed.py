"""Seeding: texts kept exactly, gaps filled as Salesforce fills them, mistakes named."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Field, declared_org
from sandbox.salesforce.seed import SeedError, load, load_folder
from sandbox.salesforce.store import ADMIN_ID, Store
from tests.sandbox.salesforce_org import Acme, acme, record_id, write_csv


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "home")
    yield opened
    opened.close()


def values(store: Store, sobject: str, *names: str) -> list[tuple[object, ...]]:
    columns = ", ".join(f'"{name}"' for name in names)
    return store.execute(f'SELECT {columns} FROM org."{sobject}" ORDER BY "Id"').fetchall()


def test_rows_given_in_python(tmp_path: Path) -> None:
    texts = ["NA", "None", " blank ", 'q"q', "a\nb", "a\r\nb", "😀", "\\", "x,y"]
    rows = ({"Id": f"c{place}", "LastName": text, "Email": None} for place, text in enumerate(texts))
    assert load(tmp_path, [("contact", rows), ("Account", [])]) == {"Account": 0, "Contact": len(texts)}
    store = Store(tmp_path)
    # Ids of any length stay as they are given.
    assert values(store, "Contact", "Id", "LastName", "Email") == [
        (f"c{place}", text, None) for place, text in enumerate(texts)
    ]
    store.close()


def test_gaps_are_filled(store: Store, tmp_path: Path) -> None:
    row = {
        "Id": "c1",
        "LastName": "Lovelace",
        "FirstName": "Ada",
        "LastModifiedDate": "2024-05-06T07:08:09+02:00",
    }
    write_csv(tmp_path / "csv", "Contact", [row])
    load_folder(store, tmp_path / "csv")
    names = ("Name", "OwnerId", "IsDeleted", "DoNotCall", "AccountId", "CreatedById")
    assert values(store, "Contact", *names) == [("Ada Lovelace", ADMIN_ID, False, False, None, ADMIN_ID)]
    stamps = values(store, "Contact", "CreatedDate", "LastModifiedDate", "SystemModstamp")[0]
    assert {str(stamp) for stamp in stamps} == {"2024-05-06 05:08:09"}
    # Whom records point to is there.
    assert values(store, "User", "Id", "Username") == [(ADMIN_ID, "admin@acme.example")]


def test_system_dates_keep_what_is_given(store: Store, tmp_path: Path) -> None:
    row = {
        "Id": "c1",
        "LastName": "A",
        "CreatedDate": "2020-01-01T00:00:00.000Z",
        "LastModifiedDate": "2021-01-01T00:00:00.000Z",
        "SystemModstamp": "2022-01-01T00:00:00.000Z",
    }
    undated = {"Id": "c2", "LastName": "B", "CreatedDate": "", "LastModifiedDate": "", "SystemModstamp": ""}
    write_csv(tmp_path / "csv", "Contact", [row, undated])
    load_folder(store, tmp_path / "csv")
    years = [
        tuple(str(each)[:4] for each in row)
        for row in values(store, "Contact", "CreatedDate", "LastModifiedDate", "SystemModstamp")
    ]
    assert years == [("2020", "2021", "2022"), ("2024", "2024", "2024")]


def test_given_users_own_the_rest(store: Store, tmp_path: Path) -> None:
    write_csv(
        tmp_path / "csv", "User", [{"Id": "u1", "Username": "someone@acme.example", "IsActive": "true"}]
    )
    write_csv(tmp_path / "csv", "Contact", [{"Id": "c1", "LastName": "A"}])
    load_folder(store, tmp_path / "csv")
    assert values(store, "Contact", "OwnerId") == [("u1",)]
    assert values(store, "User", "Id") == [("u1",)]


def test_a_known_id_is_replaced(store: Store, tmp_path: Path) -> None:
    write_csv(tmp_path / "csv", "Contact", [{"Id": "c1", "LastName": "Old", "Email": "a@b.example"}])
    load_folder(store, tmp_path / "csv")
    write_csv(tmp_path / "csv", "Contact", [{"Id": "c1", "LastName": "New"}, {"Id": "c2", "LastName": "Two"}])
    load_folder(store, tmp_path / "csv")
    assert values(store, "Contact", "Id", "LastName", "Email") == [("c1", "New", None), ("c2", "Two", None)]


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        ("Contract_Line", [{"Id": "1"}], ["file Contract_Line.csv", "no object of this name"]),
        ("Contacts", [{"Id": "1"}], ["file Contacts.csv", "the nearest is Contact"]),
        ("Contact", [{"Id": "1", "LastNam": "x"}], ["Contact.csv", "'LastNam'", "the nearest is LastName"]),
        (
            "Contact",
            [{"Id": "1", "MailingAddress": "x"}],
            ["Contact.csv", "'MailingAddress'", "no such field"],
        ),
        ("Contact", [{"LastName": "x"}], ["Contact.csv has no column Id"]),
        ("Contact", [{"Id": "1", "id": "2"}], ["Contact.csv", "'id'", "twice"]),
        ("Contact", [{"Id": "1"}, {"Id": ""}], ["Contact.csv", "column Id", "1 of 2 records have none"]),
        ("Contact", [{"Id": "1"}, {"Id": "1"}], ["Contact.csv", "column Id", "1 records repeat"]),
        (
            "Contact",
            [{"Id": "1", "Birthdate": "2000-01-31"}, {"Id": "2", "Birthdate": "31.01.secret"}],
            ["Contact.csv, record 2, column Birthdate", "no date"],
        ),
        ("Account", [{"Id": "1", "NumberOfEmployees": "5.7"}], ["Account.csv, record 1", "no int"]),
        ("Account", [{"Id": "1", "AnnualRevenue": "secret"}], ["Account.csv, record 1", "no currency"]),
        ("Contact", [{"Id": "1", "DoNotCall": "secret"}], ["column DoNotCall", "no boolean"]),
    ],
)
def test_mistakes_are_named(
    store: Store, tmp_path: Path, name: str, rows: list[dict[str, str]], words: list[str]
) -> None:
    write_csv(tmp_path / "csv", name, rows)
    with pytest.raises(SeedError) as refusal:
        load_folder(store, tmp_path / "csv")
    assert all(word in str(refusal.value) for word in words), refusal.value
    assert "secret" not in str(refusal.value)


def test_a_wrong_header_keeps_the_other_files_out(store: Store, tmp_path: Path) -> None:
    write_csv(tmp_path / "csv", "Account", [{"Id": "a1", "Name": "A"}])
    write_csv(tmp_path / "csv", "Contact", [{"Id": "c1", "LastNam": "A"}])
    with pytest.raises(SeedError):
        load_folder(store, tmp_path / "csv")
    assert values(store, "Account", "Id") == []


def test_a_row_with_other_fields_is_refused(store: Store) -> None:
    rows = [{"Id": "c1", "LastName": "A"}, {"Id": "c2", "Nickname": "secret"}]
    with pytest.raises(SeedError, match="object Contact: a row has fields that the first row has not"):
        load(store, [("Contact", rows)])


def test_a_broken_file_is_refused_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "Contact.csv").write_text("Id,LastName\nc1,A\nc2,secret,too many\n", encoding="utf-8")
    with pytest.raises(SeedError, match=r"Contact.csv is not a CSV file of 2 columns") as refusal:
        load_folder(store, tmp_path / "csv")
    assert "secret" not in str(refusal.value)
    assert values(store, "Contact", "Id") == []


def test_a_byte_order_mark_is_no_part_of_the_header(store: Store, tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "Contact.csv").write_text("\ufeffId,LastName\r\nc1,A\r\n", encoding="utf-8")
    load_folder(store, tmp_path / "csv")
    assert values(store, "Contact", "Id", "LastName") == [("c1", "A")]


def test_a_folder_without_csv_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    with pytest.raises(SeedError, match="holds no CSV file"):
        load_folder(store, tmp_path / "csv")


def test_seed_and_reset_over_http(tmp_path: Path) -> None:
    write_csv(tmp_path / "csv", "contact", [{"Id": record_id("003", "A1"), "LastName": "A"}])
    write_csv(tmp_path / "bad", "contact", [{"Id": "1", "LastNam": "A"}])
    with acme(tmp_path / "home") as org:
        assert org.seed(tmp_path / "csv") == {"Contact": 1}
        for folder in (tmp_path / "bad", tmp_path / "nowhere"):
            refusal = requests.post(f"{org.url}/_sandbox/seed", json={"folder": str(folder)}, timeout=10)
            assert refusal.status_code == 400
            assert refusal.json()["error"]
        org.job("SELECT Id FROM Contact")
        org.control("reset")
        assert counts(org) == {}
        assert org.get("/jobs/query").json()["records"] == []
        assert not list((tmp_path / "home" / "results").iterdir())


def test_rows_outlive_a_restart(tmp_path: Path) -> None:
    write_csv(tmp_path / "csv", "Contact", [{"Id": record_id("003", "A1"), "LastName": "A"}])
    with acme(tmp_path / "home") as org:
        org.seed(tmp_path / "csv")
        made = org.call("POST", "/sobjects/Contact", {"LastName": "B"}).json()["id"]
        token = org.http.headers["Authorization"]
    with acme(tmp_path / "home") as org:
        assert counts(org) == {"Contact": 2, "User": 1}
        # Sessions and id counters go on.
        org.http.headers["Authorization"] = token
        assert org.get("/limits").status_code == 200
        assert org.call("POST", "/sobjects/Contact", {"LastName": "C"}).json()["id"] != made


def counts(org: Acme) -> dict[str, int]:
    return {each["name"]: each["count"] for each in org.get("/limits/recordCount").json()["sObjects"]}


def test_ids_get_the_checksum_of_salesforce() -> None:
    # From recorded replies: shared/specs/salesforce/exchanges/rest_query_select.json, query_records.json.
    for known in ("0019H00000H1RMDQA3", "0051F00000nc59NQAQ", "012Da000003Vv95IAC", "0035500001H9kaAAAR"):
        assert long_id(known[:15]) == known


def test_every_object_can_be_loaded_empty(store: Store) -> None:
    loaded = load(store, [(sobject.name, []) for sobject in declared_org()])
    assert set(loaded.values()) == {0}


def test_an_org_that_once_played_another_is_filled_by_the_fields_names(store: Store) -> None:
    contact = declared_org().sobjects["Contact"]
    other = replace(contact, fields=(*contact.fields, Field("Other__c", "double", "Other")))
    store.use(replace(declared_org(), sobjects={**declared_org().sobjects, "Contact": other}))
    store.use(declared_org())
    load(store, [("Contact", [{"Id": "003000000000001AAA", "LastName": "Berg"}])])
    assert store.row('SELECT "LastName", "Other__c" FROM org."Contact"') == ("Berg", None)


def test_a_reset_forgets_the_fields_of_another_org(store: Store) -> None:
    contact = declared_org().sobjects["Contact"]
    fields = [replace(each, type="double") if each.name == "LastName" else each for each in contact.fields]
    store.execute('DROP TABLE org."Contact"')
    store.use(replace(declared_org(), sobjects={"Contact": replace(contact, fields=tuple(fields))}))
    store.reset()
    load(store, [("Contact", [{"Id": "003000000000001AAA", "LastName": "Berg"}])])
    assert store.row('SELECT "LastName" FROM org."Contact"') == ("Berg",)
