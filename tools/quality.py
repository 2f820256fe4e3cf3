"""Measure the default models on data with known truth, into docs/reference/quality.md.

Each speech model on the clips of `tests/data` (and on any folder of further clips
that is named), each translation model on the sentences there, and the whole main job on the demo's
recording, from the JSON that `brickwork transcribe --json` wrote.
Run it as `python -m tools.quality`.
"""

import argparse
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np

from brickwork_asr.engine import Segment, TranscribeRequest
from brickwork_asr.whisper_engine import WhisperEngine, load
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from brickwork_sdk.media.probe import probe
from brickwork_sdk.models import ModelStore, load_catalogue
from brickwork_sdk.testing.recordings import write_recording
from brickwork_translate.bergamot_engine import load as load_translation
from brickwork_translate.engine import TranslateRequest, Translation
from tools.bench.machine import core_count
from tools.scores import (
    character_f_score,
    count_errors,
    count_speakers,
    is_negative,
    plain_words,
)

ROOT = Path(__file__).resolve().parent.parent
CLIPS = ROOT / "tests" / "data" / "recordings"
SENTENCES = ROOT / "tests" / "data" / "translations" / "en-pt.tsv"
PAGE = ROOT / "docs" / "reference" / "quality.md"

NOTES = {
    "pytest-audioeval": "The package `pytest-audioeval` 0.1.3 has synthetic voices only, and a "
    "Portuguese one reads its Polish.",
}
"""What one must know of a folder of further clips to read its figures."""

HEAD = """# Quality of the default models

Written by `tools/quality.py`; every figure was measured on data whose truth is known, and says on
which. Word error rate (WER) is substitutions, deletions and insertions over the words of the truth,
after lower-casing and without punctuation; Chinese and Japanese are scored by character. A clip of
counting is left out where the model wrote digits and the truth has words, since neither is wrong.
Small samples: read a figure together with the number of words that it stands on.
"""


@dataclass(frozen=True)
class Clip:
    """A recording and what is said in it; `group` is the row of the table that it counts for."""

    path: Path
    group: str
    language: str


@dataclass
class Score:
    """Errors over units: words, or characters where words are not written apart."""

    clips: int = 0
    left_out: int = 0
    seconds: float = 0.0
    units: int = 0
    errors: int = 0

    @property
    def row(self) -> str:
        """The last cells of its row."""
        rate = f"{100 * self.errors / self.units:.1f} %" if self.units else "none"
        return f"{self.units} | {self.errors} | {rate} |"


def committed_clips() -> Iterator[Clip]:
    """Yield the clips of the repository, one group for each voice."""
    for clip in json.loads((CLIPS / "clips.json").read_text()):
        kind = "human" if clip["is_human"] else "synthetic"
        group = f"{clip['voice']} ({clip['language']}, {kind})"
        yield Clip(CLIPS / f"{clip['clip']}.flac", group, clip["language"])


def further_clips(folder: Path) -> Iterator[Clip]:
    """Yield the clips below a folder whose subfolders are languages, text beside sound."""
    for path in sorted(folder.glob("*/*")):
        if path.suffix in {".wav", ".flac"} and path.with_suffix(".txt").exists():
            yield Clip(path, f"{folder.name}, {path.parent.name}", path.parent.name)


def joined_clip(clips: Iterable[Clip], folder: Path, times: int = 3) -> Clip:
    """Join English clips into a long recording, so many times over, a second apart.

    What goes wrong at the borders of clips and blocks is not seen in short recordings.
    """
    spoken = [clip for clip in clips if clip.language == "en"] * times
    pause = np.zeros(SAMPLE_RATE_HZ, np.float32)
    parts = [
        part
        for clip in spoken
        for part in (*(block.samples for block in read_audio(clip.path)), pause)
    ]
    path = write_recording(folder / "joined.flac", np.concatenate(parts))
    texts = [clip.path.with_suffix(".txt").read_text("utf-8") for clip in spoken]
    path.with_suffix(".txt").write_text("\n".join(texts), "utf-8")
    return Clip(path, "the English ones joined, three times over", "en")


def is_count(text: str) -> bool:
    """Tell whether most of a text is numbers in digits."""
    digits = len(re.findall(r"\d", text))
    return digits > sum(character.isalpha() for character in text)


def score_model(engine: WhisperEngine, clips: Iterable[Clip]) -> dict[str, Score]:
    """Transcribe the clips as the brick does, and score them by group."""
    scores: dict[str, Score] = {}
    for clip in clips:
        request = TranscribeRequest(clip.path, clip.language)
        segments = [each for each in engine.transcribe(request) if isinstance(each, Segment)]
        truth = clip.path.with_suffix(".txt").read_text("utf-8")
        heard = " ".join(each.text for each in segments)
        score = scores.setdefault(clip.group, Score())
        if is_count(heard) and not is_count(truth):
            score.left_out += 1
            continue
        errors, units = count_errors(truth, heard, clip.language)
        score.clips += 1
        score.seconds += probe(clip.path).duration_ms / 1000
        score.units += units
        score.errors += errors
    return scores


def speech_table(store: ModelStore, clips: list[Clip]) -> Iterator[str]:
    """Yield the section about the speech models."""
    yield "\n## Speech to text\n\nint8 on the CPU, language given, as the brick runs it.\n"
    yield "| model | spoken by | clips | left out | seconds | words | errors | WER |"
    yield "|---|---|---|---|---|---|---|---|"
    # More threads change how soon it is over, not what is heard.
    for entry in load_catalogue("brickwork_asr"):
        engine = load(store.get(entry.name).directory, {"threads": str(core_count())})
        known = [clip for clip in clips if clip.language in entry.languages]
        for group, s in score_model(engine, known).items():
            yield f"| {entry.name} | {group} | {s.clips} | {s.left_out} | {s.seconds:.1f} | {s.row}"
        engine.close()


def translation_table(store: ModelStore) -> Iterator[str]:
    """Yield the section about the translation models."""
    pairs = [line.split("\t") for line in SENTENCES.read_text("utf-8").splitlines()]
    columns = dict(zip(("en", "pt"), zip(*pairs, strict=True), strict=True))
    yield "\n## Translation\n"
    yield (
        f"{len(pairs)} sentences of everyday meetings in `tests/data/translations`, one reference "
        "each, written for this repository. chrF is the F-score of shared runs of one to six "
        "characters, 100 when equal. A negation is kept when the translation of a negative "
        "sentence has a negative word.\n"
    )
    yield "| model | sentences | equal to the reference | chrF | negations kept |"
    yield "|---|---|---|---|---|"
    for entry in load_catalogue("brickwork_translate"):
        if entry.abilities:
            continue  # It tells languages apart, and translates nothing.
        source, target = entry.languages
        engine = load_translation(store.get(entry.name).directory, {})
        request = TranslateRequest(columns[source], source, target)
        answers = [each.text for each in engine.translate(request) if isinstance(each, Translation)]
        engine.close()
        equal = sum(
            plain_words(answer) == plain_words(reference)
            for answer, reference in zip(answers, columns[target], strict=True)
        )
        kept = [
            is_negative(answer, target)
            for answer, text in zip(answers, columns[source], strict=True)
            if is_negative(text, source)
        ]
        score = character_f_score(columns[target], answers)
        counted = f"{equal} | {score:.1f} | {sum(kept)} of {len(kept)} |"
        yield f"| {entry.name} | {len(answers)} | {counted}"


def job_lines(truth: dict[str, Any], result: dict[str, Any]) -> Iterator[str]:
    """Yield the section about the main job on the demo's recording."""
    segments, turns = result["segments"], truth["turns"]
    heard = " ".join(segment["text"] for segment in segments)
    errors, words = count_errors(" ".join(turn["text"] for turn in turns), heard, "en")
    right, placed = count_speakers(segments, turns)
    shown = "\n".join(slide["text"] for slide in truth["slides"])
    read = "\n".join(slide["text"] for slide in result["slides"])
    misread = jiwer.process_characters("".join(shown.split()), "".join(read.split()))
    yield "\n## The main job on the demo's recording\n"
    yield (
        f"{truth['duration_ms'] / 1000:.1f} seconds, {len(truth['speakers'])} readers, "
        f"{len(truth['slides'])} slides: read speech, close microphones, no overlap; a meeting is "
        "harder.\n"
    )
    yield "| what | measured |\n|---|---|"
    yield f"| words wrong, of {words} | {errors}, WER {100 * errors / words:.1f} % |"
    yield f"| speakers found, of {len(truth['speakers'])} | {len(result['speakers'])} |"
    share = f"{right}, {100 * right / placed:.1f} %"
    yield f"| words given to the right speaker, of {placed} | {share} |"
    yield f"| slides found, of {len(truth['slides'])} | {len(result['slides'])} |"
    yield f"| characters of the slides wrong, blanks aside | {100 * misread.cer:.1f} % |"


def main() -> None:
    """Measure what the command line names, and write the page."""
    parser = argparse.ArgumentParser(description="Measure the default models on known truth.")
    parser.add_argument("--store", type=Path, default=ROOT / ".brickwork" / "models")
    parser.add_argument(
        "--also", type=Path, action="append", default=[], help="a folder LANGUAGE/*.wav with .txt"
    )
    parser.add_argument("--truth", type=Path, help="the .truth.json beside the demo's recording")
    parser.add_argument("--result", type=Path, help="what `transcribe --json` wrote for it")
    options = parser.parse_args()
    clips = list(committed_clips())
    store = ModelStore(options.store)
    with tempfile.TemporaryDirectory() as folder:
        clips.append(joined_clip(clips, Path(folder)))
        clips += (clip for each in options.also for clip in further_clips(each))
        lines = [HEAD.rstrip(), *speech_table(store, clips)]
    lines += [f"\n{NOTES[each.name]}" for each in options.also if each.name in NOTES]
    lines += translation_table(store)
    if options.truth and options.result:
        truth, result = (json.loads(path.read_text()) for path in (options.truth, options.result))
        lines += job_lines(truth, result)
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"quality: wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
