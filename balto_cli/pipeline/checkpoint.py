"""A stream's state as plain bytes, small enough to be stored with every segment.

Layout, little-endian: magic and version, a digest of the settings, counters, then three parts, each after its length:
raw sound, noise profile, detector; last a digest of all before. An unknown version, other settings or damaged bytes
are refused, never guessed at.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.pcm import Pcm, pcm_from_bytes, pcm_to_bytes

if TYPE_CHECKING:
    from balto_cli.pipeline.config import PipelineConfig

_MAGIC = b"BLT2"
_HEAD = struct.Struct("<4s8sQQQI4B")
_LENGTH = struct.Struct("<I")
_DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A moment of a stream: feed `SpeechPipeline.resume` the sound from `position` on."""

    position: int
    """Samples heard before it."""
    data: bytes
    """At most 16 KB with the default settings."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a checkpoint holds."""

    next_index: int
    decided: int
    """Samples that the detector has made up its mind on."""
    previous_end: int
    quiet: tuple[bool, ...]
    raw: Pcm
    noise: bytes
    detector: bytes


def pack(
    *,
    config: PipelineConfig,
    position: int,
    decided: int,
    next_index: int,
    previous_end: int,
    quiet: tuple[bool, ...],
    raw: Pcm,
    noise: bytes,
    detector: bytes,
) -> Checkpoint:
    """Put the state of an idle pipeline into bytes."""
    flags = [*(int(flag) for flag in quiet), 0, 0, 0, 0][:4]
    head = _HEAD.pack(_MAGIC, _digest_of(config), position, decided, previous_end, next_index, *flags)
    parts = (pcm_to_bytes(raw), noise, detector)
    body = head + b"".join(_LENGTH.pack(len(part)) + part for part in parts)
    return Checkpoint(position, body + _digest(body))


def unpack(checkpoint: Checkpoint, config: PipelineConfig) -> Saved:
    """Read what `pack` wrote. Raises `ValueError` for another version, other settings or damaged bytes."""
    body, digest = checkpoint.data[:-_DIGEST_BYTES], checkpoint.data[-_DIGEST_BYTES:]
    if not body.startswith(_MAGIC):
        raise ValueError("not a checkpoint of this version")
    if digest != _digest(body):
        raise ValueError("the checkpoint is damaged")
    _, settings, position, decided, previous_end, next_index, *flags = _HEAD.unpack_from(body)
    if settings != _digest_of(config):
        raise ValueError("the checkpoint was made with other settings")
    if position != checkpoint.position:
        raise ValueError("the checkpoint belongs to another position")
    parts, offset = [], _HEAD.size
    for _ in range(3):
        (length,) = _LENGTH.unpack_from(body, offset)
        parts.append(body[offset + _LENGTH.size : offset + _LENGTH.size + length])
        offset += _LENGTH.size + length
    raw = np.array(pcm_from_bytes(parts[0]))
    return Saved(next_index, decided, previous_end, tuple(map(bool, flags[:3])), raw, parts[1], parts[2])


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:_DIGEST_BYTES]


def _digest_of(config: PipelineConfig) -> bytes:
    return _digest(json.dumps(config.as_dict(), sort_keys=True).encode())
