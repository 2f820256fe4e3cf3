"""A broker, its probe and its holders, each started again when it dies; what they really hold."""

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import psutil

from brickwork.broker.v1 import broker_pb2
from tools.soak.broker_process import (
    OPTIONS,
    READY_SECONDS,
    BrokerHome,
    allocators,
    own_bytes,
    stub_of,
)

ROOT = Path(__file__).resolve().parents[2]
CAPACITY_BYTES = 160 * 1024**2
"""Half of what all holders ask for together."""
HOLDERS = ("asr", "llm", "ocr", "training", "notebook")
RESTART_SECONDS = 0.2
SAMPLE_SECONDS = 0.1
CALL_SECONDS = 10.0


class Kept:
    """A process that is started again when it dies, as a supervisor would."""

    def __init__(self, start: "Callable[[], subprocess.Popen[bytes]]") -> None:
        self._start = start
        self._is_over = threading.Event()
        self.process = start()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while True:
            self.process.wait()
            if self._is_over.wait(RESTART_SECONDS):
                return
            self.process = self._start()

    def end(self) -> None:
        """End it for good."""
        self._is_over.set()
        self.process.kill()
        self._thread.join()


class Scene:
    """Everything that a round strikes.

    Attributes:
        home: of the broker.
        broker: kept alive.
        probe: kept alive.
        holders: by their names, kept alive.
        fates: how often each holder has said what, by (holder, fate).
        highest_bytes: the most that all holders really held at once.
        sample_count: how often that was looked at.
    """

    def __init__(self, home: BrokerHome, seed: int) -> None:
        self.home = home
        self.fates: Counter[tuple[str, str]] = Counter()
        self.highest_bytes = 0
        self.sample_count = 0
        self._seed = seed
        self._is_over = threading.Event()
        self._stack = ExitStack()
        self._seen: dict[int, psutil.Process] = {}
        self.probe = self._kept(home.start_probe)
        self.broker = self._kept(home.start)
        self._channel = self._stack.enter_context(grpc.insecure_channel(home.address, OPTIONS))
        self.stub = stub_of(self._channel)
        grpc.channel_ready_future(self._channel).result(READY_SECONDS)
        self.holders = {name: self._kept(self._starter(name)) for name in HOLDERS}
        sampler = threading.Thread(target=self._sample, daemon=True)
        sampler.start()
        self._stack.callback(sampler.join)
        self._stack.callback(self._is_over.set)

    def close(self) -> None:
        """End everything."""
        self._stack.close()

    def token_ids(self, holder: str) -> set[str]:
        """Return what is charged to a holder."""
        return {
            token.token_id
            for token in self._list()
            if token.holder == holder and token.state != broker_pb2.TOKEN_STATE_QUEUED
        }

    def lost(self, holder: str) -> int:
        """Return how many tokens a holder was told to be over while it used them."""
        return self.fates[holder, "lost"]

    def lends(self) -> bool:
        """Tell whether the broker answers, and grants."""
        try:
            capacity = self.stub.GetCapacity(broker_pb2.GetCapacityRequest(), timeout=1.0)
        except grpc.RpcError:
            return False
        return not capacity.recovering and not capacity.closed_because

    def _list(self) -> list[broker_pb2.VramToken]:
        answer = self.stub.ListVramTokens(
            broker_pb2.ListVramTokensRequest(), timeout=CALL_SECONDS, wait_for_ready=True
        )
        return list(answer.tokens)

    def _kept(self, start: "Callable[[], subprocess.Popen[bytes]]") -> Kept:
        kept = Kept(start)
        self._stack.callback(kept.end)
        return kept

    def _starter(self, name: str) -> "Callable[[], subprocess.Popen[bytes]]":
        words = [self.home.address, name, str(self._seed)]
        command = [sys.executable, "-m", "tests.chaos.memory_holder", *words]

        def start() -> "subprocess.Popen[bytes]":
            with (self.home.folder / f"{name}.log").open("ab") as log:
                process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT)
            threading.Thread(target=self._hear, args=(name, process), daemon=True).start()
            return process

        return start

    def _hear(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.fates[name, line.decode().strip()] += 1

    def _sample(self) -> None:
        me = psutil.Process()
        while not self._is_over.wait(SAMPLE_SECONDS):
            # One whose holder was killed is nobody's child, and may still have its memory.
            self._seen |= {one.pid: one for one in allocators(me)}
            self._seen = {pid: one for pid, one in self._seen.items() if one.is_running()}
            first = {pid: own_bytes(one) for pid, one in self._seen.items()}
            second = {pid: own_bytes(one) for pid, one in self._seen.items()}
            # What a process had at both looks it had between them, where all had it at once.
            held_bytes = sum(min(first[pid], second[pid]) for pid in first)
            self.highest_bytes = max(self.highest_bytes, held_bytes)
            self.sample_count += 1


@contextmanager
def scene(seed: int) -> Iterator[Scene]:
    """Run a scene."""
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        home = BrokerHome(Path(folder), CAPACITY_BYTES)
        home.settings["BRICKWORK_BROKER_PROBE"] = home.probe_address
        made = Scene(home, seed)
        try:
            yield made
        finally:
            made.close()


def wait_until(holds: Callable[[], bool], seconds: float) -> float:
    """Return how long it took until something held.

    Raises:
        TimeoutError: it did not within so many seconds.
    """
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise TimeoutError
        time.sleep(0.05)
    return time.monotonic() - began
