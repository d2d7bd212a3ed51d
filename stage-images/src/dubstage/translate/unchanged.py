"""Whether a translation is the text itself: pure."""

from __future__ import annotations


def is_untranslated(text: str, translation: str) -> bool:
    """Whether a translation is empty, or the text unchanged. A text without letters, or of
    one word, which may be a name, may stay as it is."""
    if not translation.strip():
        return True
    words = _words(text)
    return len(words) > 1 and words == _words(translation)


def _words(text: str) -> list[str]:
    """The words of `text` that have letters, without case and punctuation."""
    bare = "".join(x if x.isalnum() or x.isspace() else " " for x in text.casefold())
    return [word for word in bare.split() if any(x.isalpha() for x in word)]
