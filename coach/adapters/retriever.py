"""The bridge outward: the coach's index as a llama-index retriever, for anybody's query engine or agent."""

from __future__ import annotations

from collections.abc import Callable

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from coach.domain import Hit


class CoachRetriever(BaseRetriever):
    """Wraps a search, for instance `coach.search`, as llama-index expects one.

    Node ids are passage ids; metadata holds title, heading, topic, source and place; scores are the fused ones.
    """

    def __init__(self, search: Callable[[str, int], list[Hit]], limit: int = 5) -> None:
        super().__init__()
        self._search = search
        self._limit = limit

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=_node(hit), score=hit.score) for hit in self._search(query_bundle.query_str, self._limit)]


def _node(hit: Hit) -> TextNode:
    passage = hit.passage
    about = {
        "title": passage.title,
        "heading": passage.heading,
        "topic": passage.topic,
        "source": passage.source,
        "place": passage.place,
    }
    return TextNode(id_=passage.id, text=passage.text, metadata=about)
