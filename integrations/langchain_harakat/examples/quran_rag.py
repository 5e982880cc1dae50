"""Ask the Quran: a LangChain chain that retrieves verses and answers by quoting them with their keys.

    python quran_rag.py "من شر الوسواس الخناس"
    python quran_rag.py "ما معنى 112:2"
    python quran_rag.py "بر الوالدين"    # not in surahs 93 to 114: it says so

Needs `pip install 'harakat[langchain,cli]'`, and no network: the model is bundled, the text comes from quran-text, and
the language model at the end is a few rules that quote. Put a chat model in its place and nothing else changes.
"""

from __future__ import annotations

import argparse
import re
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import LLM
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from quran_text import Mushaf

from langchain_harakat import HarakatEmbeddings

PROMPT = PromptTemplate.from_template(
    "أجب عن السؤال بالآيات الآتية وحدها، واذكر رقم كل آية.\n\n{verses}\n\nالسؤال: {question}\nالجواب:"
)
PASSAGE = re.compile(r"^\[(\d+:\d+)\] (.+)$", re.MULTILINE)
KEY = re.compile(r"\d+:\d+")
LEAST_COSINE = 0.45
"""Verses further from the question are not quoted. With harakat-mini and surahs 93 to 114, questions about something
else reach 0.41 at most; those about these verses mostly more than 0.48, so few of them are turned away."""
NO_ANSWER = "لا أجد في هذه الآيات جوابا."


class QuotingModel(LLM):
    """A language model of one rule: quote the first verse of the prompt, and point to the others."""

    @property
    def _llm_type(self) -> str:
        return "quoting"

    def _call(self, prompt: str, stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any) -> str:
        passages = PASSAGE.findall(prompt)
        if not passages:
            return NO_ANSWER
        (key, text), *others = passages
        see_also = f" وانظر: {'، '.join(other for other, _ in others)}." if others else ""
        return f"قال تعالى: ﴿{text}﴾ [{key}].{see_also}"


def verses(surahs: range) -> list[Document]:
    """Return the verses of some surahs, each under its key."""
    mushaf = Mushaf.hafs()
    return [
        Document(verse.text, id=verse.key, metadata={"key": verse.key, "surah": mushaf.surah(number).name_ar})
        for number in surahs
        for verse in mushaf.surah(number).ayahs
    ]


def retriever(store: InMemoryVectorStore, k: int = 3) -> Runnable[str, list[Document]]:
    """Return a step that finds the verses named in a question by key; else those near in meaning."""

    def retrieve(question: str) -> list[Document]:
        keys = [":".join(str(int(part)) for part in key.split(":")) for key in KEY.findall(question)]
        if keys:
            return store.get_by_ids(keys)
        nearest = store.similarity_search_with_score(question, k=k)
        return [document for document, cosine in nearest if cosine >= LEAST_COSINE]

    return RunnableLambda(retrieve)


def chain(retrieve: Runnable[str, list[Document]]) -> Runnable[str, str]:
    """Return a chain from a question to its answer."""

    def numbered(documents: list[Document]) -> str:
        return "\n".join(f"[{document.metadata['key']}] {document.page_content}" for document in documents)

    filled = {"verses": retrieve | numbered, "question": RunnablePassthrough()}
    return filled | PROMPT | QuotingModel() | StrOutputParser()


def main() -> None:
    """Index some surahs and answer the question of the command line."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("question")
    arguments.add_argument("--model", default="harakat-mini")
    arguments.add_argument("--surahs", type=int, nargs=2, default=[93, 114], metavar=("FIRST", "LAST"))
    given = arguments.parse_args()
    store = InMemoryVectorStore(HarakatEmbeddings(model=given.model))
    store.add_documents(verses(range(given.surahs[0], given.surahs[1] + 1)))
    print(chain(retriever(store)).invoke(given.question))


if __name__ == "__main__":
    main()
