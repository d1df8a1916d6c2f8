"""The HTML page as text: whole, escaped, without outside addresses, and true to the comparison that it shows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.evaluation import normalize
from balto_cli.evaluation.analysis import analyse
from balto_cli.evaluation.baseline import changes
from balto_cli.evaluation.findings import Analysis, Part
from balto_cli.evaluation.normalize import RULES
from balto_cli.reports.audio_link import AudioLink, link_audio
from balto_cli.reports.html import Since, html_page
from balto_cli.reports.html.page import embedded_json
from balto_cli.reports.html.summary import summarize
from balto_cli.reports.html.word_trace import positions_of, trace, trace_shares, with_boxes
from testes.analises import analysis_of, example
from testes.stored_runs import Told, make_run

RATES = {"ElevenLabs": 0.05, "Local small": 0.2}


class Seen(HTMLParser):
    """Elements and their attributes, and the content of script elements."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self._script: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._script = str(dict(attrs).get("id") or tag)
            self.scripts[self._script] = ""

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts[self._script] += data


def seen(page: str) -> Seen:
    parser = Seen()
    parser.feed(page)
    return parser


def page_of(analysis: Analysis, **options: Any) -> str:
    names = [file.name for file in analysis.comparison.files]
    return html_page(analysis, {name: AudioLink(None, "não há") for name in names}, **options)


def data_of(page: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(seen(page).scripts["dados"])
    return data


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analysis_of(example(RATES, files=10, segments=4))


@pytest.fixture(scope="module")
def page(analysis: Analysis) -> str:
    return page_of(analysis)


def test_the_page_asks_nobody_for_anything(page: str) -> None:
    found = seen(page)
    addresses = [
        value
        for _, attributes in found.elements
        for name, value in attributes.items()
        if name in ("src", "href", "action", "srcset", "data", "poster")
    ]
    assert addresses == ["#trechos"]
    own = page.replace(found.scripts["dados"], "")
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", own) == ["http://www.w3.org"]  # a name, not an address
    assert not re.search(r"url\(|@import|\bfetch\(|XMLHttpRequest|innerHTML|\beval\b", own)


def test_the_policy_names_the_only_script_and_style(page: str) -> None:
    found = seen(page)
    policy = next(attributes["content"] for tag, attributes in found.elements if attributes.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for name, directive in (("script", "script-src"), ("style", "style-src")):
        digest = base64.b64encode(hashlib.sha256(found.scripts[name].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert not [name for _, attributes in found.elements for name in attributes if name == "style" or name[:2] == "on"]


def test_verdict_table_and_sentences_stand_in_the_markup(page: str, analysis: Analysis) -> None:
    part = analysis.main_part
    assert f'<p class="veredito">{part.verdict.split(". ")[0].rstrip(".")}' in page
    assert part.coverage.sentence in page
    for pair in part.pairs:
        assert pair.sentence in page
    for scores in part.providers:
        assert f"{100 * (scores.score.wer or 0):.1f} %".replace(".", ",") in page
    assert "(vence)" in page
    assert '<svg class="pareto"' in page


def test_every_segment_has_its_words_errors_and_marks(page: str, analysis: Analysis) -> None:
    data = data_of(page)
    segments = [(file, one) for file in analysis.comparison.files for one in file.segments]
    assert len(data["itens"]) == len(segments)
    wrong = {(one.file, one.segment) for one in analysis.main_part.medicine}
    for item, (file, segment) in zip(data["itens"], segments, strict=True):
        assert data["arquivos"][item["f"]]["n"] == file.name
        assert item["s"] == segment.name
        for name, shown in zip(data["provedores"], item["o"], strict=True):
            outcome = segment.outcomes[name]
            if outcome.text is None:
                assert data["motivos"][shown["q"]] == outcome.reason
                assert item["g"] & 8
                continue
            assert shown["t"]["n"] == normalize(outcome.text)
            if outcome.score:
                assert sum(letter != "e" for letter in shown["p"]) == outcome.score.errors
                assert len(shown["p"]) == len(outcome.score.alignment)
        assert bool(item["g"] & 1) == ((file.name, segment.name) in wrong)
    errors = [sum(map(len, parts)) for one in data["arquivos"] for parts in one.get("e", []) if parts]
    assert sum(errors) == sum(scores.score.errors for scores in analysis.main_part.providers)


def test_a_run_of_originals_alone_shows_recordings() -> None:
    analysis = analysis_of(example(RATES, files=3, segments=2), Part.ORIGINALS)
    page = page_of(analysis)
    data = data_of(page)
    assert [item.get("s") for item in data["itens"]] == [None] * 3
    assert ">Gravações</h2>" in page


def test_no_reference_at_all_is_no_error() -> None:
    page = page_of(analysis_of(example(RATES, files=2, segments=2, references=False)))
    assert "NaN" not in page
    assert all("t" not in item for item in data_of(page)["itens"])


def test_hostile_names_and_texts_stay_texts() -> None:
    hostile = '</script><script>alert(1)</script>"><img src=x onerror=alert(2)>'
    analysis = analyse(make_run([Told(f"{hostile}.wav", (hostile,), {hostile: (hostile,)})]))
    before = page_of(analyse(make_run([Told("a.wav", ("a",), {"B": ("a",)})])))
    found = seen(page_of(analysis))
    assert [tag for tag, _ in found.elements].count("script") == [tag for tag, _ in seen(before).elements].count(
        "script"
    )
    assert "img" not in [tag for tag, _ in found.elements]
    assert json.loads(found.scripts["dados"])["provedores"] == [hostile]


@given(st.recursive(st.text() | st.text("<>&/\u2028\ud800", max_size=9), lambda inner: st.lists(inner, max_size=4)))
def test_embedded_json_reads_back_and_holds_no_markup(value: Any) -> None:
    text = embedded_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


WORDS = st.sampled_from(
    ["Tome,", "quinhentos", "miligramas", "500mg", "de", "dipirona", "14h30", "pra", "[ruído]", "(sim)", "guarda-chuva",
     "R$ 2,50", "…", "às", "dois", "e", "meio", "Dr."]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(WORDS, max_size=14))
def test_every_word_knows_the_raw_words_that_it_comes_from(parts: list[str]) -> None:
    text = " ".join(parts)
    traced = trace(text)
    words, chunks = traced["n"].split(), traced.get("r", traced["n"]).split()
    assert traced["n"] == normalize(text)
    assert chunks == text.split()
    places = traced.get("m") or [place for index in range(len(words)) for place in (index, 1)]
    assert len(places) == 2 * len(words)
    changed = {index for index, *_ in traced.get("f", [])}
    for index, (word, first, count) in enumerate(zip(words, places[::2], places[1::2], strict=True)):
        assert count >= 1
        assert first + count <= len(chunks)
        if index not in changed:
            assert word == " ".join(chunks[first : first + count])
    for index, *rules in traced.get("f", []):
        assert 0 <= index < len(words)
        assert all(0 <= rule < len(RULES) for rule in rules)


@given(st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=4))
def test_shares_of_a_reference_keep_its_raw_words(parts: list[list[str]]) -> None:
    reference = " ".join(word for part in parts for word in part)
    words = normalize(reference).split()
    middle = len(words) // 2
    shares = [" ".join(words[:middle]), " ".join(words[middle:])]
    traced = trace_shares(reference, shares)
    assert [one["n"] for one in traced] == shares
    raw = reference.split()
    assert all(chunk in raw for one in traced for chunk in one.get("r", "").split())


def test_another_reading_of_a_reference_stands_alone() -> None:
    assert [one["n"] for one in trace_shares("o {remédio / genérico}", ["o", "genérico"])] == ["o", "genérico"]


def test_boxes_join_where_they_overlap() -> None:
    assert with_boxes({"n": "a b c d e", "b": [0, 1]}, [(1, 2), None, (4, 4)])["b"] == [0, 2, 4, 4]
    assert positions_of(["a", "b", "c"], "b c") == (1, 2)
    assert positions_of(["a"], None) is None
    assert positions_of(["a"], "b") is None


def test_what_changed_since_a_baseline_is_said() -> None:
    said = ["tem dipirona de 500 mg", "bom dia a senhora tem receita"]
    runs = [
        analyse(make_run([Told(f"{number}.wav", said, {"Local": texts}) for number in range(12)]))
        for texts in (said, ["tem dipirina de 50", "bom tia"])
    ]
    page = page_of(runs[1], since=Since("antes", changes(runs[1], runs[0])))
    assert "O que mudou desde a execução antes" in page
    assert '<span class="piora">piora</span>' in page


def test_links_reach_recordings_of_any_name(tmp_path: Path) -> None:
    from urllib.parse import unquote_to_bytes

    names = ["a b.wav", "ção.wav", "100%.wav", "a#b?.wav", "c:d.wav", "sub/é.mp3", "\udcff.wav"]
    for name in names:
        path = tmp_path / "áudio" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        (tmp_path / "saída").mkdir(exist_ok=True)
        link = link_audio(str(path), tmp_path / "saída")
        assert link.href is not None
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", link.href)
        target = tmp_path / "saída" / Path(unquote_to_bytes(link.href).decode("utf-8", "surrogateescape"))
        assert target.resolve() == path.resolve()
    for gone in (None, "", str(tmp_path / "sumiu.wav"), "\0"):
        assert link_audio(gone, tmp_path).href is None
        assert link_audio(gone, tmp_path).problem


def test_segments_are_counted_as_utterances_and_originals_as_files() -> None:
    segments, originals = summarize(analysis_of(example(RATES), Part.SEGMENTS, Part.ORIGINALS)).tables
    assert segments.caption.endswith("falas")
    assert originals.caption.endswith(" de 12 arquivos")
    assert (segments.unit, originals.unit) == ("falas", "arquivos")
