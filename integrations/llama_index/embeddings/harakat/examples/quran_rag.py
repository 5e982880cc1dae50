"""Ask the Quran: a LlamaIndex query engine that retrieves verses and answers by quoting them with their keys.

    python quran_rag.py "من شر الوسواس الخناس"
    python quran_rag.py "ما معنى 112:2"
    python quran_rag.py "بر الوالدين"    # not in surahs 93 to 114: it says so

Needs `pip install 'harakat[llama-index,cli]'`, and no network: the model is bundled, the text comes from quran-text,
and the language model at the end is a few rules that quote. Put another one in its place and nothing else changes.
"""

from __future__ import annotations

import argparse
import re
from typing import Any

from llama_index.core import PromptTemplate, VectorStoreIndex
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import CustomLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters
from quran_text import Mushaf

from llama_index.embeddings.harakat import HarakatEmbedding

PROMPT = PromptTemplate(
    "أجب عن السؤال بالآيات الآتية وحدها، واذكر رقم كل آية.\n\n{context_str}\n\nالسؤال: {query_str}\nالجواب:"
)
PASSAGE = re.compile(r"^\[(\d+:\d+)\] (.+)$", re.MULTILINE)
KEY = re.compile(r"\d+:\d+")
LEAST_COSINE = 0.45
"""Verses further from the question are not quoted. With harakat-mini and surahs 93 to 114, questions about something
else reach 0.41 at most; those about these verses mostly more than 0.48, so few of them are turned away."""
NO_ANSWER = "لا أجد في هذه الآيات جوابا."


class QuotingModel(CustomLLM):
    """A language model of one rule: quote the first verse of the prompt, and point to the others."""

    @property
    def metadata(self) -> LLMMetadata:
        """Return the facts that LlamaIndex needs to know of a model."""
        return LLMMetadata(model_name="quoting")

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Answer a prompt."""
        passages = PASSAGE.findall(prompt)
        if not passages:
            return CompletionResponse(text=NO_ANSWER)
        (key, text), *others = passages
        see_also = f" وانظر: {'، '.join(other for other, _ in others)}." if others else ""
        return CompletionResponse(text=f"قال تعالى: ﴿{text}﴾ [{key}].{see_also}")

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Answer in one piece."""
        yield self.complete(prompt)


def verses(surahs: range) -> list[TextNode]:
    """Return the verses of some surahs. The language model sees the key, which is no part of what is embedded."""
    mushaf = Mushaf.hafs()
    return [
        TextNode(
            text=verse.text,
            metadata={"key": verse.key},
            excluded_embed_metadata_keys=["key"],
            metadata_template="[{value}]",
            text_template="{metadata_str} {content}",
        )
        for number in surahs
        for verse in mushaf.surah(number).ayahs
    ]


class VerseRetriever(BaseRetriever):
    """Retriever of the verses named in a question by key; without any, of those near in meaning, if any are."""

    def __init__(self, index: VectorStoreIndex, k: int = 3) -> None:
        self._index, self._k = index, k
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        named = KEY.findall(query_bundle.query_str)
        if not named:
            nearest = self._index.as_retriever(similarity_top_k=self._k).retrieve(query_bundle)
            return [hit for hit in nearest if hit.get_score() >= LEAST_COSINE]
        keys = [":".join(str(int(part)) for part in key.split(":")) for key in named]
        only = MetadataFilters(filters=[MetadataFilter(key="key", value=keys, operator=FilterOperator.IN)])
        found = self._index.as_retriever(similarity_top_k=len(keys), filters=only).retrieve(query_bundle)
        return sorted(found, key=lambda hit: keys.index(hit.metadata["key"]))


def query_engine(index: VectorStoreIndex) -> RetrieverQueryEngine:
    """Return an engine from a question to an answer and its sources."""
    return RetrieverQueryEngine.from_args(VerseRetriever(index), llm=QuotingModel(), text_qa_template=PROMPT)


def answer(engine: RetrieverQueryEngine, question: str) -> str:
    """Return the answer to a question. Where no verse was found, LlamaIndex asks no language model."""
    response = engine.query(question)
    return str(response) if response.source_nodes else NO_ANSWER


def main() -> None:
    """Index some surahs and answer the question of the command line."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("question")
    arguments.add_argument("--model", default="harakat-mini")
    arguments.add_argument("--surahs", type=int, nargs=2, default=[93, 114], metavar=("FIRST", "LAST"))
    given = arguments.parse_args()
    nodes = verses(range(given.surahs[0], given.surahs[1] + 1))
    index = VectorStoreIndex(nodes, embed_model=HarakatEmbedding(model_name=given.model))
    print(answer(query_engine(index), given.question))


if __name__ == "__main__":
    main()
