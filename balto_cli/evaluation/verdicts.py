"""Outcomes as sentences that a person can sign: a winner only where the data carry one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.rates import PairResult, ProviderScores
    from balto_cli.evaluation.significance import SystemComparison

NO_REFERENCE = (
    "Sem referências não há taxa de erro: a concordância entre provedores diz que arquivos transcrever primeiro."
)


def percent(rate: float | None) -> str:
    """A rate for a person: `8,1 %`; `–` where it is undefined."""
    return "–" if rate is None else f"{100 * rate:.1f} %".replace(".", ",")


def points(difference: float) -> str:
    """A difference of rates for a person, without its sign: `4,2 pontos`."""
    text = f"{100 * abs(difference):.1f}".replace(".", ",")
    return f"{text} {'ponto' if abs(difference) < 0.0195 else 'pontos'}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 arquivo`, `12 arquivos`; `plural` where an `s` does not make it."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def pair_sentence(
    a: tuple[str, float | None], b: tuple[str, float | None], comparison: SystemComparison, unit: str
) -> str:
    """Say how two providers, each with its WER, compare."""
    if comparison.difference is None:
        return f"Entre {a[0]} e {b[0]} não há o que comparar: nenhuma palavra de referência."
    if comparison.verdict != "empate":
        better, worse = (a, b) if comparison.verdict == "a" else (b, a)
        return (
            f"{better[0]} erra menos que {worse[0]}: WER de {percent(better[1])} contra {percent(worse[1])}, "
            f"{between(comparison)}.{few_files(comparison, unit)}"
        )
    return (
        f"Empate entre {a[0]} e {b[0]}: WER de {percent(a[1])} e {percent(b[1])}."
        f"{_what_settles(comparison, unit)}{few_files(comparison, unit)}"
    )


def between(comparison: SystemComparison) -> str:
    """`diferença de 4,2 pontos (entre 1,0 e 7,4)`."""
    value, low, high = comparison.difference, comparison.low, comparison.high
    if value is None:
        return "diferença desconhecida"
    if low is None or high is None:
        return f"diferença de {points(value)}"
    ends = sorted((low, high)) if value >= 0 else sorted((-low, -high))
    return f"diferença de {points(value)} (entre {_number(ends[0])} e {_number(ends[1])})"


def few_files(comparison: SystemComparison, unit: str) -> str:
    """Warn where files are few; "" elsewhere, and where there is no interval to be careful with."""
    if not comparison.few_files or comparison.low is None:
        return ""
    return f" {'Poucas' if unit == 'conversa' else 'Poucos'} {unit}s ({comparison.files}): leia com cuidado."


def _what_settles(comparison: SystemComparison, unit: str) -> str:
    if comparison.low is None:
        return f" {'Uma' if unit == 'conversa' else 'Um'} {unit} só não basta para comparar."
    if not comparison.difference:
        return " Nenhuma diferença."
    if comparison.files_needed is None:
        return " A diferença é pequena demais para se decidir com mais gravações."
    more = comparison.files_needed - comparison.files
    return (
        f" A diferença pode ser acaso; com cerca de {counted(comparison.files_needed, unit)} como "
        f"{'estas' if unit == 'conversa' else 'estes'} ({more} a mais) se decidiria."
    )


def overall(providers: Sequence[ProviderScores], pairs: Sequence[PairResult], unit: str) -> tuple[str, str | None]:
    """Say who wins among all providers, and name the winner; None where the data carry none."""
    rated = sorted(
        ((scores.wer.value, scores) for scores in providers if scores.wer.value is not None and scores.files),
        key=lambda item: item[0],
    )
    if not rated:
        return NO_REFERENCE, None
    best = rated[0][1]
    if len(rated) == 1:
        return f"{best.provider}: WER de {_with_interval(best)} em {counted(best.files, 'arquivo')}.", None
    of_best = {
        pair.b if pair.a == best.provider else pair.a: pair for pair in pairs if best.provider in (pair.a, pair.b)
    }
    tied = [scores for _, scores in rated[1:] if of_best[scores.provider].comparison.verdict == "empate"]
    second = rated[1][1]
    comparison = of_best[second.provider].comparison
    warning = few_files(comparison, unit)
    if not tied:
        if len(rated) == 2:
            others, rest = f"{second.provider}, com {percent(second.wer.value)}", between(comparison)
        else:
            others = "todos os outros"
            rest = f"o segundo é {second.provider}, com {percent(second.wer.value)}, {between(comparison)}"
        return (
            f"{best.provider} erra menos que {others}. WER de {_with_interval(best)}; {rest}.{warning}",
            best.provider,
        )
    names = [best, *tied]
    listed = _listed([f"{scores.provider} ({percent(scores.wer.value)})" for scores in names])
    if len(tied) == 1:
        settle = _what_settles(of_best[tied[0].provider].comparison, unit)
    else:
        needed = [of_best[scores.provider].comparison.files_needed for scores in tied]
        most = max((count for count in needed if count is not None), default=None)
        settle = "" if most is None else f" Com cerca de {counted(most, unit)} talvez se decida."
    behind = [scores.provider for _, scores in rated[1:] if scores not in tied]
    worse = f" Erra mais que {best.provider}: {_listed(behind)}." if behind else ""
    where = " na frente" if behind else ""
    return f"Empate{where} entre {listed}: o WER não separa um do outro.{settle}{worse}{warning}", None


def cutting_sentence(provider: str, whole: float | None, segments: float | None, comparison: SystemComparison) -> str:
    """Say what cutting does to a provider; a is segments, b originals."""
    if comparison.difference is None:
        return f"{provider}: não há palavras de referência para comparar originais e segmentos."
    rates = f"WER de {percent(segments)} em segmentos contra {percent(whole)} no original"
    if comparison.verdict == "empate":
        return f"Cortar não muda {provider} com segurança: {rates}.{few_files(comparison, 'arquivo')}"
    effect = "ajuda" if comparison.verdict == "a" else "prejudica"
    return f"Cortar {effect} {provider}: {rates}, {between(comparison)}.{few_files(comparison, 'arquivo')}"


def _with_interval(scores: ProviderScores) -> str:
    if scores.wer.low is None or scores.wer.high is None:
        return percent(scores.wer.value)
    return f"{percent(scores.wer.value)} (entre {percent(scores.wer.low)} e {percent(scores.wer.high)})"


def _number(rate: float) -> str:
    return f"{100 * rate:.1f}".replace(".", ",").replace("-", "−")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} e {names[-1]}"
