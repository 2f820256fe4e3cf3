"""Dramatiq on Valkey: the only module that knows either of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import dramatiq
import redis
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import AsyncIO, Retries
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
_IDLE_MS = 200
"""How long a worker sleeps at most between two looks into an empty queue."""
_THREAD_IDLE_MS = 1_000
"""How often a thread that waits for a message wakes to see whether its worker stops, and how often
the queue of delayed messages is looked at, where there are none: nothing waits for either."""

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
        worker_timeout=_THREAD_IDLE_MS,
    )


def stage_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop on which a started worker runs its stages."""
    thread = get_event_loop_thread()
    assert thread is not None, "the worker has started"
    return thread.loop


class _Broker(RedisBroker):
    """Looks into the queue more often than Dramatiq lets every idle thread of a worker wake."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = _IDLE_MS) -> Consumer:
        """Look for messages; `timeout` is what the worker's threads wait, and too long here."""
        is_delayed = queue_name == dq_name(queue_name)
        return super().consume(queue_name, prefetch, timeout if is_delayed else _IDLE_MS)


def _broker(url: str) -> RedisBroker:
    # None of Dramatiq's usual middleware but these two: the ledger owns retries, ages and limits.
    pool = redis.ConnectionPool.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        # The dispatcher and the worker try again by themselves, and say meanwhile what is wrong.
        retry=Retry(NoBackoff(), 0),
    )
    return _Broker(  # type: ignore[no-untyped-call]  # Dramatiq leaves it untyped
        client=redis.Redis(connection_pool=pool),
        middleware=[AsyncIO(), Retries(max_retries=0)],
        maintenance_chance=_ALWAYS,
        heartbeat_timeout=_HEARTBEAT_TIMEOUT_MS,
    )
