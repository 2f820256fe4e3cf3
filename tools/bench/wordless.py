"""How many words speech to text hears where nobody says any."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from brickwork_asr.engine import Segment, TranscribeRequest
from brickwork_asr.whisper_engine import WhisperEngine, load
from brickwork_sdk.models import ModelStore, load_catalogue
from brickwork_sdk.testing.recordings import silence, write_recording
from brickwork_sdk.testing.wordless import Samples, music, pink_noise, tones, white_noise
from tools.bench.plain_engines import MODELS
from tools.bench.row import Row, at_most

_SECONDS = 60.0
_SOUNDS: Mapping[str, Mapping[str, Callable[[float], Samples]]] = {
    "silence": {"digital silence": silence},
    "noise": {"white noise": white_noise, "pink noise": pink_noise},
    "music": {"a synthesised tune with chords and a drum": music, "beeps over a hum": tones},
}
_WITHOUT = "language not given, a minute of each"


def measure() -> Iterator[Row | str]:
    """Yield a row for each kind of sound, over every model of the catalogue."""
    heard = {kind: 0 for kind in _SOUNDS}
    names = [entry.name for entry in load_catalogue("brickwork_asr")]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            engine = load(ModelStore(MODELS).get(name).directory, {})
            for kind, sounds in _SOUNDS.items():
                for make in sounds.values():
                    path = write_recording(Path(folder) / "sound.wav", make(_SECONDS))
                    heard[kind] += word_count(engine, path)
            engine.close()
            yield f"{name} has heard all of it"
    for kind, sounds in _SOUNDS.items():
        conditions = f"{', '.join(sounds)}; {' and '.join(names)}; {_WITHOUT}"
        yield Row(f"words heard in {kind}", heard[kind], "words", at_most(0), conditions)


def word_count(engine: WhisperEngine, path: Path) -> int:
    """Return how many words an engine hears in a recording."""
    events = engine.transcribe(TranscribeRequest(path))
    return sum(len(event.words) for event in events if isinstance(event, Segment))
