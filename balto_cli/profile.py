"""A counter's own settings: a TOML file with parameters of the pipeline, or the name of a built-in profile.

Every parameter of `PipelineConfig` may stand in the file, at its top level, by its own name; what is not there keeps
its default. What is wrong is refused with the file and the line.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from pathlib import Path
from typing import Any

from balto_cli.errors import UsageError
from balto_cli.files import os_reason
from balto_cli.pipeline.config import PipelineConfig

LEVE = "leve"
"""The built-in profile for a machine too small for the net; a file of this name is `./leve`."""

_MAX_BYTES = 64 * 1024
"""A profile has some twenty lines; a recording given by mistake is not read into memory."""
_TOML_PLACE = re.compile(r"at line (\d+), column (\d+)")
_NAMED = re.compile(r"`(\w+)`")


def load_profile(choice: str) -> PipelineConfig:
    """The settings that `choice` stands for: `leve`, or the path of a TOML file.

    Raises `UsageError` with file and line for what cannot be read, is no parameter or has a value that makes no sense.
    """
    return PipelineConfig.leve() if choice == LEVE else parse_profile(_read(Path(choice)), choice)


def parse_profile(text: str, name: str) -> PipelineConfig:
    """The settings in the text of a profile; `name` is what messages call it.

    With `detector = "leve"` the defaults are those of the profile `leve`, whose thresholds are other ones. Raises
    `UsageError` as `load_profile` does.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_syntax_error(str(error), text, name)) from None
    known = [field.name for field in dataclasses.fields(PipelineConfig)]
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"será `{near[0]}`?" if near else f"os parâmetros são {', '.join(known)}."
            raise UsageError(f"{name}, linha {_line(text, key)}: `{key}` não é um parâmetro; {hint}")
    base = PipelineConfig.leve() if values.get("detector") == LEVE else PipelineConfig()
    try:
        return dataclasses.replace(base, **{key: _as_in(base, key, value) for key, value in values.items()})
    except UsageError as error:
        at_fault = [key for key in _NAMED.findall(str(error)) if key in values]
        lines = " e ".join(str(_line(text, key)) for key in dict.fromkeys(at_fault))
        raise UsageError(f"{name}, linha {lines}: {error}") from None


def _as_in(base: PipelineConfig, key: str, value: Any) -> Any:
    """20 as 20.0 where seconds are meant: equal settings must have equal manifests."""
    return float(value) if type(value) is int and isinstance(getattr(base, key), float) else value


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise UsageError(f"Não encontrei o perfil {path}: dê o caminho de um arquivo TOML, ou {LEVE}.")
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path} é grande demais para um perfil: dê o caminho de um arquivo TOML, ou {LEVE}.")
        # Notepad puts a byte order mark before UTF-8, which TOML does not know.
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"O perfil {path} não é texto UTF-8: salve-o como UTF-8.") from None
    except OSError as error:
        raise UsageError(f"Não consegui ler o perfil {path} ({os_reason(error)}).") from None


def _syntax_error(reason: str, text: str, name: str) -> str:
    if place := _TOML_PLACE.search(reason):
        line, where = int(place[1]), f"linha {place[1]}, coluna {place[2]}"
    else:
        line = max(1, len(text.splitlines()))
        where = f"linha {line}"
    content = (text.splitlines() or [""])[line - 1]
    if "overwrite" in reason:
        return f"{name}, {where}: este parâmetro aparece duas vezes."
    if re.search(r"=\s*-?\d+,\d", content):
        return f"{name}, {where}: número com vírgula; em TOML se escreve com ponto, como 0.8."
    return f'{name}, {where}: não é TOML; cada linha é um parâmetro, como close_after_ms = 400 ou detector = "leve".'


def _line(text: str, key: str) -> int:
    """Line of a key at the top level, which tomllib does not tell: `key = …`, quoted, dotted or the name of a table."""
    wanted = re.compile(rf"\s*\[*\s*([\"']?){re.escape(key)}\1\s*[=.\]]")
    return next((number for number, line in enumerate(text.splitlines(), 1) if wanted.match(line)), 1)
