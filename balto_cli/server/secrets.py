"""The administrator's secret: where it comes from, how it is kept, how it is checked.

One that Balto makes has 256 random bits and is kept as its SHA-256. One that a person types (`balto admin reset
--senha`) is kept as argon2id, whose check takes a tenth of a second and 64 MiB: off the event loop, two at a time.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.errors import OutputError
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from balto_cli.settings import Settings
    from balto_cli.store.store import Store

SECRET_FILE = "segredo-admin.txt"
MIN_LENGTH = 12
_MIN_DIFFERENT = 5
_LONGEST = 1_000
_SHA256 = "sha256$"
_COMMON = ("admin", "senha", "secret", "segredo", "password", "balto", "farmacia", "changeme", "qwerty", "123456")


class Overloaded(Exception):  # noqa: N818 - a state of the check, not a fault
    """Too many passwords are being checked at this moment."""


def is_weak(secret: str) -> bool:
    """Whether a secret is too easy for a network: short, monotonous, or a common word with digits about it."""
    core = "".join(character for character in secret.lower() if character.isalpha())
    common = any(core == word * max(1, len(core) // len(word)) for word in _COMMON if word.isalpha())
    return len(secret) < MIN_LENGTH or len(set(secret)) < _MIN_DIFFERENT or common or secret.isdigit()


def new_secret() -> str:
    """43 random characters."""
    return secrets.token_urlsafe(32)


def encode_random(secret: str) -> str:
    """How a secret of Balto's own making is kept."""
    return _SHA256 + _digest(secret)


def encode_typed(password: str) -> str:
    """How a password that a person typed is kept; takes a tenth of a second."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


@dataclass(frozen=True, slots=True)
class AdminSecret:
    """What the administrator's word is held against."""

    encoded: str
    guessable: bool
    """A person chose it: wrong tries are counted."""
    weak: bool = False
    """Good on loopback alone."""


class TypedCheck:
    """Checks passwords that people typed: two at a time, off the event loop, few that wait."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(2)
        self._waiting = 0
        self._nobody: str | None = None

    async def matches(self, encoded: str | None, given: str) -> bool:
        """Whether it is the password; None, an account that is not there, takes as long. Raises `Overloaded`."""
        if len(given) > _LONGEST:
            return False
        if self._waiting >= 8:
            raise Overloaded
        self._waiting += 1
        try:
            async with self._slots:
                if self._nobody is None:
                    self._nobody = await asyncio.to_thread(encode_typed, new_secret())
                good = await asyncio.to_thread(_verify_typed, encoded or self._nobody, given)
        finally:
            self._waiting -= 1
        return good and encoded is not None


class AdminCheck:
    """Checks secrets against the one there is; one that `balto admin reset` changes in the store holds at once."""

    def __init__(self, secret: AdminSecret, store: Store | None = None) -> None:
        """`store` where the secret is the stored one."""
        self.secret = secret
        self._store = store
        self.typed = TypedCheck()
        # So that a script which sends the right password with each call pays for argon2 once.
        self._salt = secrets.token_bytes(32)
        self._known_good: bytes | None = None

    @property
    def fingerprint(self) -> str:
        """Changes when the secret does."""
        return _digest(self.secret.encoded)

    async def refresh(self) -> AdminSecret:
        """The secret as it is at this moment."""
        encoded = await self._store.admin_hash() if self._store else None
        if encoded is not None and encoded != self.secret.encoded:
            self.secret, self._known_good = _stored(encoded), None
        return self.secret

    async def matches(self, given: str) -> bool:
        """Whether it is the secret. Raises `Overloaded` while too many are being checked."""
        if len(given) > _LONGEST:
            return False
        if self.secret.encoded.startswith(_SHA256):
            return hmac.compare_digest(self.secret.encoded, encode_random(given))
        mark = hmac.digest(self._salt, given.encode("utf-8", "surrogatepass"), "sha256")
        if self._known_good and hmac.compare_digest(mark, self._known_good):
            return True
        encoded = self.secret.encoded
        # Another request may learn of a new secret meanwhile: what the old one opened is not known to open that.
        good = await self.typed.matches(encoded, given) and encoded == self.secret.encoded
        if good:
            self._known_good = mark
        return good


async def find_admin(
    store: Store, settings: Settings, folder: Path, now: datetime, show: Callable[[str], None] | None
) -> AdminCheck:
    """What checks the secret of ADMIN_SECRET, else the stored one, else a new one, which is made known once.

    `show` prints a line on a terminal; None where there is none: the secret then goes to a file in `folder` that only
    this user reads. Raises `OutputError` where that cannot be written.
    """
    if settings.admin_secret is not None:
        given = settings.admin_secret.get_secret_value()
        return AdminCheck(AdminSecret(encode_random(given), guessable=True, weak=is_weak(given)))
    encoded = await store.admin_hash()
    if encoded is None:
        secret = new_secret()
        if show:
            show(f"Segredo do administrador (guarde-o, não será mostrado de novo): {secret}")
        else:
            await asyncio.to_thread(write_secret_file, folder / SECRET_FILE, secret)
        encoded = encode_random(secret)
        await store.set_admin_hash(encoded, now, only_first=True)
    return AdminCheck(_stored(encoded), store)


def write_secret_file(path: Path, secret: str) -> None:
    """Write a file that only its owner reads. Raises `OutputError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"Não consegui gravar o segredo do administrador em {path}: {os_reason(error)}.") from None


def _stored(encoded: str) -> AdminSecret:
    return AdminSecret(encoded, guessable=not encoded.startswith(_SHA256))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _verify_typed(encoded: str, given: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return PasswordHasher().verify(encoded, given.encode("utf-8", "surrogatepass"))
    except (Argon2Error, InvalidHashError):
        return False
