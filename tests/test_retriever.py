"""The bridge to llama-index."""

from __future__ import annotations

import warnings

from coach.service import Coach


def test_the_index_is_a_llama_index_retriever(small_coach: Coach) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # llama-index's own, at import
        from coach.adapters.retriever import CoachRetriever

        nodes = CoachRetriever(small_coach.search, limit=2).retrieve("How is green tea brewed?")
    assert len(nodes) == 2
    assert nodes[0].node.metadata["place"] == "TE01"
    assert nodes[0].score == small_coach.search("How is green tea brewed?", 1)[0].score
    assert "75 degrees" in nodes[0].node.get_content()
