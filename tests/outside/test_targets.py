"""What was loaded, read by HubSpot's and Intercom's own Node clients: they see what the marts say.

`make outside` installs the clients into `.local/outside`; without them this is skipped.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import servers
from tests.soak.quick_warehouse import QuickWarehouse
from tests.soak.world import World, fill, load, world

MODULES = servers.REPOSITORY / ".local" / "outside"
READ = Path(__file__).parent / "read_targets.mjs"
# Both targets, no row that a target would refuse.
SEED = 2

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(
        not (MODULES / "node_modules" / "@hubspot").exists(),
        reason="the vendors' Node clients are not installed: make outside",
    ),
]


@pytest.fixture
def made() -> World:
    clean = world(SEED)
    for table in ("contacts", "people"):
        for n, row in enumerate(clean.tables[table].values()):
            row["email"] = f"p{n}@example.com"
    return clean


def test_the_vendors_node_clients_see_what_was_loaded(made: World, tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("h", "i")]
    for home in homes:
        home.mkdir()
    with (
        servers.running(["sandbox", "hubspot"], homes[0], "/_sandbox/health") as hubspot,
        servers.running(["sandbox", "intercom"], homes[1], "/_sandbox/health") as intercom,
    ):
        warehouse = QuickWarehouse(tmp_path / "warehouse.duckdb").set_up()
        fill(warehouse, made)
        load(warehouse, made, {"hubspot": hubspot, "intercom": intercom}, tmp_path / "spool", "only")
        warehouse.close()
        names = {"salesforce_id", *next(iter(made.tables["contacts"].values()))}
        done = subprocess.run(
            ["node", str(READ), hubspot, intercom, ",".join(sorted(names))],  # noqa: S607  as people have it
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "OUTSIDE_MODULES": str(MODULES)},
            timeout=120,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)

    contacts = {each["properties"]["salesforce_id"]: each for each in seen["contacts"]}
    companies = {each["properties"]["salesforce_id"]: each["id"] for each in seen["companies"]}
    assert contacts.keys() == made.tables["contacts"].keys()
    assert companies.keys() == made.tables["companies"].keys()
    for key, row in made.tables["contacts"].items():
        has = contacts[key]["properties"]
        assert (has["email"], has["firstname"], has["lastname"]) == (
            row["email"],
            row["firstname"],
            row["lastname"],
        )
        assert float(has["salesforce_score"]) == row["salesforce_score"]
        assert has["salesforce_tier"] == row["salesforce_tier"]
    for row in made.tables["links"].values():
        assert companies[row["to_key"]] in seen["links"][contacts[row["from_key"]]["id"]]
    people = {each["external_id"]: each for each in seen["people"]}
    assert people.keys() == made.tables["people"].keys()
    for key, row in made.tables["people"].items():
        assert (people[key]["email"], people[key]["name"]) == (row["email"], row["name"])
        assert people[key]["companies"] == [made.tables["joined"][f"j-{key}"]["company_key"]]
