"""COPY INTO of CSV takes every cell for the text it is, and loads all files or none.

Upstream lets DuckDB guess the types of a file's columns, so `007` arrives as 7 and a time in another form; it knows
no `$1` in the query of a COPY, and a file that cannot be read leaves those before it in the table. Loading in one
transaction also costs a third less than a commit for each file. DuckDB reads a packed file with one thread, and several
files side by side: where `force` says that no file may be passed over they are read together, and the first one's
`rows_loaded` are those of all.

Can go when fakesnow reads CSV as text, by number, side by side and in one transaction.
"""

from collections.abc import Sequence
from typing import Any

import fakesnow.copy_into
from sqlglot import Expr, exp

from warehouse.mends.together import Together

# A record must fit; the longest that Salesforce stores has 1.6 million characters of long text.
LONGEST_LINE_BYTES = 16 * 1024 * 1024

_inserts = fakesnow.copy_into._inserts  # noqa: SLF001  upstream gives no other place to change the reading


class CopyAtOnce(Together):
    """Loads the files of one COPY in one transaction."""

    def _execute(self, transformed: Expr, params: Any = None) -> None:
        if isinstance(transformed, exp.Copy):
            with self.together():
                super()._execute(transformed, params)
        else:
            super()._execute(transformed, params)


def inserts(copy: exp.Copy, params: Any, urls: list[str], parquet_info: Any = None) -> list[Expr]:
    """Give an INSERT for each file: upstream's, or for CSV one that names every column and guesses nothing."""
    source = copy.args["files"][0]
    if not isinstance(params.file_format, fakesnow.copy_into.ReadCSV) or not isinstance(source, exp.Subquery):
        return list(_inserts(copy, params, urls, parquet_info))
    query = source.this
    numbers = [int(each.name) for each in query.find_all(exp.Parameter)]
    names = [f"c{number}" for number in range(1, max(numbers) + 1)]
    cells = [each.transform(_by_name) for each in query.expressions]
    read = [
        _insert(copy, exp.select(*cells).from_(_read(params.file_format, files, names)))
        for files in ([urls] if params.force else [[url] for url in urls])
    ]
    nothing = _insert(copy, exp.select(*(exp.null() for _ in cells)).where(exp.false()))
    return read + [nothing] * (len(urls) - len(read))


def install() -> None:
    """Replace upstream's reading of CSV."""
    fakesnow.copy_into._inserts = inserts  # noqa: SLF001


def _by_name(node: Expr) -> Expr:
    return exp.column(f"c{node.name}") if isinstance(node, exp.Parameter) else node


def _insert(copy: exp.Copy, query: Expr) -> Expr:
    return exp.Insert(this=copy.this.copy(), expression=query)


def _read(file_format: Any, urls: Sequence[str], names: Sequence[str]) -> Expr:
    read = file_format.read_expression(urls[0])
    read.set("this", exp.Array(expressions=[file_format.file_literal(url) for url in urls]))
    columns = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=exp.Literal.string("VARCHAR"))
            for name in names
        ]
    )
    for name, value in {
        "auto_detect": exp.false(),
        "columns": columns,
        "escape": exp.Literal.string(file_format.quote or ""),
        "max_line_size": exp.Literal.number(LONGEST_LINE_BYTES),
    }.items():
        read.append("expressions", exp.EQ(this=exp.var(name), expression=value))
    return exp.Table(this=read)
