"""What a model wrote, reduced to what the recording supports; pure functions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from brickwork_gateway.grounding.check import check
from brickwork_gateway.grounding.recording import Recording
from brickwork_gateway.pipelines.overview import as_spoken

Body = dict[str, Any]


def grounded(
    drafts: Sequence[str],
    said: Sequence[Body],
    language: str | None,
    voices: Mapping[str, frozenset[str]],
) -> Body:
    """Keep the sentences that what was said supports, and count the others.

    Args:
        drafts: sentences of a model.
        said: sentences of the transcript on which they must rest.
        language: of the transcript.
        voices: folded names of each speaker.

    Returns:
        `sentences` with `text` and the numbers of their `segments`; `written_count`; and
        `left_out`, how many sentences were left out, by cause.
    """
    spoken = [each for sentence in said for each in as_spoken(sentence)]
    recording = Recording(spoken, language, voices)
    findings = [(text, check(text, recording)) for text in drafts]
    return {
        "sentences": [
            {"text": text, "segments": list(finding.segments)}
            for text, finding in findings
            if finding.fault is None
        ],
        "written_count": len(drafts),
        "left_out": dict(Counter(finding.fault.value for _, finding in findings if finding.fault)),
    }


def left_out_note(left_out_count: int, written_count: int) -> str:
    """Say in a sentence how much of what a model wrote is not shown; empty when all of it is."""
    if not left_out_count:
        return ""
    was = "was" if left_out_count == 1 else "were"
    it = "it" if left_out_count == 1 else "them"
    of = f"{left_out_count} of {written_count} sentence{'s' if written_count != 1 else ''}"
    return f"{of} {was} left out because nothing in the recording supports {it}."
