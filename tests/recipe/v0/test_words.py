"""Which words of a recipe's folder may be names of variables."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from builder.recipe.v0.words import LARGEST, MOST_FILES, words_beside, words_of


def test_words_are_what_could_be_names() -> None:
    assert words_of('if [[ "$mpi" == "${x_1:-no}" ]]; then 9z é; fi') >= {"mpi", "x_1", "no", "if", "z"}
    assert words_of("") == frozenset()
    assert "9z" not in words_of("9z")


@given(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), st.sampled_from(["${%s}", '"$%s"', "%%%s%%", "%s"])
)
def test_a_name_is_found_however_it_is_written(name: str, form: str) -> None:
    assert name in words_of(form % name)


def test_texts_of_all_folders_count_but_for_what_is_read_elsewhere(tmp_path: Path) -> None:
    for path, text in {
        "build.sh": "one", "deep/er/test.py": "two", "meta.yaml": "three", "conda_build_config.yaml": "four",
        "a.patch": "five", "b.diff": "six", "README.md": "seven", ".git/hook.sh": "eight", "no-suffix": "nine",
    }.items():  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert words_beside(tmp_path) == {"one", "two", "nine"}


def test_what_is_no_text_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF\0word")
    (tmp_path / "latin").write_bytes(b"caf\xe9 word2")
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link.sh").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").rename(tmp_path / "secret.md")
    assert words_beside(tmp_path) == {"caf", "word2"}


def test_data_is_not_searched_for_ever(tmp_path: Path) -> None:
    (tmp_path / "big").write_text("word " * (LARGEST // 5 + 1))
    assert words_beside(tmp_path) == frozenset()
    for number in range(MOST_FILES + 1):
        (tmp_path / f"file{number:04}").write_text(f"word{number}")
    found = words_beside(tmp_path)
    assert "word0" in found
    assert f"word{MOST_FILES}" not in found


def test_a_folder_that_is_not_there_has_no_words(tmp_path: Path) -> None:
    assert words_beside(tmp_path / "nowhere") == frozenset()
