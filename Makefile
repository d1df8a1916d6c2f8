# As tarefas do projeto; `make` sozinho as lista. Só precisa de Python 3.11 a 3.14 e make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Some images forbid bytecode: then each of the hundreds of processes of a test run would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench bench-live soak docs lock clean

help: ## lista as tarefas
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

demo: $(VENV)/.local ## instala e compara as gravações de testes/1_input com o motor local
	$(BIN)/balto compare testes/1_input

test: $(VENV)/.dev ## roda os testes (sem root nem pacote Debian)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev ## ruff, mypy --strict (linux, win32, darwin) e import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	printf '%s\n' linux win32 darwin | xargs -P 3 -I% $(BIN)/mypy --platform % --cache-dir .mypy_cache/%
	$(BIN)/lint-imports

format: $(VENV)/.dev ## formata o código
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench ## mede a audição contra os pares nos conjuntos de treino (../shared/data)
	$(BIN)/python -m testes.bench

bench-live: $(VENV)/.bench ## mede quantas sessões um núcleo leva, em tempo real (SESSOES=300 SEGUNDOS=60)
	$(BIN)/python -m testes.bench.live $(or $(SESSOES),300) $(or $(SEGUNDOS),60)

soak: $(VENV)/.dev ## uma hora de servidor ao vivo com quedas, mortes e lixo (SEGUNDOS=3600 SESSOES=50)
	$(BIN)/python -m testes.soak $(or $(SEGUNDOS),3600) $(or $(SESSOES),50)

docs: $(VENV)/.dev ## gera de novo as tabelas de docs/
	$(BIN)/python -m testes.tabelas

lock: $(VENV)/.dev ## resolve de novo as versões de constraints.txt (em Python 3.11)
	$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --report $(VENV)/lock.json -e ".[local,dev,bench,oraculos,mic,postgres]" hatchling
	$(BIN)/python -c "import json; print(*sorted({'{name}=={version}'.format(**item['metadata']).lower() for item in json.load(open('$(VENV)/lock.json'))['install'] if item['metadata']['name'] != 'balto'}), sep='\n')" > constraints.txt

clean: ## apaga o ambiente e os caches (nunca as planilhas)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))" || { echo "Balto precisa de Python 3.11 a 3.14; diga qual usar: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.local: $(BIN)/python pyproject.toml constraints.txt
	@echo "Instalando os pacotes do Python em $(VENV): leva alguns minutos, sem mais linhas até o fim."
	$(PIP_INSTALL) -e ".[local]"
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(PIP_INSTALL) -e ".[bench]"
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	@echo "Instalando os pacotes do Python em $(VENV): leva alguns minutos, sem mais linhas até o fim."
	$(PIP_INSTALL) -e ".[local,dev]"
	@touch $@
