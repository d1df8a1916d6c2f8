"""Tells what a file is by its first bytes, never by its ending.

Only the containers listed here are ever given to the decoder, each with its demuxer named, so a playlist, a concat
script or anything else that would make the decoder open another file or address is refused before it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

HEAD_BYTES = 64 * 1024
"""How much of a file `identify` wants to see."""

MEDIA_SUFFIXES = frozenset(
    """
    .wav .wave .mp3 .mp2 .m4a .m4b .mp4 .mov .ogg .oga .opus .spx .webm .mka .mkv .weba .flac .aac .amr .awb .3gp .3g2
    .3gpp .caf .wma .wmv .asf .aif .aiff .aifc .au .snd .avi .flv .mpg .mpeg .ts .mts .wv .ape .tta .w64 .rf64
    """.split()  # noqa: SIM905
)
"""Endings by which a person says "this is a recording"; used only to explain a file whose content is something else."""


class Kind(Enum):
    """What a file holds, in the word that a person reads."""

    MEDIA = "áudio ou vídeo"
    EMPTY = "vazio"
    TEXT = "texto"
    DOCUMENT = "documento, planilha ou arquivo compactado"
    IMAGE = "imagem"
    PROGRAM = "programa ou banco de dados"
    UNKNOWN = "formato desconhecido"


@dataclass(frozen=True, slots=True)
class Content:
    """The kind of a file and, for media, the decoder's name for its container."""

    kind: Kind
    demuxer: str | None = None


_AT_START: tuple[tuple[bytes, str], ...] = (
    (b"OggS", "ogg"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"fLaC", "flac"),
    (b"#!AMR", "amr"),
    (b"caff", "caf"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b".snd", "au"),
    (b"FLV\x01", "flv"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"wvPK", "wv"),
    (b"MAC \x96\x0f", "ape"),
    (b"TTA1", "tta"),
    (b"riff\x2e\x91\xcf\x11", "w64"),
)
_AT_START_OTHER: tuple[tuple[bytes, Kind], ...] = (
    (b"PK\x03\x04", Kind.DOCUMENT),
    (b"PK\x05\x06", Kind.DOCUMENT),
    (b"Rar!\x1a\x07", Kind.DOCUMENT),
    (b"7z\xbc\xaf\x27\x1c", Kind.DOCUMENT),
    (b"\x1f\x8b\x08", Kind.DOCUMENT),
    (b"BZh", Kind.DOCUMENT),
    (b"\xfd7zXZ\x00", Kind.DOCUMENT),
    (b"\x28\xb5\x2f\xfd", Kind.DOCUMENT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.DOCUMENT),
    (b"%PDF-", Kind.DOCUMENT),
    (b"{\\rtf", Kind.DOCUMENT),
    (b"\x89PNG\r\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"SQLite format 3\x00", Kind.PROGRAM),
    (b"\x7fELF", Kind.PROGRAM),
    (b"MZ", Kind.PROGRAM),
    (b"\xca\xfe\xba\xbe", Kind.PROGRAM),
)
_QUICKTIME_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_TEXT_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_TEXT_CONTROLS = b"\t\n\r\f\x1b"


def identify(head: bytes) -> Content:
    """Say what a file is from its first `HEAD_BYTES` (fewer where the file ends)."""
    if not head:
        return Content(Kind.EMPTY)
    if demuxer := _demuxer(head):
        return Content(Kind.MEDIA, demuxer)
    for magic, kind in _AT_START_OTHER:
        if head.startswith(magic):
            return Content(kind)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Content(Kind.IMAGE)
    return Content(Kind.TEXT if _is_text(head) else Kind.UNKNOWN)


def riff_share(head: bytes, file_bytes: int) -> float:
    """How much of a WAV is there, 0 to 1, by the length in its first chunk (RIFF); 1 where it declares none.

    A recorder that was killed, and a copy that was cut off, leave less than they declared; the decoder does not say so.
    """
    declared_bytes = int.from_bytes(head[4:8], "little") + 8
    if head[:4] != b"RIFF" or not 8 < declared_bytes < 0xFFFFFFFF:
        return 1.0
    return min(1.0, file_bytes / declared_bytes)


def _demuxer(head: bytes) -> str | None:
    for magic, name in _AT_START:
        if head.startswith(magic):
            return name
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[4:8] in _QUICKTIME_ATOMS:
        return "mov"
    if head[:1] == b"\x47" and len(head) > 376 and head[188:189] == b"\x47" == head[376:377]:
        return "mpegts"
    return _elementary_stream(head[_id3_bytes(head) :] or head, tagged=head.startswith(b"ID3"))


def _id3_bytes(head: bytes) -> int:
    """Length of the ID3v2 tag at the start (id3.org, ID3v2.4 section 3.1); 0 without one."""
    if not head.startswith(b"ID3") or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | (byte & 0x7F)
    return size + 10


def _elementary_stream(body: bytes, *, tagged: bool) -> str | None:
    """MPEG audio, ADTS AAC or FLAC, perhaps behind an ID3 tag.

    A frame's sync word is only 11 or 12 bits, which random bytes hit often, so two frames in a row must fit.
    A tag whose picture is longer than what was read says nothing of what follows: MPEG audio, as nearly always.
    """
    if body.startswith(b"fLaC"):
        return "flac"
    for start in range(min(len(body) - 7, 4096)):
        if body[start] != 0xFF:
            continue
        for name, frame_bytes in (("aac", _adts_frame_bytes), ("mp3", _mpeg_frame_bytes)):
            first = frame_bytes(body[start : start + 7])
            second = frame_bytes(body[start + first : start + first + 7]) if first else 0
            if first and (second or start + first >= len(body)):
                return name
    return "mp3" if tagged else None


def _adts_frame_bytes(header: bytes) -> int:
    """Length of an ADTS frame (ISO/IEC 13818-7, 6.2), or 0 if the bytes are no header."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or (header[2] >> 2) & 0xF > 12:
        return 0
    length = (header[3] & 0x3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0


_MPEG1_KBPS = {
    1: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_MPEG2_KBPS = {
    1: (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    3: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG1_RATES_HZ = (44_100, 48_000, 32_000)


def _mpeg_frame_bytes(header: bytes) -> int:
    """Length of an MPEG audio frame (ISO/IEC 11172-3, 2.4.2.3), or 0 if the bytes are no header."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = (header[1] >> 3) & 3, 4 - ((header[1] >> 1) & 3)
    bitrate, rate, padding = header[2] >> 4, (header[2] >> 2) & 3, (header[2] >> 1) & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return 0
    kbps = (_MPEG1_KBPS if version == 3 else _MPEG2_KBPS)[layer][bitrate - 1]
    rate_hz = _MPEG1_RATES_HZ[rate] >> {3: 0, 2: 1, 0: 2}[version]
    if layer == 1:
        return (12_000 * kbps // rate_hz + padding) * 4
    samples_per_byte = 72_000 if layer == 3 and version != 3 else 144_000
    return samples_per_byte * kbps // rate_hz + padding


def _is_text(head: bytes) -> bool:
    """Text in any encoding that people have: no control bytes but white space, or a byte order mark."""
    if head.startswith(_TEXT_BOMS):
        return True
    return not any((byte < 32 and byte not in _TEXT_CONTROLS) or byte == 127 for byte in head[:4096])
