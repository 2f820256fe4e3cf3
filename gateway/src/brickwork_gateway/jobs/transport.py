"""Dramatiq on Valkey: the only module that knows either of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager

import dramatiq
import redis
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.broker import Broker, Consumer, MessageProxy
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name
from dramatiq.errors import BrokerConnectionError, ConnectionClosed
from dramatiq.middleware import AsyncIO, Middleware, Retries
from redis.backoff import NoBackoff
from redis.retry import Retry

from brickwork_gateway.ledger.job import StageName
from brickwork_sdk.caller import WorkClass

_log = logging.getLogger(__name__)
_ACTOR = "run_stage"
_TIMEOUT_SECONDS = 5.0
_HEARTBEAT_TIMEOUT_MS = 5_000
_ALWAYS = 1_000_000
"""Every command looks for dead workers; by default one in a thousand does."""
_IDLE_SECONDS = 1.0
"""How long a worker waits for word of a message before it looks into its queue all the same, which
tells the others that it lives; and how often a thread that waits for one sees whether it stops."""
_ENDING_SECONDS = 0.05
"""The same while the worker stops."""

StageActor = Callable[[str, str, int], Awaitable[None]]


class DramatiqTransport:
    """Sends messages of (job, stage, attempt), one queue for each class of work."""

    def __init__(self, url: str) -> None:
        self._broker = _broker(url)

    def is_reachable(self) -> bool:
        """Tell whether Valkey answers now."""
        try:
            return bool(self._broker.client.ping())
        except redis.RedisError:
            return False

    def send(self, work_class: WorkClass, job_id: str, stage: StageName, attempt: int) -> bool:
        """Send a message; False when Valkey did not take it."""
        message = dramatiq.Message[None](
            queue_name=work_class.value,
            actor_name=_ACTOR,
            args=(job_id, stage.value, attempt),
            kwargs={},
            options={},
        )
        try:
            self._broker.enqueue(message)
            self._broker.client.publish(_channel(work_class.value), b"")
        except (redis.RedisError, BrokerConnectionError):
            _log.warning("message_not_sent", extra={"job": job_id, "stage": stage})
            return False
        return True


def make_worker(
    url: str, work_class: WorkClass, run_stage: StageActor, thread_count: int
) -> dramatiq.Worker:
    """Make the worker of one class, ready to start.

    The stages of one worker share an event loop; a thread only waits for one of them.
    """
    broker = _broker(url)
    actor = dramatiq.actor(
        broker=broker, actor_name=_ACTOR, queue_name=work_class.value, max_retries=0
    )
    actor(run_stage)
    return dramatiq.Worker(
        broker,
        queues={work_class.value},
        worker_threads=thread_count,
        worker_timeout=round(_IDLE_SECONDS * 1000),
    )


def stage_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop on which a started worker runs its stages."""
    thread = get_event_loop_thread()
    assert thread is not None, "the worker has started"
    return thread.loop


class _Broker(RedisBroker):
    """Hears of messages, instead of looking for them again and again.

    Attributes:
        idle_seconds: how long an idle consumer waits for word at most.
    """

    idle_seconds = _IDLE_SECONDS

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 0) -> Consumer:
        """Look for messages as soon as there is word of one; of delayed ones there never is."""
        if queue_name == dq_name(queue_name):
            return super().consume(queue_name, prefetch, timeout)
        with _told_as_dramatiq_knows_it():
            return _Listener(self, queue_name, super().consume(queue_name, prefetch, timeout=0))


class _Listener(Consumer):
    """Waits for word of a message between two looks into its queue."""

    def __init__(self, broker: _Broker, queue_name: str, queue: Consumer) -> None:
        self._broker = broker
        self._queue = queue
        self._news = broker.client.pubsub(ignore_subscribe_messages=True)
        self._news.subscribe(_channel(queue_name))

    def __next__(self) -> MessageProxy | None:
        """Return a message, or None after a while without any."""
        message = next(self._queue)
        if message is None:
            with _told_as_dramatiq_knows_it():
                self._news.get_message(timeout=self._broker.idle_seconds)
        return message

    def ack(self, message: MessageProxy) -> None:
        """Take a message for done."""
        self._queue.ack(message)

    def nack(self, message: MessageProxy) -> None:
        """Take a message for failed."""
        self._queue.nack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Put messages back."""
        self._queue.requeue(messages)

    def close(self) -> None:
        """Listen no more."""
        self._news.close()


class _Ending(Middleware):
    """Lets the consumers of a worker that stops look more often whether they shall end."""

    def before_worker_shutdown(self, broker: Broker, worker: dramatiq.Worker) -> None:
        """Be told that the worker stops."""
        assert isinstance(broker, _Broker)
        broker.idle_seconds = _ENDING_SECONDS


@contextmanager
def _told_as_dramatiq_knows_it() -> Iterator[None]:
    """Raise what makes Dramatiq begin to consume anew after a pause."""
    try:
        yield
    except redis.ConnectionError as error:
        raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]


def _channel(queue_name: str) -> str:
    """Return where word of the messages of a queue is published."""
    return f"brickwork.{queue_name}.news"


def _broker(url: str) -> RedisBroker:
    # None of Dramatiq's usual middleware but these: the ledger owns retries, ages and limits.
    pool = redis.ConnectionPool.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        # The dispatcher and the worker try again by themselves, and say meanwhile what is wrong.
        retry=Retry(NoBackoff(), 0),
    )
    return _Broker(  # type: ignore[no-untyped-call]  # Dramatiq leaves it untyped
        client=redis.Redis(connection_pool=pool),
        middleware=[AsyncIO(), Retries(max_retries=0), _Ending()],
        maintenance_chance=_ALWAYS,
        heartbeat_timeout=_HEARTBEAT_TIMEOUT_MS,
    )
