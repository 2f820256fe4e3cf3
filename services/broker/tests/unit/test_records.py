import zlib

import pytest

from brickwork_broker.core.events import (
    Cancelled,
    DrainSet,
    DurableEvent,
    EpochsReserved,
    Evidence,
    Granted,
    Quarantined,
    Released,
    Shrunk,
    Suspicion,
    UserGone,
    UsersBound,
)
from brickwork_broker.storage import records
from services.broker.tests.unit.examples import BRICK, ENGINE, REQUEST

BOOT = "0f6b9a52-7d3b-4a52-9d6f-0d6f3f0c9e11"
NEXT_BOOT = "b1a7e1c2-9a44-4f0e-8d15-7a7c5d2e9f00"
EVENTS: list[DurableEvent] = [
    EpochsReserved(1025),
    Granted(REQUEST, 60, 1),
    UsersBound("token-01", (ENGINE, BRICK)),
    Shrunk("token-01", 40),
    UserGone("token-01", ENGINE),
    Quarantined("token-01", Suspicion.EXPIRED),
    Released("token-01", Evidence.USERS_GONE),
    Cancelled("token-02"),
    DrainSet(True, "ana", "maintenance"),
]
WHOLE = records.head(BOOT) + b"".join(records.record(event) for event in EVENTS)


def test_what_was_written_is_read_again() -> None:
    assert records.read(WHOLE, BOOT) == records.Story(EVENTS, len(WHOLE))
    assert records.read(b"", BOOT) == records.Story([], 0)


def test_every_kind_of_durable_event_is_in_these_tests() -> None:
    assert {type(event) for event in EVENTS} == set(DurableEvent.__args__)


def test_a_file_cut_anywhere_loses_only_the_record_that_was_cut() -> None:
    for length in range(len(WHOLE)):
        story = records.read(WHOLE[:length], BOOT)
        assert story.events == EVENTS[: len(story.events)]
        assert story.size_bytes <= length
        # Zeros follow it where space was kept for what comes next.
        assert records.read(WHOLE[:length] + bytes(4096), BOOT) == story


@pytest.mark.parametrize("boot_id", [BOOT, NEXT_BOOT])
def test_a_bit_changed_anywhere_is_never_taken_for_another_story(boot_id: str) -> None:
    for position in range(len(WHOLE)):
        changed = bytearray(WHOLE)
        changed[position] ^= 0x10
        with pytest.raises(records.Damage):
            records.read(bytes(changed), boot_id)


def _with_a_hole(after_events: int) -> bytes:
    """Lose a sector that holds the end of one record and the start of others."""
    start = len(records.head(BOOT)) + sum(len(records.record(e)) for e in EVENTS[:after_events])
    story = WHOLE + b"".join(records.record(event) for event in EVENTS)
    return story[: start + 20] + bytes(512) + story[start + 532 :]


def test_a_loss_of_power_ends_the_story_at_the_first_hole() -> None:
    holed = _with_a_hole(3)
    story = records.read(holed, NEXT_BOOT)
    assert story.events == EVENTS[:3]
    assert story.size_bytes < len(holed)


def test_a_hole_in_what_this_boot_wrote_is_damage() -> None:
    with pytest.raises(records.Damage, match="was changed"):
        records.read(_with_a_hole(3), BOOT)


@pytest.mark.parametrize("text", ["something else\n" * 10, "brickwork-broker-journal-1\n" * 4])
def test_another_file_is_not_taken_for_a_journal(text: str) -> None:
    with pytest.raises(records.Damage, match="was not written by a broker"):
        records.read(text.encode(), BOOT)


@pytest.mark.parametrize(
    "body", [b"no json", b'{"event":"Unheard"}', b'{"event":"Cancelled","age":1}', b"[]"]
)
def test_a_whole_record_without_a_known_event_is_damage(body: bytes) -> None:
    sizes = records.SIZES.pack(len(body), zlib.crc32(body))
    checksum = zlib.crc32(sizes).to_bytes(4, "little")
    with pytest.raises(records.Damage, match="no event that is known"):
        records.read(records.head(BOOT) + sizes + checksum + body, BOOT)
