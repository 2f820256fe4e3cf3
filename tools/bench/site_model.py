"""A model in the layout of OPUS-MT in a model store of its own, which says what it is told.

No model of that family may be had here. What batches cost depends on its size, which is that of
those models, and on how long its translations are, which is as long as their sources.
"""

import hashlib
import json
from pathlib import Path

from brickwork_sdk.models import BuildByCopy, CatalogueEntry, ModelFile, write_manifest
from tools.copying_model import Shape, write_copying

NAME, PAIR = "copying-opus", ("de", "en")
_PIECES = 400
"""As many as two dozen sentences yield; each has 18 in the mean, of 8 words."""
FOOTPRINT_BYTES, CEILING_BYTES = 300 * 2**20, 600 * 2**20
"""By reckoning, and far more than such a model was seen to take."""


def write_site(folder: Path, texts: list[str], shape: Shape) -> tuple[Path, Path]:
    """Write a model store with one model; return its folder and the file that names the model."""
    store = folder / "models"
    place = store / NAME
    place.mkdir(parents=True)
    write_copying(place, texts, _PIECES, shape)
    files = tuple(_file(path) for path in sorted(place.iterdir()))
    entry = CatalogueEntry(
        name=NAME,
        engine="brickwork_translate.ctranslate2_engine",
        licence="none",
        origin="made by hand and by chance",
        footprint_bytes=FOOTPRINT_BYTES,
        ceiling_bytes=CEILING_BYTES,
        languages=PAIR,
        build=BuildByCopy(files={file.path: (file.path,) for file in files}),
        files=files,
    )
    write_manifest(place, entry.manifest)
    own_models = folder / "own.json"
    own_models.write_text(json.dumps([entry.model_dump(mode="json")]))
    return store, own_models


def _file(path: Path) -> ModelFile:
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return ModelFile(path=path.name, sha256=sha256, size_bytes=len(content))
