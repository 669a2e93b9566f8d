"""The floor for acknowledging a command: HTTP by hand on one event loop, the signature check, one rq enqueue.

It knows neither Bolt nor runs, policy or replays: no bot that does its work can be faster in Python.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
from collections.abc import Mapping
from urllib.parse import parse_qs

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

_ANSWER = json.dumps({"response_type": "ephemeral", "text": "Queued."}).encode()


def _signed(secret: bytes, headers: Mapping[str, str], body: bytes) -> bool:
    stamp = headers.get("x-slack-request-timestamp", "")
    made = "v0=" + hmac.digest(secret, f"v0:{stamp}:".encode() + body, hashlib.sha256).hex()
    return hmac.compare_digest(made, headers.get("x-slack-signature", ""))


async def serve(secret: bytes, redis_url: str) -> None:
    """Serve on a free port, which is printed, for ever."""
    queue = Queue("floor", connection=Redis.from_url(redis_url), serializer=JSONSerializer)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        status, content = b"401 Unauthorized", b""
        if _signed(secret, headers, body):
            text = parse_qs(body.decode())["text"][0]
            queue.enqueue("nowhere.nothing", text)
            status, content = b"200 OK", _ANSWER
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(content), content))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1].encode(), sys.argv[2]))
