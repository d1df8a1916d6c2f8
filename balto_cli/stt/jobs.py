"""Providers that work by jobs: upload, start, ask until it is done, delete.

A question that fails is asked again, since starting the job anew would be paid twice. What was uploaded is not billed;
from the start of the job on it may be.
"""

from __future__ import annotations

import asyncio
import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.answers import WrongShapeError, parsed
from balto_cli.stt.failures import wrong_answer
from balto_cli.stt.remote import SHORT_CALL, Heard, RemoteTranscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.stt.upload import Parcel

FIRST_WAIT_S = 0.25
WAIT_GROWTH = 1.5
MAX_WAIT_S = 3.0
PATIENCE = 4
"""Failed questions in a row after which the job is given up."""
DELETE_S = 5.0
DELETE_WHEN_CANCELLED_S = 1.0
"""Whoever cancels wants it to end; the provider deletes the job by its own rule if this is not enough."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that came to its end."""

    answer: dict[str, Any]
    failed: ProviderError | None = None
    """Why the provider gave it up."""


class JobTranscriber(RemoteTranscriber):
    """A provider that is asked in steps; a child says how each looks."""

    @abstractmethod
    async def _upload(self, parcel: Parcel) -> str:
        """Send the audio and return the provider's address of it."""

    @abstractmethod
    async def _start(self, audio_url: str, language: str, keyterms: Sequence[str]) -> str:
        """Start the job and return its path, which is asked and deleted."""

    @abstractmethod
    def _finished(self, answer: dict[str, Any]) -> Finished | None:
        """What an answer to the question says; None while the job is not done. Raises `WrongShapeError`."""

    @abstractmethod
    def _read(self, answer: dict[str, Any], parcel: Parcel, keyterms: Sequence[str]) -> Heard:
        """The answer of a job that is done. Raises `WrongShapeError`."""

    async def _by_job(self, parcel: Parcel, language: str, keyterms: Sequence[str]) -> Heard:
        """Transcribe by upload, job and questions; the job is deleted at the provider, whatever becomes of it."""
        try:
            audio_url = await self._upload(parcel)
        except ProviderError as error:
            error.perhaps_billed = False
            raise
        except WrongShapeError:
            audio_url = ""
        if not audio_url:
            failure = wrong_answer(self._peer)
            failure.perhaps_billed = False
            raise failure
        path = await self._start(audio_url, language, keyterms)
        try:
            answer = await self._ask_until_done(path, parcel.duration_s)
        except asyncio.CancelledError:
            await self._forget(path, DELETE_WHEN_CANCELLED_S)
            raise
        except (ProviderError, WrongShapeError):
            await self._forget(path, DELETE_S)
            raise
        deleted = await self._forget(path, DELETE_S)
        heard = self._read(answer, parcel, keyterms)
        heard.raw["balto"] = {"apagado": deleted}
        return heard

    async def _ask_until_done(self, path: str, duration_s: float) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + 120.0 + duration_s
        wait_s, failures = FIRST_WAIT_S, 0
        while loop.time() < end_s:
            await asyncio.sleep(wait_s)
            wait_s = min(MAX_WAIT_S, wait_s * WAIT_GROWTH)
            answer = await self._ask(path)
            if isinstance(answer, ProviderError):
                failures += 1
                if failures >= PATIENCE or not answer.retryable:
                    answer.perhaps_billed = True
                    raise answer
                wait_s = max(wait_s, answer.retry_after_s or 0.0)
                continue
            failures = 0
            finished = self._finished(answer)
            if finished is not None and finished.failed is not None:
                raise finished.failed
            if finished is not None:
                return finished.answer
        raise ProviderError(
            f"{self.label} não terminou a transcrição a tempo: tente de novo mais tarde.",
            kind=Failure.TIMEOUT,
            perhaps_billed=True,
        )

    async def _ask(self, path: str) -> dict[str, Any] | ProviderError:
        """How far the job is, or why that could not be learned."""
        try:
            return parsed(await self._exchange("GET", self._address + path, SHORT_CALL))
        except ProviderError as error:
            return error
        except WrongShapeError:
            return wrong_answer(self._peer)

    async def _forget(self, path: str, limit_s: float) -> bool:
        """Delete the job at the provider; whether that worked. Never fails, never waits longer than `limit_s`."""
        try:
            async with asyncio.timeout(limit_s):
                await self._exchange("DELETE", self._address + path, SHORT_CALL)
        except (ProviderError, TimeoutError):
            return False
        return True


def job_id(answer: dict[str, Any]) -> str:
    """The job's id, which becomes part of an address. Raises `WrongShapeError`."""
    found = answer.get("id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise WrongShapeError
    return found
