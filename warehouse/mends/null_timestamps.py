"""A null timestamp stays null on its way to the client.

Upstream turns a timestamp into a struct of seconds and fraction and forgets which rows were null, so the connector
reads 1970-01-01. To be removed when `fakesnow.arrow.timestamp_to_sf_struct` passes the mask itself.
"""

import fakesnow.arrow
import pyarrow as pa

_without_mask = fakesnow.arrow.timestamp_to_sf_struct


def timestamp_to_sf_struct(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Give upstream's struct of the timestamps with the nulls of the column."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    struct = _without_mask(array.fill_null(pa.scalar(0, array.type)))
    return pa.StructArray.from_arrays(
        [struct.field(place) for place in range(struct.type.num_fields)],
        fields=list(struct.type),
        mask=array.is_null(),
    )


def install() -> None:
    """Replace upstream's conversion."""
    fakesnow.arrow.timestamp_to_sf_struct = timestamp_to_sf_struct
