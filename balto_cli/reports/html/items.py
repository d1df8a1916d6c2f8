"""What the page's script reads: files with the places of their errors, and every segment with all that was heard.

Keys are one letter, since a run has thousands of segments; `report.js` is their only reader.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.medicine_items import KINDS
from balto_cli.evaluation.normalize import RULES
from balto_cli.evaluation.results import NOT_DONE, FileResult, Outcome, State
from balto_cli.reports.html.word_trace import Traced, positions_of, trace, trace_shares, with_boxes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from balto_cli.evaluation.findings import Analysis, PartAnalysis
    from balto_cli.evaluation.places import MedicineFinding
    from balto_cli.reports.audio_embed import EmbeddedAudio
    from balto_cli.reports.audio_link import AudioLink

_OPERATIONS = {"equal": "e", "substitute": "s", "delete": "d", "insert": "i"}
_MEDICINE, _DISAGREEMENT, _INVENTION, _FAILURE, _SUSPECT, _ERROR = (1 << bit for bit in range(6))
_TRIVIAL = ("minúsculas", "pontuação")
"""Rules that change nearly every sentence: told on demand, not marked."""

Place = tuple[str, str]
"""File and segment, "" for an original."""


def page_data(analysis: Analysis, links: Mapping[str, AudioLink], embedded: EmbeddedAudio | None) -> dict[str, Any]:
    """All that the script needs of the main part, as plain JSON."""
    return _Builder(analysis, links, embedded).build()


class _Builder:
    """Looks up by place what the analysis lists by kind."""

    def __init__(self, analysis: Analysis, links: Mapping[str, AudioLink], embedded: EmbeddedAudio | None) -> None:
        self._analysis = analysis
        self._part: PartAnalysis = analysis.main_part
        self._providers = analysis.comparison.providers
        self._links = links
        self._embedded = embedded
        self._reasons: dict[str, int] = {}
        self._medicine: dict[tuple[Place, str], list[MedicineFinding]] = defaultdict(list)
        self._medicine_times: dict[tuple[str, str], list[float]] = defaultdict(list)
        for finding in self._part.medicine:
            time_s = round((finding.start_s + finding.end_s) / 2, 1)
            self._medicine_times[finding.file, finding.provider].append(time_s)
            self._medicine[(finding.file, finding.segment), finding.provider].append(finding)
        self._inventions: dict[tuple[Place, str], list[list[Any]]] = defaultdict(list)
        for found in self._part.inventions:
            entry = [int(found.kind == "repetição"), found.words, found.count]
            self._inventions[(found.file, found.segment), found.provider].append(entry)
        self._disagreement = {(one.file, one.segment): one.rate for one in self._part.disagreements}
        self._suspects = {
            (one.file, one.segment): f"todos ouviram «{one.heard}» onde a referência diz «{one.said}»"
            for one in self._part.suspects
        }

    def build(self) -> dict[str, Any]:
        files: list[dict[str, Any]] = []
        items: list[dict[str, Any]] = []
        for index, file in enumerate(self._analysis.comparison.files):
            mine = self._items_of(index, file)
            files.append(self._file(file, range(len(items), len(items) + len(mine))))
            items += mine
        return {
            "provedores": list(self._providers),
            "regras": [[rule.name, rule.description, int(rule.name in _TRIVIAL)] for rule in RULES],
            "motivos": list(self._reasons),
            "arquivos": files,
            "itens": items,
        }

    def _file(self, file: FileResult, numbers: range) -> dict[str, Any]:
        entry: dict[str, Any] = {"n": file.name, "d": round(file.duration_s or 0.0, 2)}
        if numbers:
            entry["i"] = list(numbers)
        link = self._links[file.name]
        if link.href:
            entry["l"] = link.href
        else:
            entry["w"] = f"Sem áudio: {link.problem}."
        errors = [self._error_times(file.name, provider) for provider in self._providers]
        if any(errors):
            entry["e"] = errors
        medicine = [self._medicine_times[file.name, provider] for provider in self._providers]
        if any(medicine):
            entry["x"] = medicine
        return entry

    def _error_times(self, file: str, provider: str) -> list[list[float]] | None:
        """Seconds of words taken for another, lost, invented."""
        found = self._part.files.get((file, provider))
        if found is None:
            return None
        times: dict[str, list[float]] = {"substitute": [], "delete": [], "insert": []}
        for place in found.places:
            if place.operation in times:
                times[place.operation].append(round((place.start_s + place.end_s) / 2, 1))
        return list(times.values())

    def _items_of(self, index: int, file: FileResult) -> list[dict[str, Any]]:
        if self._part.part is Part.ORIGINALS:
            if not file.outcomes:
                return []
            reference = trace(file.reference) if file.reference is not None else None
            return [self._item(index, (file.name, ""), (0.0, file.duration_s or 0.0), None, reference, file.outcomes)]
        if file.reference is not None and all(segment.reference is not None for segment in file.segments):
            shares: Sequence[Traced | None] = trace_shares(
                file.reference, [segment.reference or "" for segment in file.segments]
            )
        else:
            shares = [None if one.reference is None else trace(one.reference) for one in file.segments]
        return [
            self._item(index, (file.name, one.name), (one.start_s, one.end_s), one.snr_db, share, one.outcomes)
            for one, share in zip(file.segments, shares, strict=True)
        ]

    def _item(
        self,
        index: int,
        place: Place,
        span_s: tuple[float, float],
        snr_db: float | None,
        reference: Traced | None,
        outcomes: Mapping[str, Outcome],
    ) -> dict[str, Any]:
        item: dict[str, Any] = {"f": index, "a": round(span_s[0], 2), "z": round(span_s[1], 2)}
        if place[1]:
            item["s"] = place[1]
        if snr_db is not None:
            item["n"] = round(snr_db, 1)
        said = reference["n"].split() if reference else None
        heard = [self._outcome(place, provider, outcomes.get(provider, NOT_DONE), said) for provider in self._providers]
        findings = [one for provider in self._providers for one in self._medicine.get((place, provider), ())]
        if reference is not None and said is not None:
            item["t"] = with_boxes(reference, [positions_of(said, one.error.said) for one in findings])
        item["o"] = heard
        errors = sum(sum(operation != "e" for operation in one.get("p", "")) for one in heard)
        item["k"] = errors
        if disagreement := self._disagreement.get(place):
            item["d"] = round(disagreement, 3)
        if suspect := self._suspects.get(place):
            item["u"] = suspect
        item["g"] = (
            (_MEDICINE if findings else 0)
            | (_DISAGREEMENT if disagreement else 0)
            | (_INVENTION if any("v" in one for one in heard) else 0)
            | (_FAILURE if any(one.get("q", -1) >= 0 for one in heard) else 0)
            | (_SUSPECT if suspect else 0)
            | (_ERROR if errors else 0)
        )
        if self._embedded and (start_s := self._embedded.starts.get(place)) is not None:
            item["e"] = round(start_s, 2)
        return item

    def _outcome(self, place: Place, provider: str, outcome: Outcome, said: Sequence[str] | None) -> dict[str, Any]:
        if outcome.text is None:
            failed = outcome.state is State.FAILED
            return {"q": self._reasons.setdefault(outcome.reason, len(self._reasons)) if failed else -1}
        text = trace(outcome.text)
        entry: dict[str, Any] = {}
        if outcome.score is not None:
            alignment = outcome.score.alignment
            own = [before for _, before, _ in alignment if before is not None]
            words = " ".join(after for _, _, after in alignment if after is not None)
            if words != text["n"]:
                text = trace(words)
            if own != said:
                entry["d"] = " ".join(own)
            entry["p"] = "".join(_OPERATIONS[operation] for operation, _, _ in alignment)
        findings = self._medicine.get((place, provider), [])
        if findings:
            words_heard = text["n"].split()
            text = with_boxes(text, [positions_of(words_heard, one.error.heard) for one in findings])
            entry["x"] = [[KINDS.index(one.error.kind), one.error.said, one.error.heard] for one in findings]
        if found := self._inventions.get((place, provider)):
            entry["v"] = found
        entry["t"] = text
        return entry
