"""Every question that the dashboard and the report ask, and the marts' names, once.

A question that the warehouse cannot answer, because the mart is not built yet or a column is not there, gives an empty
frame: a dashboard that is opened before the first run says so and does not fail.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

Ask = Callable[[str, Sequence[Any]], pd.DataFrame]

OBJECTS = "reconciliation.recon_object"
HISTORY = "reconciliation.recon_object_history"
RECORDS = "reconciliation.recon_record"
FIELDS = "reconciliation.recon_field"
LINKS = "reconciliation.recon_association"
EXTRA = "reconciliation.recon_extra"
MAPPING = "reconciliation.field_mapping"
QUALITY = "reconciliation.quality_score"
RUNS = "reconciliation.run_history"
RATE = "reconciliation.rate"
BUDGET = "reconciliation.api_budget"
COVERAGE = "quality.mapping_coverage"
QUARANTINE = "quality.quarantine"
CROSSWALK = "intermediate.int_records_crosswalk"
PEOPLE_PAIRS = "intermediate.int_people_matched"
COMPANY_PAIRS = "intermediate.int_companies_matched"
COMPANIES = "marts_hubspot.hubspot__companies"
DEALS = "marts_hubspot.hubspot__deals"
TICKETS = "marts_hubspot.hubspot__tickets"
OWNERS = "staging.stg_hubspot__owners"
# of a row of DEALS as deals: what may be summed over deals of several currencies
AMOUNT = "coalesce(deals.salesforce_converted_amount, deals.amount)"
# whether a row of DEALS as deals is won or lost: in HubSpot's own closed stages, or in one that the seed makes, whose probability says so
CLOSED = (
    "(deals.dealstage in ('closedwon', 'closedlost') or (deals.pipeline, deals.dealstage) in "
    "(select pipeline, stage from seeds.hubspot_pipelines where object = 'deals' and probability in (0, 1)))"
)
ATTEMPTS = "ops.load_attempt"
PHASES = "ops.run_phase"
PROGRESS = "ops.progress"

SETTLED = ("verified", "merged", "quarantined")
# of one list on a page; the report has all
MOST_ROWS = 5_000
PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]*")


def objects(ask: Ask) -> pd.DataFrame:
    """One row per target object, as the sign-off has it."""
    return ask(f"select * from {OBJECTS} order by target, object", ())


def history(ask: Ask) -> pd.DataFrame:
    """Accuracy and loss of each run as a whole, oldest first."""
    return ask(
        "select run_id, min(mode) as mode, min(read_at) as read_at, "
        "sum(fields_equal) / nullif(sum(fields_expected), 0) as accuracy, sum(unexplained_loss) as unexplained_loss "
        f"from {HISTORY} group by run_id order by read_at",
        (),
    )


def quality(ask: Ask) -> pd.DataFrame:
    """The score of each object and dimension before and after."""
    return ask(
        f"select object, dimension, score_before, score_after from {QUALITY} order by object, dimension", ()
    )


def runs(ask: Ask) -> pd.DataFrame:
    """All runs, the latest first."""
    return ask(f"select * from {RUNS} order by started_at desc", ())


def rates(ask: Ask, run_id: str) -> pd.DataFrame:
    """How fast a run read and wrote."""
    return ask(f"select * from {RATE} where run_id = ? order by phase, system, object", (run_id,))


def budget(ask: Ask) -> pd.DataFrame:
    """Calls of the last 24 hours by system, and what is left of the day's."""
    return ask(f"select * from {BUDGET} order by system", ())


def phases(ask: Ask, run_id: str) -> pd.DataFrame:
    """The phases of a run that have ended, in order."""
    return ask(
        "select phase, status, started_at, finished_at, "
        "datediff('millisecond', started_at, finished_at) / 1000 as seconds "
        f"from {PHASES} where run_id = ? order by finished_at",
        (run_id,),
    )


def progress(ask: Ask, run_id: str) -> pd.DataFrame:
    """How far each part of the phase under way has come: first and last note of it."""
    return ask(
        "select phase, label, max(done) as done, max(total) as total, min(noted_at) as first_at, "
        f"max(noted_at) as last_at from {PROGRESS} where run_id = ? group by phase, label order by first_at, label",
        (run_id,),
    )


def exceptions(
    ask: Ask, target: str | None = None, name: str | None = None, most: int | None = MOST_ROWS
) -> pd.DataFrame:
    """Every record that is neither verified nor merged, and why, or the first of them."""
    where, values = "", []
    if target and name:
        where, values = "and target = ? and object = ?", [target, name]
    return ask(
        "select target, object, source_object, record_id, record_key, target_id, status, reason "
        f"from {RECORDS} where status not in ('verified', 'merged') {where} "
        f"order by target, object, status, record_id {_first(most)}",
        values,
    )


def link_exceptions(ask: Ask, most: int | None = MOST_ROWS) -> pd.DataFrame:
    """Every link that is neither verified nor merged, and why, or the first of them."""
    return ask(
        f"select target, source_field, source_id, status, reason, link_key from {LINKS} "
        f"where status not in ('verified', 'merged') order by target, status, source_field, source_id {_first(most)}",
        (),
    )


def differences(
    ask: Ask, target: str | None = None, name: str | None = None, most: int | None = MOST_ROWS
) -> pd.DataFrame:
    """Every value that differs, or the first of them."""
    where, values = "", []
    if target and name:
        where, values = "where target = ? and object = ?", [target, name]
    return ask(
        f"select * from {FIELDS} {where} order by target, object, record_key, property {_first(most)}",
        values,
    )


def extras(
    ask: Ask, target: str | None = None, name: str | None = None, most: int | None = MOST_ROWS
) -> pd.DataFrame:
    """What the targets hold and no mart asks for, or the first of them."""
    where, values = "", []
    if target and name:
        where, values = "where target = ? and object = ?", [target, name]
    return ask(f"select * from {EXTRA} {where} order by target, object, kind {_first(most)}", values)


def mapping(ask: Ask) -> pd.DataFrame:
    """Every property with the fields it comes from."""
    return ask(f"select * from {MAPPING} order by target, object, property", ())


def coverage(ask: Ask) -> pd.DataFrame:
    """What becomes of every source field."""
    return ask(f"select * from {COVERAGE} order by source_object, source_field", ())


def find(ask: Ask, text: str) -> pd.DataFrame:
    """Records of any target whose Salesforce id, key or target id this is."""
    return ask(
        f"select target, object, source_object, record_id, record_key, target_id, status, reason from {RECORDS} "
        "where record_id = ? or record_key = ? or target_id = ? order by target limit 50",
        (text, text, text),
    )


def cluster(ask: Ask, record_key: str) -> pd.DataFrame:
    """The source records that became one golden record."""
    return ask(
        f"select source_object, record_id, golden_id from {CROSSWALK} where golden_id = ? order by record_id limit 500",
        (record_key,),
    )


def pairs(ask: Ask, name: str, record_ids: Sequence[str]) -> pd.DataFrame:
    """The matched pairs among these records with their evidence, in whatever columns the model has."""
    table = {"contacts": PEOPLE_PAIRS, "companies": COMPANY_PAIRS}.get(name)
    if table is None or not record_ids:
        return pd.DataFrame()
    marks = ", ".join("?" * len(record_ids))
    return ask(
        f"select * from {table} where left_id in ({marks}) or right_id in ({marks}) limit 500",
        [*record_ids, *record_ids],
    )


def findings(ask: Ask, name: str, record_id: str) -> pd.DataFrame:
    """What the checks say of a record."""
    return ask(
        f"select check_name, field, scope, problem from {QUARANTINE} where object = ? and record_id = ?",
        (name, record_id),
    )


def mart_row(ask: Ask, target: str, name: str, record_key: str) -> pd.DataFrame:
    """The row that is sent for a golden record."""
    if not PLAIN_NAME.fullmatch(target) or not PLAIN_NAME.fullmatch(name):
        return pd.DataFrame()
    return ask(f"select * from marts_{target}.{target}__{name} where _record_key = ?", (record_key,))


def attempts(ask: Ask, target: str, name: str, record_key: str) -> pd.DataFrame:
    """Each time that the record was sent, the latest first."""
    return ask(
        "select attempted_at, run_id, action, status, target_id, error_category, error_message, correlation_id "
        f"from {ATTEMPTS} where target = ? and object = ? and record_key = ? order by attempted_at desc limit 200",
        (target, name, record_key),
    )


def record_differences(ask: Ask, target: str, name: str, record_key: str) -> pd.DataFrame:
    """The values of one record that differ in the target."""
    return ask(
        f"select property, expected_value, found_value, is_pii from {FIELDS} "
        "where target = ? and object = ? and record_key = ? order by property",
        (target, name, record_key),
    )


def personal(ask: Ask, target: str, name: str) -> set[str]:
    """The properties of an object that hold personal values."""
    found = ask(f"select property from {MAPPING} where target = ? and object = ? and is_pii", (target, name))
    return set(found["property"]) if len(found) else set()


def pipeline(ask: Ask) -> pd.DataFrame:
    """Deals and their amount in the org's own currency by stage as Salesforce names it: in the mart, and of these verified in HubSpot."""
    return ask(
        "select coalesce(deals.salesforce_stage, 'no stage') as stage, "
        f"iff({CLOSED}, 'closed', 'open') as state, count(*) as deals, "
        f"coalesce(sum({AMOUNT}), 0) as amount, count_if(records.status = 'verified') as verified_deals, "
        f"coalesce(sum(iff(records.status = 'verified', {AMOUNT}, 0)), 0) as verified_amount "
        f"from {DEALS} as deals left join {RECORDS} as records on records.target = 'hubspot' "
        "and records.object = 'deals' and deals._record_key = records.record_id group by 1, 2 order by amount desc",
        (),
    )


def tickets(ask: Ask) -> pd.DataFrame:
    """Tickets by status as Salesforce names it, open and closed."""
    return ask(
        "select coalesce(salesforce_case_status, 'no status') as status, coalesce(hs_ticket_priority, 'none') as priority, "
        "iff(salesforce_closed_at is null, 'open', 'closed') as state, count(*) as tickets "
        f"from {TICKETS} group by 1, 2, 3 order by tickets desc",
        (),
    )


def owners(ask: Ask) -> pd.DataFrame:
    """What each HubSpot owner gets; an empty owner is what nobody owns there."""
    return ask(
        "select coalesce(owners.email, owned.owner_id, 'nobody') as owner, sum(owned.companies) as companies, "
        "sum(owned.deals) as deals, sum(owned.amount) as amount, sum(owned.tickets) as tickets from ("
        f"select hubspot_owner_id as owner_id, 1 as companies, 0 as deals, 0 as amount, 0 as tickets from {COMPANIES} "
        f"union all select hubspot_owner_id, 0, 1, coalesce({AMOUNT}, 0), 0 from {DEALS} as deals "
        f"union all select hubspot_owner_id, 0, 0, 0, 1 from {TICKETS} where salesforce_closed_at is null"
        f") as owned left join {OWNERS} as owners on owned.owner_id = owners.hubspot_owner_id "
        "group by 1 order by amount desc",
        (),
    )


def at_risk(ask: Ask) -> pd.DataFrame:
    """Companies with open deals whose contract ends within 90 days, or that have open tickets of high priority."""
    return ask(
        "with ends as (select _record_key, name, customer_tier, contract_end_date, "
        "contract_end_date between current_date() and dateadd('day', 90, current_date()) as ends_soon "
        f"from {COMPANIES}), "
        "links as (select from_object, from_key, to_key from intermediate.int_links_resolved "
        "where disposition = 'kept' and to_object = 'companies'), "
        "urgent as (select links.to_key, count(distinct tickets._record_key) as urgent_tickets "
        f"from {TICKETS} as tickets inner join links on links.from_object = 'tickets' "
        "and tickets._record_key = links.from_key where tickets.salesforce_closed_at is null "
        "and lower(tickets.hs_ticket_priority) in ('high', 'urgent') group by links.to_key), "
        f"opened as (select links.to_key, sum({AMOUNT}) as open_amount "
        f"from {DEALS} as deals inner join links on links.from_object = 'deals' and deals._record_key = links.from_key "
        f"where not {CLOSED} group by links.to_key) "
        "select ends._record_key as record_key, ends.name, ends.customer_tier, ends.contract_end_date, "
        "coalesce(urgent.urgent_tickets, 0) as urgent_tickets, coalesce(opened.open_amount, 0) as open_amount "
        "from ends left join urgent on ends._record_key = urgent.to_key left join opened on ends._record_key = opened.to_key "
        "where ends.ends_soon or urgent.urgent_tickets > 0 order by urgent_tickets desc, open_amount desc limit 100",
        (),
    )


def masked(frame: pd.DataFrame) -> pd.DataFrame:
    """The differing values of personal properties as their first character and length."""
    if frame.empty or "is_pii" not in frame:
        return frame
    hidden = frame.copy()
    for column in ("expected_value", "found_value"):
        values = hidden[column].map(mask)
        hidden[column] = values.where(hidden["is_pii"].astype(bool), hidden[column])
    return hidden


def mask(value: Any) -> Any:
    """A personal value as its first character and length; nothing stays nothing."""
    if value is None or pd.isna(value) or value == "":
        return value
    return f"{str(value)[0]}… ({len(str(value))} characters)"


def lowered(frame: pd.DataFrame) -> pd.DataFrame:
    """Lower-case the columns' names, which Snowflake gives in upper case, and make decimals plain numbers."""
    frame.columns = [str(name).lower() for name in frame.columns]
    for name in frame.columns:
        if frame[name].map(type).astype(str).str.contains("Decimal").any():
            frame[name] = pd.to_numeric(frame[name])
    return frame


def _first(most: int | None) -> str:
    return "" if most is None else f"limit {most}"
