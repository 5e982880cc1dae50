"""Questions: the words that ask, and the words about books and texts that come with them, do not count as content.

A query is read as a question where it has more than two words and begins with an interrogative or ends in a question
mark. Dropping these words from every query costs more than it brings: in a phrase of a verse they are content.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["content_positions", "is_question"]

_FEWEST_WORDS = 3
# Folded forms (harakat.search.words.fold_word).
_ASK = (
    "ما ماذا من متي اين كيف كم لماذا لم هل اي ايه ايان بماذا مم عم بم فيم لمن ممن بكم باي لاي "
    "وما ومن وماذا وكيف ومتي وهل"
)
_COPULAS = "هو هي هم هما الذي التي الذين اللذان اللاتي ذلك هذا هذه تلك كان كانت يكون تكون"
# Mention, explain, clarify, number of, meaning of.
_REQUESTS = "اذكر اشرح وضح بين عرف عدد معني المعني المقصود المراد تعريف يعني تفسير يفسر شرح"
# Verse, sura, the Quran, hadith, to mention, to speak of.
_TEXTS = (
    "ايات الايه الايات سوره السوره سور القران الكريم قرانيه حديث الحديث احاديث "
    "ورد وردت ذكر ذكرت يذكر تذكر ذكرها تتحدث يتحدث تحدثت تتكلم يتكلم تتناول"
)
# Ruling, evidence, reason, story; it is allowed, there is, it happened.
_ANSWERS = "حكم الحكم دليل الدليل ادله سبب السبب اسباب قصه يجوز يوجد توجد حدث يتم الاسلام"
_INTERROGATIVES = frozenset(_ASK.split())
_ASKING = _INTERROGATIVES.union(*[words.split() for words in (_COPULAS, _REQUESTS, _TEXTS, _ANSWERS)])
_MARKS = ("\u061f", "?")  # Arabic and Latin question mark


def is_question(query: str, words: Sequence[str]) -> bool:
    """Return True where a query asks: more than two words, an interrogative first or a question mark last.

    Args:
        query: The query as it was typed.
        words: Its folded words in order.
    """
    if len(words) < _FEWEST_WORDS:
        return False
    return words[0] in _INTERROGATIVES or query.rstrip().endswith(_MARKS)


def content_positions(query: str, words: Sequence[str]) -> list[int]:
    """Return the positions of the words that count: all of them, but for the asking words of a question.

    Args:
        query: The query as it was typed.
        words: Its folded words in order.

    Returns:
        Positions in `words`, ascending; all positions where nothing but asking words would be left out.
    """
    every = list(range(len(words)))
    if not is_question(query, words):
        return every
    return [at for at in every if words[at] not in _ASKING] or every
