"""What all providers over the network share: who they are, what is refused before sending, what an answer becomes."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit, urlunsplit

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.recording import samples_of
from balto_cli.errors import MissingKeyError, UsageError
from balto_cli.settings import key_variable
from balto_cli.stt.answers import WrongShapeError
from balto_cli.stt.base import LANGUAGE, Capabilities, Transcript, Word
from balto_cli.stt.failures import Peer, refused, wrong_answer
from balto_cli.stt.http import Timeouts, guarded, phases, timeouts_for
from balto_cli.stt.prices import REAIS_PER_DOLLAR, cost_brl
from balto_cli.stt.upload import packed, too_long

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from balto_cli.audio.recording import Audio
    from balto_cli.settings import Access
    from balto_cli.stt.body import Body
    from balto_cli.stt.http import HttpPool
    from balto_cli.stt.upload import Parcel

MIN_AUDIO_S = 0.1
"""Below this there is no word to hear, and providers refuse it."""
SHORT_CALL = Timeouts(read_s=20.0, total_s=40.0)
"""For requests that carry no audio."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one attempt gave."""

    text: str
    words: tuple[Word, ...]
    model: str
    raw: dict[str, Any]
    usd_per_hour: float
    duration_s: float | None = None
    """As the provider measured it."""
    confidence: float | None = None


class RemoteTranscriber(ABC):
    """A `Transcriber` over HTTP; a child says where, how it asks and how it reads the answer."""

    option: ClassVar[str]
    """The provider's name on the command line and in the variables: `elevenlabs`."""
    label: ClassVar[str]
    """Its spelling in workbooks: `ElevenLabs`."""
    default_model: ClassVar[str]
    default_address: ClassVar[str]

    def __init__(
        self,
        access: Access,
        *,
        pool: HttpPool,
        model: str | None = None,
        name: str | None = None,
        speakers: bool = False,
        reais_per_dollar: float = REAIS_PER_DOLLAR,
    ) -> None:
        """Ask by `access`, over connections of `pool`; `name` is the spelling in workbooks where it is not the usual.

        `speakers` asks who speaks, where the provider can tell. Raises `MissingKeyError` without a key, `UsageError`
        for an address that is none. Connects to nothing yet.
        """
        if access.key is None:
            raise MissingKeyError(
                f"Falta a chave de {self.label}: ponha {key_variable(self.option)} no ambiente ou no arquivo .env."
            )
        self._key = access.key
        self._address = checked(access.base_url or self.default_address, f"{self.option.upper()}_BASE_URL")
        self._pool = pool
        self._model = model or self.default_model
        self._name = name or self.label
        self._reais_per_dollar = reais_per_dollar
        self._speakers = speakers
        self._capabilities = self._describe()
        self._speakers = speakers and self._capabilities.speakers
        self._peer = Peer(
            self.label, key_variable(self.option), f"{self.option.upper()}_BASE_URL", self.option, self._model
        )

    @property
    def name(self) -> str:
        """`ElevenLabs`, or `ElevenLabs scribe_v3` where two models of one provider are compared."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Limits of the provider's pay-as-you-go accounts."""
        return self._capabilities

    @property
    def identity(self) -> dict[str, str]:
        """All that can change the answer: model, address where it is not the provider's own, options."""
        identity = {"provider": self.label, "model": self._model, "speakers": str(self._speakers).lower()}
        if self._address != self.default_address:
            identity["address"] = without_credentials(self._address)
        return {**identity, **self._options()}

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Ask once, without retry; audio under `MIN_AUDIO_S` gives an empty transcript and is not sent."""
        duration_s = samples_of(audio).size / SAMPLE_RATE_HZ
        if duration_s < MIN_AUDIO_S:
            return self._transcript(Heard("", (), self._model, {}, 0.0), language, duration_s, 0.0, "pcm")
        limit_s = self._capabilities.max_audio_s
        if limit_s is not None and duration_s > limit_s:
            raise too_long(self.label, duration_s, limit_s)
        await self._ready()
        async with packed(
            audio, self._capabilities, self.label, segment_as=self._segment_as(), endings=self._endings()
        ) as parcel:
            started_s = time.perf_counter()
            try:
                heard = await self._hear(parcel, language, terms)
            except WrongShapeError:
                heard = None
            latency_s = time.perf_counter() - started_s
        if heard is None:
            raise wrong_answer(self._peer)
        return self._transcript(heard, language, duration_s, latency_s, parcel.sent_as)

    async def aclose(self) -> None:
        """Let go of the shared connections; a later call opens them again."""
        await self._pool.release(self)

    def _transcript(self, heard: Heard, language: str, duration_s: float, latency_s: float, sent_as: str) -> Transcript:
        billed_s = duration_s if heard.duration_s is None else heard.duration_s
        return Transcript(
            text=heard.text,
            words=heard.words,
            language=language,
            provider=self.label,
            model=heard.model,
            latency_s=latency_s,
            confidence=heard.confidence,
            cost_brl=cost_brl(billed_s, heard.usd_per_hour, self._reais_per_dollar),
            sent_as=sent_as,
            raw=heard.raw,
        )

    @abstractmethod
    def _describe(self) -> Capabilities:
        """The provider's limits, for the model and options in use."""

    async def _ready(self) -> None:
        """Open the connections before the clock of the attempt runs."""
        await self._pool.client(self)

    @abstractmethod
    async def _hear(self, parcel: Parcel, language: str, terms: Sequence[str]) -> Heard:
        """Send, wait, read. Raises `ProviderError` or `WrongShapeError`."""

    @abstractmethod
    def _headers(self) -> dict[str, str]:
        """How the provider takes the key."""

    def _options(self) -> dict[str, str]:
        """What else changes the answer, for `identity`."""
        return {}

    def _segment_as(self) -> Literal["pcm", "wav"]:
        """How a segment travels."""
        return "wav"

    def _endings(self) -> frozenset[str] | None:
        """The endings that the provider takes, where its containers alone do not say."""
        return None

    async def _post_audio(
        self, path: str, body: Body, headers: dict[str, str], duration_s: float, *, address: str | None = None
    ) -> bytes:
        """Post a body that carries audio and return the content of a successful answer."""
        return await self._exchange(
            "POST",
            (address or self._address) + path,
            timeouts_for(duration_s, body.size),
            headers={**headers, "content-length": str(body.size)},
            content=body.content,
            body=body,
        )

    async def _exchange(
        self,
        method: str,
        url: str,
        timeouts: Timeouts,
        *,
        headers: dict[str, str] | None = None,
        content: Any = None,
        json: Any = None,
        body: Body | None = None,
    ) -> bytes:
        client = await self._pool.client(self)

        async def send() -> httpx.Response:
            request = client.build_request(
                method,
                url,
                headers={**self._headers(), **(headers or {})},
                content=content,
                json=json,
                timeout=phases(timeouts),
            )
            return await client.send(request)

        response = await guarded(send, self._peer, timeouts, body)
        if not response.is_success:
            raise refused(self._peer, response.status_code, response.headers, response.content)
        return response.content


def checked(address: str, variable: str) -> str:
    """An address of http or https, without its last slash. Raises `UsageError` naming the variable it stands in."""
    try:
        parts = urlsplit(address.strip())
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"O endereço em {variable} não serve: escreva-o inteiro, como https://servidor/caminho.")
    return address.strip().rstrip("/")


def without_credentials(address: str) -> str:
    """An address without user and password."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
