#!/usr/bin/env bash
# Generates the Go code of every .proto under proto/: chain modules with gogoproto into x/*/types, the neurons' protocol with
# grpc-go beside its .proto. Third-party schemas come from the Go modules that own them. Run through `make proto`, which
# puts the pinned protoc and plugins on PATH; the output is committed.
set -euo pipefail
cd "$(dirname "$0")/.."
dir() { go list -m -f '{{.Dir}}' "$1"; }
inc=(-I proto
  -I "$(dir github.com/cosmos/cosmos-sdk)/proto"
  -I "$(dir github.com/cosmos/gogoproto)"
  -I "$(dir github.com/cosmos/cosmos-proto)/proto"
  -I "$(dir github.com/grpc-ecosystem/grpc-gateway)/third_party/googleapis")
read -r -a protoc <<<"${PROTOC:-protoc}"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for m in subnet neuron weights emission producer; do
  "${protoc[@]}" "${inc[@]}" \
    --gocosmos_out="plugins=grpc,Mgoogle/protobuf/any.proto=github.com/cosmos/gogoproto/types/any:$out" \
    --grpc-gateway_out="logtostderr=true,allow_colon_final_segments=true:$out" \
    proto/gotensor/"$m"/v1/*.proto
done
cp -r "$out"/github.com/gotensor/gotensor/x/. x/
for f in $(find proto/gotensor/axon proto/gotensor/text proto/gotensor/custom -name '*.proto' 2>/dev/null | sort); do
  "${protoc[@]}" "${inc[@]}" --go_out=proto --go_opt=paths=source_relative \
    --go-grpc_out=proto --go-grpc_opt=paths=source_relative "$f"
done
