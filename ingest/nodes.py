"""Documents become entries through llama-index: its documents go in, our node parser cuts them, its pipeline runs it.

Importing llama-index takes a second or two, so only who has documents imports this. Which passages are new is not asked of
its docstore, which knows whole documents: `ingest.run` compares passage by passage with what is published.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, MetadataMode, NodeRelationship, TextNode
from llama_index.core.schema import Document as LlamaDocument

from coach.domain import Entry, Origin, Passage, Reference
from ingest.document import Document, Section
from ingest.split import cut, entry_of

_LINES = re.compile(r"lines? (\d+)")


class PassageParser(NodeParser):
    """Cuts Markdown into passages at the borders of its blocks, never inside code, a table or a formula.

    A node has its document's metadata, and a `number` among the passages of the same `origin`, `source` and `path`; its id
    follows from these, so it does not depend on what stands in other sections. A `place` that is lines becomes its own lines.
    """

    def _parse_nodes(self, nodes: Sequence[BaseNode], show_progress: bool = False, **kwargs: Any) -> list[BaseNode]:  # noqa: ARG002
        found: list[BaseNode] = []
        numbers = Counter[str]()
        for node in nodes:
            about = node.metadata
            where = [about.get("origin", ""), about.get("source", node.node_id), about.get("path", "")]
            parent = {NodeRelationship.SOURCE: node.as_related_node_info()}
            whole, at = node.get_content(MetadataMode.NONE), 0
            for text in cut(whole):
                at = whole.index(text, at)
                numbers[json.dumps(where)] += 1
                number = numbers[json.dumps(where)]
                id_ = str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([*where, number])))
                own = {"number": number, "place": _within(about.get("place", ""), whole, at, text)}
                found.append(TextNode(id_=id_, text=text, metadata=own, relationships=parent))
        return found


def _within(place: str, whole: str, at: int, text: str) -> str:
    """Where `text`, which begins `at` in `whole`, stands if `whole` stands at `place`."""
    lines = _LINES.match(place)
    if not lines:
        return place
    filled = len(whole) - len(whole.lstrip())
    first = int(lines.group(1)) + whole.count("\n", filled, at)
    last = first + text.count("\n")
    return f"lines {first}-{last}" if last > first else f"line {first}"


def entries_of(documents: Iterable[Document]) -> list[Entry]:
    """The passages of all documents, in order."""
    sections = [_section(document, section) for document in documents for section in document.sections]
    pipeline = IngestionPipeline(transformations=[PassageParser(include_prev_next_rel=False)], disable_cache=True)
    return [_entry(node) for node in pipeline.run(documents=sections)]


def _section(document: Document, section: Section) -> LlamaDocument:
    about = {
        "origin": document.origin,
        "source": document.source,
        "title": document.title,
        "topic": document.topic,
        "as_of": document.as_of,
        "by": document.by,
        "path": list(section.path),
        "place": section.place,
        "links": [asdict(link) for link in section.links],
    }
    return LlamaDocument(text=section.text, metadata=about)


def _entry(node: BaseNode) -> Entry:
    about, text = node.metadata, node.get_content(MetadataMode.NONE)
    links = (Reference(**link) for link in about["links"])
    passage = Passage(
        id=node.node_id,
        text=text,
        source=about["source"],
        title=about["title"],
        heading=" › ".join(about["path"]) or about["title"],
        topic=about["topic"],
        place=about["place"],
        links=tuple(link for link in links if link.url in text),
        origin=Origin(about["origin"]),
        as_of=about["as_of"],
        by=about["by"],
    )
    return entry_of(passage, "\n".join((passage.title, *about["path"], text)))
