"""A real llama-server: `python llama_server.py GGUF CONTEXT_TOKENS`, listening on loopback.

It is llama.cpp's own server, as the wheel xllamacpp brings it. The first line of output is its
address; it serves until its input ends.
"""

import os
import sys

import xllamacpp


def main() -> None:
    """Serve one model on one thread."""
    answers = os.fdopen(os.dup(1), "w")
    # What the library says goes to nobody.
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {"toy"}
    params.n_ctx = int(sys.argv[2])
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = False
    # What was computed for one question must not lend the next one its rounding.
    params.cache_prompt = False
    params.port = 0
    params.endpoint_slots = True
    server = xllamacpp.Server(params)
    print(server.listening_address, file=answers, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
