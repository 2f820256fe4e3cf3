"""The audit log: what is written, what a kill and a full disk leave, and what a look finds."""

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_sdk.audit import AuditLog, Entry
from brickwork_sdk.audit.chain import Chain, check_chain
from brickwork_sdk.audit.head import Head, export_head, heads_folder, read_head
from brickwork_sdk.audit.key import KEY_NAME, load_or_make
from brickwork_sdk.audit.record import record_of
from brickwork_sdk.audit.segments import all_lines, segment_numbers, segment_path
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.testing.disk import files_at_most

STANDING = Entry("broker", "ledger_stands", "")


def entry(number: int) -> Entry:
    return Entry("holder:asr", "token_changed", "It is its turn.", {"token_id": f"token-{number}"})


def written(folder: Path, count: int = 5) -> Path:
    """Write a log of so many records and return its one segment."""
    with AuditLog(folder) as log:
        for number in range(count):
            log.append(entry(number))
    return segment_path(folder, 1)


def damaged(folder: Path, *kept: Head) -> list[int]:
    return [one.sequence for one in check_chain(folder, kept).damages]


def whats(folder: Path) -> list[str]:
    return [record_of(line).entry.what for line in all_lines(folder)]


def test_records_are_numbered_and_say_what_was_given(tmp_path: Path) -> None:
    with AuditLog(tmp_path / "audit") as log:
        assert log.append(entry(0), entry(1)) == range(1, 3)
        assert log.append(entry(2)) == range(3, 4)
    records = [record_of(line) for line in all_lines(tmp_path / "audit")]
    assert [record.sequence for record in records] == [1, 2, 3]
    assert [record.entry for record in records] == [entry(0), entry(1), entry(2)]
    assert damaged(tmp_path / "audit") == []


def test_the_chain_goes_on_over_a_restart(tmp_path: Path) -> None:
    written(tmp_path, 3)
    with AuditLog(tmp_path) as log:
        assert [record.sequence for record in log.tail] == [1, 2, 3]
        assert log.append(entry(3)) == range(4, 5)
    assert damaged(tmp_path) == []


@pytest.mark.parametrize("torn", [b'{"sequence":6,"ti', b"\0" * 40])
def test_a_torn_end_is_cut_off_at_the_start(tmp_path: Path, torn: bytes) -> None:
    path = written(tmp_path)
    with path.open("ab") as file:
        file.write(torn)
    assert damaged(tmp_path) == []
    with AuditLog(tmp_path) as log:
        assert log.append(entry(5)) == range(6, 7)
    assert path.read_bytes().endswith(b"\n")
    assert path.read_bytes().count(b"\n") == check_chain(tmp_path).record_count == 6
    assert damaged(tmp_path) == []


def test_long_logs_lie_in_segments_of_one_chain_each_of_which_says_how_things_stand(
    tmp_path: Path,
) -> None:
    def log() -> AuditLog:
        return AuditLog(tmp_path, lambda: STANDING, segment_bytes_max=1_000)

    with log() as first:
        for number in range(10):
            first.append(entry(number))
    with log() as second:
        assert second.tail[0].entry == STANDING
        second.append(entry(10))
    assert len(segment_numbers(tmp_path)) > 2
    assert whats(tmp_path).count("token_changed") == 11
    assert damaged(tmp_path) == []


def test_a_lost_segment_is_found(tmp_path: Path) -> None:
    with AuditLog(tmp_path, segment_bytes_max=400) as log:
        for number in range(9):
            log.append(entry(number))
    middle = segment_numbers(tmp_path)[1]
    segment_path(tmp_path, middle).unlink()
    assert damaged(tmp_path) == [3]


def test_a_full_disk_stops_nobody_and_what_is_missing_is_counted(tmp_path: Path) -> None:
    with AuditLog(tmp_path, lambda: STANDING) as log:
        log.append(entry(0))
        room_bytes = segment_path(tmp_path, 1).stat().st_size + 100
        with files_at_most(room_bytes):
            assert log.append(entry(1)) == range(0)
            assert log.append(entry(2), entry(3)) == range(0)
            assert log.missing == 3
            assert damaged(tmp_path) == []
        assert log.append(entry(4)) == range(3, 4)
        assert log.missing == 0
    assert whats(tmp_path) == ["token_changed", "records_missing", "token_changed", "ledger_stands"]
    assert check_chain(tmp_path).missing_count == 3
    assert damaged(tmp_path) == []


def test_what_is_missing_is_said_at_the_end_where_nothing_else_came(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    with files_at_most(0):
        log.append(entry(0))
    log.close()
    assert whats(tmp_path) == ["records_missing"]


def test_a_damaged_record_is_named_and_stops_no_writer(tmp_path: Path) -> None:
    path = written(tmp_path, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"nonsense\n", lines[2]]))
    assert damaged(tmp_path) == [2, 2]
    with AuditLog(tmp_path) as log:
        assert log.append(entry(3)) == range(4, 5)
    assert damaged(tmp_path) == [2, 2]


def test_an_empty_folder_is_no_log(tmp_path: Path) -> None:
    for look in (check_chain, export_head):
        with pytest.raises(BrickworkError) as caught:
            look(tmp_path)
        assert caught.value.reason is Reason.AUDIT_LOG_EMPTY


def test_the_key_is_for_its_owner_alone_and_stays_the_same(tmp_path: Path) -> None:
    first, again = load_or_make(tmp_path), load_or_make(tmp_path)
    assert first.private_bytes_raw() == again.private_bytes_raw()
    assert stat.S_IMODE((tmp_path / KEY_NAME).stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / KEY_NAME]


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / KEY_NAME).write_text("no key")
    with pytest.raises(BrickworkError) as caught:
        export_head(tmp_path)
    assert caught.value.reason is Reason.AUDIT_KEY_UNUSABLE


def test_a_head_names_the_last_record_under_a_signature(tmp_path: Path) -> None:
    written(tmp_path)
    path = export_head(tmp_path)
    head = read_head(path)
    assert path.parent == heads_folder(tmp_path)
    assert (head.sequence, head.is_genuine) == (5, True)
    assert not replace(head, sequence=4).is_genuine
    assert not replace(head, signature="zz").is_genuine
    assert check_chain(tmp_path).head_count == 1
    assert damaged(tmp_path) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sequence": "1"}'])
def test_what_is_no_head_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(text)
    with pytest.raises(BrickworkError) as caught:
        read_head(path)
    assert caught.value.reason is Reason.AUDIT_HEAD_UNREADABLE


def test_a_head_whose_signature_is_not_of_it_is_found(tmp_path: Path) -> None:
    written(tmp_path)
    path = export_head(tmp_path)
    parts = json.loads(path.read_text())
    path.write_text(json.dumps({**parts, "time": "1999-01-01T00:00:00+00:00"}))
    assert damaged(tmp_path) == [5]


def test_a_log_that_was_written_anew_does_not_fit_the_head_that_was_kept(tmp_path: Path) -> None:
    written(tmp_path / "log", 5)
    head = read_head(export_head(tmp_path / "log"))
    written(tmp_path / "forged", 7)
    export_head(tmp_path / "forged")
    assert damaged(tmp_path / "forged") == []
    assert damaged(tmp_path / "forged", head) == [5, 7]  # another record, and another key


Forge = Callable[[list[bytes], int, int], list[bytes]]


def change(lines: list[bytes], at: int, by: int) -> list[bytes]:
    """Change one byte of one line."""
    line = bytearray(lines[at])
    where = by % len(line)
    line[where] ^= 1 + by % 255
    return [*lines[:at], bytes(line), *lines[at + 1 :]]


def remove(lines: list[bytes], at: int, by: int) -> list[bytes]:
    return [*lines[:at], *lines[at + 1 :]]


def swap(lines: list[bytes], at: int, by: int) -> list[bytes]:
    other = (at + 1 + by % (len(lines) - 1)) % len(lines)
    lines = list(lines)
    lines[at], lines[other] = lines[other], lines[at]
    return lines


def double(lines: list[bytes], at: int, by: int) -> list[bytes]:
    return [*lines[:at], lines[at], *lines[at:]]


def cut_off(lines: list[bytes], at: int, by: int) -> list[bytes]:
    return lines[:at]


def whole_and_forged(folder: Path, forge: Forge, at: int, by: int) -> Head:
    path = written(folder, 8)
    head_path = export_head(folder)
    head = read_head(head_path)
    head_path.unlink()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(forge(lines, at, by)))
    return head


def look(folder: Path, *kept: Head) -> Chain | None:
    """Look at a log; None where there is nothing left of it."""
    return check_chain(folder, kept) if any(all_lines(folder)) else None


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([change, remove, swap, double, cut_off]),
    st.integers(0, 7),
    st.integers(0, 100_000),
)
def test_whatever_is_done_to_a_log_the_kept_head_shows_it(forge: Forge, at: int, by: int) -> None:
    with TemporaryDirectory() as name:
        head = whole_and_forged(Path(name), forge, at, by)
        found = look(Path(name), head)
        assert found is None or found.damages


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([change, remove, swap, double]), st.integers(0, 6), st.integers(0, 100_000))
def test_whatever_is_done_before_the_last_record_the_chain_shows_it(
    forge: Forge, at: int, by: int
) -> None:
    with TemporaryDirectory() as name:
        whole_and_forged(Path(name), forge, at, by)
        found = look(Path(name))
        assert found is not None
        assert found.damages
