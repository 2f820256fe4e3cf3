"""Make tiny `.nemo` files with random weights: `python -m tests.nemo.tiny_models FOLDER SOUND`.

A program of its own, because NeMo warns of itself while it is imported. Beside each file it writes
what NeMo's own call makes of a recording with that model, so that our engines can be compared.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from nemo.collections.asr.models import (
    EncDecCTCModelBPE,
    EncDecRNNTBPEModel,
    SortformerEncLabelModel,
)
from omegaconf import OmegaConf

from brickwork_asr.clips import cut_clips
from brickwork_asr.voice_activity import find_speech
from brickwork_sdk.media.audio import read_audio

MODULES = "nemo.collections.asr.modules"
PIECES = 40
DURATIONS = (0, 1, 2, 4)
WIDTH, BANDS = 16, 16


def preprocessor(normalize: str) -> dict[str, Any]:
    return {
        "_target_": f"{MODULES}.AudioToMelSpectrogramPreprocessor",
        "sample_rate": 16_000,
        "normalize": normalize,
        "window_size": 0.025,
        "window_stride": 0.01,
        "window": "hann",
        "features": BANDS,
        "n_fft": 512,
        "frame_splicing": 1,
        "dither": 0.00001,
        "pad_to": 0,
    }


def encoder() -> dict[str, Any]:
    return {
        "_target_": f"{MODULES}.ConformerEncoder",
        "feat_in": BANDS,
        "feat_out": -1,
        "n_layers": 2,
        "d_model": WIDTH,
        "subsampling": "dw_striding",
        "subsampling_factor": 8,
        "subsampling_conv_channels": 8,
        "ff_expansion_factor": 2,
        "self_attention_model": "rel_pos",
        "n_heads": 2,
        "att_context_size": [-1, -1],
        "conv_kernel_size": 5,
        "conv_norm_type": "batch_norm",
        "dropout": 0.1,
    }


UNTRAINED = {"train_ds": None, "validation_ds": None, "test_ds": None, "sample_rate": 16_000}


def ctc(tokenizer: Mapping[str, str]) -> Any:
    config: dict[str, Any] = {
        "preprocessor": preprocessor("per_feature"),
        "encoder": encoder(),
        "decoder": {
            "_target_": f"{MODULES}.ConvASRDecoder",
            "feat_in": None,
            "num_classes": -1,
            "vocabulary": [],
        },
        "tokenizer": dict(tokenizer),
        **UNTRAINED,
    }
    return EncDecCTCModelBPE(cfg=OmegaConf.create(config))


def tdt(tokenizer: Mapping[str, str]) -> Any:
    config: dict[str, Any] = {
        "preprocessor": preprocessor("per_feature"),
        "encoder": encoder(),
        "decoder": {
            "_target_": f"{MODULES}.RNNTDecoder",
            "normalization_mode": None,
            "random_state_sampling": False,
            "blank_as_pad": True,
            "prednet": {"pred_hidden": WIDTH, "pred_rnn_layers": 1, "t_max": None, "dropout": 0.0},
        },
        "joint": {
            "_target_": f"{MODULES}.RNNTJoint",
            "log_softmax": None,
            "preserve_memory": False,
            "fuse_loss_wer": False,
            "num_extra_outputs": len(DURATIONS),
            "jointnet": {"joint_hidden": WIDTH, "activation": "relu", "dropout": 0.0},
        },
        "decoding": {
            "strategy": "greedy_batch",
            "model_type": "tdt",
            "durations": list(DURATIONS),
            "greedy": {"max_symbols": 5},
        },
        "loss": {
            "loss_name": "tdt",
            "tdt_kwargs": {"durations": list(DURATIONS), "sigma": 0.02, "omega": 0.1},
        },
        "model_defaults": {
            "enc_hidden": WIDTH,
            "pred_hidden": WIDTH,
            "joint_hidden": WIDTH,
            "tdt_durations": list(DURATIONS),
            "num_tdt_durations": len(DURATIONS),
        },
        "tokenizer": dict(tokenizer),
        **UNTRAINED,
    }
    return EncDecRNNTBPEModel(cfg=OmegaConf.create(config))


def sortformer(streaming: bool) -> Any:
    config = {
        "max_num_of_spks": 4,
        "streaming_mode": streaming,
        "model_defaults": {"fc_d_model": WIDTH, "tf_d_model": WIDTH},
        "preprocessor": preprocessor("NA"),
        "encoder": encoder(),
        "transformer_encoder": {
            "_target_": f"{MODULES}.transformer.transformer_encoders.TransformerEncoder",
            "num_layers": 1,
            "hidden_size": WIDTH,
            "inner_size": 2 * WIDTH,
            "num_attention_heads": 2,
        },
        "sortformer_modules": {
            "_target_": f"{MODULES}.sortformer_modules.SortformerModules",
            "num_spks": 4,
            "dropout_rate": 0.1,
            "fc_d_model": WIDTH,
            "tf_d_model": WIDTH,
            "chunk_len": 25,
            "chunk_left_context": 1,
            "chunk_right_context": 2,
            "fifo_len": 10,
            "spkcache_len": 30,
            "spkcache_update_period": 25,
        },
        "loss": {"_target_": "nemo.collections.asr.losses.bce_loss.BCELoss", "weight": None},
        **UNTRAINED,
    }
    return SortformerEncLabelModel(cfg=OmegaConf.create(config))


def sharpen(layer: Any, listen: Callable[[], object]) -> None:
    """Make the answers of a last layer differ from frame to frame, where all were alike."""
    outputs: list[torch.Tensor] = []
    hook = layer.register_forward_hook(lambda _layer, _input, output: outputs.append(output))
    listen()
    hook.remove()
    channels = layer.bias.shape[0]
    of_frames = [
        (output.transpose(1, 2) if isinstance(layer, torch.nn.Conv1d) else output)
        for output in outputs
    ]
    frames = torch.cat([output.reshape(-1, channels) for output in of_frames])
    with torch.no_grad():
        scale = 3.0 / frames.std(dim=0)
        layer.bias.sub_(frames.mean(dim=0)).mul_(scale)
        layer.weight.mul_(scale.reshape(-1, *[1] * (layer.weight.dim() - 1)))


def tokenizer_in(folder: Path) -> Mapping[str, str]:
    """Train a tokenizer on a few words, as NeMo's script does."""
    text = folder / "words.txt"
    text.write_text("it was the best of times it was the worst of times\n" * 20)
    prefix = folder / "tokenizer"
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(prefix), vocab_size=PIECES, model_type="bpe",
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    pieces = prefix.with_suffix(".vocab").read_text().splitlines()
    (folder / "vocab.txt").write_text("\n".join(line.partition("\t")[0] for line in pieces))
    return {"dir": str(folder), "type": "bpe"}


def heard_words(model: Any, recording: Path) -> list[list[tuple[str, int, int]]]:
    """Return the words of each clip, as NeMo's own call hears it alone."""
    clips = cut_clips(read_audio(recording, block_seconds=60.0), find_speech)
    told = model.eval().transcribe(
        [clip.samples for clip in clips], batch_size=1, timestamps=True, verbose=False
    )
    return [
        [
            (word["word"], round(word["start"] * 1000), round(word["end"] * 1000))
            for word in one.timestamp["word"]
        ]
        for one in told
    ]


def heard_speakers(model: Any, recording: Path) -> list[list[float]]:
    """Return how likely each speaks in each frame, as NeMo's own call on the whole tells it."""
    (block,) = read_audio(recording, block_seconds=3600.0)
    sound = torch.from_numpy(block.samples).unsqueeze(0)
    with torch.inference_mode():
        likely = model.eval()(
            audio_signal=sound, audio_signal_length=torch.tensor([sound.shape[1]])
        )
    told: list[list[float]] = likely[0].tolist()
    return told


def main() -> None:
    """Write a folder for each model: `model.nemo`, and what it heard."""
    folder, recording = Path(sys.argv[1]), Path(sys.argv[2])
    torch.manual_seed(4)
    (folder / "tokenizer").mkdir()
    tokenizer = tokenizer_in(folder / "tokenizer")
    hearing = ctc(tokenizer)
    writing = tdt(tokenizer)
    telling = sortformer(streaming=True)
    sharpen(hearing.decoder.decoder_layers[0], lambda: heard_words(hearing, recording))
    sharpen(writing.joint.joint_net[-1], lambda: heard_words(writing, recording))
    last = telling.sortformer_modules.single_hidden_to_spks
    sharpen(last, lambda: heard_speakers(telling, recording))
    save(folder / "ctc", hearing, heard_words(hearing, recording))
    save(folder / "tdt", writing, heard_words(writing, recording))
    save(folder / "sortformer", telling, heard_speakers(telling, recording))
    save(folder / "offline", sortformer(streaming=False), None)


def save(place: Path, model: Any, heard: object) -> None:
    """Write a folder with a model, and what NeMo's own call heard with it."""
    place.mkdir()
    model.save_to(str(place / "model.nemo"))
    (place / "heard.json").write_text(json.dumps(heard))


if __name__ == "__main__":
    main()
