import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brickwork_diarize import voice_print_store
from brickwork_diarize.voice_print import Consent, VoicePrint
from brickwork_diarize.voice_print_store import VoicePrintStore
from brickwork_sdk.audit.chain import check_chain
from brickwork_sdk.audit.segments import records_of
from brickwork_sdk.errors import BrickworkError, NoCapacity, Reason

DAY = timedelta(days=1)
MADE = datetime(2026, 11, 20, tzinfo=UTC)
NAME, PURPOSE = "Ann Example", "minutes of the board"


class Calendar:
    def __init__(self) -> None:
        self.today = MADE

    def __call__(self) -> datetime:
        return self.today


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def store(tmp_path: Path, calendar: Calendar) -> VoicePrintStore:
    return VoicePrintStore(tmp_path, calendar)


def voice_print(number: int = 1, days: int = 30) -> VoicePrint:
    return VoicePrint(
        voice_print_id=f"{number:032x}",
        name=NAME,
        consent=Consent(given_by=NAME, given=MADE, purpose=PURPOSE, expires=MADE + days * DAY),
        model="pyannote-ge2e",
        model_digest="d" * 64,
        vector=(0.6, 0.8),
        speech_ms=9_000,
        enrolled=MADE + timedelta(seconds=number),
    )


def files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "voice-prints").rglob("*") if path.is_file())


def told(folder: Path) -> list[tuple[str, str, str]]:
    return [
        (record.entry.who, record.entry.what, record.entry.why)
        for record in records_of(folder / "audit")
    ]


def refusal(call: Callable[[], object]) -> Reason:
    with pytest.raises(BrickworkError) as caught:
        call()
    return caught.value.reason


def test_what_was_enrolled_is_there_for_every_process_of_its_tenant_alone(
    tmp_path: Path, store: VoicePrintStore, calendar: Calendar
) -> None:
    store.enrol("alpha", voice_print(2))
    store.enrol("alpha", voice_print(1))
    assert VoicePrintStore(tmp_path, calendar).of("alpha") == [voice_print(1), voice_print(2)]
    assert store.of("beta") == store.of("..") == []


@pytest.mark.parametrize("tenant", ["..", ".", "default", "of-x"])
def test_every_name_of_a_tenant_has_a_folder_of_its_own(
    tmp_path: Path, store: VoicePrintStore, tenant: str
) -> None:
    store.enrol(tenant, voice_print())
    (path,) = files(tmp_path)
    assert path.resolve().parent.parent == (tmp_path / "voice-prints").resolve()
    assert store.of(tenant) == [voice_print()]


def test_nobody_but_the_owner_reads_a_voice_print(tmp_path: Path, store: VoicePrintStore) -> None:
    store.enrol("alpha", voice_print())
    (path,) = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_forgotten_is_gone_from_the_disk_and_is_known_to_the_log_by_its_id(
    tmp_path: Path, store: VoicePrintStore
) -> None:
    store.enrol("alpha", voice_print())
    (path,) = files(tmp_path)
    with path.open("rb") as kept:
        store.forget("alpha", voice_print().voice_print_id, "Asked for.")
        assert not any(kept.read()), "the bytes are still there"
    assert files(tmp_path) == []
    assert store.of("alpha") == []
    assert [what for _, what, _ in told(tmp_path)] == [
        "voice_print_enrolled",
        "voice_print_forgotten",
    ]
    written = b"".join(path.read_bytes() for path in (tmp_path / "audit").iterdir())
    assert voice_print().voice_print_id.encode() in written
    for personal in (NAME, PURPOSE, "0.6"):
        assert personal.encode() not in written


@pytest.mark.parametrize("asked", ["", "*", "../x", "f" * 32, f"{1:032x}*"])
def test_only_a_voice_print_of_the_tenant_can_be_forgotten(
    store: VoicePrintStore, asked: str
) -> None:
    store.enrol("alpha", voice_print(1))
    assert refusal(lambda: store.forget("alpha", asked, "why")) is Reason.VOICE_PRINT_UNKNOWN
    own = voice_print(1).voice_print_id
    assert refusal(lambda: store.forget("beta", own, "why")) is Reason.VOICE_PRINT_UNKNOWN
    assert store.of("alpha") == [voice_print(1)]


def test_the_end_of_a_consent_is_the_end_of_its_voice_print_whoever_calls(
    tmp_path: Path, store: VoicePrintStore, calendar: Calendar
) -> None:
    store.enrol("alpha", voice_print(1, days=2))
    store.enrol("alpha", voice_print(2, days=9))
    calendar.today += 2 * DAY
    assert store.of("beta") == []
    assert len(files(tmp_path)) == 1
    assert store.of("alpha") == [voice_print(2, days=9)]
    assert told(tmp_path)[-1] == (
        "tenant:alpha",
        "voice_print_forgotten",
        "Its consent has ended.",
    )
    calendar.today += 7 * DAY
    VoicePrintStore(tmp_path, calendar)
    assert files(tmp_path) == []


def test_what_a_killed_process_left_half_written_is_swept(
    tmp_path: Path, store: VoicePrintStore
) -> None:
    store.enrol("alpha", voice_print())
    (path,) = files(tmp_path)
    path.with_suffix(".new").write_text('{"half":')
    assert store.of("alpha") == [voice_print()]
    assert files(tmp_path) == [path]


def test_a_damaged_voice_print_matches_nothing_and_can_be_forgotten(
    tmp_path: Path, store: VoicePrintStore
) -> None:
    store.enrol("alpha", voice_print(1))
    store.enrol("alpha", voice_print(2))
    files(tmp_path)[0].write_text("{}")
    assert store.of("alpha") == [voice_print(2)]
    store.forget("alpha", voice_print(1).voice_print_id, "Damaged.")
    assert len(files(tmp_path)) == 1


def test_a_tenant_has_a_bounded_number(
    store: VoicePrintStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_print_store, "VOICE_PRINTS_MAX", 2)
    for number in (1, 2):
        store.enrol("alpha", voice_print(number))
    assert refusal(lambda: store.enrol("alpha", voice_print(3))) is Reason.VOICE_PRINTS_FULL
    store.enrol("beta", voice_print(3))


def test_nothing_is_kept_that_the_audit_log_has_no_room_for(
    tmp_path: Path, store: VoicePrintStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.enrol("alpha", voice_print(1))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(NoCapacity) as caught:
            store.enrol("alpha", voice_print(2))
        assert caught.value.reason is Reason.STORAGE_FULL
        own = voice_print(1).voice_print_id
        assert refusal(lambda: store.forget("alpha", own, "why")) is Reason.STORAGE_FULL
    assert store.of("alpha") == [voice_print(1)]


def test_all_records_of_all_processes_are_one_chain(
    tmp_path: Path, store: VoicePrintStore, calendar: Calendar
) -> None:
    replica = VoicePrintStore(tmp_path, calendar)
    for number in range(1, 6):
        (store if number % 2 else replica).enrol("alpha", voice_print(number))
    replica.note_match("alpha", [voice_print(1).voice_print_id], 5)
    chain = check_chain(tmp_path / "audit")
    assert (chain.record_count, chain.damages) == (6, [])
