# SPDX-License-Identifier: MIT
"""
py_aiohttp_aiosqlite.py: the job of `eddy fetch` in Python: fetch N documents, land each in SQLite.

usage: py_aiohttp_aiosqlite.py BASE-URL DATABASE COUNT CONCURRENCY chunks|stream [uvloop]

chunks   as tutorials have it: CONCURRENCY documents are gathered, and inserted by a task of their
         own while the next chunk is fetched; a transaction for each chunk
stream   as one writes it who has read on: CONCURRENCY workers, and a task that lands 500 rows in
         one transaction

No retries, no limits, no duplicates looked for: it does less than eddy does. Each body is checked
to be JSON. The journal is a write-ahead log, not synced at each transaction, as eddy's.
"""

import asyncio
import json
import sys

import aiohttp
import aiosqlite

BASE, DATABASE, COUNT, CONCURRENCY, HOW = sys.argv[1:6]
COUNT, CONCURRENCY = int(COUNT), int(CONCURRENCY)
BATCH = 500
INSERT = "INSERT INTO documents VALUES (?, ?, ?)"


async def fetch(session, number):
    url = f"{BASE}/people/{number}/"
    async with session.get(url) as response:
        body = await response.text()
        json.loads(body)
        return url, response.status, body


async def land(db, rows):
    async with landing_lock:  # the transaction is this task's until it commits
        async with db.executemany(INSERT, rows):
            pass
        await db.commit()


async def chunks(session, db):
    landing = []
    for first in range(1, COUNT + 1, CONCURRENCY):
        numbers = range(first, min(first + CONCURRENCY, COUNT + 1))
        rows = await asyncio.gather(*[fetch(session, number) for number in numbers])
        landing.append(asyncio.create_task(land(db, rows)))
    await asyncio.gather(*landing)


async def stream(session, db):
    numbers = iter(range(1, COUNT + 1))
    rows = asyncio.Queue(BATCH)

    async def work():
        for number in numbers:
            await rows.put(await fetch(session, number))

    async def land_all():
        batch = []
        while (row := await rows.get()) is not None:
            batch.append(row)
            if len(batch) == BATCH:
                await land(db, batch)
                batch = []
        await land(db, batch)

    landing = asyncio.create_task(land_all())
    await asyncio.gather(*[work() for _ in range(CONCURRENCY)])
    await rows.put(None)
    await landing


async def main():
    global landing_lock
    landing_lock = asyncio.Lock()
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    async with aiohttp.ClientSession(connector=connector) as session, \
            aiosqlite.connect(DATABASE) as db:
        await db.execute("PRAGMA journal_mode = WAL")
        await db.execute("PRAGMA synchronous = NORMAL")
        await db.execute("CREATE TABLE documents (url TEXT PRIMARY KEY, status INTEGER, body)")
        await {"chunks": chunks, "stream": stream}[HOW](session, db)


if sys.argv[6:] == ["uvloop"]:
    import uvloop

    uvloop.install()
asyncio.run(main())
