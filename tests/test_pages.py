"""Pages of a pod over port-forward: whole ones end at once, halves and nonsense are no page."""

from __future__ import annotations

import pytest

from sandbox.cluster import Sandbox
from tests.pretend import api, sandbox
from workers.cluster import CannotRead
from workers.cluster.kube import Api
from workers.cluster.pages import http_get

__all__ = ["api", "sandbox"]

pytestmark = pytest.mark.timeout(20)

SECONDS, CAP = 1.2, 5000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"


class Said:
    """A port that answers with these bytes, and then closes or stays."""

    def __init__(self, answer: bytes, *, closes: bool) -> None:
        self._answer, self._closes = answer, closes

    def take(self, _data: bytes) -> tuple[bytes, bool]:
        """The bytes, at the first that comes."""
        answer, self._answer = self._answer, b""
        return answer, self._closes


def _got(
    api: Api, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, answer: bytes, *, closes: bool
) -> tuple[int, bytes]:
    monkeypatch.setattr(sandbox.kube, "dialler", lambda *_: lambda _port: Said(answer, closes=closes))
    return http_get(api, "kube-system", "coredns-x", 9153, "/metrics", seconds=SECONDS, cap=CAP)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(SIZED + b"some page", id="of a known length"),
        pytest.param(CHUNKED + b"4\r\nsome\r\n5;x=y\r\n page\r\n0\r\n\r\n", id="in chunks"),
        pytest.param(CHUNKED + b"9\r\nsome page\r\n0\r\nTrailer: x\r\n\r\n", id="with a trailer"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\n\r\n" + SIZED + b"some page", id="after a hint"),
    ],
)
def test_a_whole_page_needs_no_close(
    api: Api, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """A page that tells its own end is given out though the stream stays open."""
    assert (200, b"some page") == _got(api, sandbox, monkeypatch, answer, closes=False)


def test_an_old_page_ends_with_its_stream(api: Api, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without a length is whole when the other side says that it ends."""
    answer = b"HTTP/1.0 503 Not yet\r\n\r\nsome page"

    assert (503, b"some page") == _got(api, sandbox, monkeypatch, answer, closes=True)


@pytest.mark.parametrize("size", [CAP, CAP + 1, 3 * CAP])
def test_a_page_is_cut_at_the_cap(api: Api, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """However long a page is, no more than the cap is taken."""
    answer = CHUNKED + b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n"

    assert (200, b"x" * CAP) == _got(api, sandbox, monkeypatch, answer, closes=False)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-", id="half a head"),
        pytest.param(SIZED + b"some", id="less than its length"),
        pytest.param(CHUNKED + b"9\r\nsome", id="half a chunk"),
        pytest.param(CHUNKED + b"9\r\nsome page\r\n", id="no last chunk"),
        pytest.param(CHUNKED + b"-5\r\nsome page\r\n0\r\n\r\n", id="a negative size"),
        pytest.param(CHUNKED + b"f" * 30 + b"\r\nsome page\r\n0\r\n\r\n", id="a size without end"),
        pytest.param(CHUNKED + b"4\r\nsome page\r\n0\r\n\r\n", id="a chunk longer than its size"),
        pytest.param(b"\x16\x03\x01\x02\x00", id="TLS"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000, id="a head without end"),
    ],
)
def test_half_a_page_is_no_page(api: Api, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    """What ends early or is no HTTP says so with the port and the path."""
    with pytest.raises(CannotRead) as caught:
        _got(api, sandbox, monkeypatch, answer, closes=True)

    assert "http port 9153/metrics of kube-system/coredns-x" == caught.value.object
    assert "no whole HTTP answer" in caught.value.reason


def test_a_page_that_never_comes_ends_in_time(api: Api, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod that begins a page and falls silent is waited for only so long."""
    with pytest.raises(CannotRead, match="no answer through the tunnel in time"):
        _got(api, sandbox, monkeypatch, SIZED + b"some", closes=False)
