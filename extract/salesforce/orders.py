"""What is to be done for each object, before the first job: how the org describes it, and from when on to read it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import requests
from simple_salesforce import Salesforce
from snowflake.connector import SnowflakeConnection

from extract.errors import BudgetExhausted, ExtractError, LoginError
from extract.landing import watermarks
from extract.salesforce import drift, raw
from extract.salesforce.describe import Description, describe
from extract.salesforce.drift import Drift, Known
from extract.salesforce.query import soql_time
from extract.salesforce.read import Settings
from extract.sources import SourceObject


@dataclass(frozen=True, slots=True)
class Order:
    """One object: its description, or why there is none; what earlier copies know; the bound to read on from."""

    source: SourceObject
    description: Description | Exception
    known: Known
    since: str | None

    @property
    def drift(self) -> Drift:
        """What changed since the last copy; nothing where the object could not be described."""
        return self.known.drift(self.description) if isinstance(self.description, Description) else Drift()


def make_orders(
    sf: Salesforce,
    connection: SnowflakeConnection,
    objects: Sequence[SourceObject],
    settings: Settings,
    *,
    full: bool = False,
) -> list[Order]:
    """Describe objects of the org, and look up how far they were copied; changes nothing.

    Raises:
        BudgetExhausted: Salesforce's daily allowance is used up, or its part above the floor.
        LoginError: the token expired and no other can be had.
    """
    columns = raw.columns(connection)
    known = drift.known(connection, objects, columns)
    bounds = {} if full else _behind(watermarks(connection), settings.lookback)
    # Without its table there is nothing that a change could be put into.
    since = {each.name: bounds.get(each.name) if each.table in columns else None for each in objects}
    pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="describe")
    try:
        described = [*pool.map(partial(_described, sf), objects)]
    finally:
        pool.shutdown(cancel_futures=True)
    return [
        Order(source, description, known[source.name], since[source.name])
        for source, description in zip(objects, described, strict=True)
    ]


def _described(sf: Salesforce, source: SourceObject) -> Description | Exception:
    try:
        return describe(sf, source.name)
    except (BudgetExhausted, LoginError):
        raise
    except (ExtractError, requests.RequestException) as error:
        return error


def _behind(bounds: Mapping[str, str], lookback: dt.timedelta) -> dict[str, str]:
    return {name: soql_time(dt.datetime.fromisoformat(bound) - lookback) for name, bound in bounds.items()}
