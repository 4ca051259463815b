"""Check values against property definitions, as HubSpot does before it writes a record.

A value is sent as text (numbers and booleans are taken too) and kept as the text that a read gives back. The codes and
texts of unknown properties, options, read-only and unique values and e-mail addresses are HubSpot's; those of other
types are not published in full and stand for the kind of problem.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml
from email_validator import EmailNotValidError, validate_email

from sandbox.hubspot.catalogue import Catalogue, ObjectType, Property
from sandbox.hubspot.errors import HubSpotError, Json
from sandbox.hubspot.store import timestamp

MAX_LENGTH = 65_536
DAY_MILLISECONDS = 86_400_000
MILLISECONDS = re.compile(r"-?\d+")
USUAL_NAME = re.compile(r"(?=.{1,64}$)[a-zA-Z0-9_+-]+(\.[a-zA-Z0-9_+-]+)*")
LONGEST_ADDRESS = 254
FORWARD_ONLY = "lifecyclestage"
# What HubSpot calls a value of a unique property that another record has.
TAKEN = "CONFLICTING_UNIQUE_VALUE"

Check = Callable[[str], str]
Values = dict[str, str]  # "" stands for a value that is to be cleared


class InvalidValue(Exception):  # noqa: N818 - it is no error of the stand-in
    """A value that its property does not take."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Validator:
    """Checks the properties of one object type; build a new one when definitions change."""

    def __init__(self, catalogue: Catalogue, kind: ObjectType) -> None:
        self._catalogue = catalogue
        self._kind = kind
        self.properties = catalogue.properties(kind)
        self.unique = [each.name for each in self.properties.values() if each.unique]
        self._checks = {name: _check(each, kind, catalogue) for name, each in self.properties.items()}
        stages = self.properties.get(FORWARD_ONLY)
        self._stages = {value: order for order, value in enumerate(stages.options)} if stages else {}
        self._pipelines = catalogue.pipelines(kind)

    def values(self, given: Json, current: Values | None) -> Values:
        """Check what is to be written over `current` (None: a new record).

        Returns the values to write; "" clears, and null is left out because it is ignored.
        Raises HubSpotError 400 that names every property that is wrong.
        """
        problems: list[tuple[str, InvalidValue]] = []
        values: Values = {}
        for name, raw in given.items():
            if raw is None:
                continue
            try:
                values[name] = self._value(name, raw)
            except InvalidValue as problem:
                problems.append((name, problem))
        if not problems and self._pipelines:
            self._check_stage(values, current or {}, problems)
        if problems:
            raise refusal(problems)
        if current is None:
            self._check_required(values)
        else:
            self._keep_stage_forward(values, current)
        return values

    def _value(self, name: str, raw: Any) -> str:
        check = self._checks.get(name)
        if check is None:
            raise InvalidValue("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        if not isinstance(raw, str):
            raw = json.dumps(raw)
        if len(raw) > MAX_LENGTH:
            message = f"{name} is longer than the {MAX_LENGTH} characters that a property value may have"
            raise InvalidValue("PROPERTY_VALUE_TOO_LONG", message)
        return check(raw)

    def _check_required(self, values: Values) -> None:
        missing = [name for name in self._kind.required if not values.get(name)]
        if missing:
            message = f"Error creating {self._kind.singular.upper()}. Some required properties were not set."
            raise HubSpotError(400, message, "VALIDATION_ERROR", context={"properties": missing})

    def _check_stage(self, values: Values, current: Values, problems: list[tuple[str, InvalidValue]]) -> None:
        """Hold the stage, sent by id, to its pipeline; without a pipeline the default one is taken."""
        pipeline_name, stage_name = self._kind.pipeline_properties
        if not current and not values.get(pipeline_name):
            values[pipeline_name] = next(iter(self._pipelines))
        elif stage_name not in values and pipeline_name not in values:
            return
        pipeline = values.get(pipeline_name) or current.get(pipeline_name) or next(iter(self._pipelines))
        stage = values.get(stage_name, current.get(stage_name, ""))
        allowed = [each["id"] for each in self._pipelines[pipeline]["stages"]]
        if stage and stage not in allowed:
            problems.append((stage_name, _not_an_option(stage, allowed)))

    def _keep_stage_forward(self, values: Values, current: Values) -> None:
        """Ignore an earlier lifecycle stage without a word; only a cleared stage can become an earlier one."""
        new, old = values.get(FORWARD_ONLY), current.get(FORWARD_ONLY)
        if new and old and self._stages.get(new, 0) < self._stages.get(old, 0):
            del values[FORWARD_ONLY]


def refusal(problems: list[tuple[str, InvalidValue]]) -> HubSpotError:
    """Put the problems of one record into the answer: as JSON inside the message, and as a list beside it."""
    listed = [
        {
            "isValid": False,
            "message": str(problem),
            "error": problem.code,
            "name": name,
            "localizedErrorMessage": str(problem),
        }
        for name, problem in problems
    ]
    details = [
        {"message": str(problem), "code": problem.code, "context": {"propertyName": [name]}}
        for name, problem in problems
    ]
    text = json.dumps(listed, separators=(",", ":"), ensure_ascii=False)
    return HubSpotError(400, f"Property values were not valid: {text}", "VALIDATION_ERROR", details=details)


def already_taken(type_id: str, name: str, value: str, record_id: str, holder: int) -> HubSpotError:
    """Build the answer to a value of a unique property that another record has."""
    place = f"PropertyValueCoordinates{{objectTypeId={type_id}, propertyName={name}, value={value}}}"
    message = f"Cannot set {place} on {record_id}. {holder} already has that value."
    return refusal([(name, InvalidValue(TAKEN, message))])


def _check(property_: Property, kind: ObjectType, catalogue: Catalogue) -> Check:
    name = property_.name
    if property_.read_only:
        return _refuse(name)
    if name == "hubspot_owner_id":
        return _clearable(_owner(catalogue))
    if name in kind.pipeline_properties and catalogue.pipelines(kind):
        return _clearable(_pipeline(catalogue, kind) if name == kind.pipeline_properties[0] else str)
    if name == "hs_attachment_ids":
        return _clearable(_files)
    if name == "email" and kind.name == "contacts":
        return _clearable(_email)
    checks: dict[str, Check] = {
        "number": _number,
        "date": _date,
        "datetime": _datetime,
        "bool": _options(["true", "false"]),
        "enumeration": _choice(property_),
    }
    return _clearable(_trimmed(checks[property_.type])) if property_.type in checks else str


def _clearable(check: Check) -> Check:
    return lambda value: check(value) if value else ""


def _trimmed(check: Check) -> Check:
    """Refuse spaces around values of properties that are no text."""

    def run(value: str) -> str:
        if value != value.strip():
            raise InvalidValue("INVALID_WHITESPACE", f'"{value}" has leading or trailing spaces')
        return check(value)

    return run


def _refuse(name: str) -> Check:
    def run(_value: str) -> str:
        raise InvalidValue("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')

    return run


def _not_an_option(value: str, options: list[str]) -> InvalidValue:
    return InvalidValue(
        "INVALID_OPTION", f"{value} was not one of the allowed options: [{', '.join(options)}]"
    )


def _options(options: list[str]) -> Check:
    allowed = frozenset(options)

    def run(value: str) -> str:
        if value not in allowed:
            raise _not_an_option(value, options)
        return value

    return run


def _choice(property_: Property) -> Check:
    one = _options(list(property_.options))
    if property_.field_type != "checkbox":
        return one
    return lambda value: ";".join(one(part) for part in value.split(";") if part)


def _owner(catalogue: Catalogue) -> Check:
    def run(value: str) -> str:
        if value not in catalogue.owners:
            raise InvalidValue("INVALID_OWNER_ID", f"Owner {value} does not exist")
        return value

    return run


def _pipeline(catalogue: Catalogue, kind: ObjectType) -> Check:
    return _options(list(catalogue.pipelines(kind)))


def _files(value: str) -> str:
    """Take ids of files, parted by semicolons. Whether HubSpot looks the files up is not published."""
    if not all(part.isdigit() for part in value.split(";")):
        raise InvalidValue("INVALID_OPTION", f"{value} was not a list of file ids")
    return value


def _number(value: str) -> str:
    try:
        finite = Decimal(value).is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        raise InvalidValue("INVALID_NUMBER", f'"{value}" was not a valid number.')
    return value


def _date(value: str) -> str:
    """Take YYYY-MM-DD or milliseconds at midnight UTC; give YYYY-MM-DD."""
    if MILLISECONDS.fullmatch(value):
        if int(value) % DAY_MILLISECONDS:
            raise InvalidValue("INVALID_DATE", f"{value} is at {_moment(value):%H:%M:%S} UTC, not midnight!")
        return _moment(value).date().isoformat()
    try:
        return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        raise InvalidValue("INVALID_DATE", f'"{value}" was not a valid date.') from None


def _datetime(value: str) -> str:
    """Take ISO 8601 or milliseconds; give ISO 8601 in UTC."""
    if MILLISECONDS.fullmatch(value):
        return timestamp(_moment(value))
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidValue("INVALID_LONG", f'"{value}" was not a valid long.') from None
    return timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _moment(milliseconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidValue("INVALID_LONG", f'"{milliseconds}" was not a valid long.') from None


@cache
def top_level_domains() -> frozenset[str]:
    """Give the endings of mail domains that exist."""
    text = (files("sandbox.hubspot") / "top_level_domains.yml").read_text()
    return frozenset(yaml.safe_load(text)["top_level_domains"].split())


def _email(value: str) -> str:
    """Give the address in small letters; its form must be right and its top-level domain must exist."""
    name, _, domain = value.rpartition("@")
    # A look at an address takes longer than all else that is done with a record: at a usual one it is at the domain, once.
    usual = USUAL_NAME.fullmatch(name) and value.isascii() and len(value) <= LONGEST_ADDRESS
    if not _is_address(f"x@{domain}" if usual else value):
        raise InvalidValue("INVALID_EMAIL", f"Email address {value} is invalid")
    return value.lower()


@lru_cache(maxsize=10_000)
def _is_address(value: str) -> bool:
    try:
        validate_email(value, check_deliverability=False, allow_quoted_local=False)
    except EmailNotValidError:
        return False
    ending = value.rpartition(".")[2].lower()
    return ending in top_level_domains() or ending.startswith("xn--")
