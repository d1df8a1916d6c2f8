"""What is sent: forms that any server reads, endings that say what a file is."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.stt import body as bodies
from balto_cli.stt import upload
from balto_cli.stt.base import Capabilities
from balto_cli.stt.body import Body, multipart
from balto_cli.stt.upload import Parcel, ending_of, packed

FIELDS = st.lists(
    st.tuples(
        st.sampled_from(["model_id", "keyterms"]), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9)
    ),
    max_size=5,
)


async def whole(body: Body) -> bytes:
    content = body.content
    return content if isinstance(content, bytes) else b"".join([chunk async for chunk in content])


@given(FIELDS, st.binary(max_size=300))
async def test_a_form_reads_back_as_it_was_meant(fields: list[tuple[str, str]], sound: bytes) -> None:
    parcel = Parcel("wav", "wav", len(sound), 1.0, data=sound)
    content_type, body = multipart(fields, "file", parcel)
    data = await whole(body)
    assert len(data) == body.size
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + data)
    parts = list(message.iter_parts())
    read = [(part.get_param("name", header="content-disposition"), part.get_payload(decode=True)) for part in parts]
    assert read[:-1] == [(name, value.encode()) for name, value in fields]
    assert read[-1][0] == "file"
    assert parts[-1].get_filename() == "audio.wav"
    assert sound in data


@pytest.mark.parametrize("size", [0, 1, bodies.CHUNK_BYTES, bodies.IN_ONE_PIECE_BYTES + 1, 3_000_001])
@pytest.mark.parametrize("on_disk", [True, False])
async def test_a_body_is_the_audio_between_its_ends_and_says_when_it_has_left(
    size: int, on_disk: bool, tmp_path: Path
) -> None:
    sound = np.random.default_rng(size).bytes(size)
    path = tmp_path / "a"
    path.write_bytes(sound)
    parcel = Parcel("x", "wav", size, 1.0, data=None if on_disk else sound, path=path if on_disk else None)
    body = Body(parcel, b"antes", b"depois")
    told: list[str] = []
    body.on_chunk, body.on_end = lambda: told.append("chunk"), lambda: told.append("end")
    assert body.sent == (not body.streamed)
    assert await whole(body) == b"antes" + sound + b"depois"
    assert body.sent
    assert body.size == size + 11
    if body.streamed:
        assert told[-1] == "end"
        assert told.count("end") == 1


@pytest.mark.parametrize(
    ("container", "head", "ending"),
    [
        ("wav", b"RIFF....WAVE", "wav"),
        ("matroska", b"\x1a\x45\xdf\xa3...B\x82\x84webm", "webm"),
        ("matroska", b"\x1a\x45\xdf\xa3...B\x82\x88matroska", "mkv"),
        ("mov", b"....ftypM4A ", "m4a"),
        ("mov", b"....ftypisom", "mp4"),
        ("mov", b"....ftyp3gp4", "3gp"),
        ("mov", b"....ftypqt  ", "mov"),
        ("mov", b"....moov", "mov"),
    ],
)
def test_the_ending_says_what_a_file_is(container: str, head: bytes, ending: str) -> None:
    assert ending_of(container, head) == ending


@given(st.floats(0.1, 130.0))
@settings(max_examples=5)
async def test_long_sound_is_packed_smaller_and_the_temporary_file_goes(seconds: float) -> None:
    sound = np.zeros(round(seconds * 16_000), dtype=np.int16)
    async with packed(sound, Capabilities(1), "X", segment_as="pcm") as parcel:
        assert parcel.sent_as == ("pcm" if sound.size <= upload.SEGMENT_S * 16_000 else "flac")
        assert len(await whole(Body(parcel))) == parcel.size
    assert parcel.path is None or not parcel.path.exists()
