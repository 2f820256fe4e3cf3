"""A lease inside the process that uses it, such as a notebook's kernel."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import Busy, EngineFailed, InvalidInput, Reason, error_of
from brickwork_sdk.leases.course import Step
from brickwork_sdk.leases.terms import LeaseTerms
from brickwork_sdk.settings import GpuSettings

END_SECONDS = 15.0
"""How long a wait that is given up may take to leave the queue."""


class NotebookLease:
    """Memory for the block of a `with`, kept by a process of its own.

    Nothing here needs the caller's event loop or attention, and not even its interpreter: a cell
    that is blocked in a library loses no lease. What a block leaves behind stays leased until it
    is freed, or until this process ends: a promise to have freed something is no evidence.

    Attributes:
        granted_bytes: how much may be used now; it falls when some of it is given back.
        device: of what, such as host or cuda:0.
        is_over: whether nothing of it is held any more.
    """

    def __init__(
        self,
        words: dict[str, Any],
        hold_seconds: float,
        on_warning: Callable[[float], object] | None,
        on_shrink: Callable[[int], object] | None,
        on_checkpoint: Callable[[float], object] | None,
    ) -> None:
        self.granted_bytes = 0
        self.device = ""
        self.is_over = False
        self._words = words
        self._hold_seconds = hold_seconds
        self._on_warning = on_warning
        self._on_shrink = on_shrink
        self._on_checkpoint = on_checkpoint
        self._granted: Future[float] = Future()
        self._keeper: subprocess.Popen[str] | None = None
        self._is_left = False
        self._ended_because = ""
        self._said = ""

    @property
    def hold_left_seconds(self) -> float:
        """How long it may still be kept; 0 once that is over, or before it was granted."""
        if not self._granted.done():
            return 0.0
        return max(0.0, self._granted.result() + self._hold_seconds - time.monotonic())

    def __enter__(self) -> Self:
        """Wait for the memory, and say meanwhile why it takes so long.

        Raises:
            BrickworkError: why there is none; see `leases.lease.leased`.
        """
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", "brickwork_sdk.leases.keeper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Control-C is for this process, which decides what ends
        )
        threading.Thread(
            target=self._listen, args=(self._keeper,), name="lease", daemon=True
        ).start()
        self._say({**self._words, "pid": os.getpid()})
        try:
            self._granted.result()
        except BaseException:
            self._leave_queue(self._keeper)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back what the block no longer uses.

        Raises:
            Busy: VRAM_REVOKED, the block was interrupted because others need the memory.
        """
        self._is_left = True
        self._say({"left": True})
        if self._ended_because and isinstance(error, KeyboardInterrupt):
            raise Busy(
                Reason.VRAM_REVOKED, f"The lease was ended for others: {self._ended_because}"
            ) from error

    def _say(self, word: dict[str, Any]) -> None:
        assert self._keeper is not None, "the lease was entered"
        assert self._keeper.stdin is not None, "it has a pipe"
        try:
            self._keeper.stdin.write(json.dumps(word) + "\n")
            self._keeper.stdin.flush()
        except (BrokenPipeError, ValueError):
            return  # It has ended, or its pipe is closed for that reason; its listener tells.

    def _leave_queue(self, keeper: "subprocess.Popen[str]") -> None:
        assert keeper.stdin is not None, "it has a pipe"
        keeper.stdin.close()
        try:
            keeper.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            keeper.kill()  # whom the broker then sees gone

    def _listen(self, keeper: "subprocess.Popen[str]") -> None:
        """Hear the keeper until it ends."""
        with keeper:
            assert keeper.stdout is not None, "it has a pipe"
            for line in keeper.stdout:
                told = json.loads(line)
                self._hear(told.pop("kind"), told)
        if not self._granted.done():
            ended = EngineFailed(Reason.UNEXPECTED, "The process that keeps the lease has ended.")
            self._granted.set_exception(ended)
        elif keeper.returncode < 0:
            _tell(
                "The process that keeps the lease was killed. Nobody else is given its memory "
                "before this process ends, and nobody renews it."
            )
        self.is_over = True

    def _hear(self, kind: str, told: dict[str, Any]) -> None:
        match kind:
            case "wait" if told["cause"] != self._said:
                self._said = told["cause"]
                _tell(self._said)
            case "granted":
                self.granted_bytes, self.device = told["granted_bytes"], told["device"]
                self._granted.set_result(time.monotonic())
            case "resized":
                self.granted_bytes = told["granted_bytes"]
            case "error" if not self._granted.done():
                self._granted.set_exception(error_of(**told))
            case "error":
                _tell(told["message"])
            case "notice":
                self._act(**told)

    def _act(self, step: str, cause: str, seconds: float, keep_bytes: int) -> None:
        """Act on a notice; hooks have threads of their own, so that none delays the next."""
        match Step(step):
            case Step.WARNING:
                _tell(f"{cause} {seconds:.0f} s are left.")
                if self._on_warning is not None:
                    _start(self._on_warning, seconds)
            case Step.OVERTIME:
                _tell(cause)
            case Step.SHRINK:
                _tell(f"Memory is asked back: {cause}")
                if self._on_shrink is not None:
                    _start(self._shrink, self._on_shrink, keep_bytes)
            case Step.CHECKPOINT:
                self._ended_because = cause
                _tell(f"The lease ends in {seconds:.0f} s: {cause}")
                _start(self._checkpoint, seconds)
            case Step.KILL:
                self._ended_because = cause

    def _shrink(self, shrink: Callable[[int], object], keep_bytes: int) -> None:
        shrink(keep_bytes)
        self._say({"kept_bytes": keep_bytes})

    def _checkpoint(self, seconds: float) -> None:
        """Let the user keep what is worth it, then interrupt the block as Control-C does."""
        if self._on_checkpoint is not None:
            self._on_checkpoint(seconds)
        main = threading.main_thread().ident
        if not self._is_left and main is not None:
            # A real signal: `_thread.interrupt_main` does not wake a thread that waits.
            signal.pthread_kill(main, signal.SIGINT)


def lease(
    size: str,
    *,
    hold: str = "60m",
    least: str | None = None,
    wait: str | None = None,
    purpose: str = "notebook",
    work_class: str = WorkClass.NOTEBOOK.value,
    tenant: str = "default",
    broker: str = "",
    on_warning: Callable[[float], object] | None = None,
    on_shrink: Callable[[int], object] | None = None,
    on_checkpoint: Callable[[float], object] | None = None,
) -> NotebookLease:
    """Ask for memory for the block of a `with`; the block begins once it is granted.

    Args:
        size: how much, such as `8GiB`.
        hold: for how long; over that it goes on as long as nobody else waits.
        least: how much is of use still; give it together with `on_shrink`.
        wait: how long to wait for it; None for as long as it takes.
        purpose: what it is for, as others read it.
        work_class: `interactive`, `batch`, `notebook` or `best_effort`.
        tenant: who it is for.
        broker: where the broker serves; empty takes the setting BRICKWORK_GPU_BROKER.
        on_warning: called with the seconds that are left, before the time is over.
        on_shrink: called with the bytes that may be kept; it frees the rest before it returns.
        on_checkpoint: called with the seconds until this process is killed; the block is
            interrupted once it has returned.

    Raises:
        InvalidInput: ARGUMENT_INVALID, SETTING_INVALID; the metadata names the field.
    """
    if work_class not in set(WorkClass):
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            f"A class of work is one of {', '.join(WorkClass)}, and not {work_class!r}.",
            metadata={"field": "work_class"},
        )
    words: dict[str, Any] = {
        **{"size": size, "hold": hold, "least": least, "wait": wait, "purpose": purpose},
        **{"work_class": WorkClass(work_class), "tenant": tenant},
    }
    terms = LeaseTerms.read(**words)
    words["address"] = broker or GpuSettings.load().broker
    return NotebookLease(words, terms.hold_seconds, on_warning, on_shrink, on_checkpoint)


def _start(act: Callable[..., object], *arguments: object) -> None:
    threading.Thread(target=act, args=arguments, name="lease-hook", daemon=True).start()


def _tell(sentence: str) -> None:
    """Tell the person at the notebook, who has no other place to look at."""
    sys.stderr.write(f"lease: {sentence}\n")
    sys.stderr.flush()
