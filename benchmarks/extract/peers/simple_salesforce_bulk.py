"""simple-salesforce's `bulk2`: the texts of all pages, these read by csv or pandas, or files; a digest reads by csv."""

import csv
import io
import os
import tempfile

from common import FIELDS, OBJECT, PAGE_ROWS, SOQL, TOKEN, URL, WITH_DIGEST, Digest, told
from simple_salesforce import Salesforce

WAY = "csv" if WITH_DIGEST else os.environ["SF_WAY"]
sf = Salesforce(session_id=TOKEN, instance_url=URL, version="62.0")
bulk = getattr(sf.bulk2, OBJECT)
digest = Digest(FIELDS)
rows = None
if WAY == "download":
    with tempfile.TemporaryDirectory() as folder:
        # It has no download of queryAll; no record of the sample is deleted.
        done = bulk.download(SOQL, folder, max_records=PAGE_ROWS)
        rows = sum(each["number_of_records"] for each in done)
else:
    for text in bulk.query_all(SOQL, max_records=PAGE_ROWS):
        if WAY == "pandas":
            import pandas as pd

            rows = (rows or 0) + len(pd.read_csv(io.StringIO(text)))
        elif WAY == "csv":
            for row in csv.DictReader(io.StringIO(text, newline="")):
                rows = (rows or 0) + 1
                if WITH_DIGEST:
                    digest.add(row)
told(rows, digest if WITH_DIGEST else None)
