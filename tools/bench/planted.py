"""Sentences that were planted to be found out: `tests/data/grounding`, read for the check."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brickwork_gateway.grounding.check import check
from brickwork_gateway.grounding.recording import Recording
from brickwork_gateway.pipelines.overview import as_spoken

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "data" / "grounding"


@dataclass(frozen=True)
class Planted:
    """How the check did on one transcript.

    Attributes:
        name: of the transcript.
        language: of it, ISO 639-1.
        use: `tuning` where rules and limits were made for it, `validation` where rules were only
            deleted because of it, `held out` where nothing was decided by it.
        kept: supported sentences, of 20, that stay.
        cited: those of the kept that name a segment which says it.
        dropped: unsupported sentences, of 20, that are left out.
    """

    name: str
    language: str
    use: str
    kept: int
    cited: int
    dropped: int


def all_planted() -> Sequence[Planted]:
    """Check every sentence of every transcript."""
    return [_checked(path) for path in sorted(FOLDER.glob("*.json"))]


def _checked(path: Path) -> Planted:
    told = json.loads(path.read_text("utf-8"))
    spoken = [
        each
        for number, (speaker, text) in enumerate(told["segments"])
        for each in as_spoken({"speaker": speaker, "text": text, "segments": [number]})
    ]
    recording = Recording(spoken, told["language"])
    right = [(check(text, recording), set(cited)) for text, cited in told["supported"]]
    wrong = [check(text, recording) for text, _ in told["unsupported"]]
    return Planted(
        name=path.stem,
        language=told["language"],
        use=told["use"],
        kept=sum(finding.fault is None for finding, _ in right),
        cited=sum(not cited.isdisjoint(finding.segments) for finding, cited in right),
        dropped=sum(finding.fault is not None for finding in wrong),
    )
