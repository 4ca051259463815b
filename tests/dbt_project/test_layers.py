"""Each layer reads only the one below it."""

from tests.dbt_project.project import Project, folder

TARGETS = ("stg_hubspot__", "stg_intercom__")


def test_staging_reads_one_source_table(project: Project) -> None:
    for name, model in project.models.items():
        if folder(model).startswith("staging"):
            [read] = project.inputs(model)
            system = folder(model).removeprefix("staging/")
            assert read.startswith(f"{system}."), f"{name} reads {read}"


def test_only_staging_reads_sources_and_reconciliation_those_of_ops(project: Project) -> None:
    for name, model in project.models.items():
        sources = {read for read in project.inputs(model) if "." in read}
        if folder(model).endswith("/reconciliation"):
            assert {read.partition(".")[0] for read in sources} <= {"ops"}, name
        elif not folder(model).startswith("staging"):
            assert sources == set(), name


def test_each_source_table_is_staged_once(project: Project) -> None:
    staged = [
        read
        for model in project.models.values()
        if folder(model).startswith("staging")
        for read in project.inputs(model)
    ]
    assert len(staged) == len(set(staged))
    declared = {
        f"{table['source_name']}.{table['name']}"
        for table in project.manifest["sources"].values()
        if table["source_name"] in ("hubspot", "intercom")
    }
    assert declared <= set(staged)


def test_the_targets_answers_reach_only_reconciliation_and_the_owners(project: Project) -> None:
    for name, model in project.models.items():
        if any(read.startswith(TARGETS) for read in project.inputs(model)):
            assert folder(model).endswith("/reconciliation") or name == "int_owners_mapped", name


def test_marts_stage_nothing_that_is_merged(project: Project) -> None:
    """The staged records of what is never merged are its golden ones; all else comes from intermediate."""
    merged = {"stg_salesforce__accounts", "stg_salesforce__contacts", "stg_salesforce__leads"}
    for name, model in project.models.items():
        if folder(model) in ("marts/hubspot", "marts/intercom"):
            assert not project.inputs(model) & merged, name


def test_marts_do_not_read_each_other(project: Project) -> None:
    sent = {mart["name"] for _, mart in project.marts_sent()}
    for name, model in project.models.items():
        if not folder(model).endswith("/reconciliation") and name not in (
            "int_quality_limits",
            "property_profile",
        ):
            assert not project.inputs(model) & sent, name


def test_every_model_is_read_or_is_a_result(project: Project) -> None:
    """A model that nothing reads is dead weight, unless people or programs read it."""
    read = {
        one
        for node in [*project.models.values(), *project.exposures.values()]
        for one in project.inputs(node)
    }
    unread = set(project.models) - read
    results = {
        "schema_changes",
        "unfit_values",
        "enrichment",
        "merge_review",
        "property_profile",
        "int_people_crowded",
        "int_companies_crowded",
    }
    assert unread <= results | {"stg_salesforce__record_types"}
