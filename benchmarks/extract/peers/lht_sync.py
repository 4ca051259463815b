"""lht: its full synchronisation, with a warehouse session that takes what it is handed and keeps nothing."""

from common import FIELDS, OBJECT, TOKEN, URL, WITH_DIGEST, Digest, told
from lht.salesforce.intelligent_sync import sync_sobject_intelligent
from lht.util import merge

digest = Digest(FIELDS)
taken = 0


class Session:
    """Stands where Snowpark's session would."""

    asks_database = False

    def sql(self, statement: str) -> "Session":
        """Take a statement."""
        self.asks_database = "CURRENT_DATABASE" in statement
        return self

    def collect(self) -> list:
        """Give the name of a database, and else no rows."""
        return [["RAW"]] if self.asks_database else []

    def write_pandas(self, frame, *_: object, **__: object) -> None:  # noqa: ANN001 - a pandas frame
        """Count the rows of a frame."""
        global taken  # noqa: PLW0603  the script's one number
        taken += len(frame)
        if WITH_DIGEST:
            frame.columns = [str(name).upper() for name in frame.columns]
            for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
                digest.add({name: row.get(name.upper()) for name in FIELDS})


# What it does in the warehouse is not what is compared.
merge.merge_into_target = lambda *_, **__: None

sync_sobject_intelligent(Session(), {"access_token": TOKEN, "instance_url": URL}, OBJECT, "RAW", "CONTACT")
told(taken, digest if WITH_DIGEST else None)
