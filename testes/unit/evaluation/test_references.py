from __future__ import annotations

import os
from pathlib import Path, PurePath
from unicodedata import normalize as unicode_form

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation.references import MAX_BYTES, find_references, parse_reference, read_reference

SHIPPED = sorted((Path(__file__).parents[2] / "1_input").glob("*.txt"))
DIALOGUE = "Oi, você tem dipirona de 500 mg?\nTem sim.\nNão tá caro, né?\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_reference_is_read_unchanged(path: Path) -> None:
    reference = read_reference(path)
    assert reference.text == path.read_text("utf-8")
    assert (reference.speakers_dropped, reference.timestamps_dropped, reference.problem) == (0, 0, "")


def test_there_are_shipped_references() -> None:
    assert len(SHIPPED) == 12


@pytest.mark.parametrize("mark", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
def test_whatever_windows_wrote_is_read(encoding: str, mark: bool) -> None:
    text = ("\ufeff" if mark and encoding != "cp1252" else "") + DIALOGUE.replace("\n", "\r\n")
    assert parse_reference(text.encode(encoding), name="a.txt").text == DIALOGUE


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Cliente: oi", "oi"),
        ("cliente:oi", "oi"),
        ("Atendente 2: oi", "oi"),
        ("Farmacêutica: oi", "oi"),
        ("Cliente João: oi", "oi"),
        ("Dr. Paulo: oi", "oi"),
        ("MARIA: oi", "oi"),
        ("SPEAKER_00: oi", "oi"),
        ("A: oi", "oi"),
        ("P2: oi", "oi"),
        ("- Cliente: oi", "oi"),
        ("Cliente (mulher): oi", "oi"),
        ("Cliente:\noi", "\noi"),
        ("Maria: oi\nJosé: oi\nMaria: tem?", "oi\noi\ntem?"),
        ("Dona Rosa: oi\nSeu Zé: 2 caixas\nDona Rosa: tá\nSeu Zé: 3", "oi\n2 caixas\ntá\n3"),
    ],
)
def test_who_speaks_is_dropped(written: str, said: str) -> None:
    reference = parse_reference(written.encode(), name="a.txt")
    assert reference.text == said
    assert reference.speakers_dropped == written.count(":")


@pytest.mark.parametrize(
    "said",
    [
        "Olha: é assim",
        "Olha: é assim\nOlha: não é",
        "Então: a receita fica aqui",
        "Dipirona: 500 mg",
        "Amoxicilina: 500 mg\nDipirona: 1 g",
        "DIPIRONA: 500 mg",
        "B12: uma ampola",
        "CPF: 123",
        "OLHA: é assim",
        "Horário: 8:30",
        "às 8:30 da manhã",
        "8:30 tá bom?",
        "8:30 - pode ser?",
        "8:30 - 9:00",
        "Cliente disse assim: não quero",
        "o cliente: ele veio",
        "http://exemplo.com.br",
        "500",
        "Maria: oi",
    ],
)
def test_what_was_said_before_a_colon_or_as_an_hour_stays(said: str) -> None:
    reference = parse_reference(said.encode(), name="a.txt")
    assert (reference.text, reference.speakers_dropped, reference.timestamps_dropped) == (said, 0, 0)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[00:01:23] oi", "oi"),
        ("(0:03) oi", "oi"),
        ("00:12 - oi", "oi"),
        ("00:12 – oi", "oi"),
        ("00:12\toi", "oi"),
        ("00:00:12.500 | oi", "oi"),
        ("[00:00.000 --> 00:04.000] oi", "oi"),
        ("[8:30] oi", "oi"),
        ("00:12\noi", "\noi"),
        ("00:58 - oi\n8:30 - tudo bem", "oi\ntudo bem"),
    ],
)
def test_time_stamps_at_the_head_of_a_line_are_dropped(written: str, said: str) -> None:
    reference = parse_reference(written.encode(), name="a.txt")
    assert reference.text == said
    assert reference.timestamps_dropped == written.count("oi") + written.count("tudo")


@pytest.mark.parametrize("written", ["[00:01] Cliente: oi", "Cliente: [00:01] oi", "Cliente [00:01]: oi"])
def test_a_time_stamp_and_a_speaker_go_together(written: str) -> None:
    assert parse_reference(written.encode(), name="a.txt").text == "oi"


def test_subtitles_give_only_their_words() -> None:
    srt = "1\r\n00:00:01,000 --> 00:00:02,000\r\nCliente: oi\r\n\r\n2\r\n00:00:02,500 --> 00:00:04,000\r\n500\r\n"
    reference = parse_reference(srt.encode(), name="a.txt")
    assert reference.text.split() == ["oi", "500"]
    assert (reference.timestamps_dropped, reference.speakers_dropped) == (2, 1)
    vtt = "WEBVTT\n\n00:01.000 --> 00:02.000 align:start\noi\n\n00:03.000 --> 00:04.000\nsim\n"
    assert parse_reference(vtt.encode(), name="a.txt").text.split() == ["oi", "sim"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n\n",
        b"... ?!",
        b"Cliente:\nAtendente:",
        b"\xef\xbb\xbf",
        b"PK\x03\x04docx",
        b"\xd0\xcf\x11\xe0doc",
        b"{\\rtf1\\ansi oi}",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        bytes(range(256)),
        b"\xff\xfeo",
        b"oi \x81\x8d",
    ],
)
def test_what_is_no_reference_says_why_in_one_sentence(data: bytes) -> None:
    reference = parse_reference(data, name="balcão.txt")
    assert reference.text == ""
    assert reference.problem.startswith("A referência balcão.txt ")
    assert reference.problem.endswith(".")


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_make_reading_fail(data: bytes) -> None:
    reference = parse_reference(data, name="a.txt")
    assert bool(reference.text) != bool(reference.problem)


def test_a_reference_that_cannot_be_read_harms_nothing(tmp_path: Path) -> None:
    folder, huge, missing = tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "c.txt"
    folder.mkdir()
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert all(read_reference(path).problem for path in (folder, huge, missing))


def test_a_fifo_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert read_reference(tmp_path / "a.txt").problem


def paths(*names: str) -> list[PurePath]:
    return [PurePath(name) for name in names]


def test_one_text_serves_every_recording_of_its_stem_unless_one_has_its_own() -> None:
    found = find_references(paths("d/a.wav", "d/a.mp3", "d/b.wav"), paths("d/a.txt", "d/a.MP3.txt", "d/a.wav"))
    assert found.of == {PurePath("d/a.wav"): PurePath("d/a.txt"), PurePath("d/a.mp3"): PurePath("d/a.MP3.txt")}
    assert found.orphans == ()


def test_case_and_unicode_form_do_not_matter() -> None:
    composed, decomposed = (unicode_form(form, "Gravação 12") for form in ("NFC", "NFD"))
    found = find_references(paths(f"{composed}.m4a"), paths(f"{decomposed.upper()}.TXT"))
    assert found.of == {PurePath(f"{composed}.m4a"): PurePath(f"{decomposed.upper()}.TXT")}


def test_the_spelling_of_the_recording_wins() -> None:
    found = find_references(paths("a.wav", "A.wav"), paths("A.txt", "a.txt"))
    assert found.of == {PurePath("a.wav"): PurePath("a.txt"), PurePath("A.wav"): PurePath("A.txt")}


def test_a_text_belongs_to_its_own_folder_only_and_orphans_are_told() -> None:
    found = find_references(paths("x/a.wav"), paths("y/a.txt", "x/b.txt", "x/LICENSES.md"))
    assert found.of == {}
    assert found.orphans == tuple(paths("x/b.txt", "y/a.txt"))


def test_a_recording_named_like_a_text_is_not_its_own_reference() -> None:
    assert find_references(paths("a.txt"), paths("a.txt")).of == {}
