"""What `brickwork gpu` draws."""

from io import StringIO

from rich.console import Console, RenderableType

from brickwork.broker.v1 import admin_pb2, broker_pb2
from brickwork_cli.memory_board import bar, board, closed, expected, explained, timeline
from brickwork_cli.memory_news import MemoryNews
from brickwork_sdk.durations import to_duration
from brickwork_sdk.testing.memory import explained_wait, full_memory, waiting_token
from brickwork_sdk.vram.view import memory_view, token_view, transition_view, wait_view

FULL = memory_view(full_memory())
NOBODY = {"devices": [], "recovering": False, "closed_because": None, "tokens": []}


def drawn(what: RenderableType) -> str:
    output = StringIO()
    Console(file=output, width=80).print(what)
    return output.getvalue()


def lines(what: RenderableType) -> str:
    """Return what is drawn without its folds."""
    return " ".join(drawn(what).split())


def test_a_board_tells_who_holds_how_much_and_what_is_asked_of_them() -> None:
    said = lines(board(FULL))
    assert "cuda:0 has 14.0 GiB to lend" in said
    assert "14.0 GiB lent, 0 B free, 1.0 GiB in quarantine, 512.0 MiB used without a token" in said
    assert "llm smollm2-1.7b, granted for 13 min 3.0 GiB of 4.0 GiB" in said
    assert "idle for 3 min" in said
    assert "its time is over asked for all but 6.0 GiB within 24 s: asr whisper-small" in said
    assert "charged until its processes are known to be gone" in said


def test_a_board_tells_who_waits_how_long_still_and_because_of_what() -> None:
    said = lines(board(FULL))
    assert "place 1 asr whisper-small, waits for 2.0 GiB, 6 s so far" in said
    assert "Waiting for 2.1 GB to come back from lease python, which gives way." in said
    assert "still: 4 s to 31 s" in said


def test_a_board_fits_a_terminal_and_gives_it_no_orders() -> None:
    said = drawn(board(FULL))
    assert max(map(len, said.splitlines())) <= 80
    assert "[red]en-pt\N{REPLACEMENT CHARACTER}[31m" in said


def test_an_empty_machine_says_so() -> None:
    assert lines(board(NOBODY)) == "Nobody holds memory. Nobody waits."


def test_a_bar_shows_what_is_used_of_what_is_lent_and_what_is_used_beyond() -> None:
    assert bar(24, 0, 0).plain == "·" * 24
    assert bar(24, 5, 10).plain == "█" * 5 + "░" * 5 + "·" * 14
    over = bar(24, 15, 10)
    assert over.plain == "█" * 15 + "·" * 9
    assert next(str(span.style) for span in over.spans if span.start == 10) == "red"
    assert bar(10, 40, 30).plain == "█" * 24
    assert bar(0, 1, 1).plain == "█" * 24


def test_why_nothing_is_granted_is_one_sentence() -> None:
    assert list(closed(FULL)) == []
    assert list(closed(NOBODY | {"closed_because": "Ana repairs it."})) == ["Ana repairs it."]
    assert "after a restart" in next(closed(NOBODY | {"recovering": True}))
    device = FULL["devices"][0] | {"overcommitted": True}
    assert "in use than there may be" in next(closed(NOBODY | {"devices": [device]}))


def test_a_wait_is_an_interval_or_one_number_or_unknown() -> None:
    assert expected({"expected_seconds": 4.2, "expected_at_most_seconds": 31}) == "4 s to 31 s"
    assert expected({"expected_seconds": 4.2, "expected_at_most_seconds": 4.4}) == "about 4 s"
    assert expected({"expected_seconds": None, "expected_at_most_seconds": 9}) == "0 s to 9 s"
    assert "nobody knows" in expected({"expected_seconds": None, "expected_at_most_seconds": None})


def test_an_explanation_names_who_makes_room_and_who_holds() -> None:
    said = lines(explained(wait_view(explained_wait()), token_view(waiting_token())))
    assert "2.0 GiB lease python gives back what it can spare, asked already" in said
    assert "llm smollm2-1.7b, granted for 13 min" in said


def test_a_timeline_tells_the_changes_and_why() -> None:
    change = admin_pb2.Transition(
        sequence=7,
        token_id="asr-77aa0b1c2d3e",
        holder="asr",
        purpose="whisper-small",
        before=broker_pb2.TOKEN_STATE_QUEUED,
        after=broker_pb2.TOKEN_STATE_GRANTED,
        charged_bytes=2 * 1024**3,
        cause="it fits",
        ago=to_duration(75),
    )
    said = lines(timeline([transition_view(change)]))
    assert "75 s asr-77aa0b1c asr whisper-small queued → granted 2.0 GiB it fits" in said
    assert lines(timeline([])) == "Nothing has happened yet."


def test_news_are_lines_and_only_what_has_changed() -> None:
    news = MemoryNews()
    first = list(news.lines(FULL))
    assert len(first) == len(FULL["tokens"])
    older = [token | {"age_seconds": token["age_seconds"] + 1} for token in FULL["tokens"]]
    assert list(news.lines(FULL | {"tokens": older})) == []
    granted = FULL["tokens"][-1] | {"state": "granted", "granted_bytes": 2 * 1024**3}
    changed = list(news.lines(FULL | {"tokens": [*FULL["tokens"][1:-1], granted]}))
    assert changed == [
        "asr-77aa0b1c2d3e asr whisper-small granted 2.0 GiB",
        "llm-01f2e3d4c5b6 is over",
    ]
    stopped = list(news.lines(NOBODY | {"closed_because": "Ana repairs it."}))
    assert stopped[0] == "Ana repairs it."
    assert list(news.lines(NOBODY)) == ["Memory is granted again."]
