"""The tokens that each family of models expects, and the texts of those that it returns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubstage.engines.languages import Languages
from dubstage.engines.translation_models import M2M_100, MADLAD_400, NLLB_200, Family
from dubstage.errors import Misconfigured
from dubstage.text.languages import engine_code
from dubstage.text.punctuation import PLAIN

END = "</s>"
LANGUAGE = re.compile(r"__\w+__|>>\w+<<|<2\w+>|[a-z]{3}_[A-Z][a-z]{3}")
"""The tokens for languages of all families."""
OWN_TAGS = {"pob": "pt-BR", "por": "pt-PT", "cmn_Hans": "zh-Hans", "cmn_Hant": "zh-Hant"}
"""Codes of OPUS-MT that are no BCP 47 tags, or that mean a region there."""


@dataclass(frozen=True)
class Tokenizer:
    """The SentencePiece models of a translation model."""

    family: Family
    source: Any
    target: Any
    vocabulary: frozenset[str]
    """The tokens for target languages, ``>>spa<<``, of a model with several of them."""
    adds_end: bool
    """Whether CTranslate2 adds the end token by itself."""

    def encode(self, text: str) -> list[str]:
        """The pieces of a text, without tokens for languages."""
        if self.family is Family.OPUS_MT:
            text = text.translate(PLAIN)
        pieces: list[str] = self.source.encode(text, out_type=str)
        return pieces

    def decode(self, tokens: list[str], prefix: list[str]) -> str:
        """The text of a hypothesis, which may begin with `prefix`."""
        if prefix and tokens[: len(prefix)] == prefix:
            tokens = tokens[len(prefix) :]
        words = [token for token in tokens if not _is_special(token)]
        return str(self.target.decode(words)).strip()

    def frame(self, source: str, target: str) -> Frame:
        """What surrounds the pieces. `source` and `target` are BCP 47 tags.

        Raises :class:`Misconfigured` for a language that the model does not have.
        """
        end = () if self.adds_end else (END,)
        if self.family is Family.M2M_100:
            return Frame(
                (f"__{_code(source, M2M_100)}__",), end, (f"__{_code(target, M2M_100)}__",)
            )
        if self.family is Family.NLLB_200:
            one, other = (_code(tag, NLLB_200).replace("-", "_") for tag in (source, target))
            return Frame((one,), end, (other,))
        if self.family is Family.MADLAD_400:
            return Frame((), end, (), mark=f"<2{_code(target, MADLAD_400)}> ")
        return Frame(self._opus_target(target), end, ())

    def _opus_target(self, target: str) -> tuple[str, ...]:
        """OPUS-MT's token for the target language; none for a model with one target."""
        tokens = {_opus_tag(token): token for token in sorted(self.vocabulary)}
        return (tokens[_code(target, Languages(frozenset(tokens)))],) if tokens else ()


@dataclass(frozen=True)
class Frame:
    """What surrounds the pieces of a text."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    prefix: tuple[str, ...]
    """The beginning of each translation."""
    mark: str = ""
    """What is put before the text itself: MADLAD-400 gets it through SentencePiece."""

    def around(self, pieces: list[str]) -> list[str]:
        """The tokens of a text."""
        return [*self.before, *pieces, *self.after]


def read_tokenizer(folder: Path, family: Family) -> Tokenizer:
    """The tokenizer in the folder of a model.

    Raises :class:`Misconfigured` if it has none.
    """
    from sentencepiece import SentencePieceProcessor

    names = ("source.spm", "target.spm") if family is Family.OPUS_MT else ("*.model",) * 2
    paths = [path for name in names for path in sorted(folder.glob(name))[:1]]
    if len(paths) != 2:
        raise Misconfigured(
            f"The model {folder.parent.name}/{folder.name} has no SentencePiece model "
            f"({' and '.join(dict.fromkeys(names))}): copy it from the repository that the model "
            "was converted from, and pull the model again.",
            reason="ModelUnusable",
        )
    source, target = (SentencePieceProcessor(model_file=str(path)) for path in paths)
    config = folder / "config.json"
    settings = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    return Tokenizer(family, source, target, _targets(folder), bool(settings.get("add_source_eos")))


def _targets(folder: Path) -> frozenset[str]:
    """The tokens of the source vocabulary that name a target language."""
    for path in sorted(folder.glob("s*_vocabulary.*")):
        text = path.read_text(encoding="utf-8")
        tokens = json.loads(text) if path.suffix == ".json" else text.split("\n")
        return frozenset(one for one in tokens if one.startswith(">>") and one.endswith("<<"))
    return frozenset()


def _opus_tag(token: str) -> str:
    code = token[2:-2]
    return OWN_TAGS.get(code, code.replace("_", "-"))


def _code(tag: str, languages: Languages) -> str:
    code = engine_code(tag, languages)
    if code is None:
        raise Misconfigured(
            f"The translation model does not have the language {tag}; it has "
            f"{', '.join(sorted(languages.codes))}. Choose another model in the profile.",
            reason="LanguageUnsupported",
        )
    return code


def _is_special(token: str) -> bool:
    return token in ("<s>", END, "<pad>", "<unk>") or LANGUAGE.fullmatch(token) is not None
