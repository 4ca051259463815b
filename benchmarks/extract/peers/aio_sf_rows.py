"""aio-sf: every row as a dictionary, from its asynchronous Bulk 2.0 query."""

import asyncio

from aio_sf import SalesforceClient, StaticTokenAuth, bulk_query
from common import FIELDS, SOQL, TOKEN, URL, WITH_DIGEST, Digest, told


async def main() -> None:
    """Read all rows."""
    digest = Digest(FIELDS)
    rows = 0
    async with SalesforceClient(auth_strategy=StaticTokenAuth(access_token=TOKEN, instance_url=URL)) as sf:
        async for row in await bulk_query(sf, SOQL, all_rows=True, poll_interval=1):
            rows += 1
            if WITH_DIGEST:
                digest.add(row)
    told(rows, digest if WITH_DIGEST else None)


asyncio.run(main())
