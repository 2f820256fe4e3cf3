"""Sortformer on NeMo: the sound of a recording, piece by piece, to who talks in each frame.

The network hears about fifteen seconds at a time, beside what it keeps of each speaker from
before, so that its memory does not grow with the recording. NeMo's own call computes the mel
powers of the whole recording first; here each piece gets its own, and they are the same.
Source: Park et al. 2024 (Sortformer), Medennikov et al. 2025 (its cache of speakers).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nemo
import numpy as np
import torch
from nemo.collections.asr.models import SortformerEncLabelModel
from nemo.core.connectors.save_restore_connector import SaveRestoreConnector
from nemo.utils import logging as nemo_log
from numpy.typing import NDArray
from omegaconf import OmegaConf

from brickwork_diarize.voices import Floats
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ
from brickwork_sdk.nemo_archive import NemoArchive, check_config, unreadable

SPEAKERS_MAX = 4
"""No Sortformer that is published tells more apart."""
_PIECE_SECONDS_MAX = 30.0
_MARGIN_HOPS = 4
"""So much sound beside a piece is in the windows of its first and last frames."""


class SortformerModel:
    """A loaded model.

    Attributes:
        library: what runs it, with its version.
        speakers_max: how many it tells apart.
        frame_ms: length of a frame of its answers.
    """

    def __init__(self, model_dir: Path, threads: int, device: str) -> None:
        nemo_log.setLevel(nemo_log.ERROR)
        torch.set_num_threads(threads)
        torch.backends.cudnn.allow_tf32 = False  # Rounds to ten bits; float32 means float32.
        self.library = f"nemo {nemo.__version__}"
        self._device = torch.device(device)
        self._model = _restored(model_dir).to(self._device).eval()
        self._hop = round(float(self._model.cfg.preprocessor.window_stride) * SAMPLE_RATE_HZ)
        self._subsampling = int(self._model.encoder.subsampling_factor)
        self.frame_ms = self._hop * self._subsampling * 1000 // SAMPLE_RATE_HZ
        parts = self._model.sortformer_modules
        self.speakers_max = int(parts.n_spk)
        longest = round(_PIECE_SECONDS_MAX * 1000) // self.frame_ms
        self._piece = min(int(parts.chunk_len), longest) * self._subsampling
        self._before = int(parts.chunk_left_context) * self._subsampling
        self._after = int(parts.chunk_right_context) * self._subsampling

    def listen(self, blocks: Iterable[Floats]) -> Iterator[Floats]:
        """Yield float32 [frames, speakers], how likely each talks, piece by piece.

        Args:
            blocks: the sound of a recording, float32 at 16 kHz, one after the other.
        """
        state = self._model.sortformer_modules.init_streaming_state(
            batch_size=1, async_streaming=self._model.async_streaming, device=self._device
        )
        none = torch.zeros((1, 0, self.speakers_max), device=self._device)
        for mel, before, after in self._pieces(self._mel(blocks)):
            with torch.inference_mode():
                state, heard = self._model.forward_streaming_step(
                    processed_signal=mel.T.unsqueeze(0),
                    processed_signal_length=torch.tensor([mel.shape[1]], device=self._device),
                    streaming_state=state,
                    total_preds=none,
                    left_offset=before,
                    right_offset=after,
                )
            yield np.asarray(heard[0].float().cpu().numpy(), np.float32)

    def _pieces(self, mels: Iterator[torch.Tensor]) -> Iterator[tuple[torch.Tensor, int, int]]:
        """Yield each piece, [bands, frames], and how much of it is context on either side."""
        held, before, ended = next(mels, None), 0, False
        while held is not None:
            while not ended and held.shape[1] < before + self._piece + self._after:
                more = next(mels, None)
                ended = more is None
                held = held if more is None else torch.cat([held, more], dim=1)
            end = min(before + self._piece, held.shape[1])
            if end == before:
                return
            after = min(self._after, held.shape[1] - end)
            yield held[:, : end + after], before, after
            kept = min(self._before, end)
            held, before = held[:, end - kept :], kept

    def _mel(self, blocks: Iterable[Floats]) -> Iterator[torch.Tensor]:
        """Yield the mel powers of a recording, [bands, frames], block by block."""
        margin = _MARGIN_HOPS * self._hop
        held: Floats = np.zeros(0, np.float32)
        before = 0  # How much of what is held has been yielded already; it is margin only.
        for block in blocks:
            held = np.concatenate([held, block])
            end = (len(held) - margin) // self._hop * self._hop
            if end > before:
                yield self._powers(held, before, end)
                kept = min(margin, end)
                held, before = held[end - kept :], kept
        end = len(held) // self._hop * self._hop
        if end > before:
            yield self._powers(held, before, end)

    def _powers(self, samples: Floats, start: int, end: int) -> torch.Tensor:
        """Return [bands, frames] of the frames from `start` to `end`, both in samples."""
        sound = torch.from_numpy(samples).unsqueeze(0).to(self._device)
        length = torch.tensor([len(samples)], device=self._device)
        mel, _ = self._model.preprocessor(input_signal=sound, length=length)
        powers: torch.Tensor = mel[0, :, start // self._hop : end // self._hop]
        return powers


def talking(likely: Floats, speaker_count_max: int) -> NDArray[np.bool_]:
    """Tell who talks in each frame, bool [frames, speakers], given float32 of that shape.

    Where more speakers were heard than there can be, those who talk least are taken for whichever
    of the others is likeliest in that moment.
    """
    active = likely > 0.5
    ranks = np.argsort(-active.sum(axis=0), kind="stable")
    kept, others = ranks[:speaker_count_max], ranks[speaker_count_max:]
    orphans = np.flatnonzero(active[:, others].any(axis=1) & ~active[:, kept].any(axis=1))
    active[orphans, kept[np.argmax(likely[np.ix_(orphans, kept)], axis=1)]] = True
    active[:, others] = False
    return active


def _restored(model_dir: Path) -> Any:
    """Return the model of a `.nemo` file; what is not one is refused before it is made."""
    with NemoArchive.opened(model_dir) as archive:
        config = archive.config(OmegaConf)
        check_config(config, archive.names, ["SortformerEncLabelModel"])
        _check_hearing(config)
        return archive.restored(SortformerEncLabelModel, SaveRestoreConnector(), torch)


def _check_hearing(config: Any) -> None:
    """See that a model can hear piece by piece, and how many speakers it tells apart."""
    hearing, parts = config["preprocessor"], config.get("sortformer_modules", {})
    if not config.get("streaming_mode") or hearing.get("normalize") not in ("NA", None):
        raise unreadable("it hears a recording as a whole only, and memory grows with its square")
    if not 1 <= parts.get("num_spks", SPEAKERS_MAX) <= SPEAKERS_MAX:
        raise unreadable(f"it does not tell 1 to {SPEAKERS_MAX} speakers apart")
