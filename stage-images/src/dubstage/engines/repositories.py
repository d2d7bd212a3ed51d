"""Where models come from: the repositories of each engine's models, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from dubstage.contract import EngineChoice
from dubstage.engines.parameters import flag


class Hub(str, Enum):
    """A service that models are downloaded from."""

    HUGGING_FACE = "Hugging Face"
    MODELSCOPE = "ModelScope"


@dataclass(frozen=True)
class Source:
    """A repository of a hub."""

    hub: Hub
    repository: str
    files: tuple[str, ...] = ()
    """Patterns of the files that are needed; empty for all."""
    required: tuple[str, ...] = ()
    """The files that the engine opens, as patterns; ``a|b`` for one of two."""
    gated: bool = False
    """Whether it is only for accounts that accepted its terms, known by their token."""


@dataclass(frozen=True)
class Need:
    """One model that belongs on the volume."""

    name: str
    """``<engine>/<model>``, its folder."""
    sources: tuple[Source, ...] = ()
    """Where it can be downloaded: the first source that answers counts. Empty for a model
    that has to be copied there."""
    without: str = ""
    """What happens without it; empty for a model that the engine cannot work without."""
    only_measures: bool = False
    """Whether the results are the same without it, but for a measure."""

    @property
    def required(self) -> tuple[str, ...]:
        """The files that the engine opens, as patterns."""
        return self.sources[0].required if self.sources else ()


ALIGNER_ENGINE = "wav2vec2"
DIARIZER = "pyannote/speaker-diarization-community-1"
SPEECH_CHECK_MODEL = "faster-whisper/base"
"""What listens to the clips of the synthesize stage, unless its profile says another."""
QUALITY_MODEL = "dnsmos/p835"
"""DNSMOS P.835, which rates the clips: no hub has it in the form of its package."""
LOCAL_DIARIZER = "diarizer/v1"
"""pyannote's segmentation-3.0 and CAM++, which need no token: no hub has them in this form."""

_WHISPER = {
    **{
        size: f"Systran/faster-whisper-{size}"
        for size in (
            "tiny tiny.en base base.en small small.en medium medium.en large-v1 large-v2 large-v3"
        ).split()
    },
    **{
        f"distil-{size}": f"Systran/faster-distil-whisper-{size}"
        for size in ("small.en", "medium.en", "large-v2", "large-v3")
    },
    "large": "Systran/faster-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
    **dict.fromkeys(("large-v3-turbo", "turbo"), "mobiuslabsgmbh/faster-whisper-large-v3-turbo"),
}
"""Whisper for CTranslate2, by the names of faster-whisper 1.2."""
_WHISPER_FILES = (
    "config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*",
)  # fmt: skip
_WHISPER_REQUIRED = ("config.json", "model.bin", "tokenizer.json")

_ALIGNERS = {
    "en": "facebook/wav2vec2-base-960h",
    "de": "jonatasgrosman/wav2vec2-large-xlsr-53-german",
    "es": "jonatasgrosman/wav2vec2-large-xlsr-53-spanish",
    "fr": "jonatasgrosman/wav2vec2-large-xlsr-53-french",
    "it": "jonatasgrosman/wav2vec2-large-xlsr-53-italian",
    "ja": "jonatasgrosman/wav2vec2-large-xlsr-53-japanese",
    "zh": "jonatasgrosman/wav2vec2-large-xlsr-53-chinese-zh-cn",
    "nl": "jonatasgrosman/wav2vec2-large-xlsr-53-dutch",
    "uk": "Yehor/wav2vec2-xls-r-300m-uk-with-small-lm",
    "pt": "jonatasgrosman/wav2vec2-large-xlsr-53-portuguese",
    "ar": "jonatasgrosman/wav2vec2-large-xlsr-53-arabic",
    "cs": "comodoro/wav2vec2-xls-r-300m-cs-250",
    "ru": "jonatasgrosman/wav2vec2-large-xlsr-53-russian",
    "pl": "jonatasgrosman/wav2vec2-large-xlsr-53-polish",
    "hu": "jonatasgrosman/wav2vec2-large-xlsr-53-hungarian",
    "fi": "jonatasgrosman/wav2vec2-large-xlsr-53-finnish",
    "fa": "jonatasgrosman/wav2vec2-large-xlsr-53-persian",
    "el": "jonatasgrosman/wav2vec2-large-xlsr-53-greek",
    "tr": "mpoyraz/wav2vec2-xls-r-300m-cv7-turkish",
    "da": "saattrupdan/wav2vec2-xls-r-300m-ftspeech",
    "he": "imvladikon/wav2vec2-xls-r-300m-hebrew",
    "vi": "nguyenvulebinh/wav2vec2-base-vi-vlsp2020",
    "ko": "kresnik/wav2vec2-large-xlsr-korean",
    "ur": "kingabzpro/wav2vec2-large-xls-r-300m-Urdu",
    "te": "anuragshas/wav2vec2-large-xlsr-53-telugu",
    "hi": "theainerd/Wav2Vec2-large-xlsr-hindi",
    "ca": "softcatala/wav2vec2-large-xlsr-catala",
    "ml": "gvs/wav2vec2-large-xlsr-malayalam",
    "no": "NbAiLab/nb-wav2vec2-1b-bokmaal-v2",
    "nn": "NbAiLab/nb-wav2vec2-1b-nynorsk",
    "sk": "comodoro/wav2vec2-xls-r-300m-sk-cv8",
    "sl": "anton-l/wav2vec2-large-xlsr-53-slovenian",
    "hr": "classla/wav2vec2-xls-r-parlaspeech-hr",
    "ro": "gigant/romanian-wav2vec2",
    "eu": "stefan-it/wav2vec2-large-xlsr-53-basque",
    "gl": "ifrz/wav2vec2-large-xlsr-galician",
    "ka": "xsway/wav2vec2-large-xlsr-georgian",
    "lv": "jimregan/wav2vec2-large-xlsr-latvian-cv",
    "tl": "Khalsuu/filipino-wav2vec2-l-xls-r-300m-official",
    "sv": "KBLab/wav2vec2-large-voxrex-swedish",
    "id": "cahya/wav2vec2-large-xlsr-indonesian",
}
"""Aligners by language: those of whisperx 3.8. Its five torchaudio bundles are replaced by
models in the same form."""
_ALIGNER_FILES = ("*.json", "*.txt", "model.safetensors", "pytorch_model.bin")
_ALIGNER_REQUIRED = ("config.json", "model.safetensors|pytorch_model.bin")

_COSYVOICE = {
    "CosyVoice2-0.5B": ("iic/CosyVoice2-0.5B", "FunAudioLLM/CosyVoice2-0.5B"),
    "Fun-CosyVoice3-0.5B-2512": (
        "FunAudioLLM/Fun-CosyVoice3-0.5B-2512", "FunAudioLLM/Fun-CosyVoice3-0.5B-2512",
    ),
}  # fmt: skip
"""Name of the model to its repositories on ModelScope and on Hugging Face."""
_COSYVOICE_REQUIRED = (
    "cosyvoice2.yaml|cosyvoice3.yaml", "llm.pt", "flow.pt", "hift.pt", "campplus.onnx",
    "speech_tokenizer_v2.onnx|speech_tokenizer_v3.onnx",
    *(
        f"CosyVoice-BlankEN/{name}"
        for name in (
            "config.json", "merges.txt", "model.safetensors", "tokenizer_config.json", "vocab.json",
        )
    ),
)  # fmt: skip
_COSYVOICE_FILES = (
    *(name for pattern in _COSYVOICE_REQUIRED for name in pattern.split("|")),
    "llm.rl.pt",
    "CosyVoice-BlankEN/*.json",
)
"""The repositories have exports for other programs as well, of several gigabytes."""


def whisper(model: str) -> tuple[Source, ...]:
    """Where a Whisper model for CTranslate2 comes from; empty for an unknown name."""
    if model not in _WHISPER:
        return ()
    return (Source(Hub.HUGGING_FACE, _WHISPER[model], _WHISPER_FILES, _WHISPER_REQUIRED),)


def demucs(model: str) -> tuple[Source, ...]:
    """Where a Demucs model comes from, by the rule of Demucs 4.1's own ``hf.py``."""
    if model.startswith("htdemucs"):
        name = "HTDemucs" + model.removeprefix("htdemucs").replace("_", "-", 1)
    else:
        name = f"Demucs-{model}"
    files = ("*.yaml", "*.safetensors")
    return (Source(Hub.HUGGING_FACE, f"adefossez/{name}", files, files),)


def cosyvoice(model: str) -> tuple[Source, ...]:
    """Where a CosyVoice model comes from; empty for an unknown name."""
    if model not in _COSYVOICE:
        return ()
    modelscope, hugging_face = _COSYVOICE[model]
    return tuple(
        Source(hub, repository, _COSYVOICE_FILES, _COSYVOICE_REQUIRED)
        for hub, repository in ((Hub.MODELSCOPE, modelscope), (Hub.HUGGING_FACE, hugging_face))
    )


def kokoro(model: str) -> tuple[Source, ...]:
    """Where Kokoro comes from; empty for an unknown name."""
    if model != "v1.0":
        return ()
    files = ("onnx/model_quantized.onnx", "tokenizer.json", "voices/*.bin")
    return (Source(Hub.HUGGING_FACE, "onnx-community/Kokoro-82M-v1.0-ONNX", files),)


def bergamot(_: str) -> tuple[Source, ...]:
    """No repository: the license of the weights is not settled, so that each user gets them from
    the package that contains them (``stage-images/fetch_models.py``)."""
    return ()


def aligner(language: str) -> tuple[Source, ...]:
    """Where the aligner for a language comes from; empty for a language without one."""
    if language not in _ALIGNERS:
        return ()
    return (Source(Hub.HUGGING_FACE, _ALIGNERS[language], _ALIGNER_FILES, _ALIGNER_REQUIRED),)


def diarizer(_: str) -> tuple[Source, ...]:
    """Where pyannote's diarizer comes from."""
    return (Source(Hub.HUGGING_FACE, DIARIZER, required=("config.yaml",), gated=True),)


def local_diarizer(choice: EngineChoice) -> list[Need]:
    """The model that distinguishes speakers without a token, unless ``diarize`` is false."""
    if not flag(choice, "diarize", True):
        return []
    return [Need(LOCAL_DIARIZER, without="everybody is one speaker")]


COMPANIONS: dict[str, Callable[[str], tuple[Source, ...]]] = {
    ALIGNER_ENGINE: aligner,
    DIARIZER.partition("/")[0]: diarizer,
}
"""Where models come from that are no engine's own, by the first part of their name."""


def aligners_and_diarizer(choice: EngineChoice) -> list[Need]:
    """The models that whisperx uses in addition to Whisper: one aligner for each language of the
    parameter ``align_languages``, and the diarizer unless ``diarize`` is false."""
    languages = str(choice.parameters.get("align_languages", "en")).replace(",", " ").split()
    needs = [
        Need(
            f"{ALIGNER_ENGINE}/{language}",
            aligner(language),
            without=f"words in {language} get Whisper's own times, which are less exact",
        )
        for language in languages
    ]
    if flag(choice, "diarize", True):
        needs += local_diarizer(choice)
        without = f"{LOCAL_DIARIZER} names the speakers"
        needs.append(Need(DIARIZER, diarizer(DIARIZER), without=without))
    return needs


def speech_check(choice: EngineChoice) -> list[Need]:
    """The models that listen to the clips of a voice, unless ``check`` is false: the synthesize
    stage's parameter ``check_model``, which is optional unless ``check`` is true, and DNSMOS."""
    check = flag(choice, "check", None)
    if check is False:
        return []
    name = str(choice.parameters.get("check_model", SPEECH_CHECK_MODEL))
    without = "" if check else "the speech is not checked"
    return [
        Need(name, whisper(name.partition("/")[2]), without=without),
        Need(
            QUALITY_MODEL, without="the quality of the speech is not estimated", only_measures=True
        ),
    ]


def speech_and_voice_check(choice: EngineChoice) -> list[Need]:
    """The models that check the words and the voice of an engine that imitates recordings."""
    needs = speech_check(choice)
    return [*needs, Need(LOCAL_DIARIZER, without="cloned voices are not compared")] if needs else []


def served_speech_check(choice: EngineChoice) -> list[Need]:
    """The models that check the speech of a server, which imitates recordings with the parameter
    ``clone``."""
    clones = choice.parameters.get("clone", "none") != "none"
    return speech_and_voice_check(choice) if clones else speech_check(choice)


def check_model(choice: EngineChoice) -> list[Need]:
    """The model of the mux stage's parameter ``check_model``, ``<engine>/<model>``."""
    name = str(choice.parameters.get("check_model", ""))
    return [Need(name, whisper(name.partition("/")[2]))] if name else []
