"""The protocols of external servers, against a double that is a real server with real memory."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from brickwork_llm import ollama_server, server_engine, server_http
from brickwork_llm.engine import (
    CountRequest,
    FinishReason,
    GenerateRequest,
    Message,
    Pending,
    TextDelta,
    TokenCount,
    Usage,
)
from brickwork_llm.server_engine import ServerEngine, load
from brickwork_llm.server_place import ServerKind, ServerPlace
from brickwork_llm.server_processes import find_server
from brickwork_sdk.errors import BrickworkError, Code, Reason
from brickwork_sdk.processes import ProcessIdentity, identify, private_bytes
from brickwork_sdk.testing.llm_server import LlmServerProcess, llm_server
from brickwork_sdk.testing.llm_toys import BUSY_SECONDS, CONTEXT_TOKEN_COUNT

MODEL_BYTES = 32 * 1024 * 1024
SECONDS = 10.0


@pytest.fixture(scope="module", params=["ollama", "vllm"])
def kind(request: pytest.FixtureRequest) -> ServerKind:
    kind: ServerKind = request.param
    return kind


@pytest.fixture(scope="module")
def server(kind: ServerKind) -> Iterator[LlmServerProcess]:
    with llm_server(kind, MODEL_BYTES) as server:
        yield server


class Named:
    """Remembers the users that were named last."""

    def __init__(self) -> None:
        self.users: tuple[ProcessIdentity, ...] = ()

    def __call__(self, users: Sequence[ProcessIdentity]) -> None:
        self.users = tuple(users)

    def private_bytes(self) -> int:
        return sum(private_bytes(user.pid) for user in self.users)


def at(server: LlmServerProcess, kind: ServerKind, model: str = "toy") -> ServerPlace:
    return ServerPlace(kind, server.address, model)


def opened(place: ServerPlace, named: Named | None = None) -> ServerEngine:
    return load(Path(), place.to_options(), named or Named())


def asked(text: str, count: int = 16) -> GenerateRequest:
    return GenerateRequest((Message("user", text),), max_token_count=count)


def until(holds: Callable[[], bool]) -> None:
    """Look until it is so."""
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def failure(place: ServerPlace) -> BrickworkError:
    """Return what opening the engine, or a call of it, raises."""
    with pytest.raises(BrickworkError) as caught, closing(opened(place)) as engine:
        list(engine.generate(asked("one two")))
    return caught.value


def test_an_answer_comes_in_pieces_and_ends_with_its_counts(
    server: LlmServerProcess, kind: ServerKind
) -> None:
    with closing(opened(at(server, kind))) as engine:
        assert engine.describe().engine == f"{kind} 0.0.0-double"
        endings: list[tuple[int, FinishReason]] = [(16, "stop"), (2, "length")]
        for count, reason in endings:
            events = list(engine.generate(asked("one two three", count)))
            *deltas, usage = [one for one in events if not isinstance(one, Pending)]
            texts = [one.text for one in deltas if isinstance(one, TextDelta)]
            assert texts == ["one ", "two ", "three "][:count]
            assert usage == Usage(3, min(count, 3), reason)


def test_its_processes_are_named_while_they_hold_the_model_and_let_it_go_when_it_is_closed(
    server: LlmServerProcess, kind: ServerKind
) -> None:
    named = Named()
    engine = opened(at(server, kind), named)
    held = named.users
    assert named.private_bytes() >= MODEL_BYTES
    assert engine.describe().users_live_on is (kind == "vllm")
    engine.close()
    if kind == "ollama":
        assert server.pid not in {user.pid for user in held}
        until(lambda: all(identify(user.pid) is None for user in held))
    else:
        assert all(identify(user.pid) == user for user in held)
        until(lambda: named.private_bytes() < MODEL_BYTES)
    with closing(opened(at(server, kind), named)) as engine:
        assert named.private_bytes() >= MODEL_BYTES
        assert len(list(engine.generate(asked("again")))) >= 2


def test_a_caller_that_leaves_stops_the_work_of_the_server(
    server: LlmServerProcess, kind: ServerKind
) -> None:
    def left_count() -> int:
        found: int = httpx2.get(f"{server.address}/double/left").json()["left_count"]
        return found

    before = left_count()
    with closing(opened(at(server, kind, "toy-slow"))) as engine:
        answer = engine.generate(asked("word"))
        while not isinstance(next(answer), TextDelta):
            pass
        answer.close()
        until(lambda: left_count() == before + 1)


def test_calls_run_beside_each_other(server: LlmServerProcess, kind: ServerKind) -> None:
    with closing(opened(at(server, kind))) as engine:
        answers = [engine.generate(asked(f"one {index}")) for index in range(3)]
        for answer in answers:
            next(answer)
        for index, answer in enumerate(answers):
            rest = list(answer)
            assert isinstance(rest[-1], Usage), index


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("toy-large", Reason.SERVER_OUT_OF_MEMORY),
        ("toy-nonsense", Reason.SERVER_ANSWER_INVALID),
        ("toy-flood", Reason.SERVER_ANSWER_INVALID),
        ("toy-mute", Reason.SERVER_ANSWER_INVALID),
    ],
)
def test_each_fault_of_the_server_has_its_reason(
    server: LlmServerProcess, kind: ServerKind, model: str, reason: Reason
) -> None:
    assert failure(at(server, kind, model)).reason is reason


def test_a_server_that_has_too_much_to_do_says_when_to_come_again(
    server: LlmServerProcess, kind: ServerKind
) -> None:
    error = failure(at(server, kind, "toy-busy"))
    assert (error.code, error.reason) == (Code.UNAVAILABLE, Reason.SERVER_REFUSED)
    assert (error.metadata["status"], error.retry_after_seconds) == ("429", BUSY_SECONDS)


def test_a_server_that_falls_silent_is_unreachable_after_a_while(
    server: LlmServerProcess, kind: ServerKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_http, "SILENCE_SECONDS_MAX", 0.5)
    error = failure(at(server, kind, "toy-silent"))
    assert error.reason is Reason.SERVER_UNREACHABLE
    assert error.metadata["fault"] == "ReadTimeout"


def test_a_schema_is_handed_on(server: LlmServerProcess, kind: ServerKind) -> None:
    schema = '{"type": "object"}'
    request = GenerateRequest((Message("user", "one"),), schema=schema)
    with closing(opened(at(server, kind))) as engine:
        events = list(engine.generate(request))
    text = "".join(one.text for one in events if isinstance(one, TextDelta))
    assert json.loads(text) == json.loads(schema)


def test_a_server_counts_by_itself_or_says_that_it_cannot(
    server: LlmServerProcess, kind: ServerKind
) -> None:
    asked = CountRequest((Message("user", "one two three"),))
    with closing(opened(at(server, kind))) as engine:
        if kind == "vllm":
            *_, count = engine.count(asked)
            assert count == TokenCount(3, CONTEXT_TOKEN_COUNT)
        else:
            with pytest.raises(BrickworkError) as caught:
                list(engine.count(asked))
            assert caught.value.reason is Reason.MODEL_CANNOT


def test_any_server_with_chat_completions_serves_without_being_represented() -> None:
    with llm_server("vllm", MODEL_BYTES) as server:
        named = Named()
        with closing(opened(at(server, "openai"), named)) as engine:
            *_, usage = engine.generate(asked("one two three"))
            assert usage == Usage(3, 3, "stop")
            *_, count = engine.count(CountRequest((Message("user", "one two"),)))
            assert count == TokenCount(2, CONTEXT_TOKEN_COUNT)
        assert not named.users


def test_a_conversation_beyond_the_context_is_refused_and_not_cut_off(
    server: LlmServerProcess, kind: ServerKind
) -> None:
    with closing(opened(at(server, kind))) as engine, pytest.raises(BrickworkError) as caught:
        list(engine.generate(asked("word " * (CONTEXT_TOKEN_COUNT + 1))))
    assert caught.value.reason is Reason.CONTEXT_EXCEEDED
    counts = {"context_token_count": str(CONTEXT_TOKEN_COUNT)}
    if kind == "vllm":  # Ollama tells no count, and can be asked for none.
        counts["prompt_token_count"] = str(CONTEXT_TOKEN_COUNT + 1)
    assert caught.value.metadata == counts


def test_a_server_that_dies_in_the_middle_of_an_answer_is_unreachable(kind: ServerKind) -> None:
    with llm_server(kind, MODEL_BYTES) as server:
        engine = opened(at(server, kind, "toy-slow"))
        answer = engine.generate(asked("word"))
        while not isinstance(next(answer), TextDelta):
            pass
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(BrickworkError) as caught:
            list(answer)
        assert caught.value.reason in (Reason.SERVER_UNREACHABLE, Reason.SERVER_ANSWER_INVALID)
        engine.close()


def test_a_key_is_sent_and_a_wrong_one_is_refused(kind: ServerKind) -> None:
    with llm_server(kind, MODEL_BYTES, api_key="open sesame") as server:
        options = at(server, kind).to_options()
        with closing(load(Path(), {**options, "server_api_key": "open sesame"}, Named())) as engine:
            assert list(engine.generate(asked("one")))
        error = failure(at(server, kind))
    assert (error.reason, error.metadata["status"]) == (Reason.SERVER_REFUSED, "401")


def test_a_runner_that_the_server_starts_anew_is_named() -> None:
    with llm_server("ollama", MODEL_BYTES) as server:
        named = Named()
        with closing(opened(at(server, "ollama"), named)) as engine:
            first = named.users
            httpx2.post(
                f"{server.address}/api/generate", json={"model": "toy", "keep_alive": 0}
            ).raise_for_status()
            assert list(engine.generate(asked("one")))
            until(lambda: bool(named.users) and named.users != first)
            assert named.private_bytes() >= MODEL_BYTES


def test_a_model_stays_loaded_while_its_engine_lives_however_short_its_keep_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ollama_server, "KEEP_ALIVE_SECONDS", 1)
    monkeypatch.setattr(server_engine, "LOOK_SECONDS", 0.1)
    with llm_server("ollama", MODEL_BYTES) as server:
        named = Named()
        with closing(opened(at(server, "ollama"), named)):
            end = time.monotonic() + 2.0
            until(lambda: time.monotonic() > end)
            [runner] = named.users
            assert identify(runner.pid) == runner


def test_nobody_listening_is_said_to_be_unseen() -> None:
    place = ServerPlace("ollama", "http://127.0.0.1:9", "toy")
    assert failure(place).reason is Reason.SERVER_PROCESSES_UNSEEN


def test_a_control_group_names_a_server_whose_socket_leads_nowhere(tmp_path: Path) -> None:
    with llm_server("vllm", MODEL_BYTES) as server:
        (tmp_path / "inner").mkdir()
        (tmp_path / "inner" / "cgroup.procs").write_text(f"0\n{server.pid}\n")
        place = ServerPlace("vllm", "http://127.0.0.1:9", "toy", cgroup=tmp_path)
        found = find_server(place)
        assert [root.pid for root in found.roots] == [server.pid]
        assert found == find_server(at(server, "vllm"))
        assert len(found.descendants) == 1
