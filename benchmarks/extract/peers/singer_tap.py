"""singer-io's tap-salesforce over REST: the stand-in has no Bulk 1.0, which its other way needs."""

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
    "api_type": "REST",
    "select_fields_by_default": True,
}
tap = Path(sys.executable).parent / "tap-salesforce"
digest = Digest(FIELDS)
rows = 0
with tempfile.TemporaryDirectory() as folder:
    config, catalog = Path(folder, "config.json"), Path(folder, "catalog.json")
    config.write_text(json.dumps(CONFIG))
    found = subprocess.run(
        [tap, "--config", config, "--discover"], capture_output=True, text=True, check=True
    ).stdout
    listed = json.loads(found)
    stream = next(each for each in listed["streams"] if each["stream"] == OBJECT)
    for each in stream["metadata"]:
        if not each["breadcrumb"]:
            each["metadata"] |= {"selected": True, "replication-method": "FULL_TABLE"}
    catalog.write_text(json.dumps({"streams": [stream]}))
    command = [tap, "--config", config, "--properties", catalog]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if line.startswith('{"type": "RECORD"'):
                rows += 1
                if WITH_DIGEST:
                    digest.add(json.loads(line)["record"])
if process.returncode:
    sys.exit(process.returncode)
told(rows, digest if WITH_DIGEST else None)
