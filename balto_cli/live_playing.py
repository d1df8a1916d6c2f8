"""Plays recordings into a running server, a few at once, and keeps what it told of each."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from balto_cli.errors import AudioError
from balto_cli.live_client import LiveError, converse
from balto_cli.live_sound import recording

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from balto_cli.audio.inputs import InputFile
    from balto_cli.evaluation.progress import Progress

_AT_ONCE = 2
"""A key may have four sessions, and the counter that it belongs to needs one."""
_UNANSWERED = 2
"""Segments that wait for their transcript before no more is sent: playing fast must not make answers late."""
_ANSWER_S = 30.0
"""After 20 s a server says that an answer is late."""
_QUIET_S = 1.0
"""Without any event, at the end of a recording, so that what was heard is answered before the session ends."""
_OF_ONE_SESSION = (4005, 4006)


@dataclass(slots=True)
class PlayedSegment:
    """What the server told of one segment."""

    start_s: float
    end_s: float
    cut: str
    state: str | None = None
    """`ok`, `vazia`, `falha`; None where no transcript came."""
    reason: str = ""
    text: str = ""
    provider: str = ""


@dataclass(slots=True)
class Played:
    """What the server told of one recording."""

    session: str = ""
    segments: list[PlayedSegment] = field(default_factory=list)
    problem: str = ""
    """Why it was not heard whole, one sentence; empty if it was."""


async def play(
    files: Sequence[InputFile], url: str, key: str, *, speed: float, progress: Progress
) -> dict[str, Played]:
    """Play recordings at `speed` times their own, slower where answers are; what was told, by file name.

    Raises `LiveError` where the server is not there or refuses the key, `UsageError` for an address that is none.
    """
    places = asyncio.Semaphore(_AT_ONCE)
    progress.begin(len(files))

    async def one(file: InputFile) -> Played:
        async with places:
            played = await _play_one(file, url, key, speed)
        progress.advance(1, f"{file.name} no servidor")
        return played

    tasks = [asyncio.create_task(one(file)) for file in files]
    try:
        results = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {file.name: played for file, played in zip(files, results, strict=True)}


async def _play_one(file: InputFile, url: str, key: str, speed: float) -> Played:
    hearing = _Hearing()
    try:
        await converse(url, key, hearing.pace(recording(file.path, speed)), hearing.on_event)
    except AudioError as error:
        hearing.played.problem = str(error)
    except LiveError as error:
        if error.code not in _OF_ONE_SESSION:
            raise
        hearing.played.problem = str(error)
    return hearing.played


class _Hearing:
    """One recording on its way: paces what is sent by what was answered."""

    def __init__(self) -> None:
        self.played = Played()
        self._by_id: dict[str, PlayedSegment] = {}
        self._told = asyncio.Event()

    def on_event(self, event: dict[str, Any]) -> None:
        """See `converse`."""
        self._told.set()
        command = event["comando"]
        if command == "autenticado":
            if self.played.session and not event["retomada"]:
                self.played.problem = "a conexão caiu e a sessão não pôde ser retomada: repita o comando"
            self.played.session = event["sessao"]
        elif command == "segmento":
            segment = PlayedSegment(event["inicio_s"], event["fim_s"], event["corte"])
            self._by_id[event["id_interacao"]] = segment
            self.played.segments.append(segment)
        elif command == "transcricao" and (found := self._by_id.get(event["id_interacao"])):
            found.state, found.reason = event["estado"], event["motivo"] or ""
            found.text, found.provider = event["texto"], event["provedor"] or ""
        elif command == "lacuna":
            self.played.problem = "parte do áudio se perdeu em uma queda da conexão: repita o comando"

    async def pace(self, sound: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """The same sound, held back while too much is unanswered, and at the end until all is."""
        async with contextlib.aclosing(sound):
            async for pcm in sound:
                while self._unanswered >= _UNANSWERED and await self._something_comes(_ANSWER_S):
                    pass
                yield pcm
        while await self._something_comes(_ANSWER_S if self._unanswered else _QUIET_S):
            pass

    @property
    def _unanswered(self) -> int:
        return sum(segment.state is None for segment in self.played.segments)

    async def _something_comes(self, within_s: float) -> bool:
        """Wait for an event; False where none came in time."""
        self._told.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._told.wait()
        return self._told.is_set()
