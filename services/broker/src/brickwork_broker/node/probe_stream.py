"""Put questions to a probe over one stream, and hear the answers on a thread."""

import logging
import threading
from collections.abc import Iterator

import grpc

from brickwork.broker.v1 import probe_pb2 as pb
from brickwork.broker.v1 import probe_pb2_grpc

_log = logging.getLogger(__name__)


class ProbeStream:
    """Hold one stream; it waits for a probe that is away, and is over once it has broken.

    Only the latest question is kept for a probe that does not take them: the others would be
    answered for nobody.

    Attributes:
        is_over: it will never answer again.

    Args:
        stub: of the probe.
    """

    def __init__(self, stub: probe_pb2_grpc.ProbeServiceStub) -> None:
        self.is_over = False
        self._changed = threading.Condition()
        self._question: pb.WatchNodeRequest | None = None
        self._answer: pb.WatchNodeResponse | None = None
        # It has no deadline: what is silent for long is found out by the channel's own questions.
        self._call = stub.WatchNode(self._questions(), wait_for_ready=True)
        threading.Thread(target=self._listen, name="probe-stream", daemon=True).start()

    def ask(
        self, question: pb.WatchNodeRequest, wait_seconds: float
    ) -> pb.WatchNodeResponse | None:
        """Return the answer to this very question, or None if there is none in time."""
        with self._changed:
            self._question = question
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self.is_over or self._is_answered(question), wait_seconds
            )
            return self._answer if self._is_answered(question) else None

    def close(self) -> None:
        """End the stream."""
        self._end()
        self._call.cancel()

    def _is_answered(self, question: pb.WatchNodeRequest) -> bool:
        return self._answer is not None and self._answer.sequence == question.sequence

    def _questions(self) -> Iterator[pb.WatchNodeRequest]:
        sent: pb.WatchNodeRequest | None = None
        while True:
            with self._changed:
                while self._question is sent and not self.is_over:
                    self._changed.wait()
                if self._question is None or self.is_over:
                    return
                sent = self._question
            yield sent

    def _listen(self) -> None:
        try:
            for answer in self._call:
                with self._changed:
                    self._answer = answer
                    self._changed.notify_all()
        except grpc.RpcError as error:
            _log.info("probe_stream_ended", extra={"code": error.code().name})
        finally:
            self._end()

    def _end(self) -> None:
        with self._changed:
            self.is_over = True
            self._changed.notify_all()
