"""What a good engineer tunes by hand: the client's pool, raw bodies, ten threads, paced by a fixed rolling window.

`python peer_tuned.py ADDRESS ROWS CALLS_PER_TEN_SECONDS`; 0 calls: not paced.
"""

import json
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import urllib3
from rows import batches, upsert

THREADS = 10
address, count, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pool = urllib3.PoolManager(maxsize=THREADS)
headers = {"Authorization": "Bearer sandbox-hubspot-token", "Content-Type": "application/json"}
started: deque[float] = deque()
lock = threading.Lock()


def pace() -> None:
    """Wait until fewer than the limit started in the last ten seconds."""
    while limit:
        with lock:
            now = time.monotonic()
            while started and started[0] <= now - 10:
                started.popleft()
            if len(started) < limit:
                started.append(now)
                return
            wait = started[0] + 10 - now
        time.sleep(wait)


def send(batch: list[dict[str, str]]) -> None:
    """Send a batch, again after a pause when there were too many."""
    body = json.dumps(upsert(batch)).encode()
    while True:
        pace()
        answer = pool.request(
            "POST", f"{address}/crm/v3/objects/contacts/batch/upsert", body=body, headers=headers
        )
        if answer.status != 429:
            json.loads(answer.data)
            return
        time.sleep(1)


room = threading.Semaphore(3 * THREADS)


def sent(batch: list[dict[str, str]]) -> None:
    """Send, and make room for the next one."""
    try:
        send(batch)
    finally:
        room.release()


with ThreadPoolExecutor(THREADS) as threads:
    for batch in batches(count):
        room.acquire()
        threads.submit(sent, batch)
