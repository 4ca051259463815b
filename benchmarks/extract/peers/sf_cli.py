"""The Salesforce CLI's file, summed up; the command itself is what is measured."""

import csv
import sys
from pathlib import Path

from common import FIELDS, Digest, told

digest = Digest(FIELDS)
with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file):
        digest.add(row)
told(digest.rows, digest)
