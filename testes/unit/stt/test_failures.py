"""Every refusal has its kind, says what to do, and repeats nothing that the provider wrote."""

from __future__ import annotations

import json
from email.utils import formatdate

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.failures import Peer, refused, retry_after_s

PEER = Peer("ElevenLabs", "ELEVENLABS_API_KEY", "ELEVENLABS_BASE_URL", "elevenlabs", "scribe_v2")
SECRET = "sk-segredo-123"


def refusal(status: int, body: object = "", **headers: str) -> ProviderError:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return refused(PEER, status, httpx.Headers(headers), content)


CASES = [
    (401, {"detail": {"status": "invalid_api_key", "message": f"Invalid API key {SECRET}"}}, Failure.KEY, False),
    (401, {"detail": {"status": "quota_exceeded", "message": "This request exceeds your quota"}}, Failure.QUOTA, False),
    (401, {"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."}, Failure.KEY, False),
    (402, {"err_code": "ASR_PAYMENT_REQUIRED", "err_msg": "Not enough credits"}, Failure.QUOTA, False),
    (400, {"error": "Your current account balance is negative. Please top up."}, Failure.QUOTA, False),
    (429, {"error": {"message": "You exceeded…", "code": "insufficient_quota"}}, Failure.QUOTA, False),
    (429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}, Failure.RATE, False),
    (429, {"detail": {"status": "too_many_concurrent_requests"}}, Failure.RATE, False),
    (403, {"err_code": "INSUFFICIENT_PERMISSIONS"}, Failure.KEY, False),
    (400, {"err_code": "Bad Request", "err_msg": "failed to process audio: corrupt or unsupported data"},
     Failure.AUDIO, False),
    (400, {"error": {"message": "Invalid file format. Supported formats: ['flac']", "code": None}},
     Failure.AUDIO, False),
    (400, {"error_code": "audio_too_short", "message": "…"}, Failure.AUDIO, False),
    (415, "", Failure.AUDIO, False),
    (413, "<html>Request Entity Too Large</html>", Failure.LIMIT, False),
    (413, {"title": "Audio Too Large"}, Failure.LIMIT, False),
    (404, {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}, Failure.REQUEST, False),
    (422, {"detail": [{"loc": ["body", "diarize"], "msg": "value could not be parsed"}]}, Failure.REQUEST, False),
    (302, "", Failure.REQUEST, False),
    (408, "", Failure.TIMEOUT, False),
    (500, "", Failure.SERVER, True),
    (502, "<html><h1>502 Bad Gateway</h1></html>", Failure.SERVER, True),
    (503, {"title": "Capacity Exceeded"}, Failure.SERVER, True),
    (504, "", Failure.SERVER, True),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "perhaps_billed"), CASES)
def test_kind_and_bill_of_each_refusal(status: int, body: object, kind: Failure, perhaps_billed: bool) -> None:
    error = refusal(status, body)
    assert (error.kind, error.perhaps_billed) == (kind, perhaps_billed)
    assert SECRET not in str(error)
    assert str(error).endswith(".")
    assert "ElevenLabs" in str(error)


def test_a_wrong_key_says_which_variable_to_set() -> None:
    assert "ELEVENLABS_API_KEY" in str(refusal(401))


def test_an_unknown_model_is_named_with_the_option_that_changes_it() -> None:
    said = str(refusal(404, {"error": {"code": "model_not_found"}}))
    assert "“scribe_v2”" in said
    assert "--provider elevenlabs:MODELO" in said


@given(st.integers(300, 599), st.text(min_size=12, max_size=200))
def test_nothing_that_a_provider_writes_is_repeated(status: int, said: str) -> None:
    for body in (said, {"error": said}, {"detail": {"message": said}}, {"error": {"message": said, "code": said}}):
        if not isinstance(body, str) and status < 500:
            continue
        assert said not in str(refusal(status, body))


@pytest.mark.parametrize("code", [SECRET, "sk-abc", "quem fala e joao", "abc12345", "x" * 60])
def test_a_code_that_is_none_is_not_repeated(code: str) -> None:
    assert code not in str(refusal(400, {"error": {"code": code}}))


def test_a_code_is_repeated_since_support_asks_for_it() -> None:
    assert "unsupported_option" in str(refusal(400, {"error": {"code": "unsupported_option"}}))


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("-4", 0.0),
        ("999999", 3600.0),
        ("inf", 3600.0),
        ("nan", None),
        ("logo", None),
        ("", None),
        (formatdate(1_000_030, usegmt=True), 30.0),
        (formatdate(999_000, usegmt=True), 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(asked: str, wait_s: float | None) -> None:
    assert retry_after_s(httpx.Headers({"retry-after": asked}), now_s=1_000_000) == wait_s


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_provider_asks_to_wait_is_kept(status: int) -> None:
    assert refusal(status, "", **{"Retry-After": "7"}).retry_after_s == 7
