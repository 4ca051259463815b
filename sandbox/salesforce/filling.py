"""Records made up from an object's fields alone: any number of them, the same for the same seed, hard to copy rightly."""

from collections.abc import Callable, Sequence

from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Field, Org, Sobject
from sandbox.salesforce.store import Store, utc_now

# What careless readers turn into null, numbers, other letters or two records.
HARD_TEXTS = (
    "NA",
    "None",
    "Null",
    "N/A",
    "NULL",
    "nan",
    "true",
    "12.0",
    "0012",
    " leading blanks",
    "trailing blank ",
    'She said "no"',
    '"',
    "a,b;c|d",
    "two\nlines",
    "windows\r\nlines",
    "Zoë Müller-Łukasz",
    "日本 😀👩‍👩‍👧",
    "'",
    "\\N",
    "=1+1",
)
WORDS = ("north", "amber", "delta", "quiet", "union", "harbour", "silver", "garden", "signal", "meadow")
# One text of so many is hard; so many of a hundred optional values are empty.
HARD_ONE_IN, EMPTY_PERCENT = 40, 40
LONGEST_TEXT = 60
OWN_NUMBER_DIGITS = 12
FIRST_DAY = "TIMESTAMP '2019-03-01 08:00:00'"
NEVER_EMPTY = frozenset({"Name", "LastName", "OwnerId"})


def fill(store: Store, sobject: Sobject, rows: int, seed: int) -> int:
    """Put made-up records in the place of those of an object, unless they are there already; give their number."""
    made = f"{rows} rows of seed {seed}"
    if store.setting(_setting(sobject)) != made:
        names = ", ".join(f'"{each.name}"' for each in sobject.columns)
        values = ", ".join(_value(each, sobject, store.org, rows, seed) for each in sobject.columns)
        with store.writing() as cursor:
            cursor.execute(f'DELETE FROM org."{sobject.name}"')
            cursor.execute(
                f'INSERT INTO org."{sobject.name}" ({names}) SELECT {values} FROM range(1, {rows + 1}) AS t(n)'
            )
        store.keep_setting(_setting(sobject), made)
    return rows


def touch(store: Store, sobject: Sobject, every: int) -> int:
    """Move the times of every so many-th record to now; give how many these are."""
    now = utc_now()
    sql = (
        f'UPDATE org."{sobject.name}" SET "LastModifiedDate" = ?, "SystemModstamp" = ? '
        f"WHERE rowid % ? = 0 RETURNING 1"
    )
    with store.writing() as cursor:
        return len(cursor.execute(sql, [now, now, every]).fetchall())


def forget(store: Store) -> None:
    """Forget what was filled, because the records are gone."""
    store.forget_settings(_setting(None))


def _setting(sobject: Sobject | None) -> str:
    return f"filled {sobject.name if sobject else ''}"


def _value(field: Field, sobject: Sobject, org: Org, rows: int, seed: int) -> str:
    dice = f"hash(n, '{sobject.name}.{field.name}', {seed})"
    value = SYSTEM_VALUES.get(field.name) or _own_value(field, org, rows, dice)
    if field.name == "Id":
        return _id(sobject.prefix, "n")
    if field.required or field.name in SYSTEM_VALUES or field.name in NEVER_EMPTY or field.type == "boolean":
        return value
    return f"CASE WHEN {dice} // 1000 % 100 >= {EMPTY_PERCENT} THEN {value} END"


def _own_value(field: Field, org: Org, rows: int, dice: str) -> str:
    if field.refers_to:
        target = org.find(field.refers_to[0])
        return _id(target.prefix if target else "001", f"CAST({dice} % {rows} + 1 AS BIGINT)")
    if field.values:
        return _one_of(field.values, dice)
    return VALUES.get(field.type, _text)(field, dice)


def _id(prefix: str, number: str) -> str:
    """Give the SQL of the id with this number: its three last characters come from the prefix alone."""
    suffix = long_id(prefix + "0" * OWN_NUMBER_DIGITS)[-3:]
    return f"'{prefix}' || lpad(CAST({number} AS VARCHAR), {OWN_NUMBER_DIGITS}, '0') || '{suffix}'"


def _text(field: Field, dice: str) -> str:
    longest = min(field.length or LONGEST_TEXT, LONGEST_TEXT)
    hard = [each for each in HARD_TEXTS if len(each) <= longest]
    words = " || ' ' || ".join(_one_of(WORDS, f"({dice} // {10**place})") for place in (2, 4, 6))
    plain = f"left({words}, CAST(greatest(3, {dice} // 7 % {longest}) AS BIGINT))"
    if not hard:
        return f"left({words}, {longest})"
    return f"CASE WHEN {dice} % {HARD_ONE_IN} = 0 THEN {_one_of(hard, dice + f' // {HARD_ONE_IN}')} ELSE trim({plain}) END"


def _one_of(texts: Sequence[str], dice: str) -> str:
    listed = ", ".join("'" + each.replace("'", "''") + "'" for each in texts)
    return f"[{listed}][CAST({dice} % {len(texts)} + 1 AS BIGINT)]"


def _whole(_: Field, dice: str) -> str:
    return f"CAST({dice} % 100000 AS BIGINT)"


def _number(field: Field, dice: str) -> str:
    """Give whole and broken numbers; 12.0 stays 12.0."""
    return f"round(CAST(CAST({dice} % 10000000 AS BIGINT) AS DOUBLE) / [1, 10, 100][CAST({dice} // 3 % 3 + 1 AS BIGINT)], {min(field.scale or 2, 2)})"


VALUES: dict[str, Callable[[Field, str], str]] = {
    "boolean": lambda _, dice: f"{dice} % 2 = 0",
    "int": _whole,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "date": lambda _, dice: f"DATE '1950-01-01' + CAST({dice} % 25000 AS INTEGER)",
    "datetime": lambda _, dice: f"{FIRST_DAY} + to_seconds(CAST({dice} % 150000000 AS BIGINT))",
    "time": lambda _, dice: (
        f"strftime({FIRST_DAY} + to_seconds(CAST({dice} % 86400 AS BIGINT)), '%H:%M:%S.000Z')"
    ),
    "email": lambda _, dice: (
        f"{_one_of(WORDS, dice)} || '.' || n || '@' || {_one_of(WORDS, dice + ' // 10')} || '.example'"
    ),
    "phone": lambda _, dice: f"'+44 20 7946 ' || lpad(CAST({dice} % 10000 AS VARCHAR), 4, '0')",
    "url": lambda _, dice: f"'https://' || {_one_of(WORDS, dice)} || '.example/?n=' || n || '&x=%20'",
}
SYSTEM_VALUES = {
    "Id": "",
    "IsDeleted": "false",
    "MasterRecordId": "NULL",
    "CreatedDate": f"{FIRST_DAY} + to_seconds(n * 60)",
    "LastModifiedDate": f"{FIRST_DAY} + to_seconds(n * 61)",
    "SystemModstamp": f"{FIRST_DAY} + to_seconds(n * 61)",
}
