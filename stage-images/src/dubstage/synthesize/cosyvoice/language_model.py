"""CosyVoice's language model: other weights, and the speech tokens of several texts at once.

Decoding is bound by the latency of one step, which for one text leaves most of a GPU idle.
Token for token it equals upstream's decoding of one text at a time.
"""

from __future__ import annotations

import socket
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubstage.logs import logger
from dubstage.synthesize.cosyvoice.guard import TOKENS_PER_TEXT_TOKEN, sample

MOST_PER_TEXT_TOKEN = 20
"""Speech tokens per text token, the instruction included, at most: upstream's limit."""
MAX_SILENT = 5
"""Silent tokens in a row that are kept, as upstream does."""


@dataclass(frozen=True)
class Prompt:
    """What the language model gets for one text."""

    inputs: Mapping[str, Any]
    """The arguments that upstream's front end prepares."""
    text_tokens: int
    """Tokens of the text itself, without an instruction."""


def replace_weights(core: Any, file: Path) -> None:
    """Load other weights into the language model: upstream knows ``llm.pt`` only."""
    import torch

    weights = torch.load(file, map_location=core.device, weights_only=True)
    core.llm.load_state_dict(weights, strict=True)


def seed_for_this_pod() -> None:
    """Draw other random numbers than the pods before: the files of a model set the same seed
    each time, so that a retry would fail at the same speech tokens."""
    import torch

    seed = zlib.crc32(socket.gethostname().encode())
    torch.manual_seed(seed)
    logger.info("random seed %d", seed)


def decode(core: Any, prompts: Sequence[Prompt]) -> list[list[int]]:
    """The speech tokens of each of `prompts`, without long silence.

    `core`: upstream's model. Raises RuntimeError if the GPU's memory is full.
    """
    import torch

    with (
        torch.inference_mode(),
        core.llm_context,
        torch.autocast(core.device.type, dtype=torch.float16, enabled=bool(core.fp16)),
    ):
        rows = [_embed(core, prompt.inputs) for prompt in prompts]
        least = [TOKENS_PER_TEXT_TOKEN * prompt.text_tokens for prompt in prompts]
        most = [MOST_PER_TEXT_TOKEN * prompt.inputs["text"].shape[1] for prompt in prompts]
        decoded = _decode(core.llm, rows, least, most)
    return [_without_long_silence(tokens, frozenset(core.silent_tokens)) for tokens in decoded]


def _embed(core: Any, inputs: Mapping[str, Any]) -> Any:
    """The embedded prompt, shape (1, tokens, width)."""
    import torch

    llm, device = core.llm, core.device
    # CosyVoice 3 keeps its two marks among the speech tokens.
    marks = getattr(llm, "llm_embedding", llm.speech_embedding).weight
    parts = [marks[llm.sos].reshape(1, 1, -1)]
    texts = [inputs[name].to(device) for name in ("prompt_text", "text") if name in inputs]
    parts.append(llm.llm.model.model.embed_tokens(torch.cat(texts, dim=1)))
    parts.append(marks[llm.task_id].reshape(1, 1, -1))
    if "llm_prompt_speech_token" in inputs:
        parts.append(llm.speech_embedding(inputs["llm_prompt_speech_token"].to(device)))
    return torch.cat(parts, dim=1)


def _decode(
    llm: Any, rows: Sequence[Any], least: Sequence[int], most: Sequence[int]
) -> list[list[int]]:
    """The tokens of each row, until it ends or has its most."""
    import torch

    count, longest = len(rows), max(row.shape[1] for row in rows)
    inputs = rows[0].new_zeros(count, longest, rows[0].shape[2])
    mask = torch.zeros(count, longest, dtype=torch.long, device=inputs.device)
    for number, row in enumerate(rows):  # Padding goes before the prompt.
        inputs[number, longest - row.shape[1] :] = row[0]
        mask[number, longest - row.shape[1] :] = 1
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = None
    decoded: list[list[int]] = [[] for _ in rows]
    open_rows = {number for number in range(count) if most[number] > 0}
    while open_rows:
        output = llm.llm.model(
            inputs_embeds=inputs, attention_mask=mask, position_ids=positions,
            past_key_values=cache, output_hidden_states=True, use_cache=True,
        )  # fmt: skip
        cache = output.past_key_values
        scores = llm.llm_decoder(output.hidden_states[-1][:, -1]).log_softmax(dim=-1).cpu()
        tokens = [0] * count
        for number in sorted(open_rows):
            own = decoded[number]
            token = sample(llm, llm.sampling, scores[number], own, least[number])
            if token in llm.stop_token_ids:
                open_rows.discard(number)
                continue
            own.append(token)
            tokens[number] = token
            if len(own) >= most[number]:
                open_rows.discard(number)
        inputs = llm.speech_embedding.weight[torch.tensor(tokens, device=inputs.device)][:, None]
        mask = torch.cat([mask, mask.new_ones(count, 1)], dim=1)
        positions = positions[:, -1:] + 1
    return decoded


def _without_long_silence(tokens: Sequence[int], silent: frozenset[int]) -> list[int]:
    """The tokens, with at most five silent ones in a row."""
    kept, run = [], 0
    for token in tokens:
        run = run + 1 if token in silent else 0
        if run <= MAX_SILENT:
            kept.append(token)
    return kept
