"""From the names that a person gives (`elevenlabs`, `openai:gpt-transcribe`, `local:small`) to providers.

Third parties add providers by an entry point of the group `balto.stt`: its name is the provider's name, what it loads
is called as `factory(context, model)` with a `ProviderContext` and the model asked for (None without one), and returns
a `Transcriber`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from balto_cli.errors import BaltoError, MissingKeyError, UsageError
from balto_cli.settings import key_variable
from balto_cli.stt.http import HttpPool
from balto_cli.stt.prices import REAIS_PER_DOLLAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from balto_cli.settings import Settings
    from balto_cli.stt.base import Transcriber
    from balto_cli.stt.remote import RemoteTranscriber

REMOTE = ("elevenlabs", "assemblyai", "deepgram", "gladia", "openai")
"""Providers over the network that come with Balto."""
KNOWN = (*REMOTE, "local")
"""The providers that come with Balto, as they are written on the command line."""
PLUGINS = "balto.stt"
"""Group of the entry points of third parties."""


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What a provider is built from."""

    settings: Settings
    pool: HttpPool
    """Shared connections, for whoever speaks HTTP."""
    cache_dir: Path
    say: Callable[[str], None]
    """Takes a line for the person."""
    speakers: bool
    """Whether who speaks is asked for, of providers that can tell."""
    reais_per_dollar: float


def build(
    names: Sequence[str],
    *,
    settings: Settings,
    cache_dir: Path,
    say: Callable[[str], None],
    speakers: bool = False,
    pool: HttpPool | None = None,
) -> list[Transcriber]:
    """Make the providers that `names` ask for, in their order, each once.

    A name is `PROVIDER` or `PROVIDER:MODEL`; for `local` the model is a size or a folder, by default that of the
    settings (BALTO_WHISPER), else base. May download weights into `cache_dir`; `say` is told what takes time, which
    weights are in use, and who is left out for want of a key. Connects to nobody; each provider must be closed
    (`aclose`) in the event loop that used it. Raises `UsageError` for a name that does not exist or a third party's
    provider that does not load, `MissingKeyError` if nobody is left, `WeightsError` if weights cannot be had.
    """
    wanted = list(dict.fromkeys(parse(name) for name in names))
    if not wanted:
        raise UsageError(f"Nenhum provedor foi pedido: use --provider com um de {', '.join(KNOWN)}.")
    context = ProviderContext(
        settings, pool or HttpPool(), cache_dir, say, speakers, settings.dolar or REAIS_PER_DOLLAR
    )
    keyless = [provider for provider, _ in wanted if not _has_key(provider, settings)]
    present = [(provider, model) for provider, model in wanted if provider not in keyless]
    for provider in dict.fromkeys(keyless if present else ()):
        say(f"{provider} fica de fora: falta {key_variable(provider)} no ambiente ou no arquivo .env.")
    if not present:
        missing = " ou ".join(dict.fromkeys(key_variable(provider) for provider in keyless))
        raise MissingKeyError(f"Falta a chave do provedor: ponha {missing} no ambiente ou no arquivo .env.")
    built: dict[str, Transcriber] = {}
    for provider, model in _without_repeats(present):
        several = Counter(name for name, _ in _without_repeats(present))[provider] > 1
        _add(built, _make(provider, model, several, context), say)
    return list(built.values())


def parse(name: str) -> tuple[str, str | None]:
    """Split `PROVIDER[:MODEL]` at the first colon, so that a model may be a Windows path. Raises `UsageError`."""
    provider, _, model = name.strip().partition(":")
    provider = provider.strip()
    if provider.lower() in KNOWN:
        return provider.lower(), model.strip() or None
    others = plugin_names()
    if provider in others:
        return provider, model.strip() or None
    raise UsageError(f"Não há provedor “{provider}”: há {', '.join((*KNOWN, *others))}.")


def plugin_names() -> tuple[str, ...]:
    """The providers that third parties have added; Balto's own names cannot be taken."""
    return tuple(sorted({entry.name for entry in _entry_points()} - set(KNOWN)))


def remote_class(provider: str) -> type[RemoteTranscriber]:
    """The class of a provider over the network that comes with Balto."""
    from balto_cli.stt.assemblyai import AssemblyAI
    from balto_cli.stt.deepgram import Deepgram
    from balto_cli.stt.elevenlabs import ElevenLabs
    from balto_cli.stt.gladia import Gladia
    from balto_cli.stt.openai_compatible import OpenAICompatible

    classes: tuple[type[RemoteTranscriber], ...] = (ElevenLabs, AssemblyAI, Deepgram, Gladia, OpenAICompatible)
    return {one.option: one for one in classes}[provider]


def _has_key(provider: str, settings: Settings) -> bool:
    return provider not in REMOTE or settings.access(provider).key is not None


def _without_repeats(wanted: Sequence[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """`elevenlabs` and `elevenlabs:` with its default model are one."""
    seen: dict[tuple[str, str | None], tuple[str, str | None]] = {}
    for provider, model in wanted:
        remote = provider in REMOTE
        seen.setdefault(
            (provider, model or (remote_class(provider).default_model if remote else None)), (provider, model)
        )
    return list(seen.values())


def _make(provider: str, model: str | None, several: bool, context: ProviderContext) -> Transcriber:
    if provider == "local":
        return _local(model, context)
    if provider not in REMOTE:
        return _from_plugin(provider, model, context)
    made = remote_class(provider)
    options: dict[str, Any] = {
        "pool": context.pool,
        "model": model,
        "speakers": context.speakers,
        "reais_per_dollar": context.reais_per_dollar,
    }
    if several:
        options["name"] = f"{made.label} {model or made.default_model}"
    if provider == "assemblyai":
        options["sync_address"] = context.settings.assemblyai_sync_base_url
    return made(context.settings.access(provider), **options)


def _local(model: str | None, context: ProviderContext) -> Transcriber:
    from balto_cli.stt.local import LocalWhisper
    from balto_cli.stt.weights import locate_weights

    weights = locate_weights(model or context.settings.whisper, cache_dir=context.cache_dir, say=context.say)
    engine = LocalWhisper(weights, label=_label(model, weights.model))
    context.say(weights.description)
    return engine


def _add(built: dict[str, Transcriber], made: Transcriber, say: Callable[[str], None]) -> None:
    """Enter a provider under the name of its column."""
    if any(other.identity == made.identity for other in built.values()):
        say(f"{made.name} tem os mesmos pesos de um motor já pedido; fica só o primeiro.")
    elif made.name in built:
        raise UsageError(f"Dois motores se chamariam “{made.name}” nas planilhas: dê outro nome a uma das pastas.")
    else:
        built[made.name] = made


def _from_plugin(name: str, model: str | None, context: ProviderContext) -> Transcriber:
    """Load a third party's provider; what breaks in it is one sentence."""
    entry = next(entry for entry in _entry_points() if entry.name == name)
    package = entry.dist.name if entry.dist else entry.value
    try:
        made = entry.load()(context, model)
        whole = all(hasattr(made, part) for part in ("name", "capabilities", "identity", "transcribe", "aclose"))
    except BaltoError:
        raise
    except Exception as error:
        raise UsageError(
            f"O provedor “{name}”, do pacote {package}, não abre ({type(error).__name__}): atualize-o ou remova-o."
        ) from error
    if not whole:
        raise UsageError(f"O provedor “{name}”, do pacote {package}, não segue a interface do Balto: atualize-o.")
    provider: Transcriber = made
    return provider


def _entry_points() -> Any:
    from importlib.metadata import entry_points

    return entry_points(group=PLUGINS)


def _label(model: str | None, found: str) -> str:
    """What follows `Local`: nothing, the size as its models call it, or the folder's own name."""
    from balto_cli.stt.weights import MODELS

    if model is None:
        return ""
    if model.lower() in MODELS:
        return found
    from pathlib import Path

    return Path(model).expanduser().resolve().name
