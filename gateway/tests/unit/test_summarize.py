"""The stage that summarizes, against a scripted language model over a real wire."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import Claim, Job, StageName
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.pipelines.keys import place_key
from brickwork_gateway.pipelines.rendering import render_summary
from brickwork_gateway.pipelines.replicas import Replicas
from brickwork_gateway.pipelines.stage_run import StageRun, Surroundings
from brickwork_gateway.pipelines.summarize import EXTRACTIVE, GROUNDED, summarize
from brickwork_sdk.errors import EngineFailed, InvalidInput, Reason
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.testing.bricks import Script, served_bricks
from brickwork_sdk.testing.clock import ManualClock

Make = Callable[..., Job]
Body = dict[str, Any]
CRASH = EngineFailed(Reason.ENGINE_CRASHED, "The engine process died.")
TOO_LONG = InvalidInput(Reason.CONTEXT_EXCEEDED, "Too long.")
TALK = (
    "The roof of the school costs forty thousand euros.",
    "Carla will ask the bank for a loan.",
    "The windows were not painted.",
)


def segment(index: int, text: str) -> Body:
    return {
        "start_ms": 61_000 * index,
        "end_ms": 61_000 * index + 900,
        "speaker": f"S{index % 2 + 1}",
        "text": text,
        "language": "en",
        "words": [],
    }


class Stage:
    """A stage whose transcript is there, and what its language model was asked."""

    def __init__(self, folder: Path, job: Job, texts: Sequence[str], script: Script) -> None:
        self.ledger = SqliteLedger(folder / "ledger.sqlite3")
        self.ledger.add(job)
        self.job, self.script = job, script
        aligned = [
            Chunk(StageName.ALIGN, place_key(n), segment(n, text)) for n, text in enumerate(texts)
        ]
        self.ledger.keep(job.job_id, aligned, lambda job, _: job)
        self._objects = ObjectStore(folder / "objects")

    def begun(self, bricks: dict[str, str]) -> StageRun:
        around = Surroundings(self.ledger, self._objects, Replicas(bricks), ManualClock())
        return StageRun(self.job, Claim(self.job.job_id, StageName.SUMMARIZE, "secret"), around)

    async def run(self) -> StageRun:
        async with served_bricks(self.script) as bricks:
            run = self.begun(bricks)
            await summarize(run)
            return run

    def kept(self) -> dict[str, Body]:
        chunks = self.ledger.chunks(self.job.job_id, StageName.SUMMARIZE)
        return {chunk.key: chunk.body for chunk in chunks}

    def prompts(self) -> list[str]:
        return [request.messages[-1].text for request in self.script.requests]

    def grounded(self) -> list[str]:
        return [sentence["text"] for sentence in self.kept()[GROUNDED]["sentences"]]


@pytest.fixture
def stage(tmp_path: Path, make_job: Make, done: Make, running: Make) -> Any:
    with_transcript = done(
        make_job(translate=None),
        *(StageName.TRANSCRIBE, StageName.DIARIZE, StageName.READ_VIDEO, StageName.ALIGN),
    )
    job = running(with_transcript, StageName.SUMMARIZE)
    stack = []

    def opened(texts: Sequence[str], **script: Any) -> Stage:
        stack.append(Stage(tmp_path, job, texts, Script(**script)))
        return stack[-1]

    yield opened
    for each in stack:
        each.ledger.close()


def says(*sentences: str) -> Callable[[str], str]:
    return lambda prompt: " ".join(sentences)


def first_sentence(prompt: str) -> str:
    return prompt.split(". ")[0] + "."


def first_half(prompt: str) -> str:
    sentences = prompt.split("\n\n")[0].replace("\n", " ").split(". ")
    return ". ".join(sentences[: len(sentences) // 2 + 1]) + "."


async def test_every_segment_reaches_exactly_one_prompt_also_one_that_is_larger_than_a_prompt(
    stage: Any,
) -> None:
    texts = [f"Word{n}a word{n}b word{n}c." for n in range(400)]
    texts[7] = texts[211] = "   "
    texts[100] = " ".join(f"huge{n}" for n in range(900)) + "."
    texts[399] = " ".join(f"last{n}" for n in range(400))
    summary = stage(texts, context_token_count=328, written=says("Nothing of this."))
    await summary.run()
    said = Counter(word for prompt in summary.prompts() for word in prompt.split("\n\n")[0].split())
    assert said == Counter(word for text in texts for word in text.split())
    assert max(len(prompt.split()) for prompt in summary.prompts()) <= 200


async def test_sentences_without_support_are_left_out_counted_and_named(stage: Any) -> None:
    draft = (
        "The roof costs 40,000 euros.",
        "The roof costs 90,000 euros.",
        "Peter will ask the bank for a loan.",
        "The windows were not painted.",
    )
    summary = stage(TALK, written=says(*draft))
    await summary.run()
    told = summary.kept()[GROUNDED]
    assert summary.grounded() == [draft[0], draft[3]]
    assert told["sentences"][1]["segments"] == [
        {"index": 2, "start_ms": 122_000, "end_ms": 122_900}
    ]
    assert told["left_out"] == {"number": 1, "name": 1}
    assert (told["left_out_count"], told["written_count"]) == (2, 4)
    assert told["note"] == (
        "2 of 4 sentences were left out because nothing in the recording supports them."
    )
    text = render_summary(summary.kept())
    assert "\nThe roof costs 40,000 euros. [00:00]\nThe windows were not painted. [02:02]\n" in text
    assert text.endswith(f"\n\n{told['note']}\n")


async def test_when_nothing_is_supported_the_transcript_speaks_for_itself(stage: Any) -> None:
    summary = stage(TALK, written=says("Dinosaurs ruled the planet."))
    await summary.run()
    assert summary.grounded() == []
    text = render_summary(summary.kept())
    assert text.startswith("Sentences taken from the transcript.\n\n")
    assert f"{TALK[0]} [00:00]" in text
    assert "1 of 1 sentence was left out because nothing in the recording supports it." in text


async def test_a_stage_that_is_run_again_asks_nothing_twice(stage: Any) -> None:
    texts = [f"Speaker number {n} talks about subject {n} today." for n in range(60)]
    summary = stage(texts, context_token_count=256, written=first_sentence)
    summary.script.failures["llm"] = [None, None, (0, CRASH)]
    with pytest.raises(EngineFailed):
        await summary.run()
    asked = list(summary.prompts())
    assert len(asked) == 3
    run = await summary.run()
    rest = summary.prompts()[len(asked) :]
    assert rest[0] == asked[2]
    assert len(set(summary.prompts())) == len(summary.prompts()) - 1
    assert run.report.progress is not None
    assert run.report.progress.done == run.report.progress.total > 3


async def test_many_summaries_are_reduced_level_by_level_and_still_name_segments(
    stage: Any,
) -> None:
    texts = [f"Team number {n} builds bridge{n} of wood and steel." for n in range(120)]
    summary = stage(texts, context_token_count=256, written=first_half)
    await summary.run()
    kept = summary.kept()
    levels = {key.split("-")[1] for key in kept if key.startswith("reduce-")}
    assert levels >= {"1", "2"}
    sentences = kept[GROUNDED]["sentences"]
    assert 1 <= len(sentences) <= 12
    for sentence in sentences:
        [cited] = sentence["segments"]
        assert sentence["text"] == texts[cited["index"]]


async def test_where_a_reduction_is_all_invented_the_sentences_before_it_stay(stage: Any) -> None:
    texts = [f"Team number {n} builds bridge{n} of wood and steel." for n in range(200)]

    def written(prompt: str) -> str:
        return first_sentence(prompt) if "\n" in prompt.split("\n\n")[0] else "Cats sleep a lot."

    summary = stage(texts, context_token_count=256, written=written)
    await summary.run()
    assert set(summary.grounded()) <= set(texts)
    assert summary.grounded()


async def test_a_prompt_that_is_refused_as_too_long_is_halved(stage: Any) -> None:
    texts = [f"{text} Nobody in this town expected that to happen so soon." for text in TALK]
    summary = stage(texts, written=first_sentence)
    summary.script.failures["llm"] = [(0, TOO_LONG)]
    await summary.run()
    assert len(summary.prompts()) == 3
    assert summary.grounded() == [TALK[0], TALK[1]]


async def test_a_model_that_cannot_count_is_given_what_surely_fits(stage: Any) -> None:
    texts = [f"Speaker number {n} talks about subject {n} today." for n in range(200)]
    summary = stage(texts, context_token_count=None, written=first_sentence)
    await summary.run()
    assert summary.grounded()
    assert len(summary.prompts()) > 2
    assert max(len(prompt) for prompt in summary.prompts()) < 4_000


async def test_while_the_model_is_fetched_to_count_the_stage_says_so(stage: Any) -> None:
    reached, may_go = asyncio.Event(), asyncio.Event()

    async def hold(brick: str) -> None:
        reached.set()
        await may_go.wait()

    summary = stage(TALK, before_start=hold, written=first_sentence)
    async with AsyncExitStack() as stack:
        bricks = await stack.enter_async_context(served_bricks(summary.script))
        run = summary.begun(bricks)
        work = asyncio.create_task(summarize(run))
        await reached.wait()
        assert run.report.cause == "The language model is asked how long the text is."
        may_go.set()
        await work
    assert run.report.cause == ""
    assert summary.kept()[EXTRACTIVE]["sentences"]


async def test_nobody_is_asked_about_silence(stage: Any) -> None:
    summary = stage(["  ", ""])
    await summary.run()
    assert summary.prompts() == []
    assert set(summary.kept()) == {EXTRACTIVE}
    assert render_summary({EXTRACTIVE: summary.kept()[EXTRACTIVE], GROUNDED: None}) == ""
