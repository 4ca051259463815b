"""airbyte-source-salesforce: its full refresh by Bulk 2.0, as its platform would start it."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from common import FIELDS, OBJECT, WITH_DIGEST, Digest, told

CONFIG = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh-token",
    "start_date": "2015-01-01T00:00:00Z",
    "force_use_bulk_api": True,
    "stream_slice_step": "P100Y",
}
source = Path(sys.executable).parent / "source-salesforce"
digest = Digest(FIELDS)
rows = 0


def text(cell: object) -> object:
    """Give a cell as Bulk has it, where Airbyte gives it a type."""
    return str(cell).lower() if isinstance(cell, bool) else cell


with tempfile.TemporaryDirectory() as folder:
    config, catalog = Path(folder, "config.json"), Path(folder, "catalog.json")
    config.write_text(json.dumps(CONFIG))
    found = subprocess.run(
        [source, "discover", "--config", config], capture_output=True, text=True, check=True
    ).stdout
    listed = next(json.loads(line)["catalog"] for line in found.splitlines() if '"CATALOG"' in line)
    stream = next(each for each in listed["streams"] if each["name"] == OBJECT)
    chosen = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
    catalog.write_text(json.dumps({"streams": [chosen]}))
    command = [source, "read", "--config", config, "--catalog", catalog]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if line.startswith('{"type":"RECORD"'):
                rows += 1
                if WITH_DIGEST:
                    data = json.loads(line)["record"]["data"]
                    digest.add({name: text(data.get(name)) for name in FIELDS})
if process.returncode:
    sys.exit(process.returncode)
told(rows, digest if WITH_DIGEST else None)
