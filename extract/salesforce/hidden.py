"""Fields that the org has and the login may not see: they are absent from the describe, as if there were none.

https://developer.salesforce.com/docs/atlas.en-us.api_tooling.meta/api_tooling/tooling_api_objects_fielddefinition.htm
"""

from collections.abc import Collection

import requests
import structlog
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from extract.errors import BudgetExhausted, ExtractError, LoginError
from extract.salesforce.describe import Description

log = structlog.get_logger()


def fields(sf: Salesforce, description: Description, unwanted: Collection[str]) -> tuple[str, ...]:
    """Give the fields that the Tooling API defines and the describe does not show, but for `unwanted` ones; costs one call.

    Nothing where the login may not ask the Tooling API: what went since the last describe is noticed all the same.
    """
    # FieldDefinition serves no more than one answer of 2,000; an object has 800 custom fields at most.
    soql = (
        "SELECT QualifiedApiName FROM FieldDefinition "
        f"WHERE EntityDefinition.QualifiedApiName = '{description.name}'"
    )
    try:
        answer = sf.restful("tooling/query", params={"q": soql})
    except (BudgetExhausted, LoginError):
        raise
    except (ExtractError, SalesforceError, requests.RequestException) as error:
        log.info("field definitions not readable", object=description.name, error=type(error).__name__)
        return ()
    known = {each["name"].lower() for each in description.raw["fields"]} | {name.lower() for name in unwanted}
    return tuple(
        sorted(name for each in answer["records"] if (name := each["QualifiedApiName"]).lower() not in known)
    )


def warning(name: str, unseen: tuple[str, ...]) -> str:
    """Say which fields of an object stay behind because the login may not see them."""
    return (
        f"{name}: the org has {', '.join(unseen)}, which the login may not see (field-level security): they are not copied. "
        "Give its permission set read access, or declare under `exclude` what is to stay behind."
    )
