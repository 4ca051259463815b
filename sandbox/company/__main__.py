"""Write the demo company: `python -m sandbox.company --folder .local/company --seed 7 --scale 1`."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from sandbox.company.crm_sales import convert
from sandbox.company.generate import Summary, generate


def main() -> None:
    """Read the arguments, write the files, say what was written."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.company", description="Write a demo company's Salesforce data as CSV files."
    )
    parser.add_argument("--folder", type=Path, required=True, help="where to write; made if absent")
    parser.add_argument(
        "--seed", type=int, default=7, help="the same seed gives the same bytes (default: %(default)s)"
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="1 is 400 accounts with 1,600 contacts (default: %(default)s)",
    )
    parser.add_argument(
        "--crm-sales", type=Path, help="convert this folder of the data set instead of inventing a company"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON on standard output")
    arguments = parser.parse_args()
    if arguments.scale <= 0:
        parser.error("--scale must be above 0")
    if arguments.crm_sales:
        summary = convert(arguments.crm_sales, arguments.folder)
    else:
        summary = generate(arguments.folder, arguments.seed, arguments.scale)
    sys.stderr.write(_table(summary))
    if arguments.json:
        print(json.dumps({"schema_version": 1, **asdict(summary)}, indent=2))  # noqa: T201 - data belongs on standard output


def _table(summary: Summary) -> str:
    counts = {**summary.rows, "planted defects": sum(summary.defects.values())}
    return "".join(f"{name:<24}{count:>12,}\n" for name, count in counts.items())


if __name__ == "__main__":
    main()
