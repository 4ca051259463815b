"""Hand-made marts: the manifest that dbt would write about them, and their tables in a warehouse."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

HUBSPOT_TOKEN = "sandbox-hubspot-token"
INTERCOM_TOKEN = "sandbox-intercom-token"

Column = tuple[str, str, dict[str, Any] | None]

# A statement takes the embedded warehouse 50 ms, so only what was filled is emptied.
_filled: set[str] = set()

OPS = ("ops.load_attempt", "ops.load_ledger", "ops.plan", "ops.plan_action")

GROUP = {"group": "salesforce_migration"}
CONTACTS: list[Column] = [
    ("email", "varchar", None),
    ("firstname", "varchar", None),
    ("lastname", "varchar", None),
    (
        "salesforce_score",
        "number(18,2)",
        {"label": "Score", "type": "number", "field_type": "number", **GROUP},
    ),
    ("salesforce_born", "date", {"label": "Born", "type": "date", "field_type": "date", **GROUP}),
    (
        "salesforce_seen_at",
        "timestamp_ntz",
        {"label": "Seen", "type": "datetime", "field_type": "date", **GROUP},
    ),
    (
        "salesforce_opt_out",
        "boolean",
        {"label": "Out", "type": "bool", "field_type": "booleancheckbox", **GROUP},
    ),
    (
        "salesforce_tier",
        "varchar",
        {
            "label": "Tier",
            "type": "enumeration",
            "field_type": "select",
            "options": ["gold", "iron"],
            **GROUP,
        },
    ),
]
COMPANIES: list[Column] = [("name", "varchar", None), ("domain", "varchar", None)]
ASSOCIATIONS: list[Column] = [
    (name, "varchar", None) for name in ("from_object", "from_key", "to_object", "to_key", "association_type")
]
PEOPLE: list[Column] = [
    ("role", "varchar", None),
    ("email", "varchar", None),
    ("name", "varchar", None),
    ("signed_up_at", "timestamp_ntz", None),
    ("person_score", "number(18,2)", {"label": "Score", "data_type": "float"}),
    ("person_born", "date", {"label": "Born", "data_type": "date"}),
]
FIRMS: list[Column] = [
    ("name", "varchar", None),
    ("size", "number(38,0)", None),
    ("firm_tier", "varchar", {"label": "Tier", "data_type": "string"}),
]
REQUESTS: list[Column] = [
    ("contact_key", "varchar", None),
    ("ticket_type", "varchar", None),
    ("ticket_state", "varchar", None),
    ("title", "varchar", None),
    ("description", "varchar", None),
    ("assignee_id", "number(38,0)", None),
    ("created_at", "timestamp_ntz", None),
    ("request_origin", "varchar", {"label": "Origin", "data_type": "string"}),
    ("request_score", "number(18,2)", {"label": "Score", "data_type": "decimal"}),
]
READ_AT = {
    "ticket_type": "ticket_type.name",
    "ticket_state": "ticket_state.internal_label",
    "title": "ticket_attributes._default_title_",
    "description": "ticket_attributes._default_description_",
    "assignee_id": "admin_assignee_id",
}
LABELLED: list[Column] = [
    ("tagged_object", "varchar", None),
    ("tagged_key", "varchar", None),
    ("tag_key", "varchar", None),
]
REMARKS: list[Column] = [
    ("contact_key", "varchar", None),
    ("body", "varchar", None),
    ("admin_id", "number(38,0)", None),
]
SAID: list[Column] = [
    ("ticket_key", "varchar", None),
    ("body", "varchar", None),
    ("created_at", "timestamp_ntz", None),
    ("admin_id", "number(38,0)", None),
]
# The golden record of each record, which the exposures of people and companies name.
CROSSWALK = {
    "name": "crosswalk",
    "resource_type": "model",
    "relation_name": "MIGRATION.MARTS_TEST.crosswalk",
    "columns": {
        name: {"name": name, "data_type": "varchar"} for name in ("object", "record_id", "golden_id")
    },
}
ATTACHMENTS: list[Column] = [("contact_key", "varchar", None), ("company_key", "varchar", None)]


def exposure(name: str, model: str, **meta: Any) -> dict[str, Any]:
    """Write one exposure as dbt does."""
    return {
        "name": name,
        "type": "application",
        "depends_on": {"nodes": [f"model.salesforce_exit.{model}"]},
        "config": {"enabled": True, "meta": meta},
    }


def model(name: str, columns: Sequence[Column], *, enforced: bool = True) -> dict[str, Any]:
    """Write one mart as dbt does."""
    declared = [("_record_key", "varchar", None), ("_row_hash", "varchar", None), *columns]
    return {
        "name": name,
        "resource_type": "model",
        "relation_name": f"MIGRATION.MARTS_TEST.{name}",
        "config": {"contract": {"enforced": enforced}},
        "columns": {
            column: {
                "name": column,
                "data_type": data_type,
                "description": f"What {column} says.",
                "config": {
                    "meta": {
                        "source": ["Contact.X"],
                        "pii": column == "email",
                        **({"property": custom} if custom else {}),
                        **({"read_at": READ_AT[column]} if column in READ_AT else {}),
                    }
                },
            }
            for column, data_type, custom in declared
        },
    }


def manifest(
    *pairs: tuple[dict[str, Any], dict[str, Any]], others: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Put exposures and the mart of each together."""
    exposures = [declared for declared, _ in pairs] + list(others)
    return {
        "exposures": {f"exposure.salesforce_exit.{each['name']}": each for each in exposures},
        "nodes": {
            f"model.salesforce_exit.{each['name']}": each
            for each in (*(mart for _, mart in pairs), CROSSWALK)
        },
    }


def company_manifest(**contacts_meta: Any) -> dict[str, Any]:
    """Write the manifest of all feeds that the tests use; `contacts_meta` overrides HubSpot's contacts."""
    hubspot = {"target": "hubspot", "key": "salesforce_id", "crosswalk": "crosswalk"}
    intercom = {"target": "intercom"}
    return manifest(
        (
            exposure(
                "hubspot_contacts", "contacts", object="contacts", order=20, **{**hubspot, **contacts_meta}
            ),
            model("contacts", CONTACTS),
        ),
        (
            exposure("hubspot_companies", "companies", object="companies", order=10, **hubspot),
            model("companies", COMPANIES),
        ),
        (
            exposure(
                "hubspot_links", "links", target="hubspot", object="associations", kind="link", order=50
            ),
            model("links", ASSOCIATIONS),
        ),
        (
            exposure(
                "intercom_companies", "firms", object="companies", key="company_id", order=10, **intercom
            ),
            model("firms", FIRMS),
        ),
        (
            exposure(
                "intercom_contacts",
                "people",
                object="contacts",
                key="external_id",
                lead_key="salesforce_id",
                crosswalk="crosswalk",
                order=20,
                **intercom,
            ),
            model("people", PEOPLE),
        ),
        (
            exposure("intercom_merges", "merged", object="merges", kind="link", order=25, **intercom),
            model("merged", [("lead_key", "varchar", None), ("user_key", "varchar", None)]),
        ),
        (
            exposure(
                "intercom_attachments", "joined", object="attachments", kind="link", order=30, **intercom
            ),
            model("joined", ATTACHMENTS),
        ),
        (
            exposure("intercom_tags", "labels", object="tags", key="key", order=50, **intercom),
            model("labels", [("name", "varchar", None)]),
        ),
        (
            exposure("intercom_taggings", "labelled", object="taggings", kind="link", order=60, **intercom),
            model("labelled", LABELLED),
        ),
        (
            exposure(
                "intercom_tickets",
                "requests",
                object="tickets",
                key="salesforce_id",
                order=40,
                types=["Question", "Problem"],
                **intercom,
            ),
            model("requests", REQUESTS),
        ),
        *(
            (
                exposure(
                    f"intercom_{object_}",
                    mart,
                    object=object_,
                    key="salesforce_id",
                    order=order,
                    policy="create_only",
                    **intercom,
                ),
                model(mart, columns),
            )
            for object_, mart, columns, order in (
                ("contact_notes", "remarks", REMARKS, 70),
                ("ticket_notes", "said", SAID, 75),
            )
        ),
    )


def create_tables(connection: Any, manifest: Mapping[str, Any]) -> None:
    """Create the marts of a manifest, empty, in place of what was there."""
    _execute(connection, "create schema if not exists marts_test")
    for node in manifest["nodes"].values():
        columns = ", ".join(f"{column['name']} {column['data_type']}" for column in node["columns"].values())
        _execute(connection, f"create or replace table {node['relation_name']} ({columns})")


def fill(connection: Any, table: str, columns: str, select: str) -> None:
    """Fill a mart by SQL: `select` gives `_record_key` and the columns; the row hash is made of them."""
    _filled.add(table)
    listed = ", ".join(f"coalesce({column}::varchar, '')" for column in columns.split(", "))
    _execute(
        connection,
        f"insert into marts_test.{table} (_record_key, _row_hash, {columns}) "
        f"select _record_key, md5(concat_ws('|', {listed})), {columns} from ({select}) as made",
    )


def rehash(connection: Any, table: str, columns: str) -> None:
    """Make the row hashes new after an update."""
    listed = ", ".join(f"coalesce({column}::varchar, '')" for column in columns.split(", "))
    _execute(connection, f"update marts_test.{table} set _row_hash = md5(concat_ws('|', {listed}))")


def found_one(connection: Any, object_: str, golden: str, *others: str) -> None:
    """Say in the crosswalk that records are one golden record."""
    _filled.add("crosswalk")
    rows = ", ".join(f"('{object_}', '{each}', '{golden}')" for each in (golden, *others))
    _execute(connection, f"delete from marts_test.crosswalk where object = '{object_}'")
    _execute(connection, f"insert into marts_test.crosswalk (object, record_id, golden_id) values {rows}")


def empty(connection: Any) -> None:
    """Empty the marts that were filled and the memory of what was sent."""
    for table in (*OPS, *(f"marts_test.{table}" for table in _filled)):
        _execute(connection, f"delete from {table}")
    _filled.clear()


def numbers(count: int) -> str:
    """Give SQL for a table of the whole numbers from 1 to `count` as `n`."""
    return f"select row_number() over (order by 1) as n from table(generator(rowcount => {count}))"


def _execute(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        rows: list[tuple[Any, ...]] = cursor.execute(sql).fetchall()
        return rows


query = _execute
