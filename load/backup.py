"""What the targets held before: each backup keeps, in OPS.BACKUP, what is new, changed or gone since the one before.

A backup is made of parts, each of them read into raw by `extract` and then kept here in one transaction. Of a record the
vendor's document is kept, of a link its types, under the `load.target.reference` of its ends.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from load.feeds import Feed

# A backup that was killed goes on if it is not older than this; the targets have changed too much since.
HOURS_TO_GO_ON = 24
EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Part:
    """What is read in one go: an object of HubSpot with the associations from it, or all of Intercom."""

    target: str
    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One part of a backup: where its rows came from, how many there are, and how many of them were kept."""

    target: str
    part: str
    source: str
    found: int
    changed: int


# The rows of a part as they lie in raw: object, target_id, payload, taken_at.
HUBSPOT_FOUND = """
            select object, id as target_id, payload, _extracted_at as taken_at
            from raw_hubspot.records
            where object = %(part)s
            union all
            select
                'associations',
                from_object || '/' || from_id || '/' || to_object || '/' || to_id,
                listagg(distinct category || '/' || type_id, ' ') within group (order by category || '/' || type_id),
                min(_extracted_at)
            from raw_hubspot.associations
            where from_object = %(part)s
            group by from_object, from_id, to_object, to_id"""

INTERCOM_FOUND = """
            select object, id as target_id, payload, _extracted_at as taken_at
            from raw_intercom.records
            union all
            select
                iff(object = 'attachments', object, 'taggings'),
                case object
                    when 'attachments' then 'contacts/' || contact_id || '/companies/' || other_id
                    when 'contact_tags' then 'contacts/' || contact_id || '/tags/' || other_id
                    when 'company_tags' then 'companies/' || contact_id || '/tags/' || other_id
                end,
                'attached',
                min(_extracted_at)
            from raw_intercom.links
            group by object, contact_id, other_id"""

KEEP = """
insert into ops.backup (backup_id, target, object, target_id, payload, is_gone, taken_at)
with found as ({found}
),

known as (
    select object, target_id, payload, is_gone
    from ops.backup
    where target = %(target)s and {scope}
    qualify row_number() over (partition by object, target_id order by taken_at desc) = 1
)

select
    %(backup_id)s,
    %(target)s,
    coalesce(found.object, known.object),
    coalesce(found.target_id, known.target_id),
    found.payload,
    found.target_id is null,
    coalesce(found.taken_at, sysdate())
from found
full outer join known on found.object = known.object and found.target_id = known.target_id
where iff(found.target_id is null, not known.is_gone, coalesce(known.is_gone, true) or known.payload <> found.payload)"""


def parts(feeds: Iterable[Feed], targets: Sequence[str] = ()) -> list[Part]:
    """Give the parts that a backup of these targets, or of all, consists of."""
    chosen = [feed for feed in feeds if feed.kind == "record" and (not targets or feed.target in targets)]
    named = [Part(feed.target, feed.object if feed.target == "hubspot" else EVERYTHING) for feed in chosen]
    return [*dict.fromkeys(named)]


def complete(connection: Any) -> set[Part]:
    """Give the parts of which there is any backup."""
    return {Part(*row) for row in _rows(connection, "select distinct target, part from ops.backup_part")}


def unfinished(connection: Any, wanted: Sequence[Part]) -> tuple[str, set[Part]] | None:
    """Give the latest backup and its parts if it is a recent one that was read and lacks some of those wanted."""
    found = _rows(
        connection,
        f"""
        select backup_id, target, part
        from ops.backup_part
        where source = 'read'
        qualify backup_id = first_value(backup_id) over (order by taken_at desc)
            and min(taken_at) over (partition by backup_id) > dateadd('hour', -{HOURS_TO_GO_ON}, sysdate())""",
    )
    done = {Part(target, part) for _, target, part in found}
    # One of another target was never meant to have these parts.
    if not done or not done < set(wanted):
        return None
    return found[0][0], done


def read_since(connection: Any, part: Part) -> bool:
    """Say whether the part was read back in full since its last backup, so that raw holds something newer."""
    objects = "" if part.name == EVERYTHING else "and object = %(part)s"
    found = _rows(
        connection,
        f"""
        select
            (select max(read_at) from ops.read_back where target = %(target)s and mode = 'full' {objects}) as read_at,
            (select max(taken_at) from ops.backup_part where target = %(target)s and part = %(part)s) as taken_at
        """,
        {"target": part.target, "part": part.name},
    )
    read_at, taken_at = found[0]
    return read_at is not None and (taken_at is None or read_at > taken_at)


def keep(connection: Any, backup_id: str, part: Part, source: str) -> Kept:
    """Keep what raw holds of a part, all or nothing; `source` is `read` or `read_back`."""
    bindings = {"backup_id": backup_id, "target": part.target, "part": part.name, "source": source}
    found = _found(part)
    statement = KEEP.format(found=found, scope=_scope(part))
    with connection.cursor() as cursor:
        number = int(cursor.execute(f"select count(*) from ({found}) as found", bindings).fetchone()[0])
        cursor.execute("begin")
        try:
            changed = int(cursor.execute(statement, bindings).fetchone()[0])
            cursor.execute(
                "insert into ops.backup_part (backup_id, target, part, source, found, changed, taken_at) "
                "select %(backup_id)s, %(target)s, %(part)s, %(source)s, %(found)s, %(changed)s, sysdate()",
                {**bindings, "found": number, "changed": changed},
            )
        except BaseException:
            cursor.execute("rollback")
            raise
        cursor.execute("commit")
    return Kept(part.target, part.name, source, number, changed)


def _found(part: Part) -> str:
    return HUBSPOT_FOUND if part.target == "hubspot" else INTERCOM_FOUND


def _scope(part: Part) -> str:
    """Say which rows of the backup belong to a part."""
    if part.name == EVERYTHING:
        return "true"
    return "(object = %(part)s or (object = 'associations' and startswith(target_id, %(part)s || '/')))"


def _rows(connection: Any, query: str, bindings: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        found: list[tuple[Any, ...]] = cursor.execute(query, bindings).fetchall()
        return found
