"""The runbook knows every kind of error that ends a command, and every category of refusal of our own; so do the fixes."""

import ast
import inspect

import pytest

import extract.errors
import load.guards
import load.plans
import load.rejects
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


@pytest.mark.parametrize("category", sorted({*CATEGORIES} - {load.target.CANNOT}))
def test_a_reject_has_a_fix_of_its_own(category: str) -> None:
    """What could not be undone is no reject: the rollback tells of it."""
    assert load.rejects.fix(category) != load.rejects.OTHERWISE


def test_the_categories_of_our_own_are_named_in_one_place() -> None:
    """A category that is written out where a row is refused, and is not the vendor's word, would escape the tests above."""
    theirs = {"conflict"}
    written = {
        call.args[0].value
        for file in (REPOSITORY / "load").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "refused"
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    assert written <= theirs
