"""simple-salesforce: the texts of all pages by `bulk2`; with a digest, the csv module reads them."""

import csv
import io

from common import FIELDS, OBJECT, PAGE_ROWS, SOQL, TOKEN, URL, WITH_DIGEST, Digest, told
from simple_salesforce import Salesforce

sf = Salesforce(session_id=TOKEN, instance_url=URL, version="62.0")
digest = Digest(FIELDS)
rows = None
for text in getattr(sf.bulk2, OBJECT).query_all(SOQL, max_records=PAGE_ROWS):
    if WITH_DIGEST:
        for row in csv.DictReader(io.StringIO(text, newline="")):
            digest.add(row)
        rows = digest.rows
told(rows, digest if WITH_DIGEST else None)
