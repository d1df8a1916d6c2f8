"""Reads what was truly said from the text files that people put beside their recordings.

Which file belongs to which recording is decided by names alone (`find_references`, pure). A reference is read whatever
Windows wrote it in, and what people add around the words (speaker names and time stamps at the head of a line, subtitle
cues) is dropped and counted. A file that is no reference says why; it never stops the others.

What counts as a speaker's name is said at `_Speakers`, what counts as a time stamp at `_Stamps`.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from balto_cli.audio.inputs import name_key
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path, PurePath

MAX_BYTES = 10_000_000
"""A day of talk is under 1 MB; whatever is larger was not typed by a person."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What was truly said in a recording, and what was left out of the file to get there."""

    text: str
    """The file's words as they were written; empty where there is a problem."""
    speakers_dropped: int = 0
    timestamps_dropped: int = 0
    encoding: str = ""
    """As Python names it; empty where the file could not be decoded."""
    problem: str = ""
    """Why the file is no reference, one sentence; empty if it is one."""
    mended: bool = False
    """Whether letters that a wrong decoding had garbled ("Ã©" for "é") were brought back."""
    alternatives: bool = False
    """Whether `{a / b}` and `(words)` in the text are marks, as `readings` says; only where the format declares it."""


@dataclass(frozen=True, slots=True)
class ReferenceNames:
    """Which file is the reference of which recording."""

    of: Mapping[PurePath, PurePath]
    """Recording to reference; a recording without one is absent."""
    orphans: tuple[PurePath, ...]
    """Text files that no recording asked for, sorted."""


def find_references(recordings: Iterable[PurePath], listing: Iterable[PurePath]) -> ReferenceNames:
    """Pair recordings with the text files of their folder, by name alone.

    `NAME.EXT.txt` is the reference of that file alone, `NAME.txt` of every recording with that stem. Case and Unicode
    form do not matter; where two names differ in nothing else, the one spelt like the recording wins. `listing` holds
    the files of the folders; whatever does not end in .txt, and recordings themselves, are passed over.
    """
    audio = list(dict.fromkeys(recordings))
    texts = sorted({path for path in listing if path.suffix.lower() == ".txt"}.difference(audio))
    by_name: dict[tuple[PurePath, str], list[PurePath]] = defaultdict(list)
    for path in texts:
        by_name[path.parent, name_key(path.stem)].append(path)
    found: dict[PurePath, PurePath] = {}
    for path in audio:
        for name in (path.name, path.stem):
            if candidates := by_name.get((path.parent, name_key(name))):
                found[path] = next((text for text in candidates if text.stem == name), candidates[0])
                break
    used = set(found.values())
    return ReferenceNames(of=found, orphans=tuple(path for path in texts if path not in used))


def read_reference(path: Path) -> Reference:
    """Read one reference; whatever is wrong with the file comes back as its `problem`."""
    try:
        if not path.is_file():
            return _refused(path.name, "não é um arquivo comum")
        if path.stat().st_size > MAX_BYTES:
            return _refused(path.name, f"passa de {MAX_BYTES // 1_000_000} MB, grande demais para um texto digitado")
        data = path.read_bytes()
    except OSError as error:
        return _refused(path.name, f"não pôde ser lida ({os_reason(error)})")
    return parse_reference(data, name=path.name)


def parse_reference(data: bytes, *, name: str) -> Reference:
    """Take the words out of a reference's bytes; `name` is only for the sentence that says what is wrong."""
    if problem := _not_plain_text(data):
        return _refused(name, problem)
    decoded = decode_text(data)
    if decoded is None:
        return _refused(name, "não é texto; grave-a como texto UTF-8")
    return reference_of_text(decoded.text, name=name, encoding=decoded.encoding, mended=decoded.mended)


def reference_of_text(
    text: str, *, name: str, encoding: str = "", mended: bool = False, alternatives: bool = False
) -> Reference:
    """Take the words out of a reference that is decoded: a file's or a cell's; `name` is for the sentence."""
    reference = _strip_heads(text, encoding)
    if not any(character.isalnum() for character in reference.text):
        return _refused(name, "não tem nenhuma palavra")
    return replace(reference, mended=mended, alternatives=alternatives)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text file's contents."""

    text: str
    encoding: str
    """As Python names it."""
    mended: bool
    """Whether a wrong decoding before ours had to be undone."""


def decode_text(data: bytes) -> Decoded | None:
    """Decode what a person saved, whatever Windows wrote it in; None for what is no text.

    UTF-8 that was read as Windows-1252 and saved as UTF-8 again ("Ã©" for "é") is brought back.
    """
    decoded = _decode(data)
    if decoded is None or _looks_binary(decoded[0]):
        return None
    text, encoding = decoded
    mended = mend_encoding(text)
    return Decoded(mended, encoding, mended != text)


def mend_encoding(text: str) -> str:
    """Undo a wrong decoding where there was one; any other text comes back as it is."""
    if not _GARBLED.search(text):
        return text
    from ftfy import fix_encoding

    mended = fix_encoding(text)
    # Three bytes that make one Chinese character were a small letter and two quotes.
    return mended if all(ord(letter) < 0x100 or _is_sign(letter) for letter in set(mended).difference(text)) else text


def _is_sign(character: str) -> bool:
    return "\u2010" <= character <= "\u2122" or "\u0300" <= character <= "\u036f"


_CONTINUED = bytes(range(0x80, 0xC0)).decode("cp1252", "ignore") + bytes(range(0x80, 0xC0)).decode("latin-1")
_GARBLED = re.compile(f"[\u00c2-\u00f4][{_CONTINUED}]")
"""First and second byte of an accented letter in UTF-8, as Windows-1252 and Latin-1 show them."""


def _refused(name: str, why: str) -> Reference:
    return Reference(text="", problem=f"A referência {name} {why}.")


def _not_plain_text(data: bytes) -> str:
    """Name the documents that people rename to .txt; "" for anything else."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "é um documento do Office ou um arquivo compactado; grave o conteúdo como texto"
    if data.startswith(b"{\\rtf"):
        return "é um documento RTF; grave o conteúdo como texto"
    return "é um PDF; grave o conteúdo como texto" if data.startswith(b"%PDF-") else ""


def _decode(data: bytes) -> tuple[str, str] | None:
    """Decode by byte order mark, else by the zero bytes of UTF-16, else as UTF-8, else as the Windows of Brazil."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    marked = [encoding for mark, encoding in marks if data.startswith(mark)]
    for encoding in marked or [*_utf16_without_mark(data), "utf-8", "cp1252"]:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return None


def _utf16_without_mark(data: bytes) -> list[str]:
    """In UTF-16 most of the high bytes of a Portuguese text are zero, and none of the low ones."""
    head = data[:4000]
    even, odd = head[::2], head[1::2]
    if len(data) % 2 or not even:
        return []
    if odd.count(0) > 0.8 * len(odd) and 0 not in even:
        return ["utf-16-le"]
    return ["utf-16-be"] if even.count(0) > 0.8 * len(even) and 0 not in odd else []


def _looks_binary(text: str) -> bool:
    controls = sum(unicodedata.category(character) == "Cc" and character not in "\t\n\r\f\v\x1a" for character in text)
    return "\0" in text or controls > 0.01 * len(text)


def _strip_heads(text: str, encoding: str) -> Reference:
    """Drop time stamps, speakers and subtitle cues at the heads of lines; a text without any comes back as it was."""
    lines = text.removesuffix("\x1a").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    stamps = _Stamps()
    lines = stamps.without_cues(lines)
    lines = [stamps.without_head(line) for line in lines]
    speakers = _Speakers(lines)
    kept: list[str] = []
    for line in lines:
        spoken = speakers.without_head(line)
        if spoken != line:
            spoken = stamps.without_head(spoken)
        kept.append(spoken)
    return Reference("\n".join(kept), speakers.dropped, stamps.dropped, encoding)


_TIME = r"\d{1,2}:[0-5]\d(?::[0-5]\d)?(?:[.,]\d{1,3})?"
_CUE = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s+[a-z]+:\S+)*\s*", re.IGNORECASE)
_BRACKETED = re.compile(rf"\s*[\[(<]\s*{_TIME}(?:\s*(?:-->|[-–—])\s*{_TIME})?\s*[\])>]\s*(?:[-–—:]\s+)?")
_BARE = re.compile(
    rf"\s*({_TIME})(?:\s+[-–—|](?:\s+|$)|\s*[-–—|]\s+|\t\s*|\s*$|\s+(?=[^\W\d_]+(?: \d+)?\s*:\s))(?!\s*{_TIME})"
)
_SURE = re.compile(r"0|\d{1,2}:\d\d:\d\d")


class _Stamps:
    """Time stamps at the head of a line, dropped and counted.

    One in brackets always is: `[00:01:23]`, `(0:03)`, `[00:00.000 --> 00:04.000]`. A bare one needs a dash, bar or tab
    after it, or the line for itself (`00:12 -`), and begins with a zero or has three fields, or stands below one that
    does: so "8:30 - pode ser?" stays what somebody said. Cues of SRT and WebVTT go with the number above them.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._sure_seen = False

    def without_cues(self, lines: list[str]) -> list[str]:
        """Drop subtitle cues, their numbers and the head of a WebVTT file."""
        cues = {number for number, line in enumerate(lines) if _CUE.fullmatch(line)}
        self.dropped += len(cues)
        numbers = {number - 1 for number in cues if number and lines[number - 1].strip().isdecimal()}
        header = {0} if cues and lines[0].startswith("WEBVTT") else set()
        return [line for number, line in enumerate(lines) if number not in cues | numbers | header]

    def without_head(self, line: str) -> str:
        """Drop the time stamp at the head of a line, if there is one."""
        match = _BRACKETED.match(line)
        if match is None and (match := _BARE.match(line)):
            self._sure_seen = self._sure_seen or _SURE.match(match[1]) is not None
            match = match if self._sure_seen else None
        if match is None:
            return line
        self.dropped += 1
        return line[match.end() :]


_ROLE_NAME = r"[^\W\d_]{2,}(?: \d{1,3})?"
_DRESSED_ROLE = re.compile(
    rf"\s*(?:\*\*(?P<bold>{_ROLE_NAME}):?\*\*:?|[\[(](?P<bracket>{_ROLE_NAME})[\])]:?|(?P<dash>{_ROLE_NAME})\s+[-–—])\s+"
)
"""A role in another dress: `**Cliente:**`, `[Cliente]`, `CLIENTE -`; only a known role counts so."""
_LABEL = re.compile(
    r"""\s*(?:[-–—•*]\s+)?
    (?P<name>[^\W\d_][\w.'’-]*(?:[ ][\w.'’-]+){0,2}?)   # one to three words, the first one begins with a letter
    (?:\s*[\[(][^\])]{1,20}[\])])?                       # "Cliente [00:12]:", "Cliente (mulher):"
    \s*[:：](?:\s+|$|(?=[^\W\d_]))                        # the colon, and no digit glued to it
    """,
    re.VERBOSE,
)
_INITIAL = re.compile(r"[A-Z]|[FLPSV]\d{1,2}")
_NUMBER = re.compile(r"[\s_.-]*(?:\d{1,3}|\b[A-Z])$")
_ROLE_WORDS = """
    acompanhante atendente balconista cliente comprador compradora consumidor consumidora doutor doutora dr dra
    entrevistada entrevistado entrevistador entrevistadora esposa esposo falante farmaceutica farmaceutico filha filho
    funcionaria funcionario gerente homem interlocutor interlocutora locutor locutora mae medica medico mulher operador
    operadora orador oradora paciente pai participante pessoa speaker vendedor vendedora voz
"""
_ROLES = frozenset(_ROLE_WORDS.split())
_LEAD_IN_WORDS = """
    aas agora ah ai assim bom calma cep certo claro cnpj como cpf detalhe entao escuta exemplo horario isso lembra mas
    nao nome nossa obs observacao oi ok olha ou pergunta por preco ps quanto receita resposta resultado resumindo rg
    seguinte sei sim so sus ta tel telefone total tudo valor veja ve
"""
_LEAD_INS = frozenset(_LEAD_IN_WORDS.split())
"""What people say before a colon; never a name."""
_PARTICLES = frozenset({"da", "das", "de", "di", "do", "dos", "e"})


class _Speakers:
    """Speakers' names at the head of a line, dropped and counted.

    A label is one to three words and a colon. It is a speaker where it is a known role, with or without a number or a
    name (`Cliente:`, `atendente 2:`, `Cliente João:`), where it is one letter (`A:`, `P1:`), and where it stands in
    capitals before words that do not (`MARIA: oi`). Another capitalised name (`Maria:`, `Dona Rosa:`) is one where the
    file is written as a dialogue: at least half of its lines begin with a label, and one label at least comes back. A
    name that stands once and before a digit is none. So "Olha: é assim" and "Dipirona: 500 mg" stay as they were said.
    """

    def __init__(self, lines: list[str]) -> None:
        self.dropped = 0
        written = [line for line in lines if line.strip()]
        labels = [label for line in written if (label := _label_of(line)) and _may_be_name(label)]
        self._uses = Counter(label.casefold() for label in labels)
        self._dialogue = 2 * len(labels) >= len(written) and max(self._uses.values(), default=0) > 1

    def without_head(self, line: str) -> str:
        """Drop the speaker at the head of a line, if there is one."""
        dressed = _DRESSED_ROLE.match(line)
        if dressed and _is_role(dressed["bold"] or dressed["bracket"] or dressed["dash"]):
            self.dropped += 1
            return line[dressed.end() :]
        match = _LABEL.match(line)
        if match is None or not self._is_speaker(match["name"], line[match.end() :]):
            return line
        self.dropped += 1
        return line[match.end() :]

    def _is_speaker(self, label: str, spoken: str) -> bool:
        if _is_role(label):
            return True
        if not _may_be_name(label) or (spoken[:1].isdigit() and self._uses[label.casefold()] < 2):
            return False
        shouted = label.isupper() and not spoken.isupper() and sum(map(str.isalpha, label)) > 2
        return shouted or self._dialogue


def _label_of(line: str) -> str:
    match = _LABEL.match(line)
    return match["name"] if match else ""


def _is_role(label: str) -> bool:
    if _INITIAL.fullmatch(label):
        return True
    role, *name = _NUMBER.sub("", label).split()
    return _plain(role) in _ROLES and all(_is_capitalised(word) or _plain(word) in _ROLES for word in name)


def _may_be_name(label: str) -> bool:
    words = label.split()
    capitalised = words[0][0].isupper() and all(map(_is_capitalised, words[1:]))
    return capitalised and _plain(words[0]) not in _LEAD_INS


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() or word[0].isdigit() or word in _PARTICLES


def _plain(word: str) -> str:
    """Lower case without accents, to look a word up."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character)).strip(".")
