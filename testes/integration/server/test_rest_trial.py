"""Trials over REST: the same segments as offline, bounded uploads, and no torn form is a fault of ours."""

from __future__ import annotations

import asyncio
import base64
import io
import wave
from pathlib import Path

import aiohttp
import pytest

from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.errors import Failure, ProviderError
from balto_cli.pipeline import PipelineConfig, segment_stream
from balto_cli.server import trial
from balto_cli.store.database import default_address
from balto_cli.store.store import Store
from testes.integration.server.rest_app import ADMIN, Running, running

RECORDING = Path(__file__).parents[2] / "1_input" / "balcao-04_20261103105221.m4a"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Trials store nothing but an entry of the audit, so one kind of database is enough."""
    return default_address(tmp_path)


def form(data: bytes, **fields: str) -> aiohttp.FormData:
    made = aiohttp.FormData()
    for name, value in fields.items():
        made.add_field(name, value)
    made.add_field("audio", data, filename="gravação.bin")
    return made


def leftovers(server: Running) -> list[Path]:
    return list((server.context.data_folder / "envios").glob("*"))


async def test_a_recording_is_cut_as_offline(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        answer = await server.client.post(
            "/api/test/segmentar", data=form(RECORDING.read_bytes()), headers=await server.key()
        )
        body = await answer.json()
        assert leftovers(server) == []
    expected = list(segment_stream(Decoder(RECORDING), PipelineConfig()))
    assert body["total_segments"] == len(expected) > 0
    for sent, segment in zip(body["segments"], expected, strict=True):
        data = base64.b64decode(sent["audio_base64"])
        assert len(data) == sent["size_bytes"]
        with wave.open(io.BytesIO(data)) as file:
            assert file.readframes(file.getnframes()) == pcm_to_bytes(segment.samples)
        assert sent["duration_sec"] == pytest.approx(segment.duration_s, abs=0.006)


async def test_a_provider_of_the_server_transcribes_and_others_are_named(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        key = await server.key()
        answer = await server.client.post(
            "/api/test/transcrever", data=form(RECORDING.read_bytes(), provider="local"), headers=key
        )
        body = await answer.json()
        assert answer.status == 200
        assert body["texto"].startswith("palavra ")
        assert body["provedor"] == "Local"
        other = await server.client.post(
            "/api/test/transcrever", data=form(RECORDING.read_bytes(), provider="nenhum"), headers=key
        )
        assert (other.status, len(server.provider.calls)) == (422, 1)
        assert "local" in (await other.json())["erro"]["mensagem"]


@pytest.mark.parametrize(
    ("kind", "status"), [(Failure.RATE, 429), (Failure.SERVER, 503), (Failure.KEY, 503), (Failure.AUDIO, 422)]
)
async def test_a_provider_that_fails_is_said_as_that(store: Store, tmp_path: Path, kind: Failure, status: int) -> None:
    async with running(store, tmp_path) as server:

        def fail(_: object) -> str:
            raise ProviderError("o provedor recusou", kind=kind, retry_after_s=7)

        server.provider.answer = fail
        answer = await server.client.post("/api/test/transcrever", data=form(RECORDING.read_bytes()), headers=ADMIN)
        assert answer.status == status
        assert (await answer.json())["erro"]["mensagem"] == "o provedor recusou"
        if status == 429:
            assert answer.headers["Retry-After"] == "7"


async def test_what_a_killed_server_was_sent_is_gone_at_the_next_start(store: Store, tmp_path: Path) -> None:
    left = tmp_path / "envios" / "tmpx" / "audio"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"voz")
    async with running(store, tmp_path):
        assert not left.parent.exists()


@pytest.mark.parametrize(
    ("said", "action", "fields"),
    [
        ("tô com dor de cabeça", "sugerir", {"produto", "itens", "perguntas"}),
        ("oi, tudo bem?\ntô com dor no peito", "encaminhar", {"motivo", "urgencia"}),
        ("bom dia", "silencio", set()),
    ],
)
async def test_a_text_gets_the_suggestion_that_a_counter_would(
    store: Store, tmp_path: Path, said: str, action: str, fields: set[str]
) -> None:
    async with running(store, tmp_path) as server:
        answer = await server.client.post("/api/test/analisar", json={"texto": said}, headers=ADMIN)
        found = await answer.json()
        assert found["acao"] == action
        assert fields <= set(found["mensagem"])


@pytest.mark.parametrize("data", [b"", b"isto nao e audio", b"RIFF\x00\x00\x00\x00WAVE", b"%PDF-1.7 x"])
async def test_what_is_no_audio_is_422(store: Store, tmp_path: Path, data: bytes) -> None:
    async with running(store, tmp_path) as server:
        for path in ("/api/test/segmentar", "/api/test/transcrever"):
            answer = await server.client.post(path, data=form(data), headers=ADMIN)
            assert (answer.status, (await answer.json())["erro"]["codigo"]) == (422, "audio_invalido")
        assert leftovers(server) == []


async def test_an_upload_over_the_limit_is_413_said_or_not(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        said = await server.client.post("/api/test/segmentar", data=form(bytes(33 << 20)), headers=ADMIN)
        assert said.status == 413

        async def unsaid() -> object:
            yield b'--x\r\nContent-Disposition: form-data; name="audio"\r\n\r\n'
            for _ in range(33):
                yield bytes(1 << 20)
            yield b"\r\n--x--\r\n"

        headers = ADMIN | {"Content-Type": "multipart/form-data; boundary=x"}
        answer = await server.client.post("/api/test/segmentar", data=unsaid(), headers=headers)
        assert answer.status == 413
        assert leftovers(server) == []


async def test_a_recording_that_is_too_long_is_413(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "MAX_AUDIO_S", 1)
    async with running(store, tmp_path) as server:
        answer = await server.client.post("/api/test/segmentar", data=form(RECORDING.read_bytes()), headers=ADMIN)
        assert (answer.status, (await answer.json())["erro"]["codigo"]) == (413, "audio_longo")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=", b"x", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"--x", 400),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 422),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="audio"\r\n\r\nmeio', 400),
        ("multipart/form-data; boundary=x", b"--x\r\nsem dois pontos\r\n\r\na\r\n--x--\r\n", 400),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--y--\r\n--x--\r\n",
            400,
        ),
        ("multipart/form-data; boundary=" + "x" * 80, b"x", 400),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="b"\r\n\r\na\r\n' * 12, 400),
        ("application/json", b"{}", 415),
        ("text/plain", b"a", 415),
    ],
)
async def test_no_torn_form_is_a_fault_of_ours(
    store: Store, tmp_path: Path, content_type: str, body: bytes, status: int
) -> None:
    async with running(store, tmp_path) as server:
        headers = ADMIN | {"Content-Type": content_type}
        answer = await server.client.post("/api/test/segmentar", data=body, headers=headers)
        assert answer.status == status, await answer.text()
        assert (await answer.json())["erro"]["mensagem"]
        assert leftovers(server) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (b'{"texto": "\\ud800"}', 400),
        (b'{"texto": NaN}', 422),
        (b"[]", 422),
        (b"null", 422),
        (b"{}", 422),
        (b'{"texto": ""}', 422),
        (b'{"texto": 1' + b"0" * 9_000 + b"}", 400),
        (b'{"texto": ["oi"]}', 422),
        (b'{"texto": "' + b"a" * 30_000 + b'"}', 422),
        (b'{"texto": "' + b"a" * 70_000 + b'"}', 413),
        (b'{"texto": "oi \\u0000", "outro": {}}', 200),
    ],
)
async def test_no_json_is_a_fault_of_ours(store: Store, tmp_path: Path, body: bytes, status: int) -> None:
    async with running(store, tmp_path) as server:
        headers = ADMIN | {"Content-Type": "application/json; charset=nenhum"}
        answer = await server.client.post("/api/test/analisar", data=body, headers=headers)
        assert answer.status == status, await answer.text()


async def test_trials_that_queue_up_are_turned_away(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        data = RECORDING.read_bytes()
        calls = [server.client.post("/api/test/segmentar", data=form(data), headers=ADMIN) for _ in range(12)]
        statuses = [answer.status for answer in await asyncio.gather(*calls)]
        assert set(statuses) == {200, 429}


async def test_unknown_addresses_and_methods_are_said_in_json(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        nowhere = await server.client.get("/api/nada")
        assert (nowhere.status, (await nowhere.json())["erro"]["codigo"]) == (404, "nao_encontrado")
        wrong = await server.client.put("/cadastro/balcao")
        assert (wrong.status, wrong.headers["Allow"]) == (405, "POST")
        assert (await wrong.json())["erro"]["codigo"] == "metodo_invalido"
