"""A statement is walked by the translations that concern it.

Upstream walks the whole tree 76 times, once for each translation, though most of them change a kind of node that the statement
does not have: that took four fifths of what a wide statement takes. Here stands what kinds those are; a translation that is not
named walks as before.

Can go when fakesnow gathers its translations by the kind of node.
"""

from collections.abc import Callable
from typing import Any, Self, cast

from sqlglot import Expr, exp

from warehouse.mends.upstream import Cursor

# Kinds that are a whole statement and never part of one: only the root is looked at.
STATEMENTS: dict[tuple[type[Expr], ...], str] = {
    (exp.Alter,): "alter_session extract_comment_on_columns",
    (exp.Alter, exp.Command): "alter_table_strip_cluster_by",
    (exp.Alter, exp.Command, exp.Create, exp.Drop): "tag",
    (exp.Command,): "show_parameters create_user",
    (exp.Create,): "create_database create_clone create_stage create_file_format create_table_as",
    (exp.Create, exp.Alter): "extract_text_length",
    (exp.Create, exp.Comment, exp.Alter): "extract_comment_on_table",
    (exp.Drop,): "drop_schema_cascade",
    (exp.ListStage,): "list_stage",
    (exp.Put,): "put_stage",
    (exp.Set, exp.Alias): "update_variables",
    (
        exp.Show,
    ): "show_databases show_procedures show_warehouses show_schemas show_tables_etc show_columns show_stages "
    "show_sequences show_keys show_users",
    (exp.Show, exp.Command): "show_functions",
    (exp.Use,): "set_schema",
}

PARTS: dict[tuple[type[Expr], ...], str] = {
    (exp.Anonymous,): "try_parse_json to_date haversine",
    (exp.ArrayAgg, exp.Window): "array_agg",
    (exp.ArrayConstructCompact, exp.Array, exp.ArrayConcat): "array_construct_etc",
    (exp.ArraySize,): "array_size",
    (exp.Bracket,): "indices_to_json_extract",
    (exp.CurrentVersion,): "current_version",
    (exp.DateAdd,): "dateadd_date_cast dateadd_string_literal_timestamp_cast",
    (exp.DateDiff,): "datediff_string_literal_timestamp_cast",
    (exp.HexString,): "hex_string",
    (exp.JSONExtract, exp.JSONExtractScalar): "json_extract_precedence",
    (exp.Lateral, exp.TableFromRows): "flatten",
    (exp.ObjectAgg,): "object_agg",
    (exp.RegexpExtract,): "regex_substr",
    (exp.RegexpReplace,): "regex_replace",
    (exp.SHA2, exp.SHA2Digest, exp.Anonymous): "sha256",
    (exp.Split,): "split",
    (exp.StarMap, exp.Struct, exp.JSONObject): "object_construct",
    (exp.TableSample,): "sample",
    (exp.ToNumber,): "to_decimal",
    (exp.ToVariant,): "to_variant",
    (exp.Trim,): "trim_cast_varchar",
    (exp.UnixToTime, exp.Anonymous, exp.Cast): "to_timestamp",
    (exp.Upper, exp.Lower): "json_extract_cased_as_varchar",
    (exp.Values,): "values_columns",
    (exp.WithinGroup,): "array_agg_within_group",
}


def _by_name(kinds: dict[tuple[type[Expr], ...], str]) -> dict[str, tuple[type[Expr], ...]]:
    return {name: concerned for concerned, names in kinds.items() for name in names.split()}


OF_STATEMENTS, OF_PARTS = _by_name(STATEMENTS), _by_name(PARTS)


class FewerWalks(Cursor):
    """Hands upstream a tree that leaves out the walks that change nothing."""

    def _transform(self, expression: Expr, params: Any) -> Expr:
        # Upstream asks its statement for nothing but `transform`, in a chain.
        chain = cast("Chain", super()._transform(cast("Expr", Chain(expression)), params))
        return chain.tree


class Chain:
    """A statement on its way through upstream's translations."""

    def __init__(self, tree: Expr) -> None:
        self.tree = tree
        self._kinds: set[type[Expr]] | None = None

    def transform(self, translate: Callable[..., Expr], *args: Any, copy: bool, **kwargs: Any) -> Self:
        """Do as the tree's own `transform`, in place."""
        name = named(translate)
        if kinds := OF_STATEMENTS.get(name):
            if isinstance(self.tree, kinds):
                self._become(translate(self.tree, *args, **kwargs))
        elif name not in OF_PARTS or self._has(OF_PARTS[name]):
            self._become(self.tree.transform(translate, *args, copy=copy, **kwargs))
        return self

    def _become(self, tree: Expr) -> None:
        self.tree = tree
        self._kinds = None

    def _has(self, kinds: tuple[type[Expr], ...]) -> bool:
        if self._kinds is None:
            self._kinds = {type(node) for node in self.tree.walk()}
        return any(issubclass(kind, kinds) for kind in self._kinds)


def named(translate: Callable[..., Expr]) -> str:
    """Give the name of a translation, also of one that a lambda hands the session's names to."""
    inside = translate.__code__.co_names if translate.__name__ == "<lambda>" else ()
    return next((name for name in inside if name in OF_STATEMENTS or name in OF_PARTS), translate.__name__)
