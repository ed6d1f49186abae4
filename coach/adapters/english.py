"""How common a word is in everyday English, from pyspellchecker's frequency list."""

from __future__ import annotations

from functools import cached_property

from spellchecker import SpellChecker

# Counts in the list's corpus of subtitles. Below this, a word is a name or a term of some trade.
COMMON = 200


class English:
    """Loaded at the first question, in half a second."""

    def common(self, word: str) -> bool:
        """Whether a word is one that people use about anything."""
        return bool(self._list.word_frequency[word.lower()] >= COMMON)

    @cached_property
    def _list(self) -> SpellChecker:
        return SpellChecker(language="en")
