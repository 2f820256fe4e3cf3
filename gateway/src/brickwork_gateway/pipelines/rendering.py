"""Transcripts as files for people and players, made of aligned segments."""

import html
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

Segment = Mapping[str, Any]


async def json_pieces(
    pages: AsyncIterable[Iterable[Segment]], rest: Mapping[str, Any]
) -> AsyncIterator[bytes]:
    """Yield a result as JSON, readable and in UTF-8, a piece for each page of its segments.

    Args:
        pages: all segments in order, some at a time.
        rest: what else there is, at least one thing.
    """
    yield b'{\n"segments": ['
    before = b"\n"
    async for page in pages:
        yield before + b",\n".join(map(_json, page))
        before = b",\n"
    yield b"]," + _json(rest).removeprefix(b"{") + b"\n"


def render_srt(segments: Sequence[Segment]) -> str:
    """Render subtitles in SubRip's format.

    Source: the format has no standard; this is what VLC 3 and FFmpeg 7 read.
    """
    return "".join(
        f"{number}\n{_clock(segment['start_ms'], ',')} --> {_clock(segment['end_ms'], ',')}\n"
        f"{_said(segment)}\n\n"
        for number, segment in enumerate(segments, 1)
    )


def render_vtt(segments: Sequence[Segment]) -> str:
    """Render subtitles as WebVTT, each speaker as a voice.

    Source: W3C WebVTT, sections 4.1 and 4.2.2 (voice span).
    """
    cues = (
        f"{_clock(segment['start_ms'], '.')} --> {_clock(segment['end_ms'], '.')}\n"
        f"{_voice(segment)}{html.escape(_line(segment), quote=False)}\n\n"
        for segment in segments
    )
    return "WEBVTT\n\n" + "".join(cues)


def render_txt(segments: Sequence[Segment]) -> str:
    """Render plain text, a line for each segment with its time and speaker."""
    return "".join(
        f"[{_clock(segment['start_ms'], '.')[:-4]}] {_said(segment)}\n" for segment in segments
    )


def render_summary(summary: Mapping[str, Any]) -> str:
    """Render a summary, a line for each sentence with the times of what it rests on.

    The sentences of a model where any of them are supported, else those of the transcript.
    """
    grounded, extractive = summary["grounded"], summary["extractive"]
    note = [grounded["note"]] if grounded and grounded["note"] else []
    shown = grounded if grounded and grounded["sentences"] else extractive
    if not shown or not shown["sentences"]:
        return ""
    lines = [f"{' '.join(each['text'].split())} {_rests_on(each)}" for each in shown["sentences"]]
    return "\n".join([f"{shown['label']}.", "", *lines, *([""] if note else []), *note]) + "\n"


def _rests_on(sentence: Mapping[str, Any]) -> str:
    starts = dict.fromkeys(_short_clock(segment["start_ms"]) for segment in sentence["segments"])
    return " ".join(f"[{start}]" for start in starts)


def _short_clock(time_ms: int) -> str:
    """Render mm:ss, and hours only where there are some."""
    minutes, seconds = divmod(time_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:" if hours else ""
    return f"{head}{minutes:02d}:{seconds:02d}"


def _clock(time_ms: int, separator: str) -> str:
    seconds, milliseconds = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{milliseconds:03d}"


def _said(segment: Segment) -> str:
    speaker = segment["speaker"]
    return f"{speaker}: {_line(segment)}" if speaker else _line(segment)


def _voice(segment: Segment) -> str:
    return f"<v {segment['speaker']}>" if segment["speaker"] else ""


def _line(segment: Segment) -> str:
    # One line without the arrow: a blank line or an arrow would end the cue.
    return " ".join(segment["text"].split()).replace("-->", "→")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
