"""Files of an internal stage of the warehouse, brought to this machine's disk one at a time."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

STAGE = "raw_salesforce.blobs"

# A file by its path on the stage, as a file in a folder of its own that is gone afterwards; None where there is none.
Fetch = Callable[[str], AbstractContextManager[Path | None]]
Stage = Callable[[], AbstractContextManager[Fetch]]


@contextmanager
def fetching(connect: Callable[[], Any], folder: Path) -> Iterator[Fetch]:
    """Give what fetches files, over a connection of its own: other threads have theirs. `folder`: where files may lie."""
    with closing(connect()) as connection:

        @contextmanager
        def fetch(path: str) -> Iterator[Path | None]:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as own:
                yield _get(connection, path, Path(own).resolve())

        yield fetch


def _get(connection: Any, path: str, folder: Path) -> Path | None:
    # Half a second, for which a load without files has no use.
    from snowflake.connector.errorcode import ER_FILE_NOT_EXISTS  # noqa: PLC0415
    from snowflake.connector.errors import OperationalError  # noqa: PLC0415

    try:
        with connection.cursor() as cursor:
            cursor.execute(f"get @{STAGE}/{path} 'file://{folder.as_posix()}/'")
    except OperationalError as error:
        if error.errno != ER_FILE_NOT_EXISTS:
            raise
    file = folder / PurePosixPath(path).name
    return file if file.exists() else None
