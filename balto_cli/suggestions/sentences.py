"""A transcript as sentences: folded words, where the commas were, whether it asks, and what a "não" reaches.

Pure text work, without meaning: what is asked or told is decided in `facts`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from balto_cli.suggestions.spoken import as_written
from balto_cli.terms.spelling import fold

_END = re.compile(r"(?<!\d)[.](?=\s|$)|(?<=\d)[.](?=\s+[A-ZÀ-Ú]|\s*$)|[?!…\n]+|\.{2,}")
_PART = re.compile(r"[a-z0-9]+|[,;:()–—-]|r\$")
_REACH = 6
"""Words before a finding in which a negation is looked for."""
_NEGATORS = frozenset({"nao", "sem", "nem", "nunca", "nenhum", "nenhuma", "jamais", "tampouco"})
_NOT_DENYING = frozenset(
    """
    para paro parou parei parar paravam passa passou passei passar passava melhora melhorou aguento aguenta consigo
    consegue sei sabe deixa quero queria gosto resolve largo largou some sumiu termina acaba acabou desiste desgruda
    sossega sossego descansa descanso acalma aquieta desliga
    resolveu adiantou adianta sarou curou so apenas saiu deu dou sai larga vejo acho lembro entendo posso pode vai cessa
    """.split()  # noqa: SIM905
)
"""Words after a "não" that say that the complaint goes on: "não para de coçar", "não passa a dor"."""
_PRONOUNS = frozenset({"eu", "ele", "ela"})
_ABSENT = frozenset(
    {"doi", "tem", "tenho", "teve", "tive", "sinto", "sente", "sangra", "incomoda", "ha", "deu", "apareceu", "houve"}
)
"""Verbs that deny what stands before them: "no peito não dói nada"."""
_NOTHING_GOES = re.compile(r"\bnada de (?:\w+ )?(?:banheiro|coco|cocozinho|evacuar|sono|dormir|xixi|intestino|vaso)")
"""What does not come is the complaint: "nada de banheiro faz três dias"."""
_NO_RESPITE = (["tregua"], ["folga"], ["sossego"], ["paz"], ["descanso"], ["jeito"])
"""What a pain that does not give any goes on without."""
_AFTER_NO = frozenset(
    {"senhor", "senhora", "moca", "moco", "viu", "ne", "nao", "mais", "obrigado", "obrigada", "mesmo"}
)
"""Words that may follow a last "não": "febre não, senhora"."""
_AFTER_NOT_IT = frozenset({"ja", "porque", "mas", "nao", "e", "viu", "so"})
"""Words that begin something new after "gravidez não é"."""
_CONDITIONAL = re.compile(
    r"\b(?:se|caso|quando) (?:voce |o senhor |a senhora |ele |ela |por acaso |eu )?"
    r"(?:tiver|sentir|der|piorar|aparecer|continuar|persistir|voltar|houver|ficar|doer|precisar|a dor voltar)\b"
)
_TURN = re.compile(
    r"\b(?:mas|porem|so que|agora|ai|entao|e (?:to|tou|estou|ta|esta|tenho|tem|sinto)"
    r"|so (?:to|tou|estou|ta|essa?|esse|uma?|tenho)"
    r"|e (?=\w+(?:ou|eu|iu|ei|ando|endo|indo)\b))\b"
)
"""Words after which a denial reaches no further, for want of commas: "não tem febre só essa tosse"."""
_CAUSED = re.compile(
    r"\b(?:nao|nem) (?!sofr|gost|precis|tenho|tem|morr|sinto|sente|lembr|sei)\w+ (?:\w+ )?de(?: tant[oa])?(?: \w+)? $"
)
"""What keeps somebody from something is there: "não durmo de tanta dor"."""
_VERBAL = re.compile(
    r"\b(?:to|tou|estou|ta|esta|tenho|tem|sinto|fiquei|deu|veio|comecou|peguei|e|mas|so|fica|foi|ando)\b"
    r"|\b[a-z]{3,}(?:ando|endo|indo)\b"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it is searched: `words` joined by single spaces, `breaks` the offsets where a comma stood.

    `start` and `end` are characters of the turn that it comes from.
    """

    words: str
    breaks: tuple[int, ...]
    question: bool
    start: int
    end: int

    def clause(self, position: int) -> tuple[int, int]:
        """The stretch between commas in which an offset lies."""
        index = bisect_right(self.breaks, position)
        low = self.breaks[index - 1] if index else 0
        return low, self.breaks[index] if index < len(self.breaks) else len(self.words)

    def denies(self, start: int, end: int) -> bool:
        """Whether what stands at `start` to `end` is denied: "sem febre", "não tenho febre", "febre não"."""
        low, high = self.clause(start)
        said = self.words[low:start]
        turned = [match.end() for match in _TURN.finditer(said)]
        if _CAUSED.search(said):
            return False
        before = said[turned[-1] if turned else 0 :].split()[-_REACH:]
        for index, word in enumerate(before):
            rest = before[index + 1 :]
            if word == "nada" and rest[:1] == ["de"] and not _NOTHING_GOES.search(self.words[low:high]):
                return True
            if word in _NEGATORS:
                if word in ("nao", "nem") and any(later in _NOT_DENYING for later in rest):
                    continue
                if word == "sem" and len(rest) > 3:
                    continue
                return True
        after = self.words[end : self.clause(end - 1)[1]].split()
        if after[:1] and after[0] in _PRONOUNS:
            del after[0]
        if after[:1] == ["nao"] and after[1:2] and after[1] in _ABSENT and after[2:3] not in _NO_RESPITE:
            return True
        if after[:1] == ["nao"] and (len(after) == 1 or (len(after) == 2 and after[1] in _AFTER_NO)):
            return True
        if after[:2] == ["nao", "e"] and (len(after) == 2 or after[2] in _AFTER_NOT_IT):
            return True
        if after[:1] in (["nenhuma"], ["nenhum"], ["zero"]):
            return True
        return self._inherits(low, high)

    def _inherits(self, low: int, high: int) -> bool:
        """Whether a bare item of a list goes on with the denial before its comma: "sem febre, dor ou vômito"."""
        if low == 0 or _VERBAL.search(self.words[low:high]):
            return False
        first, _ = self.clause(low - 1)
        earlier = self.words[first:low].split()
        return bool(earlier) and (
            "sem" in earlier[:3]
            or earlier[:2] == ["nao", "tenho"]
            or earlier[0] == "nem"
            or earlier[:2] == ["nao", "tem"]
        )

    def conditional(self, start: int) -> bool:
        """Whether a finding stands under an "if": "se tiver febre, volta"."""
        return any(match.start() < start for match in _CONDITIONAL.finditer(self.words))


@lru_cache(maxsize=1024)
def sentences_of(text: str) -> tuple[Sentence, ...]:
    """Cut a turn into sentences."""
    found, begin = [], 0
    for match in _END.finditer(text):
        found.append(_sentence(text, begin, match.start(), "?" in match.group()))
        begin = match.end()
    found.append(_sentence(text, begin, len(text), False))
    return tuple(sentence for sentence in found if sentence.words)


def _sentence(text: str, start: int, end: int, question: bool) -> Sentence:
    heard: list[str] = []
    commas: set[int] = set()
    for match in _PART.finditer(fold(text[start:end])):
        part = match.group()
        if part == "-" or (part == "," and _between_digits(text[start:end], match.start())):
            continue
        if part in ",;:()–—":
            commas.add(len(heard))
        else:
            heard.append(part)
    words = as_written(heard)
    places = accumulate((len(word) + 1 for word in words), initial=0)
    breaks = tuple(max(place - 1, 0) for count, place in enumerate(places) if count and count in commas)
    return Sentence(" ".join(words), breaks, question, start, end)


def _between_digits(text: str, position: int) -> bool:
    return 0 < position < len(text) - 1 and text[position - 1].isdigit() and text[position + 1].isdigit()
