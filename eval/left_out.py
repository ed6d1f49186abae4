"""An index without some of its passages, so that a question can be asked whose answer is not there.

Nothing is built anew: the passages are filtered out and their words taken from the counts. Inside the engine their words
still count for how rare a word is; one entry in hundreds hardly moves that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from coach.domain import Passage
from coach.ports import About, PassageIndex, Sparse, Stored


@dataclass(frozen=True)
class LeftOut:
    """`ids` are all passages of `index`, `without` the ones it is to have lost."""

    index: PassageIndex
    ids: frozenset[str]
    without: frozenset[str]

    @cached_property
    def about(self) -> About:
        lost = self.index.entries(sorted(self.without))
        frequencies = Counter(dict(self.index.about.frequencies))
        frequencies.subtract(token for stored in lost for token in stored.sparse.indices)
        about = self.index.about
        return replace(about, entries=about.entries - len(lost), frequencies={t: n for t, n in frequencies.items() if n > 0})

    def dense(self, vector: Sequence[float], limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        return self.index.dense(vector, limit, self._left(among))

    def lexical(self, query: Sparse, limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        return self.index.lexical(query, limit, self._left(among))

    def passages(self, ids: Sequence[str]) -> list[Passage]:
        return self.index.passages([id_ for id_ in ids if id_ not in self.without])

    def entries(self, ids: Sequence[str]) -> list[Stored]:
        return self.index.entries([id_ for id_ in ids if id_ not in self.without])

    def stored(self) -> Iterator[Stored]:
        return (stored for stored in self.index.stored() if stored.entry.passage.id not in self.without)

    def close(self) -> None:
        """The index is somebody else's to close."""

    def _left(self, among: Collection[str] | None) -> frozenset[str]:
        return (self.ids if among is None else frozenset(among)) - self.without
