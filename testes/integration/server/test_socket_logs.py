"""Numbers and logs: what the operator sees of a conversation, and that no word of it is in the log."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest
import structlog

from balto_cli.server.logs import logger, set_up_logs
from testes.live import EVENTS, pcm_of, running
from testes.shared import require_shared


async def test_numbers_of_a_conversation(tmp_path: Path) -> None:
    pcm = pcm_of(require_shared("speech") / "balcao-1.flac")[: 32_000 * 12]
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key, eventos=EVENTS)
        await client.send(pcm)
        await client.finish()
        async with server.http.get(f"{server.server.address}/metrics") as response:
            assert response.status == 200
            text = await response.text()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    segments = len(client.of("segmento"))
    assert float(values["balto_heard_seconds_total"]) == pytest.approx(12.0)
    assert float(values['balto_transcripts_total{state="ok"}']) == segments
    assert float(values["balto_speech_to_transcript_seconds_count"]) == segments
    assert float(values["balto_sessions_opened_total"]) == 1
    assert {"balto_sessions", "balto_unheard_seconds", "balto_backlog_segments", "balto_spool_bytes"} <= values.keys()
    assert any(name.startswith("balto_loop_lag_seconds") for name in values)


def test_a_log_line_is_json_and_of_an_error_its_kind_and_place_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        set_up_logs()
        try:
            raise ValueError("o que a cliente disse")
        except ValueError as error:
            logger("balto.teste").error("falhou", sessao="abc", exc_info=error)
            logging.getLogger("outra").warning("aviso de biblioteca")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        structlog.reset_defaults()
    first, second = (json.loads(line) for line in written.getvalue().splitlines())
    assert (first["event"], first["sessao"], first["level"]) == ("falhou", "abc", "error")
    assert first["error"].startswith("ValueError test_socket_logs.py:")
    assert second["event"] == "aviso de biblioteca"
    assert "cliente disse" not in written.getvalue()
