"""Times in UTC, and SOQL's date words (TODAY, LAST_N_DAYS:30, THIS_QUARTER …) as ranges of days."""

import re
from datetime import UTC, date, datetime, timedelta

FIXED = {
    "TODAY": (0, 1),
    "YESTERDAY": (-1, 0),
    "TOMORROW": (1, 2),
    "LAST_90_DAYS": (-90, 1),
    "NEXT_90_DAYS": (1, 91),
}
DAYS = {"DAY": 1, "WEEK": 7}
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
COUNTED = re.compile(r"(?P<side>LAST|NEXT)_N_(?P<unit>DAY|WEEK|MONTH|QUARTER|YEAR)S:(?P<count>\d+)")
AGO = re.compile(r"N_(?P<unit>DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO:(?P<count>\d+)")
AROUND = re.compile(r"(?P<side>LAST|THIS|NEXT)_(?P<unit>WEEK|MONTH|QUARTER|YEAR)")


def utc(text: str) -> datetime:
    """Read an ISO 8601 time as UTC without a zone, which is how times are kept; one without a zone is UTC.

    Raises:
        ValueError: It is not such a time.

    """
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def day_range(word: str, today: date) -> tuple[date, date] | None:
    """Give the first day of a date word and the day after its last, or None for a word that SOQL does not know.

    LAST_N_DAYS includes today, as Salesforce counts it; weeks start on Sunday.
    """
    if word in FIXED:
        first, end = FIXED[word]
        return today + timedelta(days=first), today + timedelta(days=end)
    if match := COUNTED.fullmatch(word):
        return _counted(match["side"], match["unit"], int(match["count"]), today)
    if match := AGO.fullmatch(word):
        return _shifted(match["unit"], -int(match["count"]), today)
    if match := AROUND.fullmatch(word):
        return _shifted(match["unit"], {"LAST": -1, "THIS": 0, "NEXT": 1}[match["side"]], today)
    return None


def _counted(side: str, unit: str, count: int, today: date) -> tuple[date, date]:
    start = _start(unit, today)
    if side == "NEXT":
        return _moved(start, unit, 1), _moved(start, unit, count + 1)
    # Only days count the running one; LAST_N_MONTHS ends where this month starts.
    return _moved(start, unit, -count), _moved(start, unit, 1 if unit == "DAY" else 0)


def _shifted(unit: str, by: int, today: date) -> tuple[date, date]:
    start = _moved(_start(unit, today), unit, by)
    return start, _moved(start, unit, 1)


def _start(unit: str, today: date) -> date:
    if unit == "WEEK":
        return today - timedelta(days=(today.weekday() + 1) % 7)
    if unit == "MONTH":
        return today.replace(day=1)
    if unit == "QUARTER":
        return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    if unit == "YEAR":
        return today.replace(month=1, day=1)
    return today


def _moved(start: date, unit: str, by: int) -> date:
    """Move the start of a unit by whole units; months and longer start on the first, so no day can be missing."""
    if unit in DAYS:
        return start + timedelta(days=by * DAYS[unit])
    months = start.year * 12 + start.month - 1 + by * MONTHS[unit]
    return date(months // 12, months % 12 + 1, 1)
