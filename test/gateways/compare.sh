#!/usr/bin/env bash
# Compares gotensor's gateway with others that install from registries, before one paced model server, in turns within one run:
#
#   bench -> paced                        the direct way
#   bench -> gotensor gateway -> miner -> paced
#   bench -> LiteLLM proxy (Python) -> paced
#   bench -> Shepherd Model Gateway (smg, Rust) -> paced
#
# Usage: test/gateways/compare.sh [flags of gotensor bench gateway]
# It makes a localnet, environments for the others and everything else in a temporary folder, which it removes at the end; KEEP=folder
# keeps it and reuses what is installed there. BIN is the folder of gotensor and gotensord (build), RATE and TOKENS are those of the paced
# model (50 a second, 64), FORM is text or json, OTHERS=0 leaves the others out. It prints the processor time and memory of each server at the end.
set -euo pipefail

LITELLM=1.106.2
SMG=1.13.0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$(cd "${BIN:-$root/build}" && pwd)
gt=$bin/gotensor
rate=${RATE:-50} tokens=${TOKENS:-64} others=${OTHERS:-1} as=(--output "${FORM:-text}")

dir=${KEEP:-$(mktemp -d)}
mkdir -p "$dir"
run=$(mktemp -d "$dir/run.XXXX")
declare -A pids=()
stop() {
  for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
  wait || true
  if [[ -z ${KEEP:-} ]]; then rm -rf "$dir"; else rm -rf "$run"; fi
}
trap stop EXIT
die() { echo "$1" >&2; shift; tail -n 20 "$@" >&2 || true; exit 1; }
start() { # NAME COMMAND...: runs it in the background with a log of its own
  local name=$1; shift
  "$@" >"$run/$name.log" 2>&1 &
  pids[$name]=$!
}
await() { # SECONDS WHAT COMMAND...: until the command succeeds
  local left=$(($1 * 5)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    if ((left-- == 0)); then die "$what: not within its time" "$run"/*.log; fi
    sleep 0.2
  done
}
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
urlOf() { awk '/^listening on /{print $3}' "$run/$1.log"; }

# Paced model servers. A miner uses at most 256 slots of one, so there are five; the direct way and the others use the first.
urls=()
for i in 1 2 3 4 5; do
  start "paced$i" "$gt" bench model --rate "$rate" --tokens "$tokens"
  await 10 "paced model" grep -q '^listening' "$run/paced$i.log"
  urls+=(--openai-url "$(urlOf "paced$i")")
done
model=$(urlOf paced1)

# The network: a node, one validator, a small miner, and the miner that is measured.
net=$run/net
export GOTENSOR_NETWORK=$net GOTENSOR_WALLETS=$net/wallets GOTENSOR_PASSWORD_FILE=$net/password
start localnet "$gt" localnet --home "$net" --validators 1 --models ngram-2
await 120 "localnet" grep -q . "$net/logs/miner-1.pid"
start miner "$gt" miner run --wallet paced --home "$run/miner" --policy proven "${urls[@]}"
start gateway "$gt" gateway run --wallet rich --home "$run/gateway" --listen 127.0.0.1:0 --parallel 1100 --queue 2000 --max-age 0 \
  --requests 1000000,0,1000000 --tokens 1000000000,0,1000000000 --concurrent 2000,0,2000
await 60 "gateway" test -s "$run/gateway/gateway.json"
gateway=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["url"])' "$run/gateway/gateway.json")
"$gt" gateway key create --wallet rich --home "$run/gateway" --account rich --name bench --output json |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])' >"$run/key"
served() { curl -fsS -H "Authorization: Bearer $(cat "$run/key")" "$gateway/v1/models" | grep -q '"paced"'; }
await 180 "the miner is on the chain and known to the gateway" served
flags=(--direct "$model/v1,name=direct" --url "$gateway/v1,name=gotensor,key-file=$run/key,model=paced")

if [[ $others == 1 ]]; then
  if [[ ! -x $dir/litellm/bin/litellm ]]; then
    python3 -m venv "$dir/litellm"
    "$dir/litellm/bin/pip" install --quiet --disable-pip-version-check "litellm[proxy]==$LITELLM"
  fi
  if [[ ! -x $dir/smg/bin/smg ]]; then
    python3 -m venv "$dir/smg"
    "$dir/smg/bin/pip" install --quiet --disable-pip-version-check "smg==$SMG"
  fi
  cat >"$run/litellm.yaml" <<YAML
model_list:
  - model_name: paced
    litellm_params: {model: openai/paced, api_base: "$model/v1", api_key: none}
general_settings: {master_key: sk-bench}
YAML
  echo sk-bench >"$run/litellm.key"
  litellm=$(port) smg=$(port) metrics=$(port)
  start litellm env LITELLM_LOG=ERROR LITELLM_LOCAL_MODEL_COST_MAP=True NO_PROXY='*' "$dir/litellm/bin/litellm" --config "$run/litellm.yaml" \
    --host 127.0.0.1 --port "$litellm" --num_workers "$(nproc)" --telemetry False
  start smg "$dir/smg/bin/smg" launch --host 127.0.0.1 --port "$smg" --prometheus-port "$metrics" --log-level warn --worker-urls "$model"
  await 90 "LiteLLM" curl -fsS "http://127.0.0.1:$litellm/health/liveliness"
  lists() { curl -fsS "http://127.0.0.1:$smg/v1/models" | grep -q '"paced"'; }
  await 30 "smg" lists
  flags+=(--url "http://127.0.0.1:$litellm/v1,name=litellm-$LITELLM,key-file=$run/litellm.key,model=paced"
    --url "http://127.0.0.1:$smg/v1,name=smg-$SMG,model=paced")
fi

echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)" >&2
# Short answers first: many of them, for the percentiles of a single stream.
"$gt" bench gateway "${flags[@]}" --tokens 3 --streams 1 --duration 15s --slice 3s "${as[@]}"
"$gt" bench gateway "${flags[@]}" --tokens "$tokens" "${as[@]}" "$@"
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)" >&2
for name in "${!pids[@]}"; do
  # With the processes that it has started.
  ps -o pid=,ppid=,time=,rss= -A | python3 -c '
import sys
name, root = sys.argv[1], int(sys.argv[2])
rows = {int(r[0]): r for r in (l.split() for l in sys.stdin)}
def below(p):
    while p in rows:
        if p == root: return True
        p = int(rows[p][1])
    return False
cpu = mem = 0
for p, r in rows.items():
    if below(p):
        h, m, s = ([0, 0, 0] + [int(x) for x in r[2].replace("-", ":").split(":")])[-3:]
        cpu, mem = cpu + 3600 * h + 60 * m + s, mem + int(r[3])
print(f"{name}: {cpu} s of processor time since its start, {mem / 1024:.0f} MB", file=sys.stderr)' "$name" "${pids[$name]}"
done
