"""Recordings for tests: the shipped dialogues, and odd files made from them."""

from __future__ import annotations

import os
import struct
import subprocess
import unicodedata
import wave
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from balto_cli.evaluation.verdicts import counted
from balto_cli.reports.segment_files import WrittenSegments

ENTRADA = Path(__file__).parent / "1_input"
ROTULOS = Path(__file__).parent / "dados" / "balcao"
LIMPO_1 = ENTRADA / "balcao-01_20261103091512.webm"
LIMPO_2 = ENTRADA / "gravacao estudio 08.flac"
FALA = ENTRADA / "balcao-02_20261103094037.wav"


def ffmpeg(*arguments: str | Path, data: bytes | None = None) -> bytes:
    """Run ffmpeg to make a file; return its standard output."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def read_wav(path: Path) -> np.ndarray:
    """Samples of a mono PCM16 WAV."""
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


@cache
def speech(seconds: float = 6.0) -> bytes:
    """A WAV with the first seconds of a shipped dialogue."""
    return wav_bytes(read_wav(FALA)[: round(16_000 * seconds)])


def wav_bytes(samples: np.ndarray, rate: int = 16_000, channels: int = 1) -> bytes:
    """A PCM16 WAV; `samples` interleaved where there are several channels."""
    data = np.asarray(samples, "<i2").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, channels, rate,
                       rate * channels * 2, channels * 2, 16, b"data", len(data))  # fmt: skip
    return head + data


def converted(suffix: str, *options: str, seconds: float = 6.0) -> bytes:
    """The speech in another container, named by its ending."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"audio{suffix}"
        ffmpeg("-f", "wav", "-i", "pipe:0", *options, target, data=speech(seconds))
        return target.read_bytes()


@dataclass(frozen=True)
class OddFile:
    """A file that a person may have in the folder, and what Balto says of it."""

    name: str
    what: str
    make: Callable[[Path], object]
    said: str
    """"" for an ordinary result, "fora da lista", or a part of the one sentence."""
    segments: bool = False
    """Whether speech is found in it."""


def _write(data: Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data())


def _noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(7).integers(-32768, 32767, round(16_000 * seconds), endpoint=True)


def _mp4_without_index() -> bytes:
    whole = converted(".m4a")
    return whole[: whole.rindex(b"moov") - 4]


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("audio.wav", speech())


def _stereo(left: np.ndarray, right: np.ndarray) -> bytes:
    return wav_bytes(np.stack([left, right], axis=1).ravel(), channels=2)


def _video_without_sound(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=black:size=16x16:rate=5:duration=1", path)


def _two_tracks(path: Path) -> None:
    tone = ("-f", "lavfi", "-i", "sine=440:duration=6")
    ffmpeg("-f", "wav", "-i", "pipe:0", *tone, "-map", "0:a", "-map", "1:a", "-c:a", "libopus", path, data=speech())


HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile 'secreto.wav'\n"
SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\nc=IN IP4 127.0.0.1\n"
DASH = b"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>http://127.0.0.1:9/</BaseURL></MPD>"
CUE = b'FILE "secreto.wav" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n'

_TEXTO = "o conteúdo não é áudio: é texto"
_SPEECH_NAMES = (
    ("com espaço e acentuação ção.wav", "nome com espaços e acentos (NFC)"),
    (unicodedata.normalize("NFD", "acentuação decomposta.wav"), "nome com acentos decompostos (NFD)"),
    ("🎤 balcão 💊.wav", "nome com emoji"),
    ("-começa com traço.wav", "nome que começa com traço"),
    ("n" * 196 + ".wav", "nome de 200 caracteres"),
    ("=SOMA(A1).wav", "nome que é uma fórmula"),
    ("aspas'e\"chaves{}$(x)%20.wav", "nome com aspas, chaves, cifrão e porcento"),
    ("http:__exemplo:80.wav", "nome com dois-pontos"),
    ("dobro.wav.wav", "terminação repetida no nome"),
)


def odd_files() -> list[OddFile]:
    """At least forty files, from ordinary containers to hostile ones."""
    odd = [
        OddFile("vazio.wav", "0 byte", _write(bytes), "o arquivo está vazio"),
        OddFile("sem-final", "0 byte, sem terminação", _write(bytes), "o arquivo está vazio"),
        OddFile("so-cabecalho.wav", "WAV sem amostras", _write(lambda: wav_bytes(np.zeros(0))), "nenhuma amostra"),
        OddFile("uma-amostra.wav", "WAV com 1 amostra", _write(lambda: wav_bytes(np.ones(1))), "nenhuma fala"),
        OddFile("silencio.wav", "silêncio digital", _write(lambda: wav_bytes(np.zeros(48_000))), "nenhuma fala"),
        OddFile("ruido.wav", "ruído branco a plena escala", _write(lambda: wav_bytes(_noise(3))), ""),
        OddFile("truncado.wav", "WAV cortado no meio", _write(lambda: speech()[:100_000]), "arquivo truncado", True),
        OddFile("truncado.mp3", "MP3 cortado no meio", _write(lambda: converted(".mp3")[:12_000]), "arquivo truncado", True),
        OddFile("truncado.flac", "FLAC cortado no meio", _write(lambda: converted(".flac")[:50_000]), "arquivo truncado", True),
        OddFile("sem-indice.m4a", "M4A interrompido, sem moov", _write(_mp4_without_index), "gravação incompleta"),
        OddFile("impar.wav", "WAV com número ímpar de bytes", _write(lambda: speech() + b"\x01"), "", True),
        OddFile("lixo.mp3", "bytes ao acaso", _write(lambda: _noise(0.5).astype("<i2").tobytes()), "nenhum formato"),
        OddFile("lixo-apos.ogg", "Ogg com lixo no fim", _write(lambda: converted(".ogg") + bytes(5000)), "", True),
        OddFile("zeros.wav", "só zeros", _write(lambda: bytes(9000)), "nenhum formato"),
        OddFile("texto.mp3", "texto com terminação de áudio", _write(lambda: b"ola mundo\n" * 50), _TEXTO),
        OddFile("pagina.webm", "página HTML salva como áudio", _write(lambda: b"<html><body>404</body></html>"), _TEXTO),
        OddFile("lista.m3u8", "lista HLS que aponta para outro arquivo", _write(lambda: HLS), "fora da lista"),
        OddFile("lista.mp3", "lista HLS disfarçada de MP3", _write(lambda: HLS), _TEXTO),
        OddFile("roteiro.wav", "roteiro ffconcat disfarçado de WAV", _write(lambda: CONCAT), _TEXTO),
        OddFile("sessao.ogg", "SDP disfarçado de Ogg", _write(lambda: SDP), _TEXTO),
        OddFile("manifesto.m4a", "manifesto DASH disfarçado de M4A", _write(lambda: DASH), _TEXTO),
        OddFile("disco.flac", "folha CUE disfarçada de FLAC", _write(lambda: CUE), _TEXTO),
        OddFile("notas.md", "texto", _write(lambda: b"# notas\n"), "fora da lista"),
        OddFile("arquivo.zip", "ZIP com áudio dentro", _zip, "fora da lista"),
        OddFile("zip.wav", "ZIP com terminação de áudio", _zip, "é documento, planilha ou arquivo compactado"),
        OddFile("foto.jpg", "imagem", _write(lambda: b"\xff\xd8\xff\xe0" + bytes(200)), "fora da lista"),
        OddFile("contrato.pdf", "PDF", _write(lambda: b"%PDF-1.7\n" + bytes(200)), "fora da lista"),
        OddFile("banco.db", "banco SQLite", _write(lambda: b"SQLite format 3\x00" + bytes(200)), "fora da lista"),
        OddFile("mudo.mp4", "vídeo sem trilha de áudio", _video_without_sound, "não tem trilha de áudio"),
        OddFile("duas-trilhas.mka", "duas trilhas de áudio", _two_tracks, "só a primeira foi usada", True),
        OddFile("fila.wav", "fila (FIFO)", os.mkfifo, "não é um arquivo comum"),
        OddFile("dispositivo.wav", "atalho para um dispositivo", lambda path: path.symlink_to("/dev/zero"), "não é um arquivo comum"),
        OddFile("atalho-morto.wav", "atalho para o que não existe", lambda path: path.symlink_to("nada"), "não existe ou sumiu"),
        OddFile("circulo.wav", "atalho para si mesmo", lambda path: path.symlink_to(path.name), "atalho aponta para si mesmo"),
        OddFile("esquerdo.wav", "estéreo, direito mudo", lambda path: path.write_bytes(_dead_channel(0)), "só o canal 1", True),
        OddFile("oposto.wav", "estéreo em fase oposta", lambda path: path.write_bytes(_opposite()), "fase oposta", True),
        OddFile("mp3-com-nome-de.wav", "MP3 com terminação .wav", _write(lambda: converted(".mp3")), "", True),
        OddFile("wav-com-nome-de.mp3", "WAV com terminação .mp3", _write(speech), "", True),
        OddFile("sem-terminacao", "WAV sem terminação", _write(speech), "", True),
        OddFile("estranho.xyz", "WAV com terminação desconhecida", _write(speech), "", True),
        OddFile("capa.mp3", "MP3 com imagem de capa quebrada", lambda path: path.write_bytes(_with_cover()), "segmento", True),
        OddFile("8khz.wav", "WAV mu-law de 8 kHz", _write(lambda: converted(".wav", "-ar", "8000", "-c:a", "pcm_mulaw")), "", True),
        OddFile("96khz.wav", "WAV 24 bits de 96 kHz", _write(lambda: converted(".wav", "-ar", "96000", "-c:a", "pcm_s24le")), "", True),
        OddFile("float.wav", "WAV de ponto flutuante", _write(lambda: converted(".wav", "-c:a", "pcm_f32le")), "", True),
        OddFile("seis-canais.wav", "WAV 5.1", _write(lambda: converted(".wav", "-af", "pan=5.1|FC=c0")), "só o canal 3", True),
        OddFile("celular.amr", "AMR", _write(lambda: converted(".amr", "-ar", "8000", "-c:a", "libopencore_amrnb")), "", True),
        OddFile("celular.3gp", "3GP", _write(lambda: converted(".3gp", "-ar", "8000", "-c:a", "libopencore_amrnb")), "", True),
        OddFile("windows.wma", "WMA", _write(lambda: converted(".wma")), "", True),
        OddFile("mac.caf", "CAF", _write(lambda: converted(".caf", "-c:a", "alac")), "", True),
        OddFile("mac.aiff", "AIFF", _write(lambda: converted(".aiff")), "", True),
        OddFile("cru.aac", "AAC em ADTS", _write(lambda: converted(".aac")), "", True),
        OddFile("filme.avi", "AVI", _write(lambda: converted(".avi", "-c:a", "pcm_s16le")), "", True),
        OddFile("tv.ts", "MPEG-TS", _write(lambda: converted(".ts", "-c:a", "aac")), "", True),
    ]  # fmt: skip
    return odd + [OddFile(name, what, _write(speech), "", True) for name, what in _SPEECH_NAMES]


def _dead_channel(alive: int) -> bytes:
    voice = np.frombuffer(speech()[44:], "<i2")
    silence = np.zeros_like(voice)
    return _stereo(voice, silence) if alive == 0 else _stereo(silence, voice)


def _opposite() -> bytes:
    voice = np.frombuffer(speech()[44:], "<i2")
    return _stereo(voice, -np.maximum(voice, -32767))


def _with_cover() -> bytes:
    """An ID3 tag with a picture of 200 kB, more than a look at the file's head sees, then MP3."""
    picture = b"\x00image/jpeg\x00\x03\x00" + b"\xff\xd8\xff\xe0" + bytes(200_000)
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\x00\x00" + picture
    size = len(frame)
    synchsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + synchsafe + frame + converted(".mp3", "-id3v2_version", "0")


def said_of_each(written: WrittenSegments, inputs: set[str]) -> dict[str, str]:
    """What Balto said of each odd file: segments, the sentence, or that it was passed over."""
    said = {odd.name: "" if odd.name in inputs else "fora da lista" for odd in odd_files()}
    counts = dict.fromkeys(said, 0)
    for row in written.rows:
        counts[row[0]] += 1
    for name, count in counts.items():
        said[name] = counted(count, "segmento") if count else said[name]
    for name, sentence in (*written.failed, *written.remarks):
        if name in said:
            said[name] = "; ".join(filter(None, (said[name], sentence)))
    return said
