"""How much there is to transcribe, and what that would cost at each provider: heard here, asked of nobody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.errors import AudioError, BaltoError
from balto_cli.evaluation.hearing import hear
from balto_cli.settings import cache_folder, key_variable
from balto_cli.stt.prices import REAIS_PER_DOLLAR, SYNC, UNSURE, USD_PER_HOUR, cost_brl, usd_per_hour
from balto_cli.stt.registry import REMOTE, build, parse, plugin_names, remote_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from balto_cli.audio.inputs import InputFile
    from balto_cli.evaluation.progress import Progress
    from balto_cli.pipeline import PipelineConfig
    from balto_cli.settings import Settings

_LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Survey:
    """What would be transcribed."""

    files: int
    duration_s: float
    """Of the recordings, whether or not they would be transcribed whole."""
    segments: int
    segments_s: float
    problems: tuple[tuple[str, str], ...]
    """File and reason."""
    whole: bool = True
    """Whether each recording is transcribed as a whole."""

    @property
    def calls(self) -> int:
        """Calls to each provider."""
        return (self.files if self.whole else 0) + self.segments

    @property
    def audio_s(self) -> float:
        """Audio in those calls."""
        return (self.duration_s if self.whole else 0.0) + self.segments_s


@dataclass(frozen=True, slots=True)
class Quote:
    """What a survey's audio would cost at one provider, by the dated price table."""

    provider: str
    """As on the command line."""
    label: str
    """As in the workbooks."""
    model: str
    usd_per_hour: float | None
    """Of a recording; None where no price is known."""
    segment_usd_per_hour: float | None
    """Of a segment."""
    cost_brl: float | None
    asked: bool
    """Whether the command names this provider."""
    missing_key: str | None = None
    """The variable to set; None where there is a key, or none is needed."""
    estimated: bool = False
    """Whether the model has no public price of its own."""


def survey(
    files: Iterable[InputFile], config: PipelineConfig, progress: Progress, *, whole: bool = True, cut: bool = True
) -> Survey:
    """Hear every file without asking any provider; segments are counted if they would be transcribed (`cut`)."""
    duration_s, segments_s, count, segments, problems = 0.0, 0.0, 0, 0, []
    files = tuple(files)
    progress.begin(len(files))
    for file in files:
        try:
            heard = hear(file.path, config, whole=False, cut=cut)
        except AudioError as error:
            problems.append((file.name, str(error)))
        else:
            count += 1
            duration_s += heard.report.duration_s
            segments += len(heard.segments)
            segments_s += sum(segment.duration_s for segment in heard.segments)
        progress.advance(1, file.name)
    return Survey(count, duration_s, segments, segments_s, tuple(problems), whole)


def quotes(
    names: Sequence[str], settings: Settings, found: Survey, *, speakers: bool = False, terms: bool = True
) -> tuple[Quote, ...]:
    """Price `found` at the providers that `names` ask for, then at every other one that is known.

    `terms`: medicine names are sent along, where a provider takes them.

    Needs no key and connects to nobody. Raises `UsageError` for a name that does not exist.
    """
    asked = list(dict.fromkeys(parse(name) for name in names))
    there = {provider for provider, _ in asked}
    others = [(provider, None) for provider in (*REMOTE, _LOCAL, *plugin_names()) if provider not in there]
    return tuple(
        _quote(provider, model, settings, found, asked=number < len(asked), speakers=speakers, terms=terms)
        for number, (provider, model) in enumerate((*asked, *others))
    )


def _quote(
    provider: str, model: str | None, settings: Settings, found: Survey, *, asked: bool, speakers: bool, terms: bool
) -> Quote:
    if provider == _LOCAL:
        chosen = model or settings.whisper or "base"
        return Quote(provider, "Local", Path(chosen).name, 0.0, 0.0, 0.0, asked)
    if provider not in REMOTE:
        return _plugin_quote(provider, model, settings, found, asked=asked, speakers=speakers)
    known = remote_class(provider)
    chosen = model or known.default_model
    missing = None if settings.access(provider).key else key_variable(provider)
    if provider == "openai" and settings.openai_base_url and chosen not in USD_PER_HOUR[provider]:
        # Another server's own model: whoever runs it knows its price.
        return Quote(provider, known.label, chosen, None, None, None, asked, missing)
    price = usd_per_hour(provider, chosen, keyterms=terms, speakers=speakers)
    segment_price = price
    if provider == "assemblyai" and chosen == known.default_model and not speakers and _asks_at_once(settings):
        segment_price = usd_per_hour(provider, SYNC)
    estimated = chosen not in USD_PER_HOUR[provider] or (provider, chosen) in UNSURE
    cost = _cost_brl(found, price, segment_price, settings)
    return Quote(provider, known.label, chosen, price, segment_price, cost, asked, missing, estimated)


def _asks_at_once(settings: Settings) -> bool:
    """Whether segments go to AssemblyAI's synchronous endpoint, as its client decides."""
    return settings.assemblyai_sync_base_url is not None or settings.assemblyai_base_url is None


def _plugin_quote(
    provider: str, model: str | None, settings: Settings, found: Survey, *, asked: bool, speakers: bool
) -> Quote:
    """Of a third party's provider, which states its own price; one that does not open has none."""
    name = f"{provider}:{model}" if model else provider
    try:
        (made,) = build([name], settings=settings, cache_dir=cache_folder(), say=lambda _: None, speakers=speakers)
    except BaltoError:
        return Quote(provider, provider, model or "", None, None, None, asked)
    price = made.capabilities.usd_per_hour
    chosen = made.identity.get("model", model or "")
    return Quote(provider, made.name, chosen, price, price, _cost_brl(found, price, price, settings), asked)


def _cost_brl(found: Survey, price: float, segment_price: float, settings: Settings) -> float:
    rate = settings.dolar or REAIS_PER_DOLLAR
    whole = cost_brl(found.duration_s, price, rate) if found.whole else 0.0
    return whole + cost_brl(found.segments_s, segment_price, rate)
