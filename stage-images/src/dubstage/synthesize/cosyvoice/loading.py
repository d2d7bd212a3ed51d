"""Loading of a CosyVoice model: its generation, its weights, and checks before them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice
from dubstage.engines.parameters import flag
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.run.gpu_architecture import check_architecture
from dubstage.run.gpu_memory import is_out_of_memory
from dubstage.synthesize.cosyvoice.language_model import replace_weights, seed_for_this_pod

GENERATIONS = {"cosyvoice2.yaml": 2, "cosyvoice3.yaml": 3}
"""The file that tells CosyVoice the generation of a model."""
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TQDM_DISABLE": "1"}
"""Nothing is downloaded, and the log has no progress bars."""
TAG = re.compile(r"(?<![\w'\"])!([A-Za-z][\w:.]*)")
ALLOWED_TAGS = re.compile(
    r"ref"
    r"|apply:(random\.seed|numpy\.random\.seed|torch\.manual_seed|torch\.cuda\.manual_seed_all)"
    r"|new:omegaconf\.DictConfig"
    r"|(new|name):cosyvoice\.(llm|flow|hifigan|transformer|tokenizer|dataset)(\.DiT)?\.\w+\.\w+"
    r"|name:cosyvoice\.utils\.common\.(ras|nucleus|random)_sampling"
    r"|new:matcha\.hifigan\.models\.\w+"
    r"|name:matcha\.utils\.audio\.mel_spectrogram"
)
"""What the YAML file of a model may construct or call: it is code to CosyVoice."""
WEIGHTS = {"base": "llm.pt", "rl": "llm.rl.pt"}
"""The weights of the language model by the parameter ``weights``: after pretraining, and after
reinforcement learning."""


def generation_of(folder: Path, choice: EngineChoice) -> int:
    """The generation of the model in `folder`. Raises :class:`Misconfigured` for another
    model, and for one whose YAML file constructs or calls anything unexpected."""
    numbers = [number for name, number in GENERATIONS.items() if (folder / name).is_file()]
    if len(numbers) != 1:
        raise Misconfigured(
            f"The model {choice.engine}/{choice.model} is not CosyVoice 2 or 3: expected one of "
            f"{', '.join(GENERATIONS)} in its folder. Run `dubstage models pull` again, or name "
            "another model in the profile.",
            reason="ModelUnusable",
        )
    _check_tags(folder / f"cosyvoice{numbers[0]}.yaml", choice)
    return numbers[0]


def _check_tags(file: Path, choice: EngineChoice) -> None:
    text = "\n".join(
        line for line in file.read_text(errors="replace").splitlines()
        if not line.lstrip().startswith("#")
    )  # fmt: skip
    refused = [tag for tag in TAG.findall(text) if not ALLOWED_TAGS.fullmatch(tag)]
    if refused or "!!" in text or "!<" in text:
        raise Misconfigured(
            f"{file.name} of the model {choice.engine}/{choice.model} has the tag "
            f"!{refused[0] if refused else '!'}, which would run code that is not CosyVoice's: "
            "expected the file of the model's authors. Put that one on the models volume.",
            reason="ModelUnusable",
        )


def load_model(folder: Path, choice: EngineChoice) -> Any:
    """Upstream's model, loaded from `folder`.

    Raises :class:`Misconfigured` for a GPU that torch does not support, an image without
    CosyVoice and a damaged model, and :class:`TemporaryFailure` if the GPU's memory is full.
    """
    weights = str(choice.parameters.get("weights", "base"))
    if weights not in WEIGHTS:
        raise Misconfigured(
            f"The engine cosyvoice has no weights {weights!r}; it has {', '.join(WEIGHTS)}.",
            reason="EngineFailed",
        )
    is_half = flag(choice, "fp16", False)
    os.environ.update(ENVIRONMENT)
    try:
        from cosyvoice.cli.cosyvoice import AutoModel
    except ImportError as error:
        raise Misconfigured(
            f"The image has no CosyVoice ({error}): give the synthesize stage the image tts, "
            "built with CLONE_COSYVOICE=true, or another engine.",
            reason="EngineMissing",
        ) from error
    check_architecture()
    try:
        model = AutoModel(model_dir=str(folder), fp16=is_half)
        if weights != "base":
            replace_weights(model.model, folder / WEIGHTS[weights])
    except Exception as error:
        # A damaged file ends in any error of the library that reads it.
        if is_out_of_memory(error):
            raise out_of_memory() from error
        raise Misconfigured(
            f"The model {choice.engine}/{choice.model} cannot be loaded ({type(error).__name__}: "
            f"{error}): run `dubstage models pull` again, or correct the engine's parameters.",
            reason="ModelUnusable",
        ) from error
    seed_for_this_pod()
    return model


def out_of_memory() -> TemporaryFailure:
    """The failure of a stage whose GPU has too little memory."""
    return TemporaryFailure(
        "The GPU's memory is too small for CosyVoice: give the synthesize stage a GPU with more "
        "memory, or one of its own.",
        reason="OutOfMemory",
    )
