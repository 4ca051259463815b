"""The dbt project as its manifest shows it: what is declared, and the SQL that Snowflake will get."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Project:
    """dbt's manifest after `dbt compile`, with the project's own nodes by name."""

    manifest: Mapping[str, Any]

    @property
    def models(self) -> dict[str, Any]:
        return self._named("model")

    @property
    def seeds(self) -> dict[str, Any]:
        return self._named("seed")

    @property
    def data_tests(self) -> dict[str, Any]:
        return self._named("test")

    @property
    def exposures(self) -> dict[str, Any]:
        return {node["name"]: node for node in self.manifest["exposures"].values()}

    @property
    def unit_tested(self) -> set[str]:
        """Name the models that have a unit test."""
        return {node["model"] for node in self.manifest["unit_tests"].values()}

    def inputs(self, node: Mapping[str, Any]) -> set[str]:
        """Name what a model or exposure reads: a model or seed by its name, a source as `source.table`."""
        return {self._short(unique_id) for unique_id in node["depends_on"]["nodes"]}

    def salesforce_fields(self) -> set[str]:
        """Name every declared field of the source, as Object.Field."""
        return {
            f"{table['config']['meta']['sobject']}.{column}"
            for table in self.manifest["sources"].values()
            if table["source_name"] == "salesforce"
            for column in table["columns"]
        }

    def marts_sent(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Yield each exposure that is sent to a target with its mart."""
        for exposure in self.exposures.values():
            if "target" in exposure["config"]["meta"]:
                [mart] = self.inputs(exposure)
                yield exposure, self.models[mart]

    def _named(self, kind: str) -> dict[str, Any]:
        return {
            node["name"]: node for node in self.manifest["nodes"].values() if node["resource_type"] == kind
        }

    def _short(self, unique_id: str) -> str:
        source = self.manifest["sources"].get(unique_id)
        if source:
            return f"{source['source_name']}.{source['name']}"
        name: str = self.manifest["nodes"][unique_id]["name"]
        return name


def folder(node: Mapping[str, Any]) -> str:
    """Give the folder of a model below `models`, such as `staging/salesforce`."""
    return Path(node["original_file_path"]).parent.relative_to("dbt_project/models").as_posix()


def query(node: Mapping[str, Any]) -> exp.Query:
    """Give the compiled SQL of a model or test as sqlglot reads it for Snowflake."""
    [statement] = sqlglot.parse(node["compiled_code"], dialect="snowflake")
    assert isinstance(statement, exp.Query), f"{node['name']}: {statement!r}"
    return statement
