from dataclasses import replace

from brickwork_broker.core.commands import Acquire, Command, ConfirmGone, Release, Renew
from brickwork_broker.core.forecast import KINDS_MAX, Forecast
from brickwork_broker.core.ledger import Ledger
from brickwork_broker.core.register import CLEARING_MS_MAX
from brickwork_broker.core.request import Process, TokenRequest
from brickwork_broker.core.token import Grant
from services.broker.tests.unit.examples import REQUEST, ledger_of


class Watched:
    """A ledger whose every event a forecast learns from."""

    def __init__(self) -> None:
        self.ledger: Ledger = ledger_of(100, queue_max=32)
        self.forecast = Forecast()
        self.now_ms = 0

    def tell(self, command: Command, after_ms: int = 0) -> None:
        self.now_ms += after_ms
        events = self.ledger.apply(command, self.now_ms)
        self.forecast.note(command, events, self.now_ms)

    def keep(self, request: TokenRequest, kept_ms: int) -> None:
        """Let a token come and go."""
        self.tell(Acquire(request, 30_000))
        self.end(request, kept_ms)

    def end(self, request: TokenRequest, after_ms: int) -> None:
        row = self.ledger.find(request.token_id)
        assert isinstance(row, Grant)
        self.tell(Release(request.token_id, row.epoch), after_ms)

    def expected(self, request: TokenRequest) -> tuple[int, int] | None:
        return self.forecast.expected(self.ledger, request.token_id, self.now_ms)


def request(number: int, size_bytes: int = 100, purpose: str = "model") -> TokenRequest:
    return replace(
        REQUEST,
        token_id=f"token-{number:03}",
        purpose=purpose,
        guaranteed_bytes=size_bytes,
        ceiling_bytes=size_bytes,
        renew_within_ms=30_000,
        process=Process("boot-1", 100 + number, 1),
    )


def test_nothing_is_foretold_before_anything_was_seen() -> None:
    watched = Watched()
    watched.tell(Acquire(request(1), 30_000))
    watched.tell(Acquire(request(2), 30_000))
    assert watched.expected(request(2)) is None


def test_a_wait_is_what_others_like_the_holder_took_less_what_it_has_had() -> None:
    watched = Watched()
    for number in range(11):
        watched.keep(request(number), 10_000 + number * 100)
    watched.tell(Acquire(request(20), 30_000))
    watched.tell(Acquire(request(21), 30_000), 4_000)
    assert watched.expected(request(21)) == (6_100, 6_900)


def test_those_before_it_take_their_time_as_well() -> None:
    watched = Watched()
    for number in range(3):
        watched.keep(request(number), 10_000)
    for number in (20, 21, 22):
        watched.tell(Acquire(request(number), 30_000))
    assert watched.expected(request(21)) == (10_000, 10_000)
    assert watched.expected(request(22)) == (20_000, 20_000)


def test_a_kind_that_was_never_seen_is_taken_for_one_of_its_class() -> None:
    watched = Watched()
    watched.keep(request(1), 7_000)
    watched.tell(Acquire(request(20, purpose="other"), 30_000))
    watched.tell(Acquire(request(21), 30_000))
    assert watched.expected(request(21)) == (7_000, 7_000)


def test_of_too_many_kinds_the_one_that_was_not_seen_for_longest_is_forgotten() -> None:
    watched = Watched()
    watched.keep(request(1, purpose="first"), 9_000)
    for number in range(2, KINDS_MAX + 2):
        watched.keep(request(number, purpose=f"model {number}"), 1_000)
    for number, purpose in ((KINDS_MAX + 2, "first"), (KINDS_MAX + 3, "last")):
        watched.tell(Acquire(request(number, purpose=purpose), 30_000))
    assert watched.expected(request(KINDS_MAX + 3)) == (1_000, 1_000)


def test_what_is_on_its_way_back_comes_within_the_time_that_proof_takes() -> None:
    watched = Watched()
    held = request(1)
    watched.tell(Acquire(held, 30_000))
    engine = Process("boot-1", 999, 1)
    row = watched.ledger.find(held.token_id)
    assert isinstance(row, Grant)
    watched.tell(Renew(held.token_id, row.epoch, (engine,)))
    watched.tell(ConfirmGone(held.process), 1_000)
    watched.tell(Acquire(request(2), 30_000))
    assert watched.expected(request(2)) == (0, CLEARING_MS_MAX)
