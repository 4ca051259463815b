"""What it would cost to ask Snowflake's models: counted before any of them is asked."""

from typing import Any

from migrate import transform
from migrate.runs import rows
from migrate.settings import Settings

INPUTS, ANSWERS = "intermediate.int_enrichment_inputs", "intermediate.int_enrichment_answers"
ENABLED = ("--vars", "cortex_enabled: true")
# Nothing of this asks a model: it lists the texts.
LISTED = ("--select", "+int_enrichment_inputs", "--exclude-resource-type", "test", "unit_test")
# A token is about four characters of English; the task and the labels are sent with each text.
CHARACTERS_PER_TOKEN = 4
CHARACTERS_OF_THE_QUESTION = 150


def estimate(
    settings: Settings, connection: Any, progress: transform.Progress | None = None
) -> dict[str, Any]:
    """List the texts as they are now, and give what asking about the new ones would cost.

    Raises:
        SetupError: dbt could not list them.
    """
    transform.build(settings, LISTED, progress)
    return estimated(connection, transform.variable("cortex_credits_per_million_tokens"))


def estimated(connection: Any, credits_per_million: float) -> dict[str, Any]:
    """Give texts, tokens and credits by question and in all, for what no model has answered yet."""
    answered = f"select input_key from {ANSWERS} where answered_by = 'cortex'"
    known = answered if _exists(connection, ANSWERS) else "select null as input_key where false"
    counted = rows(
        connection,
        f"""with answered as ({known}),
        texts as (select distinct question, input_key, input from {INPUTS})
        select
            texts.question,
            count(*) as texts,
            count_if(answered.input_key is null) as asked,
            coalesce(sum(iff(answered.input_key is null,
                ceil((length(texts.input) + {CHARACTERS_OF_THE_QUESTION}) / {CHARACTERS_PER_TOKEN}), 0)), 0) as tokens
        from texts left join answered on texts.input_key = answered.input_key
        group by texts.question order by texts.question""",
    )
    questions = [
        {
            "question": row["question"],
            "texts": int(row["texts"]),
            "asked": int(row["asked"]),
            "tokens": int(row["tokens"]),
            "credits": round(int(row["tokens"]) * credits_per_million / 1_000_000, 4),
        }
        for row in counted
    ]
    total = {name: sum(one[name] for one in questions) for name in ("texts", "asked", "tokens")}
    total["credits"] = round(total["tokens"] * credits_per_million / 1_000_000, 4)
    return {"credits_per_million_tokens": credits_per_million, "questions": questions, "total": total}


def _exists(connection: Any, relation: str) -> bool:
    schema, name = relation.split(".")
    found = rows(
        connection,
        "select count(*) as n from information_schema.tables "
        f"where lower(table_schema) = '{schema}' and lower(table_name) = '{name}'",
    )
    return bool(found[0]["n"])
