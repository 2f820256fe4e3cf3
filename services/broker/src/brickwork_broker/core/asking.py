"""Requests that come, wait and leave: what may stand in the queue, and for how long."""

from dataclasses import replace

from brickwork_broker.core import admission
from brickwork_broker.core.amount import in_words
from brickwork_broker.core.commands import Acquire, Reclassify
from brickwork_broker.core.events import Queued, Reclassified, Refusal
from brickwork_broker.core.register import SILENCE_MS, Register
from brickwork_broker.core.request import TokenRequest
from brickwork_broker.core.token import TokenState, Waiter


def acquire(register: Register, command: Acquire) -> None:
    """Let a request into the queue, or tell again how it stands."""
    request = command.request
    token_id = request.token_id
    fault = admission.find_fault(request, command.wait_ms)
    if fault is not None:
        register.refuse(token_id, Refusal.REQUEST_INVALID, fault.message, fault.field)
        return
    row = register.find(token_id)
    if row is None:
        _enqueue(register, command)
    elif isinstance(row, TokenState):
        register.refuse(token_id, Refusal.STALE, f"This token id is {row.value} already.")
    elif row.request.process != request.process:
        message = "Another process uses this token id."
        register.refuse(token_id, Refusal.REQUEST_INVALID, message, "token_id")
    elif isinstance(row, Waiter):
        _listen(register, row, command.wait_ms)
    elif not row.is_alive:
        register.refuse(token_id, Refusal.STALE, f"The token is {row.state.value}.")


def abandon(register: Register, token_id: str) -> None:
    """Note that nobody listens for a request any more: its place is kept for a little while."""
    waiter = register.queue.find(token_id)
    if waiter is not None:
        left_ms = register.now_ms - 1
        register.queue.put(replace(waiter, listens_until_ms=left_ms))
        register.due_by(left_ms + SILENCE_MS)


def reclassify(register: Register, command: Reclassify) -> None:
    """Move a request to another class, from which its place follows."""
    waiter = register.queue.find(command.token_id)
    if waiter is None:
        refusal = Refusal.UNKNOWN if register.find(command.token_id) is None else Refusal.STALE
        register.refuse(command.token_id, refusal, "No request of this id waits.")
        return
    register.queue.put(replace(waiter, work_class=command.work_class))
    register.has_moved = True
    by = command.authority
    register.say(Reclassified(command.token_id, command.work_class, by.operator, by.reason))


def leaves_at_ms(waiter: Waiter) -> int:
    """Return when a request leaves the queue, unless its caller asks again."""
    silent_ms = waiter.listens_until_ms + SILENCE_MS
    gives_up_ms = waiter.gives_up_at_ms
    return silent_ms if gives_up_ms is None else min(silent_ms, gives_up_ms)


def _enqueue(register: Register, command: Acquire) -> None:
    request = command.request
    hindrance = _find_hindrance(register, request)
    if hindrance is not None:
        register.refuse(request.token_id, *hindrance)
        return
    register.say(Queued(request.token_id))
    order = register.queue.next_order()
    waiter = Waiter(request, request.work_class, register.now_ms, order, register.now_ms)
    _listen(register, waiter, command.wait_ms)


def _find_hindrance(register: Register, request: TokenRequest) -> tuple[Refusal, str] | None:
    """Return why a sensible request cannot even wait."""
    limits, queue = register.limits, register.queue
    if request.guaranteed_bytes > limits.capacity_bytes:
        return Refusal.CAN_NEVER_FIT, (
            f"{request.holder} {request.purpose} needs {in_words(request.guaranteed_bytes)},"
            f" and this machine lends {in_words(limits.capacity_bytes)} in all."
        )
    if register.closed_because:
        return Refusal.CLOSED, register.closed_because
    if len(queue) >= limits.queue_max:
        return Refusal.QUEUE_FULL, f"{len(queue)} requests wait for memory already."
    if queue.count_of(request.process) >= limits.queue_max_of_one:
        message = f"This process has {limits.queue_max_of_one} requests waiting already."
        return Refusal.QUEUE_FULL, message
    return None


def _listen(register: Register, waiter: Waiter, wait_ms: int) -> None:
    until_ms = max(waiter.listens_until_ms, register.now_ms + wait_ms)
    waiter = replace(waiter, listens_until_ms=until_ms)
    register.queue.put(waiter)
    register.due_by(leaves_at_ms(waiter))
    register.has_moved = True
