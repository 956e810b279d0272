"""Which migrations count, in which order, and what their files say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.feedstock.migration import (
    LOCAL,
    UPSTREAM,
    Migration,
    migration_files,
    read_migration,
    read_migrations,
)
from builder.model.rendering import Platforms
from builder.recipe.v0.scope import Scope


def holds(subdir: str = "linux-64", environment: Mapping[str, str] | None = None) -> Callable[[str], bool]:
    return Scope({}, Platforms(target=subdir, host=subdir, build=subdir), environment or {}).holds


def read(tmp_path: Path, text: str, subdir: str = "linux-64", **environment: str) -> Migration:
    file = tmp_path / "m.yaml"
    file.write_text(text, encoding="utf-8")
    return read_migration(file, holds(subdir, environment))


WHOLE = """\
migrator_ts: 1750000000.25
__migrator:
  kind: version
  operation: key_add
  migration_number: 7
  primary_key: python
  ordering:
    python:
      - 3.12.* *_cpython
      - null
      - 3.13.* *_cp313
  additional_zip_keys:
    - is_freethreading
    - channel_sources
  longterm: true
  paused: yes
  exclude:
    - numpy
  platform_allowlist:
    - linux_64
  wait_for_migrators:
    - python312
  override_cbc_keys:
    - cuda_compiler_stub
  commit_message: |
    anything
  use_local: true
  pr_limit: 3
python:
  - 3.13.* *_cp313     # [linux]
  - 3.13.* *_cp313t    # [not linux]
is_freethreading: true
"""


def test_all_that_a_migration_says(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE)
    assert found == Migration(
        file=str(tmp_path / "m.yaml"),
        time=1750000000.25,
        number="7",
        values={"python": ("3.13.* *_cp313",), "is_freethreading": "true"},
        operation="key_add",
        primary_keys=("python",),
        ordering={"python": ("3.12.* *_cpython", "null", "3.13.* *_cp313")},
        additional_zip_keys=("is_freethreading", "channel_sources"),
        kind="version",
        longterm=True,
        paused=True,
        exclude=("numpy",),
        platform_allowlist=("linux_64",),
        wait_for_migrators=("python312",),
        override_cbc_keys=("cuda_compiler_stub",),
    )


def test_the_places_of_keys_are_those_of_the_file(tmp_path: Path) -> None:
    text = "skipped: 1  # [win]\na: 1\nb:  # [osx]\n  - 1  # [osx]\nc: 2\n"
    found = read(tmp_path, text)
    assert {key: place.line for key, place in found.places.items()} == {"a": 2, "c": 5}
    assert found.places["a"].file == str(tmp_path / "m.yaml")


def test_selectors_choose_lines(tmp_path: Path) -> None:
    text = "a:\n  - 1  # [linux]\n  - 2  # [osx]\nb:  # [win]\n  - 3  # [win]\n"
    assert read(tmp_path, text).values == {"a": ("1",)}
    assert read(tmp_path, text, "osx-arm64").values == {"a": ("2",)}
    assert read(tmp_path, text, "win-64").values == {"b": ("3",)}


def test_selectors_see_what_the_platform_is_given(tmp_path: Path) -> None:
    text = 'a:\n  - 1  # [os.environ.get("CF_CUDA_ENABLED", "False") == "True"]\n  - 2\n'
    assert read(tmp_path, text).values == {"a": ("2",)}
    assert read(tmp_path, text, CF_CUDA_ENABLED="True").values == {"a": ("1", "2")}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "a:  # [win]\n  - 1  # [win]\n", "a: ''\nb: []\n"])
def test_a_migration_may_say_nothing_here(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert found.values == {}
    assert found.time == -1
    assert found.number == "1"


def test_mappings_and_groups_are_kept(tmp_path: Path) -> None:
    text = "pin_run_as_build:\n  a:\n    max_pin: x.x\nzip_keys:\n  -\n    - a\n    - b\n"
    assert read(tmp_path, text).values == {"pin_run_as_build": {"a": {"max_pin": "x.x"}}, "zip_keys": (("a", "b"),)}


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a: 1\n__migrator: 5\n", "__migrator has to be a mapping of keys to values, and is '5'", 2, 13),
        ("__migrator:\n  - key_add\n", "__migrator has to be a mapping of keys to values, and is a list", 2, 3),
        ("__migrator:\n  operation: key_replace\n", "__migrator.operation is 'key_replace'", 2, 14),
        ("__migrator:\n  primary_key:\n    a: 1\n", "__migrator.primary_key has to be text, and is a mapping", 3, 5),
        ("__migrator:\n  longterm: perhaps\n", "__migrator.longterm has to be true or false", 2, 13),
        ("x: 1  # [win]\nmigrator_ts: soon\n", "migrator_ts is 'soon'", 2, 14),
        ("migrator_ts: nan\n", "migrator_ts is 'nan'", 1, 14),
        ("migrator_ts: .inf\n", "migrator_ts is '.inf'", 1, 14),
        ("__migrator:\n  ordering:\n    - a\n", "__migrator.ordering has to be a mapping", 3, 5),
        ("- a\n", "a migration has to be a mapping of keys to values, and is a list", 1, 1),
        ("just text\n", "a migration has to be a mapping of keys to values, and is text", 1, 1),
        ("gone: 1  # [win]\na: {\n", "this is no YAML", 3, 1),
        ("gone: 1  # [win]\na: &x\n  - 1\n", "anchor", 2, 4),
        ("a: 1\n# a comment\na: 2\n", "a", 3, 1),
        ("a:\n  - 1  # [linux and]\n", "this selector cannot be evaluated", 2, 6),
    ],
)
def test_mistakes_have_their_place_in_the_file(tmp_path: Path, text: str, message: str, line: int, column: int) -> None:
    with pytest.raises(RecipeError, match=message.replace("[", r"\[")) as caught:
        read(tmp_path, text)
    place = caught.value.problems[0].place
    assert place is not None
    assert (place.file, place.line, place.column) == (str(tmp_path / "m.yaml"), line, column)
    assert caught.value.problems[0].remedy


def test_all_mistakes_of_a_file_are_told(tmp_path: Path) -> None:
    text = "migrator_ts: soon\n__migrator:\n  operation: x\n  paused: maybe\n  primary_key: {}\n"
    with pytest.raises(RecipeError) as caught:
        read(tmp_path, text)
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x00\x01\x02", "NUL stands at byte 0"),
        (b"\xff\xfe a: 1", "byte order mark"),
        (b"a: \xe9\n", "UTF-8"),
        (b"a:\n" + b"  - 1\n" * 120_000, "values"),
        (b"a:\n" + b"  - 1\n" * 1_000_000, "bytes"),
        (b"[" * 200 + b"]" * 200, "deep"),
    ],
    ids=["zeros", "a byte order mark", "Latin 1", "a long list", "a million lines", "deep"],
)
def test_files_that_are_no_migrations(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_bytes(content)
    with pytest.raises(RecipeError, match=message) as caught:
        read_migration(file, holds())
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.file == str(file)


def feedstock(tmp_path: Path, own: Mapping[str, str], upstream: Mapping[str, str] | None) -> tuple[Path, Path]:
    """Write the migrations of a feedstock and those beside a pinning file; return feedstock and pinning file."""
    for folder, files in ((tmp_path / "f" / Path(*LOCAL), own), (tmp_path / "p" / Path(*UPSTREAM), upstream)):
        if files is None:
            continue
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    (tmp_path / "p").mkdir(exist_ok=True)
    return tmp_path / "f", tmp_path / "p" / "conda_build_config.yaml"


def stamped(time: object, number: object = None, *, use_local: object = None) -> str:
    """Return a migration with nothing but what decides whether it counts."""
    rules = [f"  {key}: {value}\n" for key, value in (("migration_number", number), ("use_local", use_local)) if value]
    return f"migrator_ts: {time}\n" + ("__migrator:\n" + "".join(rules) if rules else "") + "a:\n  - 1\n"


COUNTING = [
    ("the same", stamped(1, 1), stamped(1, 1), "upstream"),
    ("no number is another one than 1", stamped(1), stamped(1, 1), "own"),
    ("no number in either", stamped(1), stamped(1), "upstream"),
    ("the number in quotes", stamped(1, "'1'"), stamped(1, 1), "upstream"),
    ("an empty number", stamped(1, "''"), stamped(1), "own"),
    ("an empty time in both", stamped(""), stamped("''"), "upstream"),
    ("another number", stamped(1, 2), stamped(1, 1), "own"),
    ("another time", stamped(2, 1), stamped(1, 1), "over"),
    ("the same time, written otherwise", stamped("1.0", 1), stamped("1", 1), "over"),
    ("not upstream", stamped(1), None, "over"),
    ("local", stamped(1, use_local="true"), stamped(1), "own"),
    ("local, in capitals", stamped(2, use_local="'TRUE'"), stamped(1), "own"),
    ("not local", stamped(1, use_local="no"), stamped(1), "upstream"),
    ("local and not upstream", stamped(1, use_local="true"), None, "own"),
    ("without a time", "a:\n  - 1\n", stamped(1), "own"),
    ("empty", "", stamped(1), "own"),
    ("a time for some platforms counts everywhere", "migrator_ts: 1  # [win]\n", stamped(1), "upstream"),
]


@pytest.mark.parametrize(
    ("own", "upstream", "expected"), [case[1:] for case in COUNTING], ids=[case[0] for case in COUNTING]
)
def test_which_file_counts(tmp_path: Path, own: str, upstream: str | None, expected: str) -> None:
    others = {"other.yaml": stamped(1)}
    home, pinning = feedstock(tmp_path, {"m.yaml": own}, others if upstream is None else {**others, "m.yaml": upstream})
    found = migration_files(home, pinning)
    paths = {"own": home.joinpath(*LOCAL), "upstream": pinning.parent.joinpath(*UPSTREAM)}
    if expected == "over":
        assert found.counting == ()
        assert found.over == (home.joinpath(*LOCAL, "m.yaml"),)
    else:
        assert found.counting == (paths[expected] / "m.yaml",)
        assert found.over == ()


def test_a_migration_that_is_over_is_left_where_it_is(tmp_path: Path) -> None:
    home, pinning = feedstock(tmp_path, {"m.yaml": stamped(1)}, {})
    assert migration_files(home, pinning).over == (home.joinpath(*LOCAL, "m.yaml"),)
    assert home.joinpath(*LOCAL, "m.yaml").exists()


@pytest.mark.parametrize("with_pinning", [True, False])
def test_without_upstream_all_of_the_feedstock_count(tmp_path: Path, with_pinning: bool) -> None:
    home, pinning = feedstock(tmp_path, {"b.yaml": stamped(1), "a.yaml": stamped(2, 3)}, None)
    found = migration_files(home, pinning if with_pinning else None)
    assert [file.name for file in found.counting] == ["a.yaml", "b.yaml"]


def test_a_feedstock_without_migrations_has_none(tmp_path: Path) -> None:
    _, pinning = feedstock(tmp_path, {}, {"m.yaml": stamped(1)})
    (tmp_path / "bare").mkdir()
    assert migration_files(tmp_path / "bare", pinning).counting == ()


def test_only_yaml_files_that_show_count(tmp_path: Path) -> None:
    names = ("m.yaml", ".hidden.yaml", "n.yml", "readme.md")
    home, _ = feedstock(tmp_path, dict.fromkeys(names, stamped(1)), None)
    assert [file.name for file in migration_files(home, None).counting] == ["m.yaml"]


def test_migrations_that_nobody_asks_for_are_not_even_read(tmp_path: Path) -> None:
    home, pinning = feedstock(tmp_path, {"m.yaml": stamped(1)}, {"m.yaml": stamped(1), "broken.yaml": "a: ["})
    assert len(migration_files(home, pinning).counting) == 1


def test_migrations_apply_by_time_and_those_of_upstream_first(tmp_path: Path) -> None:
    own = {
        "a.yaml": stamped(5, use_local="true"),
        "b.yaml": stamped(5),
        "c.yaml": stamped(1.5, 2),
        "d.yaml": "a:\n  - 1\n",
        "e.yaml": stamped(5),
    }
    home, pinning = feedstock(tmp_path, own, {"e.yaml": stamped(5), "b.yaml": stamped(5), "c.yaml": stamped(1.5, 1)})
    found = read_migrations(migration_files(home, pinning).counting, holds())
    assert [Path(one.file).name for one in found] == ["d.yaml", "c.yaml", "b.yaml", "e.yaml", "a.yaml"]


@given(st.lists(st.integers(0, 3), max_size=6))
def test_the_order_is_that_of_the_times_and_else_that_of_the_files(
    tmp_path_factory: pytest.TempPathFactory, times: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("times")
    files = [folder / f"{number}.yaml" for number in range(len(times))]
    for file, time in zip(files, times, strict=True):
        file.write_text(f"migrator_ts: {time}\na: 1\n", encoding="utf-8")
    found = read_migrations(files, holds())
    assert [(one.time, one.file) for one in found] == sorted(
        (float(time), str(file)) for file, time in zip(files, times, strict=True)
    )


def test_a_migration_that_is_a_link_is_refused(tmp_path: Path) -> None:
    home, pinning = feedstock(tmp_path, {}, {})
    (home.joinpath(*LOCAL) / "m.yaml").symlink_to("/etc/passwd")
    with pytest.raises(RecipeError, match="a migration cannot be read: it is a symbolic link") as caught:
        migration_files(home, pinning)
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.file == str(home.joinpath(*LOCAL, "m.yaml"))


def test_a_folder_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "m.yaml").write_text(stamped(1), encoding="utf-8")
    home = tmp_path / "f"
    (home / LOCAL[0]).mkdir(parents=True)
    home.joinpath(*LOCAL).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RecipeError, match="leads out of the feedstock") as caught:
        migration_files(home, None)
    assert caught.value.problems[0].remedy == "make it a folder, not a link"


def test_a_folder_that_stays_inside_may_be_a_link(tmp_path: Path) -> None:
    home, _ = feedstock(tmp_path, {"m.yaml": stamped(1)}, None)
    home.joinpath(*LOCAL).rename(home / "real")
    home.joinpath(*LOCAL).symlink_to(home / "real")
    assert len(migration_files(home, None).counting) == 1


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    home, _ = feedstock(tmp_path, {}, None)
    (home.joinpath(*LOCAL) / "m.yaml").mkdir()
    with pytest.raises(RecipeError, match="it is a folder"):
        migration_files(home, None)


@pytest.mark.parametrize("rules", ["__migrator: yes\n", "__migrator:\n  use_local: {}\n  migration_number: []\n"])
def test_what_decides_has_to_be_readable(tmp_path: Path, rules: str) -> None:
    home, pinning = feedstock(tmp_path, {"m.yaml": f"migrator_ts: 1\n{rules}"}, {})
    if "{}" in rules:
        with pytest.raises(RecipeError) as caught:
            migration_files(home, pinning)
        assert [problem.place.line for problem in caught.value.problems if problem.place] == [4, 3]
    else:
        with pytest.raises(RecipeError, match="__migrator has to be a mapping"):
            migration_files(home, pinning)


def test_keys_of_mappings_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    text = "pin_run_as_build:\n  a:\n    max_pin: x\n  b:\n  c:\n    max_pin: x  # [win]\n"
    assert read(tmp_path, text).values == {"pin_run_as_build": {"a": {"max_pin": "x"}}}
