"""Homograph families, self-written: letters that read as several words, and for each word another of its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

from harakat.arabic import strip_marks
from harakat.data.triplet import GAP, Triplet

__all__ = ["FAMILIES", "Family", "Sense", "family_of", "family_rows"]


@dataclass(frozen=True)
class Sense:
    """One reading of some letters.

    Attributes:
        word: With its marks.
        meaning: In English.
        near: Another word of that meaning, or one that goes with it, with its marks.
    """

    word: str
    meaning: str
    near: str


@dataclass(frozen=True)
class Family:
    """All readings of the same letters."""

    senses: tuple[Sense, ...]

    @property
    def bare(self) -> str:
        """Letters without marks."""
        return strip_marks(self.senses[0].word)


# A family a line; a reading, its meaning in one English word, and the near word.
_TABLE = """
عِلْم knowledge مَعْرِفَة | عَلَم flag رَايَة
كَتَبَ wrote دَوَّنَ | كُتُب books مُجَلَّدَات
دِين religion عَقِيدَة | دَيْن debt قَرْض
ضِعْف double مُضَاعَفَة | ضَعْف weakness وَهْن
مَلِك king سُلْطَان | مَلَك angel جِبْرِيل | مُلْك dominion سِيَادَة
ذَكَر male رَجُل | ذِكْر remembrance تَسْبِيح
حُبّ love عِشْق | حَبّ grain بُذُور
بَرّ land يَابِسَة | بُرّ wheat قَمْح | بِرّ piety إِحْسَان
جَنَّة garden فِرْدَوْس | جِنَّة jinn شَيَاطِين | جُنَّة shield دِرْع
سِنّ tooth ضِرْس | سَنَّ enacted شَرَّعَ
قَدَر fate مَصِير | قِدْر pot طَنْجَرَة
رَجُل man ذَكَر | رِجْل leg سَاق
شِعْر poetry قَصِيدَة | شَعْر hair ضَفِيرَة
حِمْل load عِبْء | حَمَل lamb خَرُوف
سِحْر magic شَعْوَذَة | سَحَر daybreak فَجْر
خَلْق creation تَكْوِين | خُلُق character سُلُوك
عِقْد necklace قِلَادَة | عَقْد contract اِتِّفَاقِيَّة
قَسَم oath يَمِين | قِسْم section جُزْء
نَفْس soul رُوح | نَفَس breath شَهِيق
جَدّ grandfather وَالِد | جِدّ earnestness مُثَابَرَة
فِرَق teams جَمَاعَات | فَرْق difference تَبَايُن
حُكْم rule سُلْطَة | حِكَم proverbs أَمْثَال
سِلْم peace صُلْح | سُلَّم ladder دَرَج
عِبْرَة lesson مَوْعِظَة | عَبْرَة tear دَمْعَة
هَمّ worry غَمّ | هُمْ they أُولَئِكَ
كُلِّيَّة college جَامِعَة | كُلْيَة kidney كَبِد
حُرّ free طَلِيق | حَرّ heat قَيْظ
مُرّ bitter عَلْقَم | مَرَّ passed عَبَرَ
بُعْد distance مَسَافَة | بَعْدَ after عَقِبَ
قَبْلَ before سَابِقًا | قَبِلَ accepted رَضِيَ
دَرَج stairs سُلَّم | دُرْج drawer خِزَانَة
سَبْع seven ثَمَانٍ | سَبُع beast أَسَد
خُطَب sermons مَوَاعِظ | خَطْب calamity مُصِيبَة
أُمَّة nation شَعْب | أَمَة slave جَارِيَة
وَجَدَ found عَثَرَ | وَجْد ardour شَوْق
غَزَل courtship نَسِيب | غَزْل spinning نَسِيج
عُمْر lifetime حَيَاة | عَمَّرَ built شَيَّدَ
بَشَر humans نَاس | بِشْر cheer سُرُور
كِبْر arrogance غُرُور | كِبَر age شَيْخُوخَة
كُرَة ball مَلْعَب | كَرَّة time مَرَّة
حَجَر stone صَخْر | حِجْر lap حِضْن
حَرَم sanctuary مَسْجِد | حَرَّمَ forbade مَنَعَ
شِرْك idolatry كُفْر | شَرَك trap فَخّ
جَمَل camel نَاقَة | جُمَل sentences عِبَارَات
وَرْد roses أَزْهَار | وَرَدَ came جَاءَ
ثَمَن price سِعْر | ثُمُن eighth رُبُع
سُور wall جِدَار | سُوَر chapters آيَات
صُوَر pictures رُسُوم | صُور horn بُوق
دَوْر role وَظِيفَة | دُور houses بُيُوت
عُود stick غُصْن | عَوْد return رُجُوع
حُلْم dream مَنَام | حِلْم forbearance صَبْر
عِرْض honour شَرَف | عَرْض width اِتِّسَاع
ظَهْر back صُلْب | ظُهْر noon زَوَال
كُمّ sleeve قَمِيص | كَمّ amount مِقْدَار
عِدَّة several كَثِير | عُدَّة equipment أَدَوَات
جَزَر carrots خُضَار | جُزُر islands أَرْخَبِيل
مَهْر dowry صَدَاق | مُهْر foal حِصَان
نَصْب fraud اِحْتِيَال | نُصُب monument تِمْثَال
سُكَّر sugar عَسَل | سُكْر drunkenness خَمْر
"""


def _read(table: str) -> tuple[Family, ...]:
    lines = [line for line in table.splitlines() if line]
    return tuple(Family(tuple(Sense(*part.split()) for part in line.split(" | "))) for line in lines)


FAMILIES = _read(_TABLE)


def family_rows(families: tuple[Family, ...] = FAMILIES) -> list[Triplet]:
    """Return triplets of a near word, its reading, and every other reading of the same letters.

    A system that does not read marks has a margin of zero in every row, and is never right.
    """
    return [
        Triplet(GAP, sense.near, sense.word, other.word)
        for family in families
        for sense, other in permutations(family.senses, 2)
    ]


def family_of(bare: str) -> Family:
    """Return the family of some letters.

    Raises:
        KeyError: There is none.
    """
    return {family.bare: family for family in FAMILIES}[bare]
