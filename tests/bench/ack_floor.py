"""The floor for acknowledging a command: Starlette on uvicorn, the signature check by hand, one rq enqueue.

It knows neither Bolt nor runs, policy or replays: what such a bot costs where it does nothing of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import sys
from urllib.parse import parse_qs

import uvicorn
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_ANSWER = json.dumps({"response_type": "ephemeral", "text": "Queued."}).encode()


def _signed(secret: bytes, request: Request, body: bytes) -> bool:
    stamp = request.headers.get("x-slack-request-timestamp", "")
    made = "v0=" + hmac.digest(secret, f"v0:{stamp}:".encode() + body, hashlib.sha256).hex()
    return hmac.compare_digest(made, request.headers.get("x-slack-signature", ""))


def serve(secret: bytes, redis_url: str) -> None:
    """Serve on a free port, which is printed, for ever."""
    queue = Queue("floor", connection=Redis.from_url(redis_url), serializer=JSONSerializer)

    async def answer(request: Request) -> Response:
        body = await request.body()
        if not _signed(secret, request, body):
            return Response(status_code=401)
        queue.enqueue("nowhere.nothing", parse_qs(body.decode())["text"][0])
        return Response(_ANSWER, media_type="application/json")

    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    app = Starlette(routes=[Route("/slack/events", answer, methods=["POST"])])
    uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    serve(sys.argv[1].encode(), sys.argv[2])
