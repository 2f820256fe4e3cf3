import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from brickwork_gateway.pipelines.rendering import json_pieces, render_srt, render_txt, render_vtt


def segment(start_ms: int, end_ms: int, text: str, speaker: str | None = "S1") -> dict[str, Any]:
    return {"start_ms": start_ms, "end_ms": end_ms, "text": text, "speaker": speaker}


TALK = [segment(0, 1_500, "Good day."), segment(3_661_007, 3_662_000, "Bye.", "S2")]


def test_subrip_numbers_its_cues_and_writes_times_with_a_comma() -> None:
    assert render_srt(TALK) == (
        "1\n00:00:00,000 --> 00:00:01,500\nS1: Good day.\n\n"
        "2\n01:01:01,007 --> 01:01:02,000\nS2: Bye.\n\n"
    )


def test_webvtt_names_its_voices_and_writes_times_with_a_point() -> None:
    assert render_vtt(TALK) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\n<v S1>Good day.\n\n"
        "01:01:01.007 --> 01:01:02.000\n<v S2>Bye.\n\n"
    )


def test_plain_text_has_a_line_for_each_segment() -> None:
    assert render_txt(TALK) == "[00:00:00] S1: Good day.\n[01:01:01] S2: Bye.\n"


def test_nobody_is_named_where_nobody_is_known() -> None:
    unknown = [segment(0, 1_000, "Hm.", None)]
    assert render_srt(unknown).splitlines()[2] == "Hm."
    assert render_vtt(unknown).splitlines()[3] == "Hm."
    assert render_txt(unknown) == "[00:00:00] Hm.\n"


def test_text_cannot_break_out_of_its_cue() -> None:
    hostile = [segment(0, 1_000, "a\n\n2\n00:00 --> 00:01\n<v S9>b & c")]
    assert render_srt(hostile).count("-->") == 1
    assert render_srt(hostile).count("\n\n") == 1
    assert render_vtt(hostile).splitlines()[3] == "<v S1>a 2 00:00 → 00:01 &lt;v S9&gt;b &amp; c"


def test_silence_renders_as_empty_files() -> None:
    assert (render_srt([]), render_vtt([]), render_txt([])) == ("", "WEBVTT\n\n", "")


async def written(pages: list[list[dict[str, str]]], rest: dict[str, Any]) -> bytes:
    async def some_at_a_time() -> AsyncIterator[list[dict[str, str]]]:
        for page in pages:
            yield page

    return b"".join([piece async for piece in json_pieces(some_at_a_time(), rest)])


async def test_json_keeps_letters_as_they_are() -> None:
    assert "olá" in (await written([[{"text": "olá"}]], {"language": "pt"})).decode()


@pytest.mark.parametrize(
    "pages", [[], [[{"text": "a"}]], [[{"text": "a"}, {"text": "b"}], [{"text": "c"}]]]
)
async def test_json_that_is_written_by_pages_is_one_object(
    pages: list[list[dict[str, str]]],
) -> None:
    whole = await written(pages, {"language": "pt", "slides": []})
    segments = [segment for page in pages for segment in page]
    assert json.loads(whole) == {"segments": segments, "language": "pt", "slides": []}
