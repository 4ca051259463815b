"""The public CRM data set as a Salesforce org."""

import csv
import filecmp
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from sandbox.company.crm_sales import OBJECTS, convert
from sandbox.company.files import read
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import declared_org
from sandbox.salesforce.seed import load_folder

ORG = declared_org().sobjects
TEAMS = "Sales_Agent,Manager,Regional_Office\nAnna Snelling,Dustin Brinkmann,Central\nZane Levy,Summer Sewald,West\n"
PRODUCTS = "Product,Sales_Price\nGTX Pro,4821.0\n"
ACCOUNTS = "Account,Revenue,Employees\nInitech,6395.05,20275.0\n,,\nHooli,,\n"
DEALS = """Account,Opportunity_ID,Sales_Agent,Deal_Stage,Product,Close_Date,Close_Value,Created_On
Initech,AAA,Anna Snelling,Won,GTXPro,2017-03-01,4514.5,2017-01-02

,BBB,Zane Levy,In_Progress,GTX Pro,,,2017-02-03
Hooli,CCC,Zane Levy,Lost,GTXPro,2017-04-05,0.0,2016-12-01
Hooli,DDD,Zane Levy,Won,GTXPro,2017-04-06,,2016-12-24
Hooli,EEE,Zane Levy,Pondering,GTXPro,,,2016-12-24
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    texts = {
        "accounts.csv": ACCOUNTS,
        "products.csv": PRODUCTS,
        "sales-teams.csv": TEAMS,
        "sales-pipeline.csv": DEALS,
    }
    for name, text in texts.items():
        (source / name).write_text(text, encoding="utf-8")
    return source


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return list(read(folder, f"{name}.csv"))


def test_every_deal_becomes_an_opportunity(source: Path, tmp_path: Path) -> None:
    summary = convert(source, tmp_path)
    assert summary.rows == {
        "User": 4,
        "Account": 2,
        "Product2": 1,
        "Opportunity": 5,
        "OpportunityLineItem": 5,
    }
    deals = {row["Name"].split()[-1]: row for row in rows(tmp_path, "Opportunity")}
    assert [deals[key]["StageName"] for key in ("AAA", "BBB", "CCC", "EEE")] == [
        "Closed Won",
        "Prospecting",
        "Closed Lost",
        "Pondering",
    ]
    assert [deals[key]["Amount"] for key in ("AAA", "BBB", "CCC", "DDD")] == ["4514.50", "", "0.00", ""]
    assert [deals[key]["IsWon"] for key in ("AAA", "BBB", "CCC", "DDD")] == ["true", "false", "false", "true"]
    assert deals["AAA"]["CloseDate"] == "2017-03-01"
    assert deals["BBB"]["CloseDate"] == "2017-12-31"
    assert deals["BBB"]["AccountId"] == ""


def test_both_spellings_of_a_product_are_kept_and_lead_to_it(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path)
    items, (product,) = rows(tmp_path, "OpportunityLineItem"), rows(tmp_path, "Product2")
    assert product["Name"] == "GTX Pro"
    assert {item["Product2Id"] for item in items} == {product["Id"]}
    assert {item["Name"].endswith("GTX Pro") for item in items} == {True, False}
    assert {item["ListPrice"] for item in items} == {"4821.00"}


def test_accounts_are_in_dollars_and_belong_to_the_first_agent(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path)
    accounts = {row["Name"]: row for row in rows(tmp_path, "Account")}
    users = {row["Id"]: row for row in rows(tmp_path, "User")}
    assert accounts["Initech"]["AnnualRevenue"] == "6395050000"
    assert accounts["Initech"]["NumberOfEmployees"] == "20275"
    assert accounts["Hooli"]["AnnualRevenue"] == ""
    assert accounts["Hooli"]["CreatedDate"] == "2016-12-01T00:00:00.000Z"
    assert users[accounts["Hooli"]["OwnerId"]]["Name"] == "Zane Levy"


def test_agents_report_to_their_managers(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path)
    users = {row["Id"]: row for row in rows(tmp_path, "User")}
    managers = {row["Name"]: users[row["ManagerId"]]["Name"] for row in users.values() if row["ManagerId"]}
    assert managers == {"Anna Snelling": "Dustin Brinkmann", "Zane Levy": "Summer Sewald"}


def test_ids_follow_from_natural_keys_only(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "a")
    lines = (source / "sales-pipeline.csv").read_text(encoding="utf-8").splitlines()
    (source / "sales-pipeline.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
    convert(source, tmp_path / "b")
    a, b = ({row["Name"]: row["Id"] for row in rows(tmp_path / part, "Opportunity")} for part in "ab")
    assert a == b
    assert all(record == long_id(record[:15]) for record in a.values())


def test_a_deal_of_an_unknown_agent_is_refused(source: Path, tmp_path: Path) -> None:
    (source / "sales-teams.csv").write_text(TEAMS.replace("Zane Levy", "Cassey Cress"), encoding="utf-8")
    with pytest.raises(ValueError, match="opportunity BBB is in no row"):
        convert(source, tmp_path)


def test_the_published_data_is_preserved(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/crm_sales"
    convert(source, tmp_path / "a")
    convert(source, tmp_path / "b")
    names = [f"{name}.csv" for name in OBJECTS]
    assert filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", names, shallow=False)[0] == names
    deals, written = list(read(source, "sales-pipeline.csv")), rows(tmp_path / "a", "Opportunity")
    assert len({row["Id"] for row in written}) == len(written) == len(deals)
    assert sum(not row["AccountId"] for row in written) == sum(not deal["Account"] for deal in deals)
    assert sum(float(row["Amount"] or 0) for row in written) == pytest.approx(
        sum(float(deal["Close_Value"] or 0) for deal in deals)
    )
    assert Counter(row["IsWon"] for row in written)["true"] == sum(
        deal["Deal_Stage"] == "Won" for deal in deals
    )


def test_the_published_data_is_a_whole_org(shared: Path, tmp_path: Path) -> None:
    convert(shared / "data/crm_sales", tmp_path)
    org = {name: rows(tmp_path, name) for name in OBJECTS}
    ids = {name: {row["Id"] for row in table} for name, table in org.items()}
    for name, table in org.items():
        for column in ORG[name].columns:
            values = {row[column.name] for row in table}
            assert "" not in values or not column.required, (name, column.name)
            assert max(map(len, values)) <= (column.length or 1_000), (name, column.name)
            if set(column.refers_to) & set(ids):
                assert values <= {"", *(record for target in column.refers_to for record in ids[target])}, (
                    name,
                    column.name,
                )


def test_salesforce_stand_in_takes_the_folder(source: Path, tmp_path: Path) -> None:
    summary = convert(source, tmp_path / "org")
    assert load_folder(tmp_path / "home", tmp_path / "org") == summary.rows


def test_files_have_the_columns_of_the_org(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path)
    for name in OBJECTS:
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [column.name for column in ORG[name].columns]


def test_owners_leave_two_agents_without_counterpart(shared: Path, tmp_path: Path) -> None:
    convert(shared / "data/crm_sales", tmp_path)
    known = {owner["email"] for owner in json.loads((tmp_path / "owners.json").read_text(encoding="utf-8"))}
    assert len({row["Email"] for row in rows(tmp_path, "User")} - known) == 2


def test_command_line_converts(source: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox.company",
        "--folder",
        str(tmp_path / "org"),
        "--crm-sales",
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Opportunity" in done.stderr
    assert len(rows(tmp_path / "org", "Opportunity")) == 5
