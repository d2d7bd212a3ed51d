"""Models that CTranslate2's own converter makes: the tokens of the engine are those of
transformers' tokenizers, and so are the translations.

The models have random weights and the architecture, tokenizer and files of the real ones.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
import transformers
from ctranslate2.converters import TransformersConverter

from dubstage.contract import EngineChoice
from dubstage.engines.translation_models import family_of
from dubstage.translate.ctranslate2.engine import CTranslate2, Part
from dubstage.translate.ctranslate2.tokens import read_tokenizer
from dubstage.translate.engine import SourceSegment, TranslationContext

TEXT = "Who opened the door? We heard the old house."
CORPUS = (
    "The council meeting will start tomorrow at nine in the morning in the main building.",
    "We moved our data to the new system last year, and nobody noticed anything at all.",
    "Who opened the door? I did not hear a sound; the old house was quiet.",
)
SIZES = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
}  # fmt: skip
UNUSED = 8
"""Words at the end of the vocabulary of M2M-100 that the tokenizer does not count."""
LANGUAGES = {"m2m100_418M": ("en", "ko"), "nllb-200-distilled-600M": ("eng_Latn", "kor_Hang")}
NAMES = ("opus-mt-en-ROMANCE", *LANGUAGES, "madlad400-3b-mt")
TARGETS = {"opus-mt-en-ROMANCE": "es"}


def pieces_of(file: Path, *extra: str) -> list[str]:
    """Train a SentencePiece model; its pieces."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_prefix=str(file.with_suffix("")), vocab_size=90,
        model_type="bpe", character_coverage=1.0, hard_vocab_limit=False, minloglevel=2,
        user_defined_symbols=list(extra),
    )  # fmt: skip
    trained = file.with_suffix(".model")
    if trained != file:
        trained.rename(file)
    model = sentencepiece.SentencePieceProcessor(model_file=str(file))
    return [model.id_to_piece(number) for number in range(model.get_piece_size())]


def opus(folder: Path) -> tuple[Any, Any, list[str]]:
    """OPUS-MT with several targets."""
    pieces = pieces_of(folder / "source.spm")
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    words = ["</s>", "<unk>", ">>spa<<", ">>por<<", *(p for p in pieces if p[0] != "<"), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(words)}))
    tokenizer = transformers.MarianTokenizer(
        str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json"),
        source_lang="en", target_lang="roa",
    )  # fmt: skip
    last = len(words) - 1
    config = transformers.MarianConfig(
        vocab_size=len(words), pad_token_id=last, eos_token_id=0, decoder_start_token_id=last,
        forced_eos_token_id=0, max_position_embeddings=512, **SIZES,
    )  # fmt: skip
    return tokenizer, transformers.MarianMTModel(config), ["source.spm", "target.spm"]


def m2m(folder: Path) -> tuple[Any, Any, list[str]]:
    """M2M-100."""
    pieces = pieces_of(folder / "sentencepiece.bpe.model")
    words = ["<s>", "<pad>", "</s>", "<unk>", *(piece for piece in pieces if piece[0] != "<")]
    (folder / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(words)}))
    files = [str(folder / name) for name in ("vocab.json", "sentencepiece.bpe.model")]
    # The real one lists its languages in its files.
    known = list(transformers.M2M100Tokenizer(*files).lang_token_to_id)
    tokenizer = transformers.M2M100Tokenizer(
        *files, src_lang="en", tgt_lang="ko", additional_special_tokens=known
    )
    count = len(words) + len(known) + UNUSED
    return tokenizer, _m2m_model(count), ["sentencepiece.bpe.model"]


def nllb(folder: Path) -> tuple[Any, Any, list[str]]:
    """NLLB-200."""
    pieces_of(folder / "sentencepiece.bpe.model")
    tokenizer = transformers.NllbTokenizer(
        str(folder / "sentencepiece.bpe.model"), src_lang="eng_Latn", tgt_lang="kor_Hang"
    )
    return tokenizer, _m2m_model(len(tokenizer)), ["sentencepiece.bpe.model"]


def _m2m_model(words: int) -> Any:
    config = transformers.M2M100Config(
        vocab_size=words, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        decoder_start_token_id=2, max_position_embeddings=512, **SIZES,
    )  # fmt: skip
    return transformers.M2M100ForConditionalGeneration(config)


def madlad(folder: Path) -> tuple[Any, Any, list[str]]:
    """MADLAD-400."""
    pieces_of(folder / "spiece.model", "<2en>", "<2ko>", "<pad>")
    tokenizer = transformers.T5Tokenizer(str(folder / "spiece.model"), extra_ids=0, legacy=True)
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=32, num_layers=1, num_heads=2,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return tokenizer, transformers.T5ForConditionalGeneration(config), ["spiece.model"]


MAKERS = dict(zip(NAMES, (opus, m2m, nllb, madlad), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_tokens_and_translations_are_those_of_transformers(tmp_path: Path, name: str) -> None:
    torch.manual_seed(3)
    original = tmp_path / "original"
    original.mkdir()
    tokenizer, model, files = MAKERS[name](original)
    model.eval().save_pretrained(original)
    tokenizer.save_pretrained(original)
    folder = tmp_path / "ctranslate2" / name
    folder.parent.mkdir()
    TransformersConverter(str(original), copy_files=files).convert(str(folder))

    target = TARGETS.get(name, "ko")
    choice = EngineChoice(
        engine="ctranslate2", model=name,
        parameters={"device": "cpu", "compute_type": "float32", "beam_size": 1},
    )  # fmt: skip
    family = family_of(choice)
    assert family
    tokens = read_tokenizer(folder, family)
    frame = tokens.frame("en", target)
    prefix = {"opus-mt-en-ROMANCE": ">>spa<< ", "madlad400-3b-mt": "<2ko> "}.get(name, "")
    ids = tokenizer(prefix + TEXT).input_ids
    assert frame.around(tokens.encode(frame.mark + TEXT)) == tokenizer.convert_ids_to_tokens(ids)

    engine = CTranslate2(folder, choice)
    (answer,) = engine.translate(
        [SourceSegment("segment_0000", TEXT, "A")], TranslationContext("en", target)
    )
    assert answer.text == " ".join(
        _translated(
            model, tokenizer, f"{prefix}{sentence}", name,
            Part(sentence, tokens.encode(frame.mark + sentence)).limit,
        )
        for sentence in ("Who opened the door?", "We heard the old house.")
    )  # fmt: skip


def _translated(model: Any, tokenizer: Any, text: str, name: str, limit: int) -> str:
    """What transformers' own generation gives: at most `limit` tokens, without languages."""
    inputs = tokenizer(text, return_tensors="pt")
    first = {}
    if name in LANGUAGES:
        code = LANGUAGES[name][1]
        is_m2m = name.startswith("m2m")
        first["forced_bos_token_id"] = (
            tokenizer.get_lang_id(code) if is_m2m else tokenizer.convert_tokens_to_ids(code)
        )
    unknown = [[tokenizer.unk_token_id]]
    with torch.no_grad():
        (ids,) = model.generate(
            **inputs, num_beams=1, do_sample=False, bad_words_ids=unknown, max_new_tokens=limit,
            forced_eos_token_id=None, **first,
        )  # fmt: skip
    text = tokenizer.decode(
        [
            one
            for one in ids
            if not re.fullmatch(r"<2\w+>", tokenizer.convert_ids_to_tokens(int(one)))
        ],
        skip_special_tokens=True,
    )
    return str(text).strip()
