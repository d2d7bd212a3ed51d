"""Small translation models with random weights, in the form of each family.

They speak nonsense. Their files, tokens and library are those of the real models.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
from ctranslate2.specs import transformer_spec

TEXTS = (
    "The council meeting will start tomorrow at nine in the morning in the main building.",
    "We moved our data to the new system last year, and nobody noticed anything at all.",
    "Who opened the door? I did not hear a sound; the old house was quiet.",
    "XQ0 XQ1 XQ2 XQ3 XQ4 XQ5 XQ6 XQ7 XQ8 XQ9",
)
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
SIZE = 16
TOKENS = {
    "opus-mt-en-es": (),
    "opus-mt-en-ROMANCE": (">>spa<<", ">>por<<", ">>pob<<", ">>fr_CA<<"),
    "m2m100_418M": ("__en__", "__es__", "__ko__"),
    "madlad400-3b-mt": ("<2en>", "<2es>", "<2ko>"),
    "nllb-200-distilled-600M": ("eng_Latn", "spa_Latn", "kor_Hang", "zho_Hant"),
}
"""The names of the models, with their tokens for languages."""


def make(models: Path, name: str, *, preferred: str = "", adds_end: bool = False) -> Path:
    """Write the model `name` below the folder `models`.

    `preferred`: a piece that the model generates all the time. `adds_end`: as OPUS-MT's own
    converter writes it.
    """
    folder = models / "ctranslate2" / name
    folder.mkdir(parents=True)
    pieces = _sentencepiece(folder, name)
    tokens = list(dict.fromkeys([*SPECIAL, *pieces, *TOKENS[name]]))
    _save(folder, name, tokens, preferred)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "add_source_eos": adds_end}))
    write_sums(folder)
    return folder


def write_sums(folder: Path) -> None:
    """Write the checksums of a model."""
    files = [path for path in sorted(folder.iterdir()) if path.name != "SHA256SUMS"]
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums))


def _sentencepiece(folder: Path, name: str) -> list[str]:
    names = {"opus": ["source", "target"], "madl": ["spiece"]}.get(name[:4], ["sentencepiece.bpe"])
    suffix = "spm" if name.startswith("opus") else "model"
    for stem in names:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXTS), model_prefix=str(folder / stem), vocab_size=90,
            model_type="bpe", character_coverage=1.0, hard_vocab_limit=False, minloglevel=2,
            user_defined_symbols=list(TOKENS[name]) if name.startswith("madlad") else [],
        )  # fmt: skip
        (folder / f"{stem}.vocab").unlink()
        if suffix != "model":
            (folder / f"{stem}.model").rename(folder / f"{stem}.{suffix}")
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{names[0]}.{suffix}"))
    return [model.id_to_piece(number) for number in range(model.get_piece_size())]


def _save(folder: Path, name: str, tokens: list[str], preferred: str) -> None:
    is_t5 = name.startswith("madlad")
    spec = transformer_spec.TransformerSpec.from_config(
        num_layers=1, num_heads=2, pre_norm=True, rms_norm=is_t5, ffn_glu=is_t5,
        relative_attention_bias=is_t5,
    )  # fmt: skip
    chance = np.random.default_rng(7)
    _fill(spec.encoder, len(tokens), chance, is_t5)
    _fill(spec.decoder, len(tokens), chance, is_t5)
    bias = np.zeros(len(tokens), np.float32)
    if preferred:
        bias[tokens.index(preferred)] = 1000.0
    spec.decoder.projection.weight = _random(chance, len(tokens), SIZE)
    spec.decoder.projection.bias = bias
    for vocabulary in (spec.register_source_vocabulary, spec.register_target_vocabulary):
        vocabulary(tokens)
    spec.config.decoder_start_token = "<pad>" if not name.startswith(("m2m", "nllb")) else "</s>"
    spec.validate()
    spec.save(str(folder))


def _fill(part: Any, words: int, chance: np.random.Generator, is_t5: bool) -> None:
    embeddings = part.embeddings
    (embeddings[0] if isinstance(embeddings, list) else embeddings).weight = _random(
        chance, words, SIZE
    )
    if not is_t5:
        part.position_encodings.encodings = _random(chance, 1024, SIZE)
    layers = [part.layer[0]]
    norms = [part.layer_norm]
    for layer in layers:
        _attention(layer.self_attention, chance, (3 * SIZE, SIZE), is_t5)
        norms.append(layer.self_attention.layer_norm)
        if hasattr(layer, "attention"):
            _attention(layer.attention, chance, (SIZE, 2 * SIZE, SIZE), False)
            norms.append(layer.attention.layer_norm)
        names = ["linear_0", *(["linear_0_noact"] if is_t5 else [])]
        for name in names:
            _linear(getattr(layer.ffn, name), chance, 2 * SIZE, SIZE)
        _linear(layer.ffn.linear_1, chance, SIZE, 2 * SIZE)
        norms.append(layer.ffn.layer_norm)
    for norm in norms:
        norm.gamma = np.ones(SIZE, np.float32)
        if not is_t5:
            norm.beta = np.zeros(SIZE, np.float32)


def _attention(
    attention: Any, chance: np.random.Generator, rows: tuple[int, ...], has_bias: bool
) -> None:
    for linear, count in zip(attention.linear, rows, strict=True):
        _linear(linear, chance, count, SIZE)
    if has_bias:
        attention.relative_attention_bias = _random(chance, 32, 2)
        attention.relative_attention_max_distance = np.dtype("int32").type(128)


def _linear(linear: Any, chance: np.random.Generator, rows: int, columns: int) -> None:
    linear.weight = _random(chance, rows, columns)
    linear.bias = np.zeros(rows, np.float32)


def _random(chance: np.random.Generator, *shape: int) -> Any:
    return chance.normal(0.0, 0.5, shape).astype(np.float32)
