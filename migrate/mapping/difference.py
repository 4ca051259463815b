"""What a change of the mapping does to the data: the marts of two versions of the dbt project, built beside each other.

Both are built from the same raw tables, in schemas of their own that are dropped afterwards; neither the marts that are
sent nor the ledger is touched. They are compared in the warehouse, property by property of the contracts.
"""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from load.feeds import RECORD_KEY, Column, Feed, feeds
from migrate import transform
from migrate.errors import SetupError
from migrate.runs import rows
from migrate.settings import Settings

PROJECT = ("dbt_project.yml", "profiles.yml", "dbt_project")
SCHEMA_MACRO = Path("dbt_project/macros/generate_schema_name.sql")
BEFORE, AFTER = "diff_before_", "diff_after_"
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")


@dataclass(frozen=True, slots=True)
class Version:
    """The feeds of one version of the project, as they were built, and which properties hold personal data."""

    feeds: Mapping[tuple[str, str], Feed]
    personal: frozenset[tuple[str, str, str]]


@contextmanager
def versions(
    settings: Settings,
    connection: Any,
    reference: str,
    progress: transform.Progress,
    only: Sequence[str] = (),
) -> Iterator[tuple[Version, Version]]:
    """Build the marts of the git reference and of the working tree, or only those named; drop their schemas at the end.

    Raises:
        SetupError: this is no git repository, it has no such reference, or a model of either cannot be built.
    """
    with TemporaryDirectory() as name:
        before, after = Path(name) / "before", Path(name) / "after"
        _extract(reference, before)
        _copy(after)
        try:
            yield (
                _built(settings, before, BEFORE, only, progress),
                _built(settings, after, AFTER, only, progress),
            )
        finally:
            _drop(connection)


def differences(
    connection: Any, before: Version, after: Version, *, samples: int = 3, show_pii: bool = False
) -> list[dict[str, Any]]:
    """Give what differs, an entry for each mart of either version that does.

    An entry counts rows `before`, `after`, `added`, `removed` and `changed`, and lists the `properties` that differ:
    how many values change, and some of them. A property that one version lacks counts with the values of the other.
    """
    found = []
    for name in sorted({*before.feeds, *after.feeds}):
        own = _Comparison(connection, before.feeds.get(name), after.feeds.get(name))
        personal = {each[2] for each in before.personal | after.personal if each[:2] == name}
        entry = own.entry(samples, set() if show_pii else personal)
        if entry["added"] or entry["removed"] or entry["properties"]:
            found.append({"target": name[0], "object": name[1], **entry})
    return found


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One mart in both versions; None where a version has none."""

    connection: Any
    before: Feed | None
    after: Feed | None

    def entry(self, samples: int, masked: set[str]) -> dict[str, Any]:
        old, new = self._columns(self.before), self._columns(self.after)
        names = [name for name in {**old, **new} if old.get(name) != new.get(name) or self._both]
        compared = [self._property(name, old, new, samples, name in masked) for name in names]
        return {**self._counts([*old.keys() & new.keys()]), "properties": [each for each in compared if each]}

    @property
    def _both(self) -> bool:
        return self.before is not None and self.after is not None

    def _columns(self, feed: Feed | None) -> dict[str, Column]:
        return {column.name: column for column in feed.columns} if feed and self._both else {}

    def _counts(self, shared: list[str]) -> dict[str, int]:
        changed = " or ".join(f"{_text('b', name)} is distinct from {_text('a', name)}" for name in shared)
        counted = rows(
            self.connection,
            f"""select count(b.{RECORD_KEY}) as before, count(a.{RECORD_KEY}) as after,
                count_if(b.{RECORD_KEY} is null) as added, count_if(a.{RECORD_KEY} is null) as removed,
                count_if(b.{RECORD_KEY} = a.{RECORD_KEY} and ({changed or "false"})) as changed
            {self._joined()}""",
        )[0]
        return {name: int(count) for name, count in counted.items()}

    def _property(
        self, name: str, old: Mapping[str, Column], new: Mapping[str, Column], samples: int, is_masked: bool
    ) -> dict[str, Any] | None:
        was, now = (_text("b", name) if name in old else "null", _text("a", name) if name in new else "null")
        shown_was, shown_now = (_masked(was), _masked(now)) if is_masked else (was, now)
        differing = f"{self._joined()} where b.{RECORD_KEY} = a.{RECORD_KEY} and {was} is distinct from {now}"
        values = rows(self.connection, f"select count(*) as n {differing}")[0]["n"]
        change = "changed" if name in old and name in new else "added" if name in new else "removed"
        if not values and change == "changed":
            return None
        shown = rows(
            self.connection,
            f"select a.{RECORD_KEY} as record_key, {shown_was} as before, {shown_now} as after {differing} "
            f"order by a.{RECORD_KEY} limit {samples}",
        )
        return {
            "property": name,
            "change": change,
            "values": int(values),
            "masked": is_masked,
            "samples": shown,
        }

    def _joined(self) -> str:
        before, after = (_relation(self.before), _relation(self.after))
        return f"from {before} as b full outer join {after} as a on b.{RECORD_KEY} = a.{RECORD_KEY}"


def _relation(feed: Feed | None) -> str:
    return feed.relation if feed else f"(select null as {RECORD_KEY} where false)"


def _text(side: str, name: str) -> str:
    return f"cast({side}.{name} as varchar)"


def _masked(value: str) -> str:
    return f"left({value}, 1) || '… (' || length({value}) || ' characters)'"


def _extract(reference: str, folder: Path) -> None:
    """Write the dbt project as the git reference has it."""
    done = subprocess.run(  # noqa: S603  a list, no shell
        ["git", "archive", "--format=tar", "--end-of-options", reference, *PROJECT],  # noqa: S607  git is where the path says
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.decode(errors="replace").strip().splitlines() or ["git cannot be run here"])[-1]
        raise SetupError(f"The project at {reference} cannot be read: {said}. Name a branch, tag or commit.")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _copy(folder: Path) -> None:
    folder.mkdir()
    for name in PROJECT:
        (shutil.copytree if Path(name).is_dir() else shutil.copy)(name, folder / name)


def _built(
    settings: Settings, folder: Path, prefix: str, only: Sequence[str], progress: transform.Progress
) -> Version:
    """Build the marts of a project into schemas whose names begin with the prefix."""
    label = f"building {folder.name}"
    selected = [f"+{name}" for name in only or ("marts.hubspot", "marts.intercom")]
    (folder / SCHEMA_MACRO).write_text(
        "{% macro generate_schema_name(custom_schema_name, node) -%}\n"
        f"    {prefix}{{{{ (custom_schema_name or target.schema) | trim }}}}\n"
        "{%- endmacro %}\n"
    )
    places = [f"--project-dir={folder}", f"--profiles-dir={folder}", f"--target-path={folder / 'target'}"]
    built, manifest = transform.build_elsewhere(
        settings,
        folder / "target",
        ["--select", *selected, *NO_TESTS, *places],
        lambda _, done, total: progress(label, done, total),
    )
    for node in built.failed:
        raise SetupError(f"{label}: {node.unique_id} {node.status}: {node.message or 'no message'}")
    return version(manifest, only)


def version(manifest: Mapping[str, Any], only: Sequence[str] = ()) -> Version:
    """Give the feeds of a manifest, or only those of the marts named, by target and object, and what is personal."""
    models = {node["relation_name"]: node for node in manifest["nodes"].values() if node.get("relation_name")}
    own = {
        (feed.target, feed.object): feed
        for feed in feeds(manifest)
        if not only or models[feed.relation]["name"] in only
    }
    personal = frozenset(
        (*name, column["name"])
        for name, feed in own.items()
        for column in models[feed.relation]["columns"].values()
        if column["config"]["meta"].get("pii")
    )
    return Version(own, personal)


def _drop(connection: Any) -> None:
    found = rows(
        connection,
        "select schema_name from information_schema.schemata "
        f"where startswith(lower(schema_name), '{BEFORE}') or startswith(lower(schema_name), '{AFTER}')",
    )
    for row in found:
        connection.cursor().execute(f"drop schema if exists {row['schema_name']} cascade")
