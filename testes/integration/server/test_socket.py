"""The socket word for word: beginning, commands, close codes, limits, and whatever a hostile client can write."""

from __future__ import annotations

import asyncio
import json
import random
import struct
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from balto_cli.server import protocol
from balto_cli.server.asyncapi import CLOSES, SERVER, asyncapi
from balto_cli.store.failure import StoreUnavailable
from testes.live import EVENTS, LEVE, offline, running, until

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def test_the_first_answer_says_all_that_a_client_needs(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key, versao=1, formato="pcm16", cliente="teste " * 40, vad_settings={"x": [1]})
        assert hello | {"balcao_id": "", "sessao": "", "inicio_utc": ""} == {
            "comando": "autenticado", "seq": 1, "versao": 1, "balcao_id": "", "sessao": "", "retomada": False,
            "recebido_s": 0.0, "recebido_amostras": 0, "inicio_utc": "", "retomavel_s": 60,
            "limites": {"mensagem_bytes": 1_048_576, "fila_s": 30},
        }  # fmt: skip
        stored = await server.live.store.session(hello["sessao"])
        assert stored is not None
        assert stored.client_name == ("teste " * 40)[:80]


async def test_an_old_client_sees_what_it_always_saw(tmp_path: Path) -> None:
    """Without `comando`, without `eventos`: nothing but `autenticado` comes by itself."""
    async with running(tmp_path) as server, server.client() as client:
        await client.say(api_key=server.key)
        await client.wait_for("autenticado")
        for _ in range(40):
            await client.send(bytes(32_000))
        await client.finish()
        assert {event["comando"] for event in client.events} == {"autenticado"}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{}", 4001),
        ('{"comando":"auth","api_key":7}', 4001),
        ('{"comando":"auth","api_key":"nada"}', 4001),
        ('{"comando":"feedback","api_key":"x"}', 4004),
        ("[]", 4004),
        ("não", 4004),
        ("null", 4004),
        ('{"api_key":"a","api_key":"b"}', 4004),
        ('{"api_key":NaN}', 4004),
        ("[" * 60_000, 4004),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, 4004),
        ("9" * 60_000, 4004),
        (b"\x00\x01", 4004),
    ],
)
async def test_a_first_message_that_is_no_auth_has_its_code(tmp_path: Path, message: str | bytes, code: int) -> None:
    async with running(tmp_path) as server, server.client() as client:
        if isinstance(message, bytes):
            await client.send(message)
        else:
            await client.socket.send_str(message)
        assert await client.closed() == code
        assert code in CLOSES
        assert server.live.admission.sessions == 0


async def test_no_complete_auth_in_time(tmp_path: Path) -> None:
    """Slowloris: pings and parts of a message do not move the deadline, which counts from the connection."""
    async with running(tmp_path, limits={"auth_s": 0.5}) as server, server.client() as client:
        for _ in range(3):
            await client.socket.ping()
            await asyncio.sleep(0.1)
        assert await client.closed(5) == 4003


async def test_key_in_the_query_string_is_refused_and_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path) as server:
        async with server.http.ws_connect(f"{server.server.address}/ws?api_key={server.key}") as socket:
            await socket.send_str(json.dumps({"comando": "auth", "api_key": server.key}))
            assert (await socket.receive()).data == 4001
        said = capsys.readouterr()
        assert server.key not in caplog.text + said.out + said.err


async def test_cross_site_hijacking_cookies_say_nothing_and_any_origin_may_speak(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        headers = {"Origin": "https://outro.example", "Cookie": "balto_admin=qualquer"}
        async with server.client(headers=headers) as client:
            await client.say(comando="auth")
            assert await client.closed() == 4001
        async with server.client(headers=headers) as client:
            await client.auth(server.key)
        async with server.http.get(f"{server.server.address}/ws") as response:
            assert response.status == 400


async def test_decompression_bombs_no_compression_is_ever_agreed(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.client(compress=15) as client:
        assert not client.socket.compress
        await client.auth(server.key)
        await client.send(bytes(protocol.MESSAGE_BYTES))
        await client.say(comando="ping")
        await client.wait_for("pong")
        await client.send(bytes(protocol.MESSAGE_BYTES + 1))
        assert await client.closed() == 1009


async def test_unknown_values_are_told_and_the_socket_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(
            server.key, formato="mp7", taxa_hz=7_999, canais=3, eventos="tudo", ultimo_seq=-1, sessao=7, outro={}
        )
        await client.say(comando="ping")
        await client.wait_for("pong")
        assert sorted(event["codigo"] for event in client.of("erro")) == ["campo_invalido"] * 4 + [
            "formato_desconhecido"
        ]


async def test_commands_and_their_errors(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key)
        await client.say(comando="ping", ref="a1")
        pong = await client.wait_for("pong")
        assert (pong["ref"], pong["recebido_s"]) == ("a1", 0.0)
        for message, code in [
            ("[1]", "json_invalido"),
            ("{", "json_invalido"),
            ('{"comando":"dançar","ref":"r"}', "comando_desconhecido"),
            ('{"comando":["ping"]}', "comando_desconhecido"),
            ("{}", "comando_desconhecido"),
            ('{"comando":"feedback","id_interacao":1,"resultado":"x"}', "campo_invalido"),
            ('{"comando":"feedback","id_interacao":"x","resultado":null}', "campo_invalido"),
            ('{"comando":"feedback","id_interacao":"\\u0000","resultado":"\\ud800"}', "interacao_desconhecida"),
            (json.dumps({"comando": "feedback", "id_interacao": UNKNOWN, "resultado": "x"}), "interacao_desconhecida"),
        ]:
            before = len(client.of("erro"))
            await client.socket.send_str(message)
            assert (await client.wait_for("erro", before + 1))["codigo"] == code, message
        assert client.of("erro")[2]["ref"] == "r"
        seqs = [event["seq"] for event in client.events]
        assert seqs == list(range(1, len(seqs) + 1))


async def test_feedback_of_any_session_of_this_counter_and_of_no_other(tmp_path: Path) -> None:
    """A second tenant can reach nothing of the first: neither feedback nor session."""
    from testes.live import pcm_of
    from testes.shared import require_shared

    pcm = pcm_of(require_shared("speech") / "balcao-1.flac")[: 32_000 * 9]
    async with running(tmp_path) as server:
        other_key = await server.another_key()
        async with server.client() as client:
            hello = await client.auth(server.key, eventos=EVENTS)
            await client.send(pcm)
            await client.finish()
            segment = client.of("segmento")[0]["id_interacao"]
        async with server.client() as client, server.client() as stranger:
            await client.auth(server.key)
            await client.say(comando="feedback", id_interacao=segment, resultado="venda_realizada", ref=5)
            answer = await client.wait_for("confirmado")
            assert (answer["id_interacao"], answer["ref"]) == (segment, 5)
            theirs = await stranger.auth(other_key, sessao=hello["sessao"], ultimo_seq=0, eventos=EVENTS)
            assert theirs["retomada"] is False
            await stranger.say(comando="feedback", id_interacao=segment, resultado="venda_perdida")
            assert (await stranger.wait_for("erro"))["codigo"] == "interacao_desconhecida"
            assert not stranger.of("segmento")
        stored = await server.live.store.interaction(segment)
        assert stored is not None
        assert stored.outcome == "venda_realizada"


async def test_a_session_taken_up_elsewhere_ends_the_old_socket_with_4005(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.client() as old, server.client() as new:
        hello = await old.auth(server.key, formato="pcm16")
        await old.send(bytes(3_201))
        await old.say(comando="ping")
        await old.wait_for("pong")
        again = await new.auth(server.key, sessao=hello["sessao"], formato="pcm16")
        assert again["retomada"] is True
        assert again["recebido_amostras"] == 1_600
        assert again["seq"] > hello["seq"]
        assert again["inicio_utc"] == hello["inicio_utc"]
        assert await old.closed() == 4005
        await new.send(bytes(3_200))
        await new.finish()
        assert server.live.admission.sessions == 0


async def test_events_after_ultimo_seq_come_again_as_they_were(tmp_path: Path) -> None:
    from testes.live import pcm_of
    from testes.shared import require_shared

    pcm = pcm_of(require_shared("speech") / "balcao-1.flac")[: 32_000 * 25]
    async with running(tmp_path) as server:
        async with server.client() as client:
            hello = await client.auth(server.key, eventos=EVENTS, formato="pcm16")
            await client.send(pcm)
            complete = sum(segment.cut == "pausa" for segment in offline(pcm, LEVE))
            await client.wait_for("transcricao", complete)
            seen = [event for event in client.events if event["comando"] in ("segmento", "transcricao")]
            client.drop()
        last = sorted(event["seq"] for event in seen)[2]
        async with server.client() as client:
            await client.auth(server.key, eventos=EVENTS, formato="pcm16", sessao=hello["sessao"], ultimo_seq=last)
            missed = [event for event in seen if event["seq"] > last]
            await until(lambda: len(client.events) >= 1 + len(missed))
            again = [event for event in client.events if event["comando"] in ("segmento", "transcricao")]
            assert sorted(again, key=lambda event: event["seq"]) == sorted(missed, key=lambda event: event["seq"])


async def test_limits_of_sessions_keys_and_addresses_have_their_reason(tmp_path: Path) -> None:
    limits: list[tuple[dict[str, Any], str]] = [
        ({"sessions": 1}, "sessoes"),
        ({"sessions_key": 1}, "chave"),
        ({"sessions_address": 1}, "endereco"),
    ]
    for number, (limit, reason) in enumerate(limits):
        async with running(tmp_path / str(number), limits=limit) as server:
            async with server.client() as first, server.client() as second:
                await first.auth(server.key)
                await second.say(comando="auth", api_key=server.key)
                assert await second.closed() == 4002
                metrics = server.live.metrics.render().decode()
                assert f'balto_sessions_refused_total{{reason="{reason}"}} 1.0' in metrics
                await first.finish()
            async with server.client() as third:
                await third.auth(server.key)


async def test_a_revoked_key_ends_its_sockets(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key)
        holder = await server.live.store.find_key(server.key)
        assert holder is not None
        await server.live.store.revoke_key(holder.key_id, server.live.now())
        assert await client.closed(15) == 4001


async def test_an_erased_session_ends_with_4006_and_its_sound_is_gone(tmp_path: Path) -> None:
    from balto_cli.store.records import Scope

    marked = bytes(range(200)) * 160
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key, formato="pcm16")
        await client.send(marked)
        await client.say(comando="ping")
        await client.wait_for("pong")
        await server.live.store.erase(Scope(session_id=hello["sessao"]), "admin", server.live.now())
        assert await client.closed() == 4006
        left = b"".join(path.read_bytes() for path in (tmp_path / "spool").rglob("*.diario"))
        assert marked[:400] not in left
        assert await server.live.store.session(hello["sessao"]) is None


async def test_a_database_error_is_never_a_wrong_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as server, server.client() as client:

        async def down(_secret: str) -> None:
            raise StoreUnavailable("fora")

        monkeypatch.setattr(server.live.store, "find_key", down)
        await client.say(comando="auth", api_key=server.key)
        assert await client.closed() == 1011


async def test_a_fault_in_the_handler_is_1011_and_frees_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key)

        def broken(*_arguments: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(server.live.sessions, "received", broken)
        await client.send(bytes(3_200))
        assert await client.closed() == 1011
        await until(lambda: not server.live.admission.sessions and not server.live.connections)


async def test_too_many_commands_are_told_once_a_second_and_do_not_close(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key)
        for _ in range(500):
            await client.say(comando="ping")
        await client.wait_for("erro")
        assert {event["codigo"] for event in client.of("erro")} == {"muitas_mensagens"}
        assert len(client.of("erro")) <= 5
        await asyncio.sleep(1.1)
        before = len(client.of("pong"))
        await client.say(comando="ping")
        await client.wait_for("pong", before + 1)


async def test_frames_and_json_at_random_crash_nothing_and_leak_no_session(tmp_path: Path) -> None:
    """A small fuzzer: broken frames, random opcodes, cut and mutated JSON, before and after `auth`."""
    generator = random.Random(8)
    seeds = [
        '{"comando":"auth","api_key":"x","formato":"webm"}',
        '{"comando":"feedback","id_interacao":"a","resultado":"b","ref":1}',
        '{"comando":"ping","ref":"é"}',
        '{"comando":"encerrar"}',
    ]
    async with running(tmp_path, limits={"auth_s": 1.0, "resumable_s": 0.5, "ending_s": 1.0}) as server:
        for round_ in range(60):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.server.port)
            writer.write(UPGRADE)
            await reader.readuntil(b"\r\n\r\n")
            if round_ % 2:
                writer.write(frame(1, json.dumps({"comando": "auth", "api_key": server.key}).encode()))
            for _ in range(generator.randint(1, 6)):
                text = bytearray(generator.choice(seeds).encode())
                for _ in range(generator.randint(0, 4)):
                    text[generator.randrange(len(text))] = generator.randrange(256)
                data = generator.choice([bytes(text), generator.randbytes(generator.randint(0, 300))])
                head = frame(generator.choice([0, 1, 1, 1, 2, 2, 8, 9, 10, 3, 15]), data)
                if generator.random() < 0.2:
                    head = bytes([generator.randrange(256)]) + head[1:]
                if generator.random() < 0.2:
                    head = head[: generator.randint(1, len(head))]
                writer.write(head)
            try:
                await writer.drain()
                if generator.random() < 0.5:
                    writer.write_eof()
                await asyncio.wait_for(reader.read(), 0.3)
            except (TimeoutError, ConnectionError):
                pass
            writer.close()
        live = server.live
        await until(lambda: not (live.admission.sessions or live.sessions.sessions or live.connections), 30)
        async with server.client() as client:
            await client.auth(server.key)
            await client.finish()
        assert server.live.decoders.running == 0


def frame(opcode: int, data: bytes) -> bytes:
    """One masked frame."""
    mask = b"\x01\x02\x03\x04"
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
    if len(data) < 126:
        return bytes([0x80 | opcode, 0x80 | len(data)]) + mask + masked
    return bytes([0x80 | opcode, 0x80 | 126]) + struct.pack(">H", len(data)) + mask + masked


async def test_every_event_of_a_conversation_is_as_the_description_says(tmp_path: Path) -> None:
    """The AsyncAPI file is served, whole, and what is sent validates against it."""
    from testes.live import pcm_of
    from testes.shared import require_shared

    async with running(tmp_path) as server:
        async with server.http.get(f"{server.server.address}/asyncapi.json") as response:
            described = await response.json()
        assert described == json.loads(json.dumps(asyncapi()))
        async with server.client() as client:
            await client.auth(server.key, eventos=EVENTS, formato="x")
            pcm = pcm_of(require_shared("speech") / "balcao-1.flac")[: 32_000 * 20]
            for start in range(0, len(pcm), 64_000):
                await client.send(pcm[start : start + 64_000])
                await asyncio.sleep(0.3)
            await client.say(comando="ping", ref=1)
            segment = (await client.wait_for("segmento"))["id_interacao"]
            await client.say(comando="feedback", id_interacao=segment, resultado="ignorada")
            await client.wait_for("recebido")
            await client.finish()
    seen = {event["comando"] for event in client.events}
    assert seen == {"autenticado", "recebido", "segmento", "transcricao", "confirmado", "pong", "erro"}
    for event in client.events:
        schema = SERVER[event["comando"]]["payload"]
        jsonschema_rs.validate(schema, event)
        assert set(event) <= set(schema["properties"]), event["comando"]


async def test_a_message_in_many_frames_is_one_message(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.server.port)
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        text = json.dumps({"comando": "auth", "api_key": server.key}).encode()
        for index in range(len(text)):
            head = frame(1 if index == 0 else 0, text[index : index + 1])
            last = index == len(text) - 1
            writer.write(head if last else bytes([head[0] & 0x7F]) + head[1:])
        answer = await reader.readuntil(b"}")
        assert b'"autenticado"' in answer
        writer.close()
