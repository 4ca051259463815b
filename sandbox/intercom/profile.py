"""How a contact is answered: its profile, and the first ten of everything that belongs to it."""

import json
import sqlite3

from sandbox.intercom.call import WORKSPACE_ID
from sandbox.intercom.store import Json, Store

NESTED = 10
PLURALS = {"tag": "tags", "note": "notes", "company": "companies", "subscription": "subscription_types"}

# What a contact has that this stand-in never fills: the doings of a person in the Messenger.
UNFILLED: Json = {
    "social_profiles": {"type": "list", "data": []},
    "has_hard_bounced": False,
    "marked_email_as_spam": False,
    "last_replied_at": None,
    "last_contacted_at": None,
    "last_email_opened_at": None,
    "last_email_clicked_at": None,
    "browser": None,
    "browser_version": None,
    "browser_language": None,
    "os": None,
    "location": {
        "type": "location",
        "country": None,
        "region": None,
        "city": None,
        "country_code": None,
        "continent_code": None,
    },
    "android_app_name": None,
    "android_app_version": None,
    "android_device": None,
    "android_os_version": None,
    "android_sdk_version": None,
    "android_last_seen_at": None,
    "ios_app_name": None,
    "ios_app_version": None,
    "ios_device": None,
    "ios_os_version": None,
    "ios_sdk_version": None,
    "ios_last_seen_at": None,
    "utm_campaign": None,
    "utm_content": None,
    "utm_medium": None,
    "utm_source": None,
    "utm_term": None,
    "referrer": None,
    "enabled_push_messaging": None,
}


def render(store: Store, row: sqlite3.Row) -> Json:
    profile = json.loads(row["body"])
    email = profile["email"]
    return {
        "type": "contact",
        "id": row["id"],
        "workspace_id": WORKSPACE_ID,
        "external_id": row["external_id"],
        "role": row["role"],
        "email_domain": email.rpartition("@")[2] if email else None,
        **UNFILLED,
        **profile,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        **_nested_lists(store, row["id"]),
    }


def _nested_lists(store: Store, contact_id: str) -> Json:
    notes = "select id from document where kind = 'note' and parent = ? order by id desc"
    tags = "select tag_id from tagging where kind = 'contact' and object_id = ? order by tag_id"
    attached = "select company_id from attachment where contact_id = ? order by attached_at, company_id"
    subscribed = "select subscription_id from subscription where contact_id = ? and consent_type = '{}'"
    queries = (
        ("tags", "tags", "tag", tags),
        ("notes", "notes", "note", notes),
        ("companies", "companies", "company", attached),
        ("opted_out_subscription_types", "subscriptions", "subscription", subscribed.format("opt_out")),
        ("opted_in_subscription_types", "subscriptions", "subscription", subscribed.format("opt_in")),
    )
    return {
        name: _nested_list(store, f"/contacts/{contact_id}/{path}", kind, sql, contact_id)
        for name, path, kind, sql in queries
    }


def _nested_list(store: Store, url: str, kind: str, sql: str, contact_id: str) -> Json:
    """Give the first ten of what belongs to a contact, and say whether there are more."""
    rows = store.rows(sql, contact_id)
    data = [{"id": str(row[0]), "type": kind, "url": f"/{PLURALS[kind]}/{row[0]}"} for row in rows[:NESTED]]
    return {
        "type": "list",
        "data": data,
        "url": url,
        "total_count": len(rows),
        "has_more": len(rows) > NESTED,
    }
