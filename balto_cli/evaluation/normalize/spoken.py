"""The rules on spoken forms, spellings and abbreviations: the same words, said or written short."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize.rule import (
    TextRule,
    WordRule,
    is_number,
    less_than_two,
    replace_by_table,
    word_at,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.normalize.rule import Edits


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """Read lines of "short: long form; short: long form"."""
    pairs = (entry.split(":") for line in text.strip().splitlines() for entry in line.split(";"))
    return {short.strip(): tuple(long.split()) for short, long in pairs}


REDUCTIONS = _table("""
    pra: para; prá: para; pro: para o; prò: para o; pras: para as; pros: para os; prum: para um; pruma: para uma
    praqui: para aqui; praí: para aí; pracá: para cá; pralá: para lá; pronde: para onde; proutro: para outro
    tô: estou; tá: está; tás: estás; tamo: estamos; tamos: estamos; tava: estava; tavam: estavam
    távamos: estávamos; távamo: estávamos; tando: estando
    né: não é; cê: você; ocê: você; cês: vocês; ocês: vocês; cocê: com você; procê: para você; docê: de você
    vamo: vamos; peraí: espera aí; perai: espera aí; péra: espera; dexa: deixa; tamém: também
    deixeu: deixa eu; xeu: deixa eu; brigado: obrigado; brigada: obrigada
    numa: em uma; nuns: em uns; numas: em umas; dum: de um; duma: de uma; duns: de uns; dumas: de umas
    vc: você; vcs: vocês; tbm: também; hj: hoje; pq: porque; oq: o que
""")
_VERBS_AFTER_NUM = frozenset(
    """
    abre abriu achei acho acredito aguenta aguento apareceu aceita aceito achou adianta bate bebo chega chegou come comi
    comprei compro comprou conheço conhece consegue consegui consigo custa cabe dava deixa deixei deixou demora der deu
    deve devia dorme durmo desce desceu entra entrou faço fala falei falou fechou liga ligou pagou peguei presta prestou
    sara sarou senti sobrou sobra
    dá dou dói entendi entendo era eram está estou estava estamos estão existe faz fazia ferve fez fica ficou foi fosse
    fui funciona funcionou gosta gosto há houve importa lembro levo mata melhora melhorou parece passa passou pega pegou
    perde pode podia podemos posso precisa preciso quer queria quero resolve resolveu sabe sabia sai saiu sei sente ser
    serve sinto são sou tem temos tenho tinha tive teve tomei tomo toma tomou tomava tomar trouxe uso usa usei vai vamos
    vem veio vejo vende vendo vi viu vou é
    me te se lhe
    """.split()  # noqa: SIM905
)
"""What makes "num" a spoken "não"; before all else it is "em um"."""


_PLACES = frozenset({"aí", "ai", "lá"})


def _reductions(words: Sequence[str]) -> Edits:
    """Find what is said short; "pera" is a fruit but for "pera aí"."""
    return [
        (at, at + 1, REDUCTIONS.get(word, ("espera",)))
        for at, word in enumerate(words)
        if word in REDUCTIONS or (word == "pera" and word_at(words, at + 1) in _PLACES)
    ]


def _num(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at, word in enumerate(words):
        if word == "num":
            negated = word_at(words, at + 1) in _VERBS_AFTER_NUM
            edits.append((at, at + 1, ("não",) if negated else ("em", "um")))
    return edits


SPELLINGS = _table("""
    xampu: shampoo; champu: shampoo; champô: shampoo; e-mail: e mail; email: e mail; okay: ok; heim: hein
    pára: para; pêlo: pelo; pêlos: pelos; pólo: polo; pêra: pera; feiúra: feiura; apóio: apoio
    hm: hum; hmm: hum; hmmm: hum; humm: hum; hummm: hum; ãhn: ahn; ãh: ahn; ãhã: aham; ahã: aham; arrã: aham
    antinflamatório: antiinflamatório; antinflamatórios: antiinflamatórios
""")
_OLD_SPELLING = re.compile(
    r"ü(?<=[gq]ü)(?=[eéêií])|é(?=ias?\b|ic[oa]s?\b)|ó(?=ias?\b|ic[oa]s?\b|id[ae]s?\b)|ô(?=os?\b)|ê(?=em\b)"
)
_PLAIN = {"ü": "u", "é": "e", "ó": "o", "ô": "o", "ê": "e"}


def _old_spelling(text: str) -> str:
    return text if text.isascii() else _OLD_SPELLING.sub(lambda match: _PLAIN[match.group()], text)


def _prefix(words: Sequence[str]) -> Edits:
    edits: Edits = []
    skip = -1
    for at, word in enumerate(words):
        rest = word_at(words, at + 1)
        if word == "anti" and at > skip and len(rest) > 3 and rest.isalpha() and rest != "anti":
            doubled = rest[0] if rest[0] in "rs" and rest[1] != rest[0] else ""
            edits.append((at, at + 2, (f"anti{doubled}{rest}",)))
            skip = at + 1
    return edits


ABBREVIATIONS = _table("""
    dr: doutor; dra: doutora; drs: doutores; dras: doutoras; sr: senhor; sra: senhora; srs: senhores; sras: senhoras
    srta: senhorita; profa: professora; núm: número; tel: telefone; av: avenida
""")
_WITHOUT_NUMBER = {"cx": "caixa", "cxs": "caixas", "gts": "gotas"}
AFTER_NUMBER = {
    short: (singular, plural)
    for shorts, singular, plural in (
        ("h hs hr hrs", "hora", "horas"),
        ("min mins", "minuto", "minutos"),
        ("seg segs", "segundo", "segundos"),
        ("comp comps compr comprs cp cpr cprs cpd", "comprimido", "comprimidos"),
        ("cap caps cáp cáps", "cápsula", "cápsulas"),
        ("drg drgs drág drágs", "drágea", "drágeas"),
        ("amp amps", "ampola", "ampolas"),
        ("gt gts", "gota", "gotas"),
        ("un und unid unids", "unidade", "unidades"),
        ("cx cxs", "caixa", "caixas"),
        ("fr frs", "frasco", "frascos"),
        ("gr grs", "g", "g"),
        ("lt lts", "l", "l"),
        ("grau", "graus", "graus"),
        ("x", "vez", "vezes"),
    )
    for short in shorts.split()
}


def _after_number(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at, word in enumerate(words):
        if word not in AFTER_NUMBER:
            continue
        number = word_at(words, at - 1)
        if not is_number(number) and "/" not in number:
            if word in _WITHOUT_NUMBER:
                edits.append((at, at + 1, (_WITHOUT_NUMBER[word],)))
        elif word == "x" and is_number(word_at(words, at + 1)):
            edits.append((at, at + 1, ("por",)))
        else:
            edits.append((at, at + 1, (AFTER_NUMBER[word][not less_than_two(number)],)))
    return edits


OLD_SPELLING_RULE = TextRule(
    "ortografia antiga",
    "Grafias de antes de 2009: trema, -éia, -óia, -óide, -ôo, -êem.",
    ("cinqüenta, enjôo, diarréia, jóia", "50 enjoo diarreia joia"),
    _old_spelling,
)
NUM_RULE = WordRule(
    "num",
    "“Num” antes de verbo ou de me, te, se é não (num sei); nos outros casos é em um (num posto).",
    ("num sei, foi num posto", "não sei foi em 1 posto"),
    _num,
    frozenset({"num"}),
)
REDUCTION_RULE = WordRule(
    "reduções da fala",
    "pra, pro, tá, tô, tava, né, cê, vamo, peraí, brigado, numa, dum e outras valem a forma inteira.",
    ("tá pronto pra você, né?", "está pronto para você não é"),
    _reductions,
    frozenset((*REDUCTIONS, "pera")),
)
SPELLING_RULE = WordRule(
    "variantes de grafia",
    "Palavras com mais de uma grafia em uso: xampu é shampoo, hmm é hum; acentos diferenciais extintos (pára, pêlo).",
    ("xampu", "shampoo"),
    replace_by_table(SPELLINGS),
    frozenset(SPELLINGS),
)
PREFIX_RULE = WordRule(
    "prefixo anti",
    "anti-inflamatório, anti inflamatório e antiinflamatório são uma palavra; anti-séptico é antisséptico.",
    ("anti-inflamatório anti-séptico", "antiinflamatório antisséptico"),
    _prefix,
    frozenset({"anti"}),
)
ABBREVIATION_RULE = WordRule(
    "abreviaturas",
    "Dr., Dra., Sr., Sra., Srta., Profa., tel., av. por extenso.",
    ("Dra. Ana", "doutora ana"),
    replace_by_table(ABBREVIATIONS),
    frozenset(ABBREVIATIONS),
)
AFTER_NUMBER_RULE = WordRule(
    "abreviaturas depois de número",
    "Depois de número, h, min, comp., cp., cáps., drg., amp., gt., un., fr. por extenso, no singular ou plural dele; "
    "3x é 3 vezes e 12x8, 12 por 8. Em todo lugar, cx., cxs. e gts.",
    ("2 cx., 1 comp. 3x ao dia", "2 caixas 1 comprimido 3 vezes ao dia"),
    _after_number,
    frozenset(AFTER_NUMBER),
)
