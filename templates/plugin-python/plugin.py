#!/usr/bin/env python3
"""A plug-in for subnets of the mechanism custom: miners split numbers into two primes; validators draw the numbers and know the primes.
It serves both halves. Put your own task in place of SCHEMA, factor, round_ and score."""
import argparse
import json
import math
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NUMBER = {"type": "string", "pattern": "^[0-9]{1,20}$"}
SCHEMA = {"name": "factor", "model": "rho-python", "operations": [{
    "name": "factor", "description": "Splits a product of two primes.",
    "input": {"type": "object", "properties": {"n": NUMBER}, "required": ["n"], "additionalProperties": False},
    "output": {"type": "object", "properties": {"factors": {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}},
               "required": ["factors"]}}]}


def is_prime(n):
    """Miller and Rabin's test; these bases are enough below 2**64."""
    bases = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    if n < 2 or any(n % p == 0 for p in bases):
        return n in bases
    s = ((n - 1) & (1 - n)).bit_length() - 1
    return all(any(pow(a, (n - 1) >> s, n) == 1 or pow(a, (n - 1) >> r, n) == n - 1 for r in range(1, s + 1)) for a in bases)


def factor(message, limit):
    """The miner's half: Pollard's rho. A ValueError is told to the caller."""
    n = int(message["n"])
    if n.bit_length() > limit or n < 9 or n % 2 == 0 or is_prime(n):
        raise ValueError(f"n must be odd, at most {limit} bits long, and no prime")
    for c in range(1, 50):
        x = y = c + 1
        d = 1
        while d == 1:
            x = (x * x + c) % n
            y = (y * y + c) % n
            y = (y * y + c) % n
            d = math.gcd(x - y, n)
        if d != n:
            return {"factors": [str(d), str(n // d)]}
    raise ValueError("n has no two factors that are easy to find")


def round_(message):
    """The validator's first half: numbers of all sizes, and a prime of each as the secret."""
    rng = random.Random(message["seed"])
    requests, secret = [], []
    for bits in range(10, 31, 4):
        primes = []
        while len(primes) < 2:
            p = rng.getrandbits(bits) | 1 << bits - 1 | 1
            if is_prime(p):
                primes.append(p)
        requests.append({"operation": "factor", "input": {"n": str(primes[0] * primes[1])}})
        secret.append(str(primes[0]))
    return {"requests": requests, "secret": secret}


def score(message):
    """The validator's second half. Outputs fit the schema by now. What is right earns the more the larger the number, and the sooner it came."""
    scores = {}
    for a in message["answers"]:
        scores[a["id"]] = sum(len(p) / (1 + r["ms"] / 1000) for p, r in zip(message["secret"], a["replies"])
                              if p in r.get("output", {}).get("factors", []))
    return {"scores": scores}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200 if self.path == "/schema" else 404, SCHEMA)

    def do_POST(self):
        try:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            work = {"/round": round_, "/score": score, "/call/factor": lambda m: factor(m, args.limit)}[self.path]
            self.answer(200, work(message))
        except (ValueError, KeyError) as e:
            self.answer(422, {"error": str(e)})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """What callers ask is not written down."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9000, help="to serve at, on this machine only")
    parser.add_argument("--limit", type=int, default=64, help="bits of the largest number that it tries")
    args = parser.parse_args()
    ThreadingHTTPServer(("127.0.0.1", args.port), Handler).serve_forever()
