"""The describe calls: what the org declares, in the shape of recorded replies."""

from typing import Any

from sandbox.salesforce.org import SYSTEM_FIELDS, Field, Org, Sobject

SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
    "base64": "xsd:base64Binary",
}
# UTF-8 as Salesforce counts it: three bytes for each character, one for those of an id.
BYTES_PER_CHARACTER = {"id": 1, "reference": 1}
SOBJECT_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("activateable", "customSetting", "deepCloneable", "deprecatedAndHidden"), False),
    **dict.fromkeys(("hasSubtypes", "isInterface", "isSubtype"), False),
    **dict.fromkeys(("associateEntityType", "associateParentEntity"), None),
    **dict.fromkeys(
        ("createable", "deletable", "feedEnabled", "layoutable", "mruEnabled", "queryable"), True
    ),
    **dict.fromkeys(
        ("replicateable", "retrieveable", "searchable", "triggerable", "undeletable", "updateable"), True
    ),
}
FIELD_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(
        ("aiPredictionField", "autoNumber", "cascadeDelete", "caseSensitive", "dependentPicklist"), False
    ),
    **dict.fromkeys(("deprecatedAndHidden", "displayLocationInDecimal", "encrypted", "externalId"), False),
    **dict.fromkeys(
        ("formulaTreatNullNumberAsZero", "highScaleNumber", "htmlFormatted", "restrictedDelete"), False
    ),
    **dict.fromkeys(("unique", "writeRequiresMasterRead"), False),
    **dict.fromkeys(
        ("calculatedFormula", "controllerName", "defaultValueFormula", "filteredLookupInfo"), None
    ),
    **dict.fromkeys(
        ("inlineHelpText", "mask", "maskType", "referenceTargetField", "relationshipOrder"), None
    ),
}
PERSON_NAMES = frozenset({"FirstName", "LastName", "Salutation", "Name"})
MASTER_RECORD_TYPE = "012000000000000AAA"
# Children that go when their parent goes, as in the recorded describes.
OWNED = frozenset({"OpportunityContactRole", "OpportunityLineItem", "CampaignMember", "CaseComment"})
CHILD_NAMES = {("Account", "ParentId"): "ChildAccounts", ("Campaign", "ParentId"): "ChildCampaigns"}


def versions() -> list[dict[str, str]]:
    """Reply of GET /services/data, from 31.0 (Summer '14) to 67.0 (Summer '26)."""
    return [
        {"label": _release(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(31, 68)
    ]


def global_describe(org: Org, version: str) -> dict[str, Any]:
    """Reply of GET /sobjects."""
    sobjects = sorted(org, key=lambda each: each.name)
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [summary(each, version) for each in sobjects],
    }


def summary(sobject: Sobject, version: str) -> dict[str, Any]:
    """One object as GET /sobjects lists it."""
    base = f"/services/data/v{version}/sobjects/{sobject.name}"
    return {
        **_abilities(sobject),
        "urls": {
            "compactLayouts": f"{base}/describe/compactLayouts",
            "rowTemplate": f"{base}/{{ID}}",
            "describe": f"{base}/describe",
            "layouts": f"{base}/describe/layouts",
            "sobject": base,
        },
    }


def describe(sobject: Sobject, org: Org, version: str, instance_url: str) -> dict[str, Any]:
    """Reply of GET /sobjects/{object}/describe; what was recorded is given back, without the hidden fields."""
    if sobject.recorded is not None:
        shown = [each for each in sobject.recorded["fields"] if sobject.find(each["name"])]
        return {**sobject.recorded, "fields": shown}
    listed = summary(sobject, version)
    base = listed["urls"]["sobject"]
    layout = f"{base}/describe/layouts/{MASTER_RECORD_TYPE}"
    master = {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": MASTER_RECORD_TYPE,
        "urls": {"layout": layout},
    }
    return {
        **listed,
        "actionOverrides": [],
        "childRelationships": [each for child in org for each in _child_relationships(sobject, child)],
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(each, sobject) for each in sobject.fields],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [master],
        "searchLayoutable": listed["searchable"],
        "sobjectDescribeOption": "FULL",
        "supportedScopes": _scopes(sobject),
        "urls": listed["urls"]
        | {
            "uiDetailTemplate": f"{instance_url}/{{ID}}",
            "uiEditTemplate": f"{instance_url}/{{ID}}/e",
            "uiNewRecord": f"{instance_url}/{sobject.prefix}/e",
        },
    }


def _abilities(sobject: Sobject) -> dict[str, Any]:
    computed = {
        "custom": sobject.custom,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "mergeable": sobject.find("MasterRecordId") is not None,
        "name": sobject.name,
    }
    return SOBJECT_DEFAULTS | computed | dict(sobject.said)


def _scopes(sobject: Sobject) -> list[dict[str, str]]:
    plural = sobject.plural.lower()
    scopes = [{"label": f"All {plural}", "name": "everything"}]
    return scopes + ([{"label": f"My {plural}", "name": "mine"}] if sobject.find("OwnerId") else [])


def _child_relationships(sobject: Sobject, child: Sobject) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": child.name in OWNED and reference.required,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": reference.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": child_relationship_name(sobject, child, reference),
            "restrictedDelete": False,
        }
        for reference in child.fields
        if sobject.name in reference.refers_to
    ]


def child_relationship_name(sobject: Sobject, child: Sobject, reference: Field) -> str | None:
    """Give the name of the way from a record to its children (Contacts, Subscriptions__r); many have none."""
    if sobject.name in {"User", "Group", "RecordType"}:
        return None
    named = CHILD_NAMES.get((child.name, reference.name))
    if named or reference.name in {"MasterRecordId", "ReportsToId"} or reference.name.startswith("Converted"):
        return named
    if child.custom:
        return f"{child.plural.replace(' ', '_')}__r"
    return child.plural.replace(" ", "")


def _release(number: int) -> str:
    season = ("Spring", "Summer", "Winter")[number % 3]
    year = 14 + (number - 30) // 3 + (season == "Winter")
    return f"{season} '{year}"


def _field(field: Field, sobject: Sobject) -> dict[str, Any]:
    writable = may_set(field, "createable")
    personal = field.name in PERSON_NAMES and sobject.find("LastName") is not None
    polymorphic = len(field.refers_to) > 1
    computed = {
        "aggregatable": field.aggregatable,
        "byteLength": field.length * BYTES_PER_CHARACTER.get(field.type, 3),
        "calculated": field.formula and not personal,
        "compoundFieldName": "Name" if personal and field.name != "Name" else field.compound,
        "createable": writable,
        "custom": field.custom,
        "defaultValue": False if field.type == "boolean" else None,
        "defaultedOnCreate": field.type == "boolean" or field.name in SYSTEM_FIELDS | {"OwnerId"},
        "digits": 9 if field.type == "int" else 0,
        "extraTypeInfo": "personname" if personal else "plaintextarea" if field.type == "textarea" else None,
        "filterable": field.filterable,
        "groupable": field.groupable,
        "idLookup": field.type == "id" or (field.type == "email" and field.name == "Email"),
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name == sobject.name_field,
        "namePointing": polymorphic,
        "nillable": not field.required,
        "permissionable": (writable or field.is_compound) and not field.required and not personal,
        "picklistValues": [_picklist_value(each) for each in field.values],
        "polymorphicForeignKey": polymorphic,
        "precision": field.precision,
        "queryByDistance": field.is_compound,
        "referenceTo": list(field.refers_to),
        "relationshipName": field.relationship,
        "restrictedPicklist": field.name.endswith("GeocodeAccuracy"),
        "scale": field.scale,
        "searchPrefilterable": field.type == "reference",
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "updateable": writable,
    }
    return dict(sorted((FIELD_DEFAULTS | computed | dict(field.said)).items()))


def may_set(field: Field, right: str) -> bool:
    """Whether a client may set this field: `right` is "createable" or "updateable" as in its describe."""
    of_salesforce = field.name in SYSTEM_FIELDS or field.formula or field.is_compound
    return bool(field.said.get(right, not of_salesforce))


def _picklist_value(value: str) -> dict[str, Any]:
    return {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
