"""Who is meant by an address or an id: all records of one person, in the source and in the targets."""

from dataclasses import dataclass, field
from typing import Any

from extract.salesforce.tombstones import OF_A_PERSON
from migrate.runs import rows

# A Salesforce id is as good without its last three characters, which only check the case of the others.
SHORT_ID = 15


@dataclass(slots=True)
class Person:
    """Their addresses, the ids of their records in Salesforce, and of their contacts by target; all in lower case."""

    addresses: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    contacts: dict[str, set[str]] = field(default_factory=dict)

    @property
    def exact(self) -> list[str]:
        """What a cell that is theirs may consist of."""
        return sorted(
            self.addresses | self.records | {each for ids in self.contacts.values() for each in ids}
        )

    @property
    def within(self) -> list[str]:
        """What betrays them inside a text; a number alone would, by accident, stand in others' texts too."""
        ids = {each for ids in self.contacts.values() for each in ids}
        telling = {each for each in ids if not each.isdigit()} | {f"contacts/{each}/" for each in ids}
        return sorted(self.addresses | self.records | telling)

    @property
    def size(self) -> int:
        """How much is known of them; it grows while there is more to be found."""
        return len(self.addresses) + len(self.records) + sum(map(len, self.contacts.values()))


def find(connection: Any, named: str) -> Person:
    """Give all that belongs to an address, a Salesforce id or a target's id: by address, merged records, and the ledger."""
    person = Person()
    if "@" in named:
        person.addresses.add(named.strip().lower())
    else:
        person.records.add(named.strip().lower())
    tables, size = _person_tables(connection), 0
    while size != person.size:
        size = person.size
        for table in tables:
            _add_records(connection, person, table)
        _add_merged(connection, person)
        _add_contacts(connection, person)
    return person


def _person_tables(connection: Any) -> list[str]:
    names = ", ".join(f"'{name.upper()}'" for name in sorted(OF_A_PERSON))
    found = rows(
        connection,
        "select table_name from information_schema.columns where table_schema = 'RAW_SALESFORCE' "
        f"and column_name in ({names}) group by table_name having count(*) = {len(OF_A_PERSON)} order by table_name",
    )
    return [row["table_name"] for row in found]


def _add_records(connection: Any, person: Person, table: str) -> None:
    short = [each[:SHORT_ID] for each in person.records]
    found = rows(
        connection,
        f"""select lower("ID") as record_id, lower(trim("EMAIL")) as address from raw_salesforce."{table}"
        where lower(trim("EMAIL")) in ({_listed(person.addresses)}) or left(lower("ID"), {SHORT_ID}) in ({_listed(short)})""",
    )
    person.records |= {row["record_id"] for row in found}
    shared = {
        row["address"]
        for row in rows(connection, "select email_key as address from seeds.placeholder_emails")
    }
    person.addresses |= {row["address"] for row in found if row["address"] and row["address"] not in shared}


def _add_merged(connection: Any, person: Person) -> None:
    listed = _listed(person.records)
    found = rows(
        connection,
        f"""select lower(record_id) as record_id from intermediate.int_people_crosswalk
        where golden_id in (
            select golden_id from intermediate.int_people_crosswalk
            where lower(record_id) in ({listed}) or lower(golden_id) in ({listed})
        )""",
    )
    person.records |= {row["record_id"] for row in found}


def _add_contacts(connection: Any, person: Person) -> None:
    known = person.records | {each for ids in person.contacts.values() for each in ids}
    found = rows(
        connection,
        f"""select distinct target, lower(record_key) as record_key, lower(target_id) as target_id
        from ops.load_attempt
        where object = 'contacts' and target_id is not null
            and (lower(record_key) in ({_listed(known)}) or lower(target_id) in ({_listed(known)}))""",
    )
    for row in found:
        person.records.add(row["record_key"])
        person.contacts.setdefault(row["target"], set()).add(row["target_id"])


def _listed(values: Any) -> str:
    quoted = ["'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'" for value in sorted(values)]
    return ", ".join(quoted) or "null"
