"""CosyVoice models with random weights, in the format of CosyVoice's own.

They are made of the YAML files in its checkout: small ones for the tests, with smaller numbers,
and ones of full size for the benchmark. What they say is noise.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

QWEN = {
    "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
    "num_attention_heads": 14, "num_key_value_heads": 2, "max_window_layers": 24,
}  # fmt: skip
"""The sizes of Qwen2-0.5B, by its configuration on the Hugging Face Hub."""
HIDDEN = 32
SMALL_QWEN = {
    "hidden_size": HIDDEN, "intermediate_size": HIDDEN, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 1, "max_window_layers": 2,
}  # fmt: skip
VOCABULARY, SPECIAL = 151936, 151643
"""Sizes of Qwen's embedding, and of its vocabulary without special tokens."""
END_BIAS = 2.2
"""Makes CosyVoice 2 end after some 20 tokens: of its tokens only one ends a text in practice."""
SMALLER = {
    2: {
        "num_blocks: 6": "num_blocks: 1", "attention_heads: 8": "attention_heads: 2",
        "linear_units: 2048": "linear_units: 32", "channels: [256]": "channels: [16]",
        "n_blocks: 4": "n_blocks: 1", "num_mid_blocks: 12": "num_mid_blocks: 1",
        "num_heads: 8": "num_heads: 2", "attention_head_dim: 64": "attention_head_dim: 8",
    },
    3: {
        "channels: 1024": "channels: 32", "dim: 1024": "dim: 32", "depth: 22": "depth: 1",
        "heads: 16": "heads: 2", "dim_head: 64": "dim_head: 16",
    },
}  # fmt: skip
COMMON = {
    "llm_input_size: 896": f"llm_input_size: {HIDDEN}",
    "llm_output_size: 896": f"llm_output_size: {HIDDEN}",
    "base_channels: 512": "base_channels: 16",
    "cond_channels: 512": "cond_channels: 16",
}


def make(checkout: Path, generation: int, folder: Path, *, full_size: bool = False) -> None:
    """Write a model of that generation to `folder`, of 2 GB if it has its full size."""
    import torch
    from hyperpyyaml import load_hyperpyyaml

    name = f"cosyvoice{generation}"
    yaml = (checkout / f"examples/libritts/{name}/conf/{name}.yaml").read_text()
    for large, small in ({} if full_size else {**COMMON, **SMALLER[generation]}).items():
        assert large in yaml, large
        yaml = re.sub(re.escape(large) + r"\b", small, yaml) if large[-1] != "]" else yaml.replace(
            large, small
        )  # fmt: skip
    _write_text_model(folder / "CosyVoice-BlankEN", QWEN if full_size else SMALL_QWEN)
    _write_onnx(folder, f"speech_tokenizer_v{generation}.onnx")
    (folder / f"{name}.yaml").write_text(yaml)
    overrides = {"qwen_pretrain_path": str(folder / "CosyVoice-BlankEN")}
    parts = load_hyperpyyaml(yaml, overrides=overrides)
    if generation == 2:
        with torch.no_grad():
            parts["llm"].llm_decoder.bias[parts["llm"].eos_token] = END_BIAS
    for part in ("llm", "flow", "hift"):
        torch.save(parts[part].state_dict(), folder / f"{part}.pt")
    weights = parts["llm"].state_dict()
    weights["speech_embedding.weight"] = weights["speech_embedding.weight"] + 1.0
    torch.save(weights, folder / "llm.rl.pt")


def _write_text_model(folder: Path, sizes: dict[str, int]) -> None:
    """Write Qwen's model, and a tokenizer for bytes and a few pairs of them."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM
    from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

    folder.mkdir(parents=True)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=VOCABULARY, tie_word_embeddings=True, bos_token_id=SPECIAL,
        eos_token_id=SPECIAL + 2, **sizes,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(folder)
    vocabulary = {letter: number for number, letter in enumerate(bytes_to_unicode().values())}
    merges = ["t h", "i n", "e r", "th e", "a n", "o n"]
    for pair in merges:
        vocabulary[pair.replace(" ", "")] = len(vocabulary)
    vocabulary |= {f"⟦{number}⟧": number for number in range(len(vocabulary), SPECIAL)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
    names = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    flags = {name: False for name in ("lstrip", "normalized", "rstrip", "single_word")}
    added = {
        str(SPECIAL + number): {"content": name, "special": True, **flags}
        for number, name in enumerate(names)
    }
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "added_tokens_decoder": added, "additional_special_tokens": list(names[1:]),
                "eos_token": names[0], "pad_token": names[0], "errors": "replace",
                "model_max_length": 32768, "tokenizer_class": "Qwen2Tokenizer",
            }
        )
    )  # fmt: skip


def _write_onnx(folder: Path, tokenizer: str) -> None:
    """Write the encoders of a recording: of its voice, and of its speech tokens."""
    import numpy
    from onnx import TensorProto, helper, numpy_helper

    node, value = helper.make_node, helper.make_tensor_value_info
    number, whole = TensorProto.FLOAT, TensorProto.INT32
    weights = numpy.random.default_rng(0).normal(size=(80, 192)).astype("float32")
    _save_onnx(
        folder / "campplus.onnx",
        [
            node("ReduceMean", ["feat"], ["mean"], axes=[1], keepdims=0),
            node("MatMul", ["mean", "weights"], ["embedding"]),
        ],
        [value("feat", number, [1, "T", 80])],
        value("embedding", number, [1, 192]),
        [numpy_helper.from_array(weights, "weights")],
    )
    constants = {
        "start": numpy.array([0]), "end": numpy.array([2**31 - 1]), "axis": numpy.array([1]),
        "step": numpy.array([4]), "scale": numpy.array(1000.0, "float32"),
        "size": numpy.array(6561, "int32"),
    }  # fmt: skip
    _save_onnx(
        folder / tokenizer,
        [
            node("ReduceMean", ["feats"], ["mean"], axes=[1], keepdims=0),
            node("Slice", ["mean", "start", "end", "axis", "step"], ["slices"]),
            node("Mul", ["slices", "scale"], ["scaled"]),
            node("Cast", ["scaled"], ["integers"], to=whole),
            node("Mod", ["integers", "size"], ["tokens"]),
            node("Sub", ["feats_length", "feats_length"], ["zero"]),
            node("Add", ["tokens", "zero"], ["indices"]),
        ],
        [value("feats", number, [1, 128, "T"]), value("feats_length", whole, [1])],
        value("indices", whole, [1, "S"]),
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )


def _save_onnx(
    path: Path, nodes: list[Any], inputs: list[Any], output: Any, data: list[Any]
) -> None:
    import onnx

    graph = onnx.helper.make_graph(nodes, path.stem, inputs, [output], data)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
