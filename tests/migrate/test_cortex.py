"""The estimate of what Snowflake's models would cost, before one is asked."""

from pathlib import Path

from migrate import cortex
from warehouse.embedded import open_warehouse


def test_only_texts_without_a_models_answer_cost_anything(tmp_path: Path) -> None:
    connection = open_warehouse(tmp_path).connect("MIGRATION", "STAGING")
    run = connection.cursor().execute
    run("create schema if not exists intermediate")
    run(
        "create table intermediate.int_enrichment_inputs (question varchar, record_id varchar, input_key varchar, input varchar)"
    )
    run(
        "insert into intermediate.int_enrichment_inputs values ('language', 'k1', 'a', repeat('x', 850)), "
        "('language', 'k2', 'a', repeat('x', 850)), ('language', 'k3', 'b', repeat('x', 50)), "
        "('job_seniority', 'c1', 'c', repeat('x', 50))"
    )
    first = cortex.estimated(connection, 2.0)
    assert first["questions"] == [
        {"question": "job_seniority", "texts": 1, "asked": 1, "tokens": 50, "credits": 0.0001},
        {"question": "language", "texts": 2, "asked": 2, "tokens": 300, "credits": 0.0006},
    ]
    assert first["total"] == {"texts": 3, "asked": 3, "tokens": 350, "credits": 0.0007}

    run("create table intermediate.int_enrichment_answers (input_key varchar, answered_by varchar)")
    run("insert into intermediate.int_enrichment_answers values ('a', 'cortex'), ('b', 'rule')")
    again = cortex.estimated(connection, 2.0)
    assert again["total"] == {"texts": 3, "asked": 2, "tokens": 100, "credits": 0.0002}
