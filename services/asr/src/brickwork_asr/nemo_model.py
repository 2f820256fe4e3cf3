"""A NeMo model by its parts: sound to states, states to words in time.

NeMo's own `transcribe` writes a file of what it shall hear, makes a data loader of it and draws a
bar of its progress. The two steps that it takes for each batch are taken here by themselves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nemo
import torch
from nemo.collections.asr.models import ASRModel
from nemo.core.connectors.save_restore_connector import SaveRestoreConnector
from nemo.utils import logging as nemo_log
from omegaconf import OmegaConf

from brickwork_asr.clips import Samples
from brickwork_asr.engine import Word
from brickwork_sdk.nemo_archive import NemoArchive, check_config, unreadable

_KINDS = ("EncDecCTCModelBPE", "EncDecRNNTBPEModel")
"""Those of CTC, and those of RNN-T; one that tells durations too (TDT) is of the latter."""
_DECODING = {
    "strategy": "greedy_batch",
    "compute_timestamps": True,
    "confidence_cfg": {
        "preserve_frame_confidence": True,
        "preserve_token_confidence": True,
        "aggregation": "mean",
        "method_cfg": {"name": "max_prob"},
    },
}
"""The likeliest token each time. How sure a word is, the library tells as well, but it counts words
twice, in the text and in the tokens, and fails where a punctuation mark makes these differ."""


@dataclass(frozen=True, eq=False)
class States:
    """What the network made of a batch.

    Attributes:
        values: of each clip; probabilities of tokens (CTC), or what the decoder reads (RNN-T).
        lengths: how many frames of each clip are not padding.
    """

    values: torch.Tensor
    lengths: torch.Tensor


class NemoModel:
    """A loaded model; each of its methods is one piece of work.

    Attributes:
        library: what runs it, with its version.
    """

    def __init__(self, model_dir: Path, threads: int, device: str) -> None:
        nemo_log.setLevel(nemo_log.ERROR)
        torch.set_num_threads(threads)
        torch.backends.cudnn.allow_tf32 = False  # Rounds to ten bits; float32 means float32.
        self.library = f"nemo {nemo.__version__}"
        self._device = torch.device(device)
        self._model = _restored(model_dir).to(self._device).eval()
        self._is_ctc = type(self._model).__name__ == "EncDecCTCModelBPE"
        frame_seconds = float(self._model.cfg.preprocessor.window_stride)
        self._frame_ms = frame_seconds * int(self._model.encoder.subsampling_factor) * 1000

    def encode(self, clips: Sequence[Samples]) -> States:
        """Return the states of clips of up to 30 s each, worked at once."""
        lengths = torch.tensor([len(clip) for clip in clips])
        sound = torch.nn.utils.rnn.pad_sequence(
            [torch.from_numpy(clip) for clip in clips], batch_first=True
        )
        with torch.inference_mode():
            values, encoded, *_ = self._model(
                input_signal=sound.to(self._device), input_signal_length=lengths.to(self._device)
            )
        return States(values, encoded)

    def decode(self, states: States) -> list[list[Word]]:
        """Write the words of each clip, with their times in it."""
        decoding = self._model.decoding
        decode = (
            decoding.ctc_decoder_predictions_tensor
            if self._is_ctc
            else decoding.rnnt_decoder_predictions_tensor
        )
        with torch.inference_mode():
            texts = decode(states.values, states.lengths, return_hypotheses=True)
        return [list(self._words(text)) for text in texts]

    def _words(self, text: Any) -> Iterator[Word]:
        tokens = text.timestamp["char"]
        starts = [float(token["start_offset"]) for token in tokens]
        sureness = [float(each) for each in text.token_confidence or ()]
        told = len(sureness) == len(starts)
        for word in text.timestamp["word"]:
            start, end = float(word["start_offset"]), float(word["end_offset"])
            inside = [
                sure
                for at, sure in zip(starts, sureness if told else (), strict=told)
                if at == start or start <= at < end
            ]
            if written := str(word["word"]).strip():
                yield Word(
                    start_ms=round(start * self._frame_ms),
                    end_ms=round(end * self._frame_ms),
                    text=written,
                    confidence=round(sum(inside) / len(inside), 4) if inside else None,
                )


def _restored(model_dir: Path) -> Any:
    """Return the model of a `.nemo` file; what is not one is refused before it is made."""
    with NemoArchive.opened(model_dir) as archive:
        config = archive.config(OmegaConf)
        check_config(config, archive.names, _KINDS)
        _check_tokenizer(config)
        model = archive.restored(ASRModel, SaveRestoreConnector(), torch)
        model.change_decoding_strategy(
            OmegaConf.merge(OmegaConf.to_container(model.cfg.decoding), _DECODING), verbose=False
        )
    return model


def _check_tokenizer(config: Any) -> None:
    """See that a model has its tokenizer with it."""
    tokenizer = config.get("tokenizer", {})
    paths = [tokenizer.get(name) for name in ("model_path", "vocab_path", "spe_tokenizer_vocab")]
    if tokenizer.get("type") != "bpe" or not all(
        path is None or str(path).startswith("nemo:") for path in paths
    ):
        raise unreadable("its tokenizer is no SentencePiece that it brings itself")
