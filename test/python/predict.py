#!/usr/bin/env python3
"""Calls gotensor.text.v1.Text/Predict of a neuron with Python's grpcio.

    GOTENSOR_HOTKEY=<64 hex digits> predict.py --address 127.0.0.1:8091 --pin <64 hex digits> --chain-id gotensor-1 "Once upon a time"

It shows all that a client in another language needs: the certificate key is compared with the pin that the chain lists, and the
caller's key is proven once per connection by a 'fresh' proof (Python cannot read the TLS exporter). Needs grpcio and
grpcio-tools only: hash and signature are written out below. They are plain, slow (milliseconds) and not constant-time.
"""

import argparse
import hashlib
import hmac
import os
import pathlib
import secrets
import ssl
import sys
import tempfile
import time

import grpc
from grpc_tools import protoc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"

# --- keccak256 as Ethereum uses it (the padding differs from SHA-3's) ---

ROTATIONS = [[0, 36, 3, 41, 18], [1, 44, 10, 45, 2], [62, 6, 43, 15, 61], [28, 55, 25, 21, 56], [27, 20, 39, 8, 14]]
MASK = (1 << 64) - 1


def rotate(x, n):
    return ((x << n) | (x >> (64 - n))) & MASK


def permute(a):
    lfsr = 1
    for _ in range(24):
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[x - 1] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
        b = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                b[y][(2 * x + 3 * y) % 5] = rotate(a[x][y] ^ d[x], ROTATIONS[x][y])
        for x in range(5):
            for y in range(5):
                a[x][y] = b[x][y] ^ (~b[(x + 1) % 5][y] & b[(x + 2) % 5][y])
        for j in range(7):
            if lfsr & 1:
                a[0][0] ^= 1 << ((1 << j) - 1)
            lfsr = ((lfsr << 1) ^ ((lfsr >> 7) * 0x171)) & 0xFF
    return a


def keccak256(data):
    rate = 136
    data += b"\x01" + b"\x00" * ((-len(data) - 1) % rate)
    data = data[:-1] + bytes([data[-1] | 0x80])
    a = [[0] * 5 for _ in range(5)]
    for start in range(0, len(data), rate):
        for i in range(rate // 8):
            a[i % 5][i // 5] ^= int.from_bytes(data[start + 8 * i : start + 8 * i + 8], "little")
        a = permute(a)
    return b"".join(a[i][0].to_bytes(8, "little") for i in range(4))


# --- ECDSA on secp256k1: deterministic nonce (RFC 6979), low s ---

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    slope = 3 * p[0] * p[0] * pow(2 * p[1], -1, P) if p == q else (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def multiply(k):
    result, point = None, G
    while k:
        if k & 1:
            result = add(result, point)
        point, k = add(point, point), k >> 1
    return result


def public_key(key):
    x, y = multiply(key)
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


def nonce(key, digest):
    v, k = b"\x01" * 32, b"\x00" * 32
    seed = key.to_bytes(32, "big") + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    for sep in (b"\x00", b"\x01"):
        k = hmac.digest(k, v + sep + seed, hashlib.sha256)
        v = hmac.digest(k, v, hashlib.sha256)
    while True:
        v = hmac.digest(k, v, hashlib.sha256)
        if 0 < int.from_bytes(v, "big") < N:
            return int.from_bytes(v, "big")
        k = hmac.digest(k, v + b"\x00", hashlib.sha256)
        v = hmac.digest(k, v, hashlib.sha256)


def sign(key, tag, message):
    """64 bytes r || s over keccak256 of the tagged message."""
    tag = tag.encode()
    digest = keccak256(b"\x19gotensor message\n" + bytes([len(tag)]) + tag + message)
    k = nonce(key, digest)
    r = multiply(k)[0] % N
    s = pow(k, -1, N) * (int.from_bytes(digest, "big") + r * key) % N
    return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


# --- the server's certificate ---


def der(data, at):
    """Start and end of the content of the element at this offset."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[at + 2 : start], "big")
    return start, start + length


def spki_hash(cert):
    """SHA-256 of the certificate's SubjectPublicKeyInfo, its seventh field."""
    at, _ = der(cert, der(cert, 0)[0])
    for _ in range(6):
        _, at = der(cert, at)
    return hashlib.sha256(cert[at : der(cert, at)[1]]).digest()


def fetch_certificate(address):
    host, port = address.rsplit(":", 1)
    return ssl.get_server_certificate((host.strip("[]"), int(port)), timeout=10)


# --- the call ---


class FreshProof(grpc.AuthMetadataPlugin):
    """A new proof for every call: the server looks at the first one of each connection."""

    def __init__(self, key, chain_id, spki):
        self.key, self.chain_id, self.spki, self.public = key, chain_id.encode(), spki, public_key(key)

    def __call__(self, context, callback):
        dated = int(time.time()).to_bytes(8, "little") + secrets.token_bytes(16)
        message = bytes([len(self.chain_id)]) + self.chain_id + self.spki + dated
        proof = b"\x02" + self.public + dated + sign(self.key, "gotensor/proof/fresh/v1", message)
        callback((("gt-proof-bin", proof),), None)


def load_stubs():
    """Generates the message classes from the repository's own .proto files."""
    out = tempfile.TemporaryDirectory()
    if protoc.main(["", f"-I{PROTO}", f"--python_out={out.name}", str(PROTO / "gotensor/text/v1/text.proto")]) != 0:
        sys.exit("cannot compile text.proto")
    sys.path.insert(0, out.name)
    from gotensor.text.v1 import text_pb2

    out.cleanup()
    return text_pb2


def open_channel(args, key):
    pem = fetch_certificate(args.address)
    spki = spki_hash(ssl.PEM_cert_to_DER_cert(pem))
    if spki.hex() != args.pin:
        sys.exit(f"the neuron's certificate key {spki.hex()} is not the pin {args.pin} that the chain lists")
    creds = grpc.ssl_channel_credentials(root_certificates=pem.encode())
    if not args.no_proof:
        proof = grpc.metadata_call_credentials(FreshProof(key, args.chain_id, spki))
        creds = grpc.composite_channel_credentials(creds, proof)
    options = [("grpc.ssl_target_name_override", "neuron.gotensor"), ("grpc.enable_http_proxy", 0)]
    return grpc.secure_channel(args.address, creds, options=options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", required=True, help="host:port of the neuron's axon")
    parser.add_argument("--pin", required=True, help="hash of its certificate key as the chain lists it, hex")
    parser.add_argument("--chain-id", required=True)
    parser.add_argument("--no-proof", action="store_true", help="leave the proof out, to see the refusal")
    parser.add_argument("contexts", nargs="+")
    args = parser.parse_args()
    key = int(os.environ.get("GOTENSOR_HOTKEY", "0"), 16)
    if not 0 < key < N:
        sys.exit("GOTENSOR_HOTKEY must hold the hotkey's private key, 64 hex digits")

    pb = load_stubs()
    with open_channel(args, key) as channel:
        predict = channel.unary_unary(
            "/gotensor.text.v1.Text/Predict",
            request_serializer=pb.PredictRequest.SerializeToString,
            response_deserializer=pb.PredictResponse.FromString,
        )
        request = pb.PredictRequest(contexts=[c.encode() for c in args.contexts], k_max=16)
        try:
            answer = predict(request, timeout=12)
        except grpc.RpcError as err:
            sys.exit(f"{err.code().name}: {err.details()}")
    for context, p in zip(args.contexts, answer.predictions):
        print(f"{context!r}: {len(p.lengths)} candidates, floor={p.floor:.2f}")


if __name__ == "__main__":
    main()
