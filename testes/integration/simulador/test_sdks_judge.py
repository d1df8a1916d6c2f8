"""The providers' own SDKs, pointed at the stand-ins: what they accept, what they refuse, and how they say so."""

from __future__ import annotations

import re
from typing import Any

import httpx
import openai
import pydantic
import pytest
from assemblyai.types import SyncTranscriptError, TranscriptError
from deepgram.core.api_error import ApiError as DeepgramError
from elevenlabs.core.api_error import ApiError as ElevenLabsError

from testes.gravacoes import LIMPO_1
from testes.simulador import Simulator
from testes.simulador.sdks import (
    JUDGES,
)

# What the SDKs themselves use of older pydantic and websockets is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

EXPECTED = LIMPO_1.with_suffix(".txt").read_text("utf-8").split()
DURATION_S = 25.94


@pytest.fixture(params=JUDGES)
def judge(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _provider(judge: str) -> str:
    return judge.removesuffix("-sync")


def _said(error: Exception) -> str:
    return error.response.text if isinstance(error, openai.APIStatusError) else str(error)


def _plain(words: list[str]) -> list[str]:
    return [re.sub(r"[^\w,]|,$", "", word.lower()) for word in words]


def test_the_sdk_takes_the_answer_and_finds_the_words_in_their_places(simulator: Simulator, judge: str) -> None:
    heard = JUDGES[judge](simulator, "good-key")

    assert heard.text.split() == EXPECTED
    assert _plain([word for word, _, _ in heard.words]) == _plain(EXPECTED)
    starts = [start for _, start, _ in heard.words]
    assert starts == sorted(starts)
    assert all(0 <= start < end <= DURATION_S + 0.1 for _, start, end in heard.words)
    assert heard.duration_s == pytest.approx(DURATION_S, abs=0.5 if judge == "assemblyai" else 0.1)
    assert len(heard.speakers) == 2
    # The label file says when the second turn begins.
    second_turn = heard.words[EXPECTED.index("mg?") + 1]
    assert second_turn[1] == pytest.approx(4.67, abs=0.15)


def test_a_bad_key_is_refused_in_the_provider_s_own_way(simulator: Simulator, judge: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the type is what is asserted
        JUDGES[judge](simulator, "bad-key")

    error = caught.value
    assert isinstance(error, {
        "elevenlabs": ElevenLabsError, "assemblyai": TranscriptError, "assemblyai-sync": SyncTranscriptError,
        "deepgram": DeepgramError, "openai": openai.AuthenticationError,
    }[judge])  # fmt: skip
    assert error.status_code == 401
    words = {
        "elevenlabs": "invalid_api_key", "assemblyai": "Authentication error", "assemblyai-sync": "invalid API key",
        "deepgram": "INVALID_AUTH", "openai": "invalid_api_key",
    }  # fmt: skip
    assert words[judge] in _said(error)


STATUS_FAULTS: dict[str, dict[str, tuple[int, str]]] = {
    "elevenlabs": {
        "401": (401, "invalid_api_key"),
        "402": (401, "quota_exceeded"),
        "429": (429, "too_many_concurrent_requests"),
        "429-retry-after": (429, "too_many_concurrent_requests"),
        "500": (500, "internal_server_error"),
        "502-html": (502, "502 Bad Gateway"),
        "503": (503, "system_busy"),
    },
    "assemblyai": {
        "401": (401, "Authentication error"),
        "402": (400, "account balance is negative"),
        "429": (429, "Too Many Requests"),
        "429-retry-after": (429, "Too Many Requests"),
        "500": (500, "Server error"),
        "502-html": (502, "502 Bad Gateway"),
        "503": (503, "unavailable"),
    },
    "assemblyai-sync": {
        "401": (401, "invalid API key"),
        "402": (402, "account balance is negative"),
        "429": (429, "Rate limit exceeded"),
        "429-retry-after": (429, "Rate limit exceeded"),
        "500": (500, "model error"),
        "502-html": (502, "502 Bad Gateway"),
        "503": (503, "rate limit cap"),
    },
    "deepgram": {
        "401": (401, "INVALID_AUTH"),
        "402": (402, "ASR_PAYMENT_REQUIRED"),
        "429": (429, "TOO_MANY_REQUESTS"),
        "429-retry-after": (429, "TOO_MANY_REQUESTS"),
        "500": (500, "INTERNAL_SERVER_ERROR"),
        "502-html": (502, "502 Bad Gateway"),
        "503": (503, "SERVICE_UNAVAILABLE"),
    },
    "openai": {
        "401": (401, "invalid_api_key"),
        "402": (429, "insufficient_quota"),
        "429": (429, "rate_limit_exceeded"),
        "429-retry-after": (429, "rate_limit_exceeded"),
        "500": (500, "server_error"),
        "502-html": (502, "502 Bad Gateway"),
        "503": (503, "overloaded"),
    },
}


@pytest.mark.parametrize("kind", STATUS_FAULTS["elevenlabs"])
def test_a_refusal_carries_the_provider_s_status_and_words(simulator: Simulator, judge: str, kind: str) -> None:
    simulator.fail(_provider(judge), kind)

    with pytest.raises(
        (ElevenLabsError, TranscriptError, SyncTranscriptError, DeepgramError, openai.APIStatusError)
    ) as caught:
        JUDGES[judge](simulator, "good-key")

    status, words = STATUS_FAULTS[judge][kind]
    assert caught.value.status_code == status
    assert words in _said(caught.value)
    assert _retry_after(caught.value) == ("1" if kind == "429-retry-after" else None)
    assert [call.falha for call in simulator.calls] == [kind]


def _retry_after(error: Any) -> str | None:
    """What the SDK shows of the header."""
    if isinstance(error, SyncTranscriptError):
        return None if error.retry_after is None else str(error.retry_after)
    headers = error.response.headers if isinstance(error, openai.APIStatusError) else error.headers
    return {name.lower(): value for name, value in headers.items()}.get("retry-after")


def test_an_answer_of_the_wrong_shape_is_not_accepted(simulator: Simulator, judge: str) -> None:
    simulator.fail(_provider(judge), "forma-errada", stage="consulta" if judge == "assemblyai" else None)

    with pytest.raises(pydantic.ValidationError):
        JUDGES[judge](simulator, "good-key")


def test_an_answer_that_stops_in_the_middle_of_its_json_is_not_accepted(simulator: Simulator, judge: str) -> None:
    simulator.fail(_provider(judge), "json-truncado")

    with pytest.raises((ValueError, ElevenLabsError, DeepgramError, openai.APIResponseValidationError)) as caught:
        JUDGES[judge](simulator, "good-key")

    if isinstance(caught.value, ElevenLabsError | DeepgramError):
        assert caught.value.status_code == 200
    assert not isinstance(caught.value, AssertionError)


def test_a_server_that_hangs_is_a_timeout(simulator: Simulator, judge: str) -> None:
    simulator.fail(_provider(judge), "trava")

    with pytest.raises((httpx.TimeoutException, openai.APITimeoutError)):
        JUDGES[judge](simulator, "good-key", patience_s=0.5)


def test_a_connection_that_breaks_half_way_is_a_network_error(simulator: Simulator, judge: str) -> None:
    simulator.fail(_provider(judge), "reset")

    with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError, openai.APIConnectionError)):
        JUDGES[judge](simulator, "good-key")


def test_a_slow_answer_arrives_whole(simulator: Simulator, judge: str) -> None:
    simulator.fail(_provider(judge), "lento")

    assert JUDGES[judge](simulator, "good-key").text.split() == EXPECTED


def test_an_empty_text_is_well_formed(simulator: Simulator, judge: str) -> None:
    simulator.fail(_provider(judge), "vazio")

    heard = JUDGES[judge](simulator, "good-key")

    assert heard.text == ""
    assert heard.words == []


def test_a_repeated_text_is_well_formed(simulator: Simulator, judge: str) -> None:
    simulator.fail(_provider(judge), "repetido")

    heard = JUDGES[judge](simulator, "good-key")

    assert heard.text.split() == [word for word in EXPECTED for _ in range(2)]
    assert all(start < end for _, start, end in heard.words)
