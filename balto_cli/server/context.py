"""What every handler of the server is given; built once at the start, handed down, never global."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from balto_cli.pipeline import PipelineConfig
    from balto_cli.server.auth import Gate
    from balto_cli.server.suggester import Suggester
    from balto_cli.server.workbench import Bench
    from balto_cli.settings import Settings
    from balto_cli.store.store import Store
    from balto_cli.stt.base import Transcriber


@dataclass(frozen=True, slots=True)
class ServerContext:
    """Everything that outlives a request."""

    settings: Settings
    data_folder: Path
    store: Store
    config: PipelineConfig
    """Of every session, and of `/api/test/segmentar`."""
    providers: Mapping[str, Transcriber]
    """By the name that a person gives (`elevenlabs`, `local`), in order of failover, each with its live stack."""
    transcriber: Transcriber
    """All of them as one (`live_stack`)."""
    suggester: Suggester
    now: Callable[[], datetime]
    """Wall clock, aware, UTC."""
    gate: Gate
    """Who may do what over REST."""
    bench: Bench
    """Where trials and exports are worked on."""
    problems: Callable[[], Awaitable[tuple[str, ...]]]
    """What keeps the server from taking sessions (disk full, stopping), as sentences; empty when it is ready."""
    render_metrics: Callable[[], bytes]
    """Prometheus text."""


CONTEXT: web.AppKey[ServerContext] = web.AppKey("context")
"""Where the application keeps it: `request.app[CONTEXT]`."""
