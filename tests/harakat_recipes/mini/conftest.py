"""Texts to train on, made here."""

import json
from pathlib import Path

import pytest

from harakat.data.held_out import is_held_out_synset


def write(folder, name, records):
    (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in records), "utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a little of every text that the training reads."""
    folder = tmp_path / "data"
    folder.mkdir()
    prose = "قَالَ الرَّجُلُ لِابْنِهِ يَا بُنَيَّ اجْلِسْ عِنْدِي سَاعَةً ثُمَّ اذْهَبْ إِلَى السُّوقِ وَاشْتَرِ خُبْزًا وَتَمْرًا وَلَبَنًا لِأُمِّكَ وَإِخْوَتِكَ"
    prose = f"{prose} {prose}"
    write(
        folder,
        "hadith",
        [{"book": book, "text": f"{prose} {i}"} for i, book in enumerate(["a", "b", "malik", "bulugh_almaram"])],
    )
    write(folder, "tashkeela_sample", [{"text": prose}])
    write(
        folder,
        "tafsir",
        [{"ayah": f"2:{i}", "text": "هذا شرح قصير لهذه الآية الكريمة، وفيه معنى الصبر والصلاة"} for i in range(1, 30)],
    )
    names = [f"{i:08d}-n" for i in range(30)]
    pairs = [["عِلْم", "مَعْرِفَة"], ["عَلَم", "راية"], ["بَيْت", "دار"], ["صَبْر", "جَلَد"]]
    kept = ["قلم", "يراع"]
    write(
        folder,
        "awn_synsets",
        [{"synset": n, "lemmas": kept if is_held_out_synset(n) else pairs[i % 4]} for i, n in enumerate(names)],
    )
    write(folder, "muyassar_dev", [{"ayah": "3:1", "query": "شرح"}])
    return folder
