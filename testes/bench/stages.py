"""Where a live server's CPU time goes, by stage.

How much CPU each thread takes is the system's own count. What a thread does with it is looked at from outside, many
times a second, by py-spy, of those that hold the interpreter: one that only waits, for the disk or for its turn on the
processor, counts for nothing. A stack belongs to the first stage in `STAGES` that any of its frames is of: writing a
segment is "banco" although a session asked for it, telling an answer is "eventos" although the provider's code calls.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import psutil

RATE_HZ = 200
STAGES = {
    "pipeline": r"balto-ear|balto_cli/pipeline/",
    "banco": r"balto-write|balto-read|balto_cli/store/|sqlalchemy/",
    "spool": r"server/spool\.py",
    "eventos": r"server/events\.py|_send_batch|_send_events|look_after|\b(tell|_put|encode) \(\S*balto_cli/server",
    "sugestão": r"balto-suggest|server/suggest|balto_cli/suggestions/",
    "provedor": r"balto_cli/stt/|server/transcribing\.py|aiohttp/(client|connector|formdata|multipart)|httpx|httpcore",
    "socket": r"aiohttp/(web|_websocket|http_|helpers|streams|base_protocol)|server/(socket|ingest|watching)\.py"
    r"|_read_ready",
}
OTHER = "laço e resto"
_THREAD = re.compile(r"thread \((\d+)\)")


def stage_of(stack: str) -> str:
    """The stage of a collapsed stack."""
    return next((name for name, pattern in STAGES.items() if re.search(pattern, stack)), OTHER)


def shares(collapsed: str, cpu_s: dict[int, float]) -> dict[str, float]:
    """Each stage's part of the CPU, of stacks as `watch` gives them and each thread's CPU time; empty for no stacks."""
    seen: dict[int, Counter[str]] = defaultdict(Counter)
    for line in collapsed.splitlines():
        stack, _, count = line.rpartition(" ")
        if (thread := _THREAD.match(stack)) and count.isdigit():
            seen[int(thread[1])][stage_of(stack)] += int(count)
    total_s = sum(cpu_s.values())
    if not seen or not total_s:
        return {}
    found: dict[str, float] = dict.fromkeys((*STAGES, OTHER), 0.0)
    for thread_id, thread_s in cpu_s.items():
        samples = seen.get(thread_id, Counter({OTHER: 1}))
        for name, count in samples.items():
            found[name] += thread_s / total_s * count / samples.total()
    return found


def watch(pid: int, seconds: float) -> tuple[str, dict[int, float]]:
    """Stacks of a process over so long a time, `thread (id): name;frame;… count` a line, and each thread's CPU in s.

    No stacks where py-spy is missing or may not look.
    """
    program = Path(sys.executable).parent / "py-spy"
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "pilhas.txt"
        command = [str(program), "record", "--pid", str(pid), "--format", "raw", "--output", str(found), "--threads"]
        command += ["--gil", "--full-filenames", "--nonblocking", "--rate", str(RATE_HZ)]
        command += ["--duration", str(round(seconds))]
        before = _cpu_s(pid)
        if program.exists():
            subprocess.run(command, capture_output=True, check=False, timeout=seconds + 60)
        cpu_s = {thread: total - before.get(thread, 0.0) for thread, total in _cpu_s(pid).items()}
        return found.read_text("utf-8") if found.exists() else "", cpu_s


def _cpu_s(pid: int) -> dict[int, float]:
    return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process(pid).threads()}
