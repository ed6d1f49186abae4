"""The plain alternatives, over the same bank with the same model: what tutorials build, and each half alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from coach.bm25 import Bm25
from coach.domain import Hit, Question
from coach.ports import Embedder, Lexicon, Vectors
from coach.text import units

Ranked = list[tuple[str, float]]
Ranker = Callable[[str, Vectors], Ranked]

CHUNK_TOKENS = 256
CHUNK_OVERLAP = 20
RRF_K = 60


def bm25(questions: Sequence[Question], lexicon: Lexicon) -> Ranker:
    """BM25 over question and answer."""
    score = Bm25([f"{q.prompt}\n{q.answer}" for q in questions], lexicon).scores
    ids = [question.id for question in questions]
    return lambda text, _vector: _ranked(ids, score(text))


def dense(questions: Sequence[Question], embedder: Embedder) -> Ranker:
    """One vector a question, over question and answer."""
    vectors = embedder.embed([f"{q.prompt}\n{q.answer}" for q in questions])
    ids = [question.id for question in questions]
    return lambda _text, vector: _ranked(ids, vectors @ vector)


def chunks_rrf(questions: Sequence[Question], embedder: Embedder, lexicon: Lexicon) -> Ranker:
    """Chunks of 256 tokens from a llama-index splitter, dense and BM25 lists joined by reciprocal rank fusion.

    Cormack, Clarke and Buettcher 2009, with their k of 60. A question stands where its first chunk stands.
    """
    # llama-index takes a second to import; only this baseline needs it.
    from llama_index.core.node_parser import SentenceSplitter

    splitter = SentenceSplitter(chunk_size=CHUNK_TOKENS, chunk_overlap=CHUNK_OVERLAP)
    chunks = [(q.id, chunk) for q in questions for chunk in splitter.split_text(f"{q.prompt}\n\n{q.answer}")]
    owners = [owner for owner, _ in chunks]
    vectors = embedder.embed([chunk for _, chunk in chunks])
    score = Bm25([chunk for _, chunk in chunks], lexicon).scores

    def rank(text: str, vector: Vectors) -> Ranked:
        fused: Counter[int] = Counter()
        for scores in (vectors @ vector, score(text)):
            for place, row in enumerate(np.argsort(-scores, kind="stable")[:50]):
                fused[int(row)] += 1 / (RRF_K + place + 1)  # type: ignore[assignment]
        best: dict[str, float] = {}
        for row, value in fused.most_common():
            best.setdefault(owners[row], float(value))
        return list(best.items())

    return rank


def _ranked(ids: Sequence[str], scores: Vectors) -> Ranked:
    return [(ids[row], float(scores[row])) for row in np.argsort(-scores, kind="stable")]


def query_engine(search: Callable[[str, int], list[Hit]], embedder: Embedder, *, half: bool = False) -> Callable[[str], str]:
    """What a llama-index query engine answers without a language model: the text of the passage found first.

    With `half`, its SentenceEmbeddingOptimizer keeps the half of the passage's sentences that is nearest to the question,
    as its documentation shows. It retrieves from the coach's own index through the coach's own search and embeds with the
    same model, so that what differs is only what is made of a passage. One passage, because everything retrieved would be
    four times as long as any answer; no `compact` or `refine`, because these need a model. It never refuses.
    """
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import MockLLM
    from llama_index.core.postprocessor import SentenceEmbeddingOptimizer
    from llama_index.core.query_engine import RetrieverQueryEngine
    from llama_index.core.response_synthesizers.no_text import NoText
    from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle

    from coach.adapters.retriever import CoachRetriever

    class Vectorizer(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return list(map(float, embedder.embed([text])[0]))

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [list(map(float, vector)) for vector in embedder.embed(texts)]

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    class Bare(CoachRetriever):
        """The optimizer would take a passage's title and place for sentences of it."""

        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            found = super()._retrieve(query_bundle)
            for one in found:
                one.node.excluded_llm_metadata_keys = list(one.node.metadata)
            return found

    optimizer = SentenceEmbeddingOptimizer(
        Vectorizer(model_name=embedder.id.name), percentile_cutoff=0.5, tokenizer_fn=_sentences, context_before=0, context_after=0
    )
    engine = RetrieverQueryEngine(
        Bare(search, 1),
        response_synthesizer=NoText(llm=MockLLM()),
        node_postprocessors=[optimizer] if half else [],
    )

    def answer(question: str) -> str:
        nodes = engine.query(question).source_nodes
        return "\n\n".join(found.node.get_content(MetadataMode.NONE) for found in nodes)

    return answer


def _sentences(text: str) -> list[str]:
    return [unit.text for unit in units(text)]
