"""Changes chosen so that each must lead to one update in each target."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.company import generate
from sandbox.company.change import Changes, account_changes, contact_changes, opportunity_changes
from sandbox.company.files import ACCOUNT, DIRT, PERSON, read

Choose = Callable[..., Changes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    generate(folder, scale=0.3)
    return folder


CHOICES = [("Contact", contact_changes), ("Account", account_changes), ("Opportunity", opportunity_changes)]


@pytest.mark.parametrize(("name", "choose"), CHOICES)
def test_changes_are_real_and_of_different_records(name: str, choose: Choose, folder: Path) -> None:
    changes = choose(folder, 20)
    before = {row["Id"]: row for row in read(folder, f"{name}.csv")}
    assert len({record for record, _ in changes}) == len(changes) == 20
    for record, values in changes:
        assert before[record]["IsDeleted"] == "false"
        assert all(str(value) != before[record][field] for field, value in values.items())


@pytest.mark.parametrize(("name", "choose"), CHOICES)
def test_the_seed_decides_which(name: str, choose: Choose, folder: Path) -> None:
    assert choose(folder, 10, seed=1) == choose(folder, 10, seed=1) != choose(folder, 10, seed=2)


def test_changed_records_are_sound(folder: Path) -> None:
    soiled = {row["record_id"] for row in read(folder, DIRT)}
    for choose, truth in ((contact_changes, PERSON), (account_changes, ACCOUNT)):
        entity = {row["record_id"]: row["entity_id"] for row in read(folder, truth)}
        records = Counter(entity.values())
        for record, _ in choose(folder, 20):
            assert record not in soiled
            assert records[entity[record]] == 1


def test_more_changes_than_sound_records_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="generate a larger company"):
        contact_changes(folder, 100_000)
