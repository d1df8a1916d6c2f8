"""From the names that a person gives (`local`, `local:small`) to providers that are ready to be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.errors import UsageError
from balto_cli.stt.local import LocalWhisper
from balto_cli.stt.weights import MODELS, locate_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from balto_cli.stt.base import Transcriber

KNOWN = ("local",)
"""The providers that exist, as they are written on the command line."""


def build(
    names: Sequence[str], *, whisper: str | None, cache_dir: Path, say: Callable[[str], None]
) -> list[Transcriber]:
    """Make the providers that `names` ask for, in their order, each once.

    A name is `PROVIDER` or `PROVIDER:MODEL`; for `local` the model is a size or a folder, by default `whisper`
    (BALTO_WHISPER), else base. May download weights into `cache_dir`; `say` is told what takes time, and which weights
    are in use. Raises `UsageError` for a name that does not exist, `WeightsError` if weights cannot be had.
    """
    wanted = list(dict.fromkeys(parse(name) for name in names))
    if not wanted:
        raise UsageError(f"Nenhum provedor foi pedido: use --provider com um de {', '.join(KNOWN)}.")
    built: dict[str, Transcriber] = {}
    for _provider, model in wanted:
        weights = locate_weights(model or whisper, cache_dir=cache_dir, say=say)
        engine = LocalWhisper(weights, label=_label(model, weights.model))
        say(weights.description)
        if any(other.identity == engine.identity for other in built.values()):
            say(f"{engine.name} tem os mesmos pesos de um motor já pedido; fica só o primeiro.")
        elif engine.name in built:
            raise UsageError(
                f"Dois motores se chamariam “{engine.name}” nas planilhas: dê outro nome a uma das pastas."
            )
        else:
            built[engine.name] = engine
    return list(built.values())


def parse(name: str) -> tuple[str, str | None]:
    """Split `PROVIDER[:MODEL]` at the first colon, so that a model may be a Windows path. Raises `UsageError`."""
    provider, _, model = name.strip().partition(":")
    if provider.strip().lower() not in KNOWN:
        raise UsageError(f"Não há provedor “{provider.strip()}”: há {', '.join(KNOWN)}.")
    return provider.strip().lower(), model.strip() or None


def _label(model: str | None, found: str) -> str:
    """What follows `Local`: nothing, the size as its models call it, or the folder's own name."""
    if model is None:
        return ""
    if model.lower() in MODELS:
        return found
    from pathlib import Path

    return Path(model).expanduser().resolve().name
