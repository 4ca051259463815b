"""Salesforce record ids: 15 characters, or 18 with a suffix that tells upper from lower case."""

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT = 15


def long_id(short: str) -> str:
    """Add the three characters that make a 15-character id safe where case is ignored."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(
            1 << place for place, letter in enumerate(short[start : start + 5]) if "A" <= letter <= "Z"
        )
        suffix += ALPHABET[bits]
    return short + suffix


def new_id(prefix: str, number: int) -> str:
    """Make the id of the stand-in's `number`-th record of an object; "Sb" keeps it apart from seeded ids."""
    return long_id(f"{prefix}Sb{number:010d}")


def spellings(record_id: str) -> list[str]:
    """All ways in which the data may spell an id: as given, and long when given short."""
    return [record_id, long_id(record_id)] if len(record_id) == SHORT else [record_id]
