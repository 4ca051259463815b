"""The rows that every client sends: contacts with twelve properties, the same for the same number. Standard library only."""

from collections.abc import Iterator
from itertools import islice

KEY = "salesforce_id"
BATCH = 100


def contacts(count: int) -> Iterator[dict[str, str]]:
    """Give contacts as HubSpot's property names and texts; the key is one of them."""
    for n in range(count):
        yield {
            KEY: f"003{n:015}",
            "email": f"person{n}@example.com",
            "firstname": f"Ada{n % 997}",
            "lastname": f"King-Noël{n % 1009}",
            "jobtitle": "Director of Engineering",
            "company": f"Firm {n % 501}",
            "phone": f"+4420{n:08}",
            "website": f"https://firm{n % 501}.example.com",
            "address": f"{n % 300} High Street",
            "city": "Zürich",
            "zip": f"{n % 99999:05}",
            "country": "Switzerland",
        }


def batches(count: int) -> Iterator[list[dict[str, str]]]:
    """Give the contacts a hundred at a time."""
    coming = contacts(count)
    while batch := list(islice(coming, BATCH)):
        yield batch


def upsert(batch: list[dict[str, str]]) -> dict[str, list[dict[str, object]]]:
    """Give the body of HubSpot's batch upsert."""
    return {
        "inputs": [
            {"idProperty": KEY, "id": row[KEY], "objectWriteTraceId": row[KEY], "properties": row}
            for row in batch
        ]
    }
