"""Builds the page: one file that carries its data, its look and its script, and asks nobody for anything.

Every text is escaped, by Jinja in the markup and by `embedded_json` in the data; the page's own policy lets no script
run but the one with the hash named in it, and no address be fetched but the recordings beside the page.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from balto_cli.reports.html.items import page_data
from balto_cli.reports.html.summary import COUNTS, summarize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from balto_cli.evaluation.baseline import Change
    from balto_cli.evaluation.findings import Analysis
    from balto_cli.reports.audio_embed import EmbeddedAudio
    from balto_cli.reports.audio_link import AudioLink

_ESCAPED = "<>&\u2028\u2029"


@dataclass(frozen=True, slots=True)
class Since:
    """What changed since another run."""

    baseline: str
    """Name of the other run."""
    changes: Sequence[Change]


def html_page(
    analysis: Analysis,
    links: Mapping[str, AudioLink],
    *,
    embedded: EmbeddedAudio | None = None,
    since: Since | None = None,
) -> str:
    """The page of a run. `links` says by file name where each recording is, seen from the page's folder."""
    from markupsafe import Markup

    style, script = _own("report.css"), _own("report.js")
    data = embedded_json(page_data(analysis, links, embedded))
    summary = summarize(analysis)
    environment = _environment()

    def picture(name: str, plot: object) -> Markup:
        return Markup(environment.get_template(name).render(plot=plot) if plot else "")

    page = {
        **{name: getattr(summary, name) for name in summary.__slots__},
        "pareto": picture("pareto.svg.jinja", summary.plot),
        "noise": picture("noise.svg.jinja", summary.noise),
        "pareto_caption": summary.plot_caption,
        "counts_header": COUNTS,
        "audio_notes": _audio_notes(links, embedded),
        "sounds": embedded.sounds if embedded else (),
        "since": since,
    }
    return environment.get_template("report.html.jinja").render(
        page=page, policy=_policy(style, script), css=Markup(style), js=Markup(script), data=Markup(data)
    )


def embedded_json(value: Any) -> str:
    """JSON that may stand inside a script element: no sign of markup, and no line end that JavaScript alone knows."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in _ESCAPED:
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _policy(style: str, script: str) -> str:
    """Nothing from anywhere but recordings beside the page (a page opened from the disk has no origin of its own)."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "media-src 'self' file: blob:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _audio_notes(links: Mapping[str, AudioLink], embedded: EmbeddedAudio | None) -> tuple[str, ...]:
    if embedded is not None:
        return (embedded.note,)
    unreachable = sum(link.href is None for link in links.values())
    if not unreachable:
        return ("O áudio não está nesta página: ela o toca de onde ele está. --com-audio o leva junto.",)
    whole = unreachable == len(links)
    subject = (
        "O áudio não pode ser tocado daqui"
        if whole
        else f"O áudio de {unreachable} de {len(links)} arquivos não pode ser tocado daqui"
    )
    reasons = dict.fromkeys(link.problem for link in links.values() if link.href is None)
    return (f"{subject}: {'; '.join(reasons)}.",)


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8").replace("\r\n", "\n")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(_own), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
