"""What is known of recordings before they are heard: references and details, from texts and tables beside them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from balto_cli.audio.inputs import name_key, printable
from balto_cli.evaluation.headers import CONVERSATION, column_of
from balto_cli.evaluation.reference_table import Table, is_table_name, read_table
from balto_cli.evaluation.references import Reference, find_references, read_reference, reference_of_text
from balto_cli.evaluation.stored_run import FileFacts
from balto_cli.evaluation.verdicts import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from balto_cli.audio.inputs import InputFile
    from balto_cli.evaluation.progress import Progress
    from balto_cli.evaluation.reference_table import TableRow

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Gathered:
    """By the audio's path; a recording of which nothing is known is absent."""

    references: dict[Path, Reference]
    facts: dict[Path, FileFacts]


def gather(files: Iterable[InputFile], progress: Progress, *, whole: Collection[Path] | None = None) -> Gathered:
    """Read the references and tables beside recordings, and say what of them belongs to none, is double or empty.

    `whole` holds the folders (absolute) that were given as such; None: all. Beside a recording that was given by its
    name alone, what belongs to others is nobody's mistake and is not told.
    A `NAME.txt` counts before a table, a table before another one further up or later by name.
    """
    files = tuple(files)
    references = _from_texts([file.path for file in files], whole, progress)
    facts: dict[Path, FileFacts] = {}
    for folder, table in _tables(files):
        if table.problem:
            progress.say(table.problem)
        below = [file.path for file in files if file.path.is_relative_to(folder)]
        _take(table, folder, below, references, facts, progress, tell_orphans=_is_within(folder, whole))
    return Gathered(references, facts)


def _is_within(path: Path, folders: Collection[Path] | None) -> bool:
    return folders is None or any(path.absolute().is_relative_to(folder) for folder in folders)


def _from_texts(paths: Sequence[Path], whole: Collection[Path] | None, progress: Progress) -> dict[Path, Reference]:
    folders = sorted({path.parent for path in paths})
    names = find_references(paths, [entry for folder in folders for entry in folder.iterdir()])
    if orphans := [one.name for one in names.orphans if _is_within(Path(one), whole)]:
        progress.say(f"Referências sem gravação ({len(orphans)}): {_listed(orphans)}.")
    for text, count in Counter(names.of.values()).items():
        if count > 1:
            progress.say(f"{text.name} é a referência de {count} gravações: NOME.EXT.txt serve a uma só.")
    references = {path: read_reference(Path(names.of[path])) for path in paths if path in names.of}
    speakers = sum(reference.speakers_dropped for reference in references.values())
    stamps = sum(reference.timestamps_dropped for reference in references.values())
    if speakers or stamps:
        progress.say(f"Nas referências, ficaram fora: nomes de quem fala {speakers}, marcas de tempo {stamps}.")
    return references


def _tables(files: Sequence[InputFile]) -> list[tuple[Path, Table]]:
    """Tables in the folders of the recordings and in those above, up to the ENTRADA; the nearest ones first."""
    folders: set[Path] = set()
    for file in files:
        parts = PurePath(file.name).parts
        depth = len(parts) if file.path.parts[-len(parts) :] == parts else 1
        folders.update(list(file.path.parents)[:depth])
    found: list[tuple[Path, Table]] = []
    recordings = {file.path for file in files}
    for folder in sorted(folders, key=lambda folder: (-len(folder.parts), folder)):
        named = [path for path in sorted(folder.iterdir()) if is_table_name(path.name) and path not in recordings]
        found += [(folder, table) for path in named if (table := read_table(path))]
    return found


def _take(
    table: Table,
    folder: Path,
    recordings: Sequence[Path],
    references: dict[Path, Reference],
    facts: dict[Path, FileFacts],
    progress: Progress,
    *,
    tell_orphans: bool,
) -> None:
    """Enter a table's rows, and say what is wrong with them."""
    find = _Finder(folder, recordings)
    orphans, double, empty, outvoted = [], [], [], []
    rows_of: dict[Path, TableRow] = {}
    for row in table.rows:
        paths = find.recordings_of(row.file)
        if not paths and tell_orphans:
            orphans.append(row.file)
        for path in paths:
            first = rows_of.setdefault(path, row)
            if first is not row:
                if first.text != row.text:
                    double.append(f"{row.file} (linhas {first.line} e {row.line})")
                continue
            facts[path] = _merged(facts.get(path), row)
            if row.text is None:
                continue
            if not row.text:
                empty.append(row.file)
            elif path in references:
                if references[path].text.split() != row.text.split():
                    outvoted.append(row.file)
            else:
                references[path] = reference_of_text(
                    row.text,
                    name=f"da linha {row.line} de {table.name}",
                    mended=row.mended,
                    alternatives=row.alternatives,
                )
    if not rows_of and all(row.text is None for row in table.rows):
        return  # a list of something else
    other = "outra referência, que é a que vale"
    for nouns, names in (
        (("linha sem gravação", "linhas sem gravação"), orphans),
        (("gravação repetida, vale a primeira linha", "gravações repetidas, vale a primeira linha"), double),
        (("linha sem texto de referência", "linhas sem texto de referência"), empty),
        ((f"gravação que já tem {other}", f"gravações que já têm {other}"), outvoted),
    ):
        if names:
            progress.say(f"{table.name}: {counted(len(names), *nouns)}: {_listed(names)}.")


class _Finder:
    """Finds recordings by what a table calls them: a path below its folder, a name, or a name without its ending."""

    def __init__(self, folder: Path, recordings: Iterable[Path]) -> None:
        self._by_path: dict[str, list[Path]] = defaultdict(list)
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in recordings:
            below = path.relative_to(folder)
            for key in {name_key(below.as_posix()), name_key(below.with_suffix("").as_posix())}:
                self._by_path[key].append(path)
            for key in {name_key(below.name), name_key(below.stem)}:
                self._by_name[key].append(path)

    def recordings_of(self, written: str) -> list[Path]:
        """All recordings that a cell names; none where its name is not enough to tell which."""
        name = name_key(written.replace("\\", "/").removeprefix("./"))
        if found := self._by_path.get(name):
            return found
        found = self._by_name.get(name.rpartition("/")[2], [])
        return found if len({(path.parent, name_key(path.stem)) for path in found}) == 1 else []


def _merged(known: FileFacts | None, row: TableRow) -> FileFacts:
    """Add a row's columns to what a nearer table said, which stays."""
    details = {**row.details, **(known.details if known else {})}
    column = column_of(details, CONVERSATION)
    return FileFacts(unit=details[column] if column else "", details=details)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:_SHOWN])
    return f"{shown} …" if len(names) > _SHOWN else shown
