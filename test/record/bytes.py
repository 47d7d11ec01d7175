"""Trains small byte-level networks and lets them answer a bank's questions, for `go run ./test/record ask -answers`.

    python bytes.py train --kind gru --text a.txt,a.txt,b.txt --seed 1 --seconds 480 --out gru.npz
    python bytes.py answer --bank bank.gz --net gru.npz --out gru.jsonl
    python bytes.py answer --bank bank.gz --textgenrnn FOLDER --out textgenrnn.jsonl

Needs jax (and h5py for --textgenrnn, the folder of the weights and vocabulary of PyPI's package textgenrnn 2.0.0). One thread. A file that
is named twice in --text is learned twice as often. Kinds: gru (one layer of 448), transformer (four layers of 160, window of 128).
"""

import argparse
import gzip
import heapq
import json
import math
import os
import time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp
import numpy as np

HIDDEN, EMBED = 448, 64  # gru
WIDTH, LAYERS, HEADS, WINDOW = 160, 4, 4, 128  # transformer
LONGEST = 16  # bytes of a candidate


def initial(kind, rng):
    def normal(*shape, scale=None):
        return jnp.asarray(rng.normal(size=shape), jnp.float32) * (shape[0] ** -0.5 if scale is None else scale)

    if kind == "gru":
        return {"e": normal(256, EMBED, scale=0.3), "wx": normal(EMBED, 3 * HIDDEN), "wh": normal(HIDDEN, 3 * HIDDEN),
                "b": jnp.zeros(3 * HIDDEN), "wo": normal(HIDDEN, 256), "bo": jnp.zeros(256)}
    p = {"e": normal(256, WIDTH, scale=0.05), "pos": normal(WINDOW, WIDTH, scale=0.02), "nf": jnp.ones(WIDTH), "wo": normal(WIDTH, 256)}
    for i in range(LAYERS):
        p |= {f"{i}.n1": jnp.ones(WIDTH), f"{i}.qkv": normal(WIDTH, 3 * WIDTH), f"{i}.o": normal(WIDTH, WIDTH) * 0.3,
              f"{i}.n2": jnp.ones(WIDTH), f"{i}.w1": normal(WIDTH, 4 * WIDTH), f"{i}.w2": normal(4 * WIDTH, WIDTH) * 0.3}
    return p


def cell(p, h, a):
    u = h @ p["wh"]
    r, z = jax.nn.sigmoid(a[:, :HIDDEN] + u[:, :HIDDEN]), jax.nn.sigmoid(a[:, HIDDEN:2 * HIDDEN] + u[:, HIDDEN:2 * HIDDEN])
    n = jnp.tanh(a[:, 2 * HIDDEN:] + r * u[:, 2 * HIDDEN:])
    return (1 - z) * n + z * h


def gru(p, x, h):
    def step(h, a):
        h = cell(p, h, a)
        return h, h

    h, states = jax.lax.scan(step, h, (p["e"][x] @ p["wx"] + p["b"]).swapaxes(0, 1))
    return states.swapaxes(0, 1) @ p["wo"] + p["bo"], h


def transformer(p, x):
    batch, n = x.shape
    seen = jnp.tril(jnp.ones((n, n), bool))

    def norm(x, gain):
        return x * gain * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-5)

    def heads(t):
        return t.reshape(batch, n, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

    h = p["e"][x] + p["pos"][:n]
    for i in range(LAYERS):
        q, k, v = map(heads, jnp.split(norm(h, p[f"{i}.n1"]) @ p[f"{i}.qkv"], 3, -1))
        weight = jax.nn.softmax(jnp.where(seen, q @ k.swapaxes(-1, -2) * (WIDTH // HEADS) ** -0.5, -1e9))
        h = h + (weight @ v).transpose(0, 2, 1, 3).reshape(batch, n, WIDTH) @ p[f"{i}.o"]
        h = h + jax.nn.gelu(norm(h, p[f"{i}.n2"]) @ p[f"{i}.w1"]) @ p[f"{i}.w2"]
    return norm(h, p["nf"]) @ p["wo"]


def train(args):
    rng = np.random.default_rng(args.seed)
    text = np.frombuffer(b"".join(open(f, "rb").read() for f in args.text.split(",")), np.uint8).astype(np.int32)
    recurrent = args.kind == "gru"
    batch, span, peak = (24, 64, 4e-3) if recurrent else (12, WINDOW, 2e-3)
    p = initial(args.kind, rng)
    first, second = jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p)

    def loss(p, x, y, h):
        logits, h = gru(p, x, h) if recurrent else (transformer(p, x), h)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[..., None], -1)), h

    @jax.jit
    def step(p, first, second, x, y, h, i, rate):  # Adam
        (value, h), g = jax.value_and_grad(loss, has_aux=True)(p, x, y, h)
        size = jnp.sqrt(sum(jnp.sum(t * t) for t in jax.tree.leaves(g)))
        g = jax.tree.map(lambda t: t * jnp.minimum(1, 1 / (size + 1e-6)), g)
        first = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, first, g)
        second = jax.tree.map(lambda a, b: 0.98 * a + 0.02 * b * b, second, g)
        p = jax.tree.map(lambda w, a, b: w - rate * (a / (1 - 0.9**i)) / (jnp.sqrt(b / (1 - 0.98**i)) + 1e-8), p, first, second)
        return p, first, second, value, h

    end = len(text) - span - 1
    at, h, mean, i, start = rng.integers(0, end, batch), jnp.zeros((batch, HIDDEN)), None, 0, time.process_time()
    while (done := (time.process_time() - start) / args.seconds) < 1:
        i += 1
        window = np.stack([text[q:q + span + 1] for q in at])
        rate = peak * min(1, i / 100) * (1 - done) + 1e-5
        p, first, second, value, h = step(p, first, second, window[:, :-1], window[:, 1:], h, i, rate)
        at = at + span if recurrent else rng.integers(0, end, batch)
        at[at >= end] = rng.integers(0, end, (at >= end).sum())
        mean = float(value) if mean is None else 0.99 * mean + 0.01 * float(value)
        if i % 500 == 0:
            print(f"{100 * done:.0f} %: {mean / math.log(2):.3f} bits a byte", flush=True)
    np.savez(args.out, kind=args.kind, **p)


class Gru:
    """States are the hidden layer."""

    def __init__(self, p):
        self.run = jax.jit(lambda x, h: gru(p, x, h))

    def start(self, contexts):
        logits, h = self.run(np.array([list(c) for c in contexts]), jnp.zeros((len(contexts), HIDDEN)))
        return list(np.asarray(h)), np.asarray(jax.nn.softmax(logits[:, -1]))

    def step(self, states, following):
        logits, h = self.run(np.array(following)[:, None], np.stack(states))
        return list(np.asarray(h)), np.asarray(jax.nn.softmax(logits[:, -1]))


class Window:
    """States are the last bytes."""

    def __init__(self, size, run):
        self.size, self.run = size, run

    def start(self, contexts):
        states = [bytes(c)[-self.size:] for c in contexts]
        return states, self.run(states)

    def step(self, states, following):
        states = [(s + bytes([b]))[-self.size:] for s, b in zip(states, following)]
        return states, self.run(states)


def textgenrnn(folder):
    """Two layers of LSTM over characters, trained on posts of Reddit, with attention over its last 40 places."""
    import h5py
    vocabulary = json.load(open(os.path.join(folder, "textgenrnn_vocab.json")))
    weights = {}
    h5py.File(os.path.join(folder, "textgenrnn_weights.hdf5")).visititems(
        lambda name, o: weights.__setitem__(name.split("/", 1)[1], np.asarray(o)) if hasattr(o, "shape") else None)
    w = {k.removesuffix(":0"): jnp.asarray(v) for k, v in weights.items()}
    code = np.zeros(256, np.int32)
    owner = [-1] * 466
    for c, i in vocabulary.items():
        if len(c) == 1 and ord(c) < 128:
            code[ord(c)], owner[i] = i, ord(c)
    known = np.array([(i, o) for i, o in enumerate(owner[:465]) if o >= 0])

    def lstm(x, name):
        # The weights were saved by the GPU's kernel: each matrix of a gate lies transposed, and there are two biases.
        gates = w[f"{name}/kernel"].shape[1] // 4
        kernel = jnp.concatenate([k.reshape(k.shape[::-1]).T for k in jnp.split(w[f"{name}/kernel"], 4, 1)], 1)
        recurrent = jnp.concatenate([k.T for k in jnp.split(w[f"{name}/recurrent_kernel"], 4, 1)], 1)
        bias = w[f"{name}/bias"].reshape(2, -1).sum(0)

        def step(carry, a):
            h, c = carry
            i, f, g, o = jnp.split(a + h @ recurrent, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zero = jnp.zeros((x.shape[0], gates))
        return jax.lax.scan(step, (zero, zero), (x @ kernel + bias).swapaxes(0, 1))[1].swapaxes(0, 1)

    @jax.jit
    def run(x):
        e = w["embedding/embeddings"][x]
        one = lstm(e, "rnn_1")
        all_ = jnp.concatenate([e, one, lstm(one, "rnn_2")], -1)
        weight = jax.nn.softmax((all_ @ w["attention/attention_W"])[..., 0], -1)
        return jax.nn.softmax((all_ * weight[..., None]).sum(1) @ w["output/kernel"] + w["output/bias"])

    def probabilities(states):
        out = np.zeros((len(states), 256))
        got = np.asarray(run(np.array([code[list(s)] for s in states])))
        out[:, known[:, 1]] = got[:, known[:, 0]]
        return out / out.sum(1, keepdims=True)

    return Window(40, probabilities)


def read_net(args):
    if args.textgenrnn:
        return textgenrnn(args.textgenrnn)
    p = dict(np.load(args.net))
    kind = str(p.pop("kind"))
    p = jax.tree.map(jnp.asarray, p)
    if kind == "gru":
        return Gru(p)
    run = jax.jit(lambda x: jax.nn.softmax(transformer(p, x)[:, -1]))
    return Window(WINDOW, lambda states: np.asarray(run(np.array([list(s) for s in states]))))


def answers(net, contexts, k):
    """The k likeliest strings after each context, best first; the first byte of each is the blank before the next word."""
    states, _ = net.start(contexts)
    states, following = net.step(states, [32] * len(contexts))
    found = [{b" ": [1.0, 0.0]} for _ in contexts]  # text: probability, and that of what is longer by a byte
    queues = [[] for _ in contexts]

    def expand(i, text, p, state, q):
        for b in np.argpartition(-q, k)[:k]:
            heapq.heappush(queues[i], (-p * float(q[b]), text + bytes([b]), state))

    for i in range(len(contexts)):
        expand(i, b" ", 1.0, states[i], following[i])
    for _ in range(k - 1):
        taken = [heapq.heappop(q) for q in queues]
        for i, (p, text, _) in enumerate(taken):
            while len(text) > LONGEST:
                p, text, _ = taken[i] = heapq.heappop(queues[i])
            found[i][text] = [-p, 0.0]
            found[i][text[:-1]][1] -= p
        states, following = net.step([s for _, _, s in taken], [t[-1] for _, t, _ in taken])
        for i, (p, text, _) in enumerate(taken):
            expand(i, text, -p, states[i], following[i])
    for texts in found:
        yield sorted((t, max(0.0, p - longer)) for t, (p, longer) in texts.items())


def answer(args):
    lines = [json.loads(line) for line in gzip.open(args.bank, "rt", encoding="utf8")]
    k = lines[0]["k"]
    contexts = [line["item"]["context"].encode("latin1") for line in lines if "item" in line]
    net = read_net(args)

    def level(p):
        return round(1000 * min(30, -math.log(max(p, 1e-20))))

    with open(args.out, "w", encoding="utf8") as out:
        for first in range(0, len(contexts), 64):
            for i, found in enumerate(answers(net, contexts[first:first + 64], k)):
                json.dump({"item": first + i, "c": [t.decode("latin1") for t, _ in found], "p": [level(p) for _, p in found], "floor": 30000}, out)
                out.write("\n")
            print(min(first + 64, len(contexts)), "of", len(contexts), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    t = commands.add_parser("train")
    t.add_argument("--kind", choices=["gru", "transformer"], required=True)
    t.add_argument("--text", required=True, help="files, separated by commas")
    t.add_argument("--seed", type=int, default=1)
    t.add_argument("--seconds", type=float, default=480, help="of the processor")
    t.add_argument("--out", required=True)
    t.set_defaults(run=train)
    a = commands.add_parser("answer")
    a.add_argument("--bank", required=True)
    a.add_argument("--net")
    a.add_argument("--textgenrnn")
    a.add_argument("--out", required=True)
    a.set_defaults(run=answer)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
