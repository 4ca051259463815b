"""What is to be done for each object, before the first job: how the org describes it, and from when on to read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import requests
from simple_salesforce import Salesforce

from extract.errors import BudgetExhausted, ExtractError, LoginError
from extract.landing import watermarks
from extract.salesforce import drift, hidden, raw, schedule
from extract.salesforce.describe import Description, describe_source
from extract.salesforce.drift import Drift, Known
from extract.salesforce.query import soql_time
from extract.salesforce.read import Settings
from extract.sources import SourceObject

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection


@dataclass(frozen=True, slots=True)
class Order:
    """One object: its description, or why it is not read; what earlier copies know; the bound to read on from.

    Attributes:
        due: which passes over all its records are due besides what changed.
        hidden: fields that the org has and the login may not see, as far as the org tells.
    """

    source: SourceObject
    description: Description | Exception
    known: Known
    since: str | None
    due: frozenset[str] = frozenset()
    hidden: tuple[str, ...] = ()

    @property
    def drift(self) -> Drift:
        """What changed since the last copy; nothing where the object could not be described."""
        return self.known.drift(self.description) if isinstance(self.description, Description) else Drift()

    @property
    def unseen(self) -> list[str]:
        """Say which fields the login sees no more, and which it never saw."""
        gone, name = self.drift.gone, self.source.name
        told = [drift.gone_warning(name, gone)] if gone else []
        never = tuple(each for each in self.hidden if each not in gone)
        return told + ([hidden.warning(name, never)] if never else [])


def make_orders(
    sf: Salesforce,
    connection: SnowflakeConnection,
    objects: Sequence[SourceObject],
    settings: Settings,
    *,
    full: bool = False,
    thorough: bool = False,
) -> list[Order]:
    """Describe objects of the org, and look up how far they were copied; changes nothing.

    `thorough` makes every pass over all records due.

    Raises:
        BudgetExhausted: Salesforce's daily allowance is used up, or its part above the floor.
        LoginError: the token expired and no other can be had.
    """
    columns = raw.columns(connection)
    known = drift.known(connection, objects, columns)
    bounds = {} if full else _behind(watermarks(connection), settings.lookback)
    # Without its table there is nothing that a change could be put into.
    since = {each.name: bounds.get(each.name) if each.table in columns else None for each in objects}
    due = schedule.due(connection, objects, thorough=thorough)
    pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="describe")
    try:
        described = [*pool.map(partial(_described, sf, settings.salt), objects)]
    finally:
        pool.shutdown(cancel_futures=True)
    orders = [
        Order(source, description, known[source.name], since[source.name], due[source.name], unseen)
        for source, (description, unseen) in zip(objects, described, strict=True)
    ]
    return orders if full else [*map(_compatible, orders)]


def _compatible(order: Order) -> Order:
    """Stop an object whose old values would stand among new ones of another kind; a full copy reads all anew."""
    if not (wrong := order.drift.incompatible):
        return order
    error = ExtractError(
        f"{order.source.name}: the type of a field changed so that old values are none of the new one: {', '.join(wrong)}. "
        f"Look at what staging makes of it, then read the object anew: migrate extract -s {order.source.name} --full"
    )
    return replace(order, description=error)


def _described(
    sf: Salesforce, salt: str, source: SourceObject
) -> tuple[Description | Exception, tuple[str, ...]]:
    try:
        description = describe_source(sf, source, salt)
        return description, hidden.fields(sf, description, source.exclude)
    except (BudgetExhausted, LoginError):
        raise
    except (ExtractError, requests.RequestException) as error:
        return error, ()


def _behind(bounds: Mapping[str, str], lookback: dt.timedelta) -> dict[str, str]:
    return {name: soql_time(dt.datetime.fromisoformat(bound) - lookback) for name, bound in bounds.items()}
