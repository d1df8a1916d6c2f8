"""Uploads and jobs of the asynchronous APIs: kept for a while, the oldest let go."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from testes.simulador.heard import Heard
from testes.simulador.sounds import Sound

_KEPT_UPLOADS = 512
_KEPT_JOBS = 2000


@dataclass(slots=True)
class Job:
    """One transcription that was asked for."""

    id: str
    request: dict[str, Any]
    content: str
    """SHA-256 of the audio."""
    heard: Heard | None
    """None where the job failed."""
    error: str | None
    ready_at_s: float
    """Of the monotonic clock."""
    polls_left: int
    polled: bool = False
    deleted: bool = False
    created_at: float = field(default_factory=time.time)

    def poll(self) -> str:
        """`queued`, `processing` or `ended`, as one more question finds it."""
        self.polled = True
        if self.polls_left > 0:
            self.polls_left -= 1
            return "processing"
        return "ended" if time.monotonic() >= self.ready_at_s else "processing"


class JobStore:
    """What one asynchronous stand-in remembers."""

    def __init__(self) -> None:
        self._uploads: OrderedDict[str, Sound] = OrderedDict()
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def keep_upload(self, sound: Sound) -> str:
        """Keep an upload; its name is new every time."""
        name = str(uuid.uuid4())
        self._uploads[name] = sound
        if len(self._uploads) > _KEPT_UPLOADS:
            self._uploads.popitem(last=False)[1].close()
        return name

    def upload(self, url: str) -> Sound | None:
        """The upload that an address names."""
        return self._uploads.get(url.rstrip("/").rpartition("/")[2])

    def keep_job(self, job: Job) -> None:
        """Keep a job."""
        self._jobs[job.id] = job
        if len(self._jobs) > _KEPT_JOBS:
            self._jobs.popitem(last=False)

    def job(self, job_id: str) -> Job | None:
        """A job by its id."""
        return self._jobs.get(job_id)

    def jobs(self, count: int) -> list[Job]:
        """The newest jobs, newest first."""
        return list(reversed(self._jobs.values()))[:count]

    def forget(self, job_id: str) -> None:
        """Drop a job."""
        self._jobs.pop(job_id, None)

    def close(self) -> None:
        """Let all uploads go."""
        for sound in self._uploads.values():
            sound.close()
        self._uploads.clear()
