"""A model in the layout of OPUS-MT in a model store of its own, with weights of chance.

No model of that family may be had here; what its batches cost does not depend on what it says.
"""

import hashlib
import json
from pathlib import Path

from brickwork_sdk.models import BuildByCopy, CatalogueEntry, ModelFile, write_manifest
from tools.chance_model import write_opus

NAME, PAIR = "chance-opus", ("de", "en")
_PIECES = 400
"""So many that everyday sentences have about as many tokens as with the real ones."""
FOOTPRINT_BYTES, CEILING_BYTES = 300 * 2**20, 600 * 2**20
"""By reckoning, and far more than such a model was seen to take."""


def write_site(folder: Path, texts: list[str], *, layers: int, width: int) -> tuple[Path, Path]:
    """Write a model store with one model; return its folder and the file that names the model."""
    store = folder / "models"
    place = store / NAME
    place.mkdir(parents=True)
    write_opus(place, texts, size=_PIECES, layers=layers, width=width)
    files = tuple(_file(path) for path in sorted(place.iterdir()))
    entry = CatalogueEntry(
        name=NAME,
        engine="brickwork_translate.ctranslate2_engine",
        licence="none",
        origin="weights of chance",
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
