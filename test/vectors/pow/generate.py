#!/usr/bin/env python3
"""Writes gotensor.json: seals of this network, computed without any of its Go code. Needs Python 3 and nothing else."""
import hashlib
import json
import random

MASK = (1 << 64) - 1
ROTATION = [[0, 36, 3, 41, 18], [1, 44, 10, 45, 2], [62, 6, 43, 15, 61], [28, 55, 25, 21, 56], [27, 20, 39, 8, 14]]


def rol(v, n):
    return ((v << n) | (v >> (64 - n))) & MASK if n else v


def round_constants():
    lfsr = 1
    for _ in range(24):
        c = 0
        for j in range(7):
            if lfsr & 1:
                c ^= 1 << ((1 << j) - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)
        yield c


def permute(a):
    for rc in round_constants():
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[x - 1] ^ rol(c[(x + 1) % 5], 1) for x in range(5)]
        b = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                b[y][(2 * x + 3 * y) % 5] = rol(a[x][y] ^ d[x], ROTATION[x][y])
        a = [[b[x][y] ^ (~b[(x + 1) % 5][y] & MASK & b[(x + 2) % 5][y]) for y in range(5)] for x in range(5)]
        a[0][0] ^= rc
    return a


def keccak256(data):
    """One block is enough: data is shorter than 136 bytes."""
    block = bytearray(136)
    block[: len(data)] = data
    block[len(data)] ^= 0x01
    block[135] ^= 0x80
    a = [[0] * 5 for _ in range(5)]
    for i in range(17):
        a[i % 5][i // 5] = int.from_bytes(block[8 * i : 8 * i + 8], "little")
    a = permute(a)
    return b"".join(a[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def seal(case):
    tag, chain = b"gotensor/pow/v1", case["chain_id"].encode()
    message = bytes([len(tag)]) + tag + bytes([len(chain)]) + chain + case["netuid"].to_bytes(2, "little")
    message += bytes.fromhex(case["block_hash"] + case["hotkey"] + case["coldkey"]) + case["nonce"].to_bytes(8, "little")
    return keccak256(hashlib.sha256(message).digest())


def main():
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    rng = random.Random(20221101)
    cases = []
    # Lengths of the chain id that put the nonce inside a block of SHA-256, across its end, and at its start.
    for chain in ["x", "gotensor-1", "gotensor-local-1", "c" * 21, "c" * 28, "c" * 32, "c" * 37, "c" * 255]:
        for nonce in [0, rng.getrandbits(64), MASK]:
            case = {
                "chain_id": chain,
                "netuid": rng.choice([0, 1, 65535, rng.getrandbits(16)]),
                "block_hash": rng.randbytes(32).hex(),
                "hotkey": rng.randbytes(20).hex(),
                "coldkey": rng.randbytes(20).hex(),
                "nonce": nonce,
            }
            value = seal(case)
            case["seal"] = value.hex()
            # The largest difficulty that the seal meets.
            case["meets"] = str(((1 << 256) - 1) // int.from_bytes(value, "big"))
            cases.append(case)
    with open("gotensor.json", "w") as out:
        json.dump(cases, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
