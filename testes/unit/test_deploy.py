"""What `deploy/` says to systemd, Docker, Prometheus and Grafana is taken by their own tools and true of the server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from balto_cli.server.limits import Limits
from balto_cli.settings import Settings, variables
from testes.tools import require_tool

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = ("balto.service", "balto-backup.service", "balto-backup.timer")
NAMES = set(variables().values())


def run(*command: str | Path, **options: Any) -> str:
    """All that a tool said. Fails where it ended with an error."""
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    return said


def unit(name: str) -> dict[str, list[str]]:
    """What a unit sets, by name."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / name).read_text("utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_systemd_takes_the_units_and_calls_them_safe(tmp_path: Path) -> None:
    tool = require_tool("systemd-analyze")
    for name in UNITS:
        text = (DEPLOY / name).read_text("utf-8")
        # Verifying looks for the program, which is only where Balto is installed.
        (tmp_path / name).write_text(text.replace("/opt/balto/.venv/bin/balto", str(shutil.which("true"))), "utf-8")
    assert run(tool, "verify", "--man=no", *(tmp_path / name for name in UNITS)) == ""
    for name in ("balto.service", "balto-backup.service"):
        # 0 is the safest, 100 is root without any bounds.
        run(tool, "security", "--offline=true", "--threshold=20", tmp_path / name)


def test_the_service_leaves_the_server_its_time_to_stop() -> None:
    found = unit("balto.service")
    assert found["KillMode"] == ["mixed"]
    assert int(found["TimeoutStopSec"][0]) > Limits().stop_s
    assert int(found["LimitNOFILE"][0]) >= 2 * Settings.model_construct().max_sessions
    given = {pair.partition("=")[0] for line in found["Environment"] for pair in line.split()}
    assert "BALTO_DATA" in given
    assert {name for name in given if name.startswith("BALTO_")} <= NAMES


def test_compose_leaves_it_its_time_too_and_believes_its_proxy_alone() -> None:
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    balto = found["services"]["balto"]
    assert int(balto["stop_grace_period"].removesuffix("s")) > Limits().stop_s
    (subnet,) = found["networks"]["interna"]["ipam"]["config"]
    assert balto["environment"]["BALTO_PROXIES"] == subnet["subnet"]
    assert "ports" not in balto, "only the proxy is to be reached from outside"
    assert balto["restart"] == "unless-stopped"
    for service in found["services"].values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert source in found["volumes"] or source == "./backups" or (DEPLOY / source).exists(), volume


def test_the_image_runs_as_nobody_special_and_copies_what_is_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER balto$", text, re.MULTILINE)
    assert "/health" in text
    assert "constraints.txt" in text
    lines = [line.split() for line in text.splitlines() if re.match(r"COPY (?!--from)", line)]
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").split()
    for name in (name for line in lines for name in line[1:-1]):
        assert (DEPLOY.parent / name).exists(), name
        assert f"!{name}" in ignored, name
    used = set(re.findall(r"\bBALTO_[A-Z_]+", text))
    assert used <= NAMES


def test_the_example_of_the_environment_names_what_is_read_and_holds_no_key() -> None:
    lines = (DEPLOY / "balto.env.exemplo").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert given.keys() <= NAMES
    assert not any(value for name, value in given.items() if name.endswith("_API_KEY"))


def test_prometheus_takes_the_rules() -> None:
    tool = require_tool("promtool")
    assert "SUCCESS" in run(tool, "check", "rules", DEPLOY / "alertas.yml")
    run(tool, "check", "config", DEPLOY / "prometheus.yml", cwd=DEPLOY)


def test_an_alert_comes_when_it_should(tmp_path: Path) -> None:
    tool = require_tool("promtool")
    told = {
        "summary": "Há segmentos à espera de transcrição há 5m 0s.",
        "description": "Nenhum provedor responde. O áudio espera em disco por até 24 horas; veja /admin/sistema.",
    }
    case = {
        "rule_files": [str(DEPLOY / "alertas.yml")],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [
                    {"series": 'balto_backlog_age_seconds{job="balto"}', "values": "0x20 300x40"},
                    {"series": 'balto_sessions_refused_total{reason="chave"}', "values": "0+1x60"},
                ],
                "alert_rule_test": [
                    {"eval_time": "5m", "alertname": "BaltoProvedorFora", "exp_alerts": []},
                    {
                        "eval_time": "10m",
                        "alertname": "BaltoProvedorFora",
                        "exp_alerts": [{"exp_labels": {"job": "balto", "severidade": "alta"}, "exp_annotations": told}],
                    },
                    {"eval_time": "10m", "alertname": "BaltoRecusaSessoes", "exp_alerts": []},
                ],
            }
        ],
    }
    (tmp_path / "caso.yml").write_text(yaml.safe_dump(case), "utf-8")
    assert "SUCCESS" in run(tool, "test", "rules", tmp_path / "caso.yml")


def test_the_dashboard_is_whole() -> None:
    board = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_the_proxies_wait_longer_than_the_server_pings(name: str) -> None:
    """nginx ends a silent connection after `proxy_read_timeout`; Caddy never does."""
    text = (DEPLOY / name).read_text("utf-8")
    waits = [int(found) for found in re.findall(r"proxy_read_timeout (\d+)s", text)]
    assert all(wait > 2 * Limits().ping_s for wait in waits)
    assert bool(waits) == (name == "nginx.conf")
