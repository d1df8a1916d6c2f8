"""What was said in a piece of audio: words with times, and what a provider makes of them."""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

_EVERYDAY = """
água alto amigo ano azul baixo banco barco bolsa braço café caixa calma campo carro carta casa cedo chave chuva cidade
claro conta copo corpo dado dedo dente doce dono fácil farol festa fita flor folha força frio fruta garfo gato grupo
hora ilha jardim jogo lado lago leite livro longe lua mapa mesa moeda muro nome novo ouro papel pedra peixe ponte
porta praia prato rede rio rosa rua sala sapato sede sino sol sopa tarde tempo terra tinta vela vento verde vidro vila
"""
_FILLERS = """
agora ainda alguém aqui assim bem certo coisa como depois dia dois então essa esse está fica fala foi gente hoje isso
lá mais mal manhã meio menos mesmo minha muito nada não noite nosso outra para pessoa pode pouco quando quase quem
quero sabe sempre sim também tempo tenho toda três tudo vai vem vez você
"""
_HASH_WORDS = tuple(_EVERYDAY.split())
_WRONG_WORDS = tuple(_FILLERS.split())
_CONFUSIONS: dict[str, tuple[str, ...]] = {
    "amoxicilina": ("ampicilina", "moxicilina"),
    "atenolol": ("metoprolol", "atenol"),
    "buscopan": ("buscofem", "biscopan"),
    "captopril": ("enalapril", "capitopril"),
    "cataflam": ("catafam", "cataflan"),
    "cefalexina": ("cefadroxila", "cefalexia"),
    "clonazepam": ("lorazepam", "clonazepan"),
    "diclofenaco": ("aceclofenaco", "diclofenac"),
    "dipirona": ("diperona", "pirona"),
    "dorflex": ("torsilax", "dorflecs"),
    "enalapril": ("captopril", "enalapio"),
    "hidroclorotiazida": ("clortalidona", "hidroclorotiasida"),
    "ibuprofeno": ("cetoprofeno", "ibuprofen"),
    "losartana": ("valsartana", "losartan"),
    "loratadina": ("desloratadina", "loratatina"),
    "metformina": ("metronidazol", "metiformina"),
    "neosaldina": ("novalgina", "neusaldina"),
    "nimesulida": ("nimesulina", "nimesudida"),
    "novalgina": ("neosaldina", "novalgia"),
    "omeprazol": ("esomeprazol", "omeprasol"),
    "paracetamol": ("paracetamou", "tramadol"),
    "prednisolona": ("prednisona", "prednizolona"),
    "prednisona": ("prednisolona", "prednizona"),
    "rivotril": ("rivotriu", "ritalina"),
    "sinvastatina": ("rosuvastatina", "simvastatina"),
    "tylenol": ("tilenol", "timolol"),
}
"""Medicines that sound or look alike, and spellings that recognisers give: one word for one word."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word, with its place in the audio that was sent."""

    text: str
    start_s: float
    end_s: float
    confidence: float = 0.98
    speaker: int = 0
    """0 for whoever speaks first."""


@dataclass(frozen=True, slots=True)
class Heard:
    """All words of one piece of audio."""

    words: tuple[SpokenWord, ...]
    duration_s: float

    @property
    def text(self) -> str:
        """The words in a line."""
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float:
        """Mean of the words'; 0 where there is none."""
        if not self.words:
            return 0.0
        return round(sum(word.confidence for word in self.words) / len(self.words), 4)

    def turns(self) -> list[tuple[SpokenWord, ...]]:
        """Words in a row of the same speaker."""
        turns: list[list[SpokenWord]] = []
        for word in self.words:
            if not turns or turns[-1][-1].speaker != word.speaker:
                turns.append([])
            turns[-1].append(word)
        return [tuple(turn) for turn in turns]


def from_hash(content: str, duration_s: float) -> Heard:
    """Eight words out of a hash (hexadecimal), spread over the duration."""
    digest = bytes.fromhex(content)[:8]
    step_s = duration_s / len(digest)
    return Heard(
        tuple(
            SpokenWord(
                _HASH_WORDS[byte % len(_HASH_WORDS)],
                round(place * step_s, 3),
                round((place + 0.8) * step_s, 3),
                round(0.9 + byte / 2560, 3),
                place // 4,
            )
            for place, byte in enumerate(digest)
        ),
        duration_s,
    )


def plain(word: str) -> str:
    """Letters and digits of a word, without case and accents."""
    return re.sub(r"\W", "", unicodedata.normalize("NFKD", word.casefold()))


def with_errors(heard: Heard, rate: float, seed: Sequence[object], *, sure: Collection[str] = ()) -> Heard:
    """The words with errors (6 of 10 substituted, 2 left out, 2 put in) at `rate` a word.

    `seed` decides alone, so that the same question gets the same answer. The plain forms in `sure` (keyterms) are
    never wrong.
    """
    digest = hashlib.blake2b("\0".join(map(str, seed)).encode(), digest_size=16).digest()
    chance = random.Random(digest)
    words: list[SpokenWord] = []
    for word in heard.words:
        right = replace(word, confidence=round(chance.uniform(0.9, 0.99), 3))
        roll, kind = chance.random(), chance.random()
        other, doubt = chance.choice(_WRONG_WORDS), round(chance.uniform(0.4, 0.8), 3)
        if roll >= rate or plain(word.text) in sure:
            words.append(right)
        elif kind < 0.6:
            words.append(replace(word, text=_confused(word.text, other, chance), confidence=doubt))
        elif kind >= 0.8:
            middle_s = round((word.start_s + word.end_s) / 2, 3)
            words.append(replace(right, end_s=middle_s))
            words.append(replace(word, text=other, start_s=middle_s, confidence=doubt))
    return replace(heard, words=tuple(words))


def _confused(text: str, other: str, chance: random.Random) -> str:
    known = _CONFUSIONS.get(plain(text))
    wrong = chance.choice(known) if known else other
    if plain(wrong) == plain(text):
        wrong = "nada" if plain(text) != "nada" else "tudo"
    tail = re.search(r"\W*$", text)
    return (wrong.capitalize() if text[:1].isupper() else wrong) + (tail.group() if tail else "")


def repeated(heard: Heard) -> Heard:
    """Every word said twice, as a recogniser in a loop does."""
    words = []
    for word in heard.words:
        middle_s = round((word.start_s + word.end_s) / 2, 3)
        words += [replace(word, end_s=middle_s), replace(word, start_s=middle_s)]
    return replace(heard, words=tuple(words))
