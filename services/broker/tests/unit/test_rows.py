from brickwork_broker.core.events import Cancelled, Evidence, Released
from brickwork_broker.core.rows import ENDED_MAX, Rows
from brickwork_broker.core.token import TokenState


def test_the_memory_of_ended_ids_is_bounded_and_forgets_the_oldest() -> None:
    rows = Rows()
    for number in range(ENDED_MAX + 1):
        rows.fold(Cancelled(f"token-{number}"), 0)
    assert len(rows.ended) == ENDED_MAX
    assert "token-0" not in rows.ended


def test_the_end_of_an_unknown_token_changes_no_sum() -> None:
    rows = Rows()
    rows.fold(Released("token-01", Evidence.USERS_GONE), 0)
    assert rows.charged_bytes == 0
    assert rows.ended == {"token-01": TokenState.RELEASED}
