"""Splink over the keyed records that our models compared, with the same comparisons and keys.

    python peer_splink.py KEYED.parquet SETTINGS.json CLUSTERS.csv

Weights are learned by Splink itself: u from random pairs, m by expectation and maximisation in one session for each of several
keys. The last line says in JSON what it took.
"""

import json
import sys
import time
from pathlib import Path

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator
from splink import comparison_level_library as cll
from splink import comparison_library as cl

MACROS = """
create macro jarowinkler_similarity(a, b) as floor(100 * jaro_winkler_similarity(a, b));
create macro iff(a, b, c) as case when a then b else c end;
create macro try_to_number(a) as try_cast(a as bigint);
create macro editdistance(a, b, c) as levenshtein(a, b);
"""


def main() -> None:
    """Read, learn, predict, cluster, write."""
    keyed, settings, out = sys.argv[1:4]
    given = json.loads(Path(settings).read_text(encoding="utf-8"))
    began = time.monotonic()
    connection = duckdb.connect()
    connection.execute(MACROS)
    connection.execute(f"create table records as select * from read_parquet('{keyed}')")
    api = DuckDBAPI(connection=connection)
    records = api.register("records") if hasattr(api, "register") else "records"
    linker = Linker(
        records,
        SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            comparisons=[comparison(each) for each in given["comparisons"]],
            blocking_rules_to_generate_predictions=given["blocks"],
            probability_two_random_records_match=2 / given["records"],
            retain_matching_columns=False,
        ),
        log_level="ERROR",
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6)
    for rule in given["training"]:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        except Exception as error:  # noqa: BLE001  a key that pairs nobody in this set
            print(f"{rule}: {error}", file=sys.stderr)
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=0.95
    )
    frame = clusters.as_pandas_dataframe()[["record_id", "cluster_id"]]
    frame.to_csv(out, index=False)
    print(json.dumps({"seconds": time.monotonic() - began}))


def comparison(given: dict) -> cl.CustomComparison:
    """Give a comparison of ours as one of Splink's."""
    levels = [cll.CustomLevel(f"not coalesce({given['known']}, false)").configure(is_null_level=True)]
    for level in given["levels"]:
        made = cll.CustomLevel(level["condition"]) if level["condition"] else cll.ElseLevel()
        if level.get("frequency"):
            # our levels of equality are no plain `a = b`, which Splink otherwise looks for to take u from
            made = made.configure(
                tf_adjustment_column=level["frequency"], disable_tf_exact_match_detection=True
            )
        levels.append(made)
    return cl.CustomComparison(comparison_levels=levels, output_column_name=given["name"])


if __name__ == "__main__":
    main()
