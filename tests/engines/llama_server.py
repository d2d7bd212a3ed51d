"""llama.cpp's server with a small language model that talks nonsense.

    uv run --no-project --with … python llama_server.py FOLDER CONTEXT

Writes the model (GGUF, random weights, one token for each character) into FOLDER, serves it with
CONTEXT tokens for each of four requests, prints the URL, and ends with the end of stdin. The
packages are not part of the other environments: they have 100 MB.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import xllamacpp

SIZE = 64
SLOTS = 4
SPACE, QUOTE = "▁", '"'
LIKELY = {SPACE: 1.0, QUOTE: -0.9}
"""Logits of the space, and of the mark that ends a string in JSON: words and texts have an end."""
UNLIKELY = -7.0
"""Logit of all that is neither a small letter nor one of these."""
CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def main() -> int:
    """Serve until stdin ends; return 0."""
    path = Path(sys.argv[1]) / "noise.gguf"
    write(path)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.port = 0
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * int(sys.argv[2])
    parameters.endpoint_slots = True
    # Threads that wait for one another are slow on a machine that is busy.
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    return 0


def write(path: Path) -> None:
    """Write the model: one layer of a Llama whose words depend on chance."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), SPACE]
    tokens += [chr(code) for code in range(33, 127)]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(32768)
    writer.add_embedding_length(SIZE)
    writer.add_block_count(1)
    writer.add_feed_forward_length(SIZE)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(SIZE // 2)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([2, 3, 3, *[6] * 256, *[1] * (len(tokens) - 259)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT)
    for name, weights in _weights(tokens).items():
        writer.add_tensor(f"{name}.weight", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _weights(tokens: list[str]) -> dict[str, Any]:
    chance = np.random.default_rng(3)

    def random(*shape: int, scale: float = 0.1) -> Any:
        return chance.normal(0.0, scale, shape).astype(np.float32)

    # The first number of each vector is nearly constant, so that the output has a bias.
    embeddings = random(len(tokens), SIZE)
    embeddings[:, 0] = 1.0
    output = random(len(tokens), SIZE, scale=0.05)
    output[:, 0] = [_logit(token) / np.sqrt(SIZE) for token in tokens]
    names = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    ones = np.ones(SIZE, np.float32)
    return {
        "token_embd": embeddings,
        "output": output,
        "output_norm": ones,
        "blk.0.attn_norm": ones,
        "blk.0.ffn_norm": ones,
        **{f"blk.0.{name}": random(SIZE, SIZE, scale=0.03) for name in names},
    }


def _logit(token: str) -> float:
    is_letter = len(token) == 1 and token.isascii() and token.islower()
    return LIKELY.get(token, 0.0 if is_letter else UNLIKELY)


if __name__ == "__main__":
    sys.exit(main())
