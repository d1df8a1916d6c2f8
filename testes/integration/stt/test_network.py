"""The shared connections: proxies, certificates, time-outs by phase, and what each broken connection is called."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import trustme
from pydantic import SecretStr

from balto_cli.audio.recording import Recording
from balto_cli.errors import Failure, ProviderError, UsageError
from balto_cli.settings import Access
from balto_cli.stt import http, openai_compatible, remote
from balto_cli.stt.deepgram import Deepgram
from balto_cli.stt.elevenlabs import ElevenLabs
from balto_cli.stt.http import HttpPool, Timeouts, timeouts_for
from balto_cli.stt.openai_compatible import OpenAICompatible
from balto_cli.stt.upload import wav_header
from testes.simulador import Simulator
from testes.sockets import let_go

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
AUDIO = np.full(16_000, 300, dtype=np.int16)
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    short = Timeouts(connect_s=0.5, write_s=0.5, read_s=0.5, total_s=3.0)
    for module in (remote, openai_compatible):
        monkeypatch.setattr(module, "timeouts_for", lambda duration_s, upload_bytes: short)


@contextlib.asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that does one thing, until the block ends; then neither end has a connection left."""
    tasks: set[asyncio.Task[object]] = set()
    transports: list[asyncio.WriteTransport] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        transports.append(writer.transport)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for transport in transports:
            transport.abort()  # TLS would wait half a minute for the other end's goodbye.
        await let_go(port)


@contextlib.asynccontextmanager
async def asking(
    address: str, kind: type[remote.RemoteTranscriber] = Deepgram
) -> AsyncIterator[remote.RemoteTranscriber]:
    provider = kind(Access(key=SecretStr("good-key"), base_url=address), pool=HttpPool())
    try:
        yield provider
    finally:
        await provider.aclose()


async def failure_at(address: str, kind: type[remote.RemoteTranscriber] = Deepgram) -> ProviderError:
    async with asking(address, kind) as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.transcribe(AUDIO)
    assert caught.value.__context__ is None
    return caught.value


async def answer(writer: asyncio.StreamWriter, body: bytes, status: str = "200 OK") -> None:
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )
    await writer.drain()


async def head_of(reader: asyncio.StreamReader) -> dict[str, str]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
    return {"": lines[0], **fields}


HEARD = (
    b'{"metadata": {"duration": 1}, "results": {"channels": [{"alternatives": '
    b'[{"transcript": "oi", "confidence": 1, "words": []}]}]}}'
)


async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What Deepgram would do."""
    while True:
        await reader.readexactly(int((await head_of(reader))["content-length"]))
        await answer(writer, HEARD)


@pytest.mark.parametrize("kind", [Deepgram, OpenAICompatible])
async def test_a_refused_connection_is_not_billed_and_says_what_to_check(kind: type[remote.RemoteTranscriber]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await failure_at(f"http://127.0.0.1:{taken.getsockname()[1]}", kind)
    assert (error.kind, error.perhaps_billed) == (Failure.NETWORK, False)
    assert f"{kind.option.upper()}_BASE_URL" in str(error)


async def test_a_name_that_does_not_resolve_is_not_billed() -> None:
    error = await failure_at("http://nao-existe.invalid")
    assert (error.kind, error.perhaps_billed) == (Failure.NETWORK, False)


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1", "127.0.0.1:8080", "http://a:99999", "http://[::1", "http://", "a"]
)
@pytest.mark.parametrize("kind", [Deepgram, OpenAICompatible])
def test_an_address_that_is_none_is_a_mistake_of_the_person(address: str, kind: type[remote.RemoteTranscriber]) -> None:
    with pytest.raises(UsageError, match=f"{kind.option.upper()}_BASE_URL"):
        kind(Access(key=SecretStr("k"), base_url=address), pool=HttpPool())


@pytest.mark.usefixtures("impatient")
async def test_a_connection_that_does_not_open_is_given_up() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(address)
        error = await failure_at(f"http://127.0.0.1:{address[1]}")
        for other in others:
            other.close()
    assert (error.kind, error.perhaps_billed) == (Failure.TIMEOUT, False)


@pytest.mark.parametrize("kind", [Deepgram, ElevenLabs, OpenAICompatible])
@pytest.mark.usefixtures("impatient")
async def test_a_server_that_stops_reading_is_found_out_and_has_not_got_it_all(
    kind: type[remote.RemoteTranscriber], tmp_path: Path
) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    path = tmp_path / "a.wav"
    path.write_bytes(bytes(20_000_000))
    async with serving(deaf) as address, asking(address, kind) as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.transcribe(Recording(path, "wav", AUDIO))
    assert (caught.value.kind, caught.value.perhaps_billed) == (Failure.TIMEOUT, False)


@pytest.mark.parametrize("kind", [Deepgram, OpenAICompatible])
@pytest.mark.usefixtures("impatient")
async def test_a_server_that_does_not_answer_may_have_billed(kind: type[remote.RemoteTranscriber]) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    async with serving(mute) as address:
        error = await failure_at(address, kind)
    assert (error.kind, error.perhaps_billed) == (Failure.TIMEOUT, True)


@pytest.mark.usefixtures("impatient")
async def test_an_answer_that_trickles_for_ever_ends_with_the_whole() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.1)

    async with serving(trickle) as address:
        error = await failure_at(address)
    assert (error.kind, error.perhaps_billed) == (Failure.TIMEOUT, True)


@pytest.mark.parametrize("kind", [Deepgram, OpenAICompatible])
async def test_a_connection_cut_after_the_request_may_have_been_billed(kind: type[remote.RemoteTranscriber]) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)

    async with serving(cut) as address:
        error = await failure_at(address, kind)
    assert (error.kind, error.perhaps_billed) == (Failure.NETWORK, True)


async def test_a_connection_cut_in_the_middle_of_a_large_upload_was_not_billed(tmp_path: Path) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await reader.readexactly(200_000)
        writer.transport.abort()

    path = tmp_path / "a.wav"
    path.write_bytes(bytes(50_000_000))
    async with serving(cut) as address, asking(address) as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.transcribe(Recording(path, "wav", AUDIO))
    assert (caught.value.kind, caught.value.perhaps_billed) == (Failure.NETWORK, False)


@pytest.mark.parametrize(
    "said",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"text": ',
        b"isto nao e http\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnada",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 17\r\n\r\n<html>oi</html>\r\n",
    ],
)
async def test_half_an_answer_or_none_that_is_http_may_have_been_billed(said: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(int((await head_of(reader))["content-length"]))
        writer.write(said)
        await writer.drain()

    async with serving(speak) as address:
        error = await failure_at(address)
    assert error.kind in (Failure.NETWORK, Failure.ANSWER)
    assert error.perhaps_billed


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    asked: list[str] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await head_of(reader))[""])

    async with serving(elsewhere) as other:

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(int((await head_of(reader))["content-length"]))
            writer.write(f"HTTP/1.1 307 Temporary\r\nLocation: {other}/\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()

        async with serving(redirect) as address:
            for kind in (Deepgram, OpenAICompatible):
                error = await failure_at(address, kind)
                assert (error.kind, error.perhaps_billed) == (Failure.REQUEST, False)
    assert not asked


async def test_a_file_that_shrinks_on_its_way_is_the_files_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(8_000_000))

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        with path.open("r+b") as file:
            file.truncate(1_000_000)
        while await reader.read(1 << 16):
            pass

    async with serving(slow) as address, asking(address) as provider:
        with pytest.raises(ProviderError, match="mudou ou sumiu") as caught:
            await provider.transcribe(Recording(path, "wav", AUDIO))
    assert caught.value.kind == Failure.AUDIO


async def test_a_file_that_is_gone_is_a_state_with_its_reason(tmp_path: Path) -> None:
    async with asking("http://127.0.0.1:9") as provider:
        with pytest.raises(ProviderError, match=r"não pôde ser lido.*não existe") as caught:
            await provider.transcribe(Recording(tmp_path / "sumiu.wav", "wav", AUDIO))
    assert (caught.value.kind, caught.value.perhaps_billed) == (Failure.AUDIO, False)


async def test_a_large_file_is_streamed_from_disk_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.write(wav_header(200_000_000 - 44))
        file.truncate(200_000_000)
    async with Simulator(texto="hash") as simulator, asking(simulator.url("deepgram")) as provider:
        await provider.transcribe(AUDIO)
        gc.collect()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        transcript = await provider.transcribe(Recording(path, "wav", AUDIO))
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert simulator.calls.of("deepgram")[-1].bytes == 200_000_000
    assert transcript.sent_as == "arquivo wav"
    assert grown_kb < 30_000


async def test_all_providers_share_one_pool_which_the_last_one_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    open_client = HttpPool._open
    monkeypatch.setattr(HttpPool, "_open", lambda pool, tls: (opened.append(1), open_client(pool, tls))[1])
    pool = HttpPool()
    async with serving(hear) as address:
        access = Access(key=SecretStr("k"), base_url=address)
        one, other = Deepgram(access, pool=pool), Deepgram(access, pool=pool)
        await asyncio.gather(*(provider.transcribe(AUDIO) for provider in (one, other, one, other)))
        await one.aclose()
        client = await pool.client(other)
        assert (await other.transcribe(AUDIO)).text == "oi"
        await other.aclose()
        assert client.is_closed
        assert len(opened) == 1
        assert (await one.transcribe(AUDIO)).text == "oi"
        await one.aclose()
    assert len(opened) == 2


async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: list[dict[str, str]]) -> None:
    """A proxy for plain requests and for tunnels."""
    head = await head_of(reader)
    seen.append(head)
    method, target, _ = head[""].split(" ")
    if method != "CONNECT":
        await reader.readexactly(int(head["content-length"]))
        await answer(writer, HEARD)
        return
    host, _, port = target.partition(":")
    there, back = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()

    with contextlib.suppress(ConnectionError):
        await asyncio.gather(pump(reader, back), pump(there, writer))


@pytest.mark.parametrize("kind", [Deepgram, OpenAICompatible])
async def test_the_environments_proxy_receives_the_call(
    kind: type[remote.RemoteTranscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []
    async with serving(lambda reader, writer: proxy(reader, writer, seen)) as address:
        monkeypatch.setenv("HTTP_PROXY", address.replace("http://", "http://ana:s3nha@"))
        async with asking("http://provedor.invalid/v1", kind) as provider:
            if kind is Deepgram:
                assert (await provider.transcribe(AUDIO)).text == "oi"
            else:
                with pytest.raises(ProviderError):
                    await provider.transcribe(AUDIO)
    assert seen[0][""].startswith("POST http://provedor.invalid/v1/")
    assert seen[0]["proxy-authorization"].startswith("Basic ")


async def test_what_no_proxy_names_goes_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with serving(hear) as address, asking(address) as provider:
        assert (await provider.transcribe(AUDIO)).text == "oi"


async def test_a_proxy_that_is_out_of_reach_or_refuses_is_named_and_its_password_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await answer(writer, b"", "407 Proxy Authentication Required")

    async with serving(refuse) as address:
        monkeypatch.setenv("HTTPS_PROXY", address.replace("http://", "http://ana:s3nha@"))
        refused = await failure_at("https://provedor.invalid")
    unreached = await failure_at("https://provedor.invalid")
    for error in (refused, unreached):
        assert (error.kind, error.perhaps_billed) == (Failure.NETWORK, False)
        assert "HTTPS_PROXY" in str(error)
        assert "s3nha" not in str(error)


async def test_a_proxy_of_a_kind_that_is_not_spoken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    error = await failure_at("http://provedor.invalid")
    assert error.kind in (Failure.REQUEST, Failure.NETWORK)
    assert "HTTPS_PROXY" in str(error)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """An authority that no system knows, and a server's context with its certificate for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("empresa")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "empresa.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return folder / "empresa.pem", context


async def test_a_company_certificate_named_by_ssl_cert_file_is_trusted(
    company: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, tls = company
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    async with serving(hear, tls) as address, asking(address) as provider:
        assert (await provider.transcribe(AUDIO)).text == "oi"


async def test_a_company_certificate_works_through_the_proxys_tunnel(
    company: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, tls = company
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    seen: list[dict[str, str]] = []
    async with (
        serving(lambda reader, writer: proxy(reader, writer, seen)) as tunnel,
        serving(hear, tls) as address,
    ):
        monkeypatch.setenv("HTTPS_PROXY", tunnel)
        async with asking(address) as provider:
            assert (await provider.transcribe(AUDIO)).text == "oi"
    assert seen[0][""].startswith("CONNECT 127.0.0.1:")
    assert "authorization" not in seen[0]


@pytest.mark.parametrize("kind", [Deepgram, OpenAICompatible])
async def test_an_unknown_certificate_is_refused_before_anything_is_sent(
    kind: type[remote.RemoteTranscriber], company: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    async with serving(hear, company[1]) as address:
        error = await failure_at(address, kind)
    assert (error.kind, error.perhaps_billed) == (Failure.NETWORK, False)
    assert "SSL_CERT_FILE" in str(error)


async def test_a_certificate_file_that_cannot_be_read_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nada.pem").write_text("isto não é um certificado")
    for name in ("nada.pem", "sumiu.pem"):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / name))
        error = await failure_at("https://127.0.0.1:9")
        assert error.kind == Failure.NETWORK
        assert "SSL_CERT_FILE" in str(error)


def test_time_outs_grow_with_the_audio_and_the_upload() -> None:
    segment, hour = timeouts_for(3.0, 96_000), timeouts_for(3600.0, 115_000_000)
    assert segment.total_s < 60
    assert hour.read_s > 900
    assert hour.total_s > hour.read_s + 115_000_000 / http.SLOW_UPLOAD_BYTES_PER_S
