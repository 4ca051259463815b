"""The results of a complete Bulk 2.0 job, page by page into files: several at once, or one after the other.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_job_results.htm
https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_parallel_job_results.htm
"""

import zlib
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
import stamina
import structlog
import urllib3
from simple_salesforce import Salesforce

from extract.errors import ExtractError
from extract.pages import Page, PageFolder, TornPageError, write_page
from extract.salesforce.describe import Description
from extract.salesforce.login import HTTP_SERVER_ERROR, error_of
from extract.salesforce.query import JobLostError, refusal

LAST_LOCATOR = "null"
# Looked at once. With 256 KB the C library kept 1.1 GB of freed memory after a million records, with 64 KB 80 MB at most.
PIECE_BYTES = 64 * 1024
GZIP = zlib.MAX_WBITS | 16
PAGE_ATTEMPTS = 6
WAIT_MAX_SECONDS = 20.0
CONNECT_SECONDS = 10
# What can go wrong while a page is under way; the same locator gives the same page again.
BROKEN = (TornPageError, urllib3.exceptions.HTTPError)

# Called with functions that take no argument: stamina logs those of a retried call, a whole describe among them.
_again = stamina.RetryingCaller(attempts=PAGE_ATTEMPTS, timeout=None, wait_max=WAIT_MAX_SECONDS).on(BROKEN)

log = structlog.get_logger()


class _NotListedError(Exception):
    """The org does not give the addresses of its pages; a page names the next one."""


@dataclass(frozen=True, slots=True)
class Results:
    """The pages of one complete job, and the folder that they are read into.

    `total` is the number of records that the job processed, where it says so; `page_rows` the size of a page that
    is asked for one after the other; `idle_seconds` how long a connection may be silent.
    """

    sf: Salesforce
    description: Description
    job_id: str
    total: int | None
    folder: PageFolder
    page_rows: int
    idle_seconds: float

    @property
    def name(self) -> str:
        """The object's API name."""
        return self.description.name

    @property
    def path(self) -> str:
        """The job's address."""
        return f"{self.sf.base_url}jobs/query/{self.job_id}"


def read_pages(results: Results, pool: Executor, side_by_side: int) -> Generator[Page, None, None]:
    """Read the pages that the folder does not have yet, `side_by_side` at most at once; give each as it is there.

    Raises:
        JobLostError: a page cannot be had, stays torn, or the pages hold other records than the job processed.
        ExtractError: Salesforce cannot be reached; what was read stays, and another call goes on from there.
    """
    # One page needs no list.
    one_page = results.total is not None and results.total <= results.page_rows
    if one_page or _begun_as_chain(results):
        yield from _chained_pages(results)
    else:
        try:
            yield from _listed_pages(results, pool, side_by_side)
        except _NotListedError:
            yield from _chained_pages(results)
    _check_total(results)


def _begun_as_chain(results: Results) -> bool:
    """Say whether an earlier call followed locators: the first page of a list has one, the first of a chain has none."""
    return any(page.locator is None for page in results.folder.pages)


def _listed_pages(results: Results, pool: Executor, side_by_side: int) -> Iterator[Page]:
    reading: set[Future[Page]] = set()
    number = -1
    try:
        for number, locator in enumerate(_locators(results)):
            if (number, locator) in results.folder:
                continue
            reading.add(pool.submit(_read_page, results, number, locator))
            while len(reading) >= side_by_side:
                done, reading = wait(reading, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in done)
        while reading:
            done, reading = wait(reading, return_when=FIRST_COMPLETED)
            yield from (each.result() for each in done)
        results.folder.drop_from(number + 1)
    except _NotListedError:
        wait(reading)
        yield from (each.result() for each in reading)
        raise
    finally:
        # None may write into the folder any more when somebody else goes on with it.
        for each in reading:
            each.cancel()
        wait(reading)


def _locators(results: Results) -> Iterator[str | None]:
    """Give the locators of all pages, as the org lists them, up to five in an answer."""
    address: str | None = f"{results.path}/resultPages"
    while address:
        answer = _list(results, address)
        for each in answer["resultPages"]:
            yield parse_qs(urlsplit(each["resultUrl"]).query).get("locator", [None])[0]
        # The reference writes the name in both ways.
        following = answer.get("nextRecordsUrl") or answer.get("nextRecordUrl")
        address = urljoin(results.sf.base_url, following) if following and not answer.get("done") else None


def _list(results: Results, address: str) -> Mapping[str, Any]:
    try:
        response = results.sf.session.get(address)
        answer = response.json() if response.ok else {}
    except requests.RequestException as error:
        answer, said = {}, type(error).__name__
    else:
        said = refusal(response.status_code, *error_of(response))
    if not isinstance(answer, dict) or not isinstance(answer.get("resultPages"), list):
        log.info("no list of result pages", object=results.name, job=results.job_id, answer=said)
        raise _NotListedError
    return answer


def _chained_pages(results: Results) -> Iterator[Page]:
    """Read one page after the other, from where the pages that are there without a gap end."""
    folder = results.folder
    kept = folder.unbroken
    if kept and kept[-1].following is None:
        kept = []
    folder.drop_from(len(kept))
    number, locator = len(kept), kept[-1].following if kept else None
    while locator != LAST_LOCATOR:
        page = _read_page(results, number, locator, results.page_rows)
        yield page
        number, locator = number + 1, page.following
        if locator is None:
            return


def _read_page(results: Results, number: int, locator: str | None, most: int | None = None) -> Page:
    """Read and record one page; `most` is its size where the locator does not settle that."""
    asked = {"locator": locator} if locator else {}
    asked |= {"maxRecords": str(most)} if most else {}
    try:
        page = _again(lambda: _write_page(results, number, asked))
    except TornPageError as error:
        raise JobLostError(
            f"{results.name}: page {number + 1} of Bulk job {results.job_id} cannot be read whole after {PAGE_ATTEMPTS} tries: "
            f"{error}. Give the command again; if it stays so, try fewer records in a page."
        ) from None
    except (urllib3.exceptions.HTTPError, requests.RequestException) as error:
        raise ExtractError(
            f"{results.name}: page {number + 1} of Bulk job {results.job_id} broke off {PAGE_ATTEMPTS} times ({type(error).__name__}). "
            "Give the command again: it goes on with this page."
        ) from None
    results.folder.keep(page)
    return page


def _write_page(results: Results, number: int, asked: Mapping[str, str]) -> Page:
    headers = {"Accept": "text/csv", "Accept-Encoding": "gzip"}
    timeout = (CONNECT_SECONDS, results.idle_seconds)
    url = f"{results.path}/results"
    with results.sf.session.get(url, params=asked, headers=headers, stream=True, timeout=timeout) as response:
        if not response.ok:
            _raise_refusal(results, number, response)
        description = results.description
        content = description.hashing.page(_pieces(response))
        written = write_page(content, description.fields, results.folder.path(number))
        said = response.headers.get("Sforce-NumberOfRecords")
        if said is not None and int(said) != written:
            raise TornPageError(f"it has {written} rows where its header says {said}")
        return Page(number, asked.get("locator"), response.headers.get("Sforce-Locator"), written)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Give the page's bytes, unpacked. What urllib3 unpacks may end early without an error."""
    packed = response.raw.stream(PIECE_BYTES, decode_content=False)
    if response.headers.get("Content-Encoding") != "gzip":
        yield from packed
        return
    unpacker = zlib.decompressobj(GZIP)
    try:
        for piece in packed:
            waiting = piece
            while waiting:
                yield unpacker.decompress(waiting, PIECE_BYTES)
                waiting = unpacker.unconsumed_tail
    except zlib.error:
        raise TornPageError("its compressed bytes are damaged") from None
    if not unpacker.eof:
        raise TornPageError("its compressed bytes end early")


def _raise_refusal(results: Results, number: int, response: requests.Response) -> None:
    said = f"{results.name}: page {number + 1} of Bulk job {results.job_id}: {refusal(response.status_code, *error_of(response))}."
    if response.status_code >= HTTP_SERVER_ERROR:
        raise ExtractError(f"{said} Give the command again: it goes on with this page.")
    raise JobLostError(f"{said} Give the command again: it makes another job.")


def _check_total(results: Results) -> None:
    pages, total, rows = results.folder.pages, results.total, results.folder.rows
    ended = any(page.following == LAST_LOCATOR for page in pages)
    if total is None and not ended:
        raise JobLostError(
            f"{results.name}: the results of Bulk job {results.job_id} came without the header Sforce-Locator, so nobody knows "
            "whether there are more. A proxy takes it away: let Sforce-* headers pass, then give the command again."
        )
    if total is not None and rows != total:
        raise JobLostError(
            f"{results.name}: Bulk job {results.job_id} processed {total} records, its pages hold {rows}. Give the command again; if "
            "a proxy takes away the header Sforce-Locator, let it pass."
        )
