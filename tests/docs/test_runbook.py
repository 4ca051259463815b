"""The runbook knows every kind of error that ends a command, and every category of refusal of our own."""

import inspect

import pytest

import extract.errors
import load.guards
import load.plans
import load.target
import migrate.errors
import warehouse.profile
from tests.servers import REPOSITORY

MODULES = (extract.errors, load.guards, load.plans, load.target, migrate.errors, warehouse.profile)
# What others are kinds of, and never raised without a message that says all.
GENERAL = {"LoadError", "LoadStoppedError"}
CATEGORIES = [value for name, value in vars(load.target).items() if name.isupper() and isinstance(value, str)]


def _errors() -> list[str]:
    return sorted(
        {
            name
            for module in MODULES
            for name, kind in inspect.getmembers(module, inspect.isclass)
            if issubclass(kind, Exception) and kind.__module__ == module.__name__ and name not in GENERAL
        }
    )


@pytest.mark.parametrize("name", [*_errors(), *CATEGORIES])
def test_the_runbook_says_what_to_do(name: str) -> None:
    text = (REPOSITORY / "docs" / "runbook.md").read_text()
    assert f"| `{name}`" in text or f", `{name}`" in text
