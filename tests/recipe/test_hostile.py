"""Hostile recipes (ids A1 to A24): each is refused with a place, before it costs time or memory, and nothing is read."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import Problem, RecipeError, SourceError
from builder.model.recipe import PathSource
from builder.recipe import evaluate
from builder.source import source_digests
from tests.recipe.given import PACKAGE, Answers, built, evaluated, problems, recipe, request


def refused(text: str) -> tuple[Problem, ...]:
    found = problems(text)
    assert found
    assert all(problem.place is not None for problem in found)
    return found


def in_summary(expression: str) -> str:
    quoted = expression.replace("'", "''")
    return f"{PACKAGE}about:\n  summary: '${{{{ {quoted} }}}}'\n"


LAUGHS = "a: &a [lol, lol]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (LAUGHS + PACKAGE, "yaml.anchor"),
        ("a: &a {x: y}\nb: {<<: [*a, *a]}\n" + PACKAGE, "yaml.anchor"),
        (PACKAGE + "extra: " + "[" * 20_000, "yaml.too-deep"),
        (PACKAGE + "extra: " + "x" * (50 << 20), "yaml.too-large"),
        (PACKAGE + "extra: !!python/object/apply:os.system ['id']\n", "yaml.tag"),
        (PACKAGE + PACKAGE, "yaml.duplicate-key"),
        (PACKAGE + "extra: a\0b\n", "yaml.encoding"),
    ],
    ids=["A1", "A2", "A3", "A4", "A5", "A6", "A8"],
)
def test_a1_to_a8_yaml(text: str, code: str) -> None:
    assert refused(text)[0].code == code


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.10", "1.10"),
        ("1e10", "1e10"),
        ("2024.01.01", "2024.01.01"),
        ("'1.0'", "1.0"),
        ("0o17", "0o17"),
        ("007", "007"),
        ("10", "10"),
    ],
)
def test_a7_a_version_is_the_text_that_was_written(text: str, value: str) -> None:
    assert evaluated(f"package: {{name: a, version: {text}}}\n").output.version == value


@pytest.mark.parametrize("text", ["no", "22:22", "2024-01-01", "~"])
def test_a7_what_is_no_version_as_text_is_none(text: str) -> None:
    found = problems(f"package: {{name: a, version: '{text}'}}\n")
    assert [problem.code for problem in found] == ["recipe.bad-value"] or evaluated(
        f"package: {{name: a, version: '{text}'}}\n"
    ).output.version == text


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__.__mro__",
        "cycler.__init__.__globals__",
        "lipsum.__globals__",
        "x|attr('format')",
        "''.format_map({})",
        "env.__class__",
        "compiler.__call__",
    ],
)
def test_a9_python_is_out_of_reach(expression: str) -> None:
    assert refused(in_summary(expression))[0].code in {
        "recipe.undefined",
        "recipe.unknown-filter",
        "recipe.unknown-function",
    }


@pytest.mark.parametrize("expression", ["items.append('x')", "table.update({})", "env.update({})", "items.clear()"])
def test_a11_nothing_shared_can_be_changed(expression: str) -> None:
    text = f"context: {{items: [a]}}\n{in_summary(expression)}"
    assert refused(text)[0].code in {"recipe.unknown-function", "recipe.undefined"}


BOMBS = [
    "'a'*10**9", "'a'*65536*65536", "[1]*10**9", "'x'|center(10**9)", "'x'.center(10**9)", "'%1000000000d' % 1", "'{:>1000000000}'.format(1)",
    "('a'*60000) ~ ('a'*60000)", "('a'*60000)" + "|replace('a','aa')" * 8, "10**(10**7)", "9**9**9", "2**127", "(" * 3000 + "1" + ")" * 3000, "-" * 5000 + "1",
    "not " * 2000 + "1", "1" + "+1" * 5000, "[[[]]*9000, [[]]*9000]", "('a'*60000)|list|join('b'*60000)", "range(10**9)",
]  # fmt: skip


@pytest.mark.parametrize("expression", BOMBS)
def test_a12_a13_a15_bombs_are_refused(expression: str) -> None:
    assert refused(in_summary(expression))


WORK = "| replace('a','b')" * 20


def doubling(first: str, pattern: str, count: int) -> str:
    lines = "".join(f"  x{index}: {pattern.replace('X', f'x{index - 1}')}\n" for index in range(1, count))
    return f"context:\n  x0: {first}\n{lines}{PACKAGE}"


@pytest.mark.parametrize(
    "text",
    [
        doubling("a" * 1000, "${{ X ~ X }}", 40),
        doubling("${{ [1, 1] }}", "${{ [X, X] }}", 60),
        doubling("1", "${{ {'a':X,'b':X} }}", 60),
        doubling("3", "${{ X * X }}", 200),
        doubling("ab", "${{ X | replace('a', X) }}", 40),
        PACKAGE
        + "context: {x: \"${{ 'a' * 60000 }}\"}\nextra:\n"
        + "".join(f"  k{index}: ${{{{ x }}}}{index}\n" for index in range(9000)),
        PACKAGE
        + "extra:\n"
        + "".join(f"  k{index}: ${{{{ ('a' * 60000){WORK} | length }}}}\n" for index in range(1500)),
    ],
    ids=["text", "list", "mapping", "number", "replace", "output", "work"],
)
def test_a12_a13_growth_over_many_expressions_is_refused(text: str) -> None:
    assert {problem.code for problem in refused(text)} <= {"recipe.too-much", "recipe.undefined"}


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"key{index}: 1\n" for index in range(30_000)),
        PACKAGE + "extra:\n" + "".join(f"  k{index}: ${{{{ x{index} }}}}\n" for index in range(20_000)),
        PACKAGE + "build:\n  script:\n" + "".join(f"    - ${{{{ X{index} }}}}\n" for index in range(20_000)),
        PACKAGE + "extra: {" + ",".join(f"k{index}: '${{{{ x{index} }}}}'" for index in range(20_000)) + "}\n",
        PACKAGE + "requirements:\n  run:\n" + "".join(f"    - p{index} >=1,,<2\n" for index in range(20_000)),
        "context:\n" + "".join(f"  x{index}: ${{{{ x{(index + 1) % 5000} }}}}\n" for index in range(5000)) + PACKAGE,
        PACKAGE + "build: {skip: [" + ", ".join(f"a{index} == {index}" for index in range(15_000)) + "]}\n",
    ],
    ids=["keys", "names", "script", "one line", "specs", "circle", "conditions"],
)
def test_a_megabyte_of_mistakes_is_told_in_time(text: str) -> None:
    assert len(refused(text)) <= 51


@pytest.mark.parametrize("where", ["target_directory", "file_name"])
@pytest.mark.parametrize("path", ["/abs", "../../x", "a/../../b", "C:/x", "..\\..\\x", "~/x"])
def test_a20_sources_stay_inside(where: str, path: str) -> None:
    for written in (path, "${{ '" + path.replace("\\", "\\\\") + "' }}"):
        found = refused(
            f'{PACKAGE}source:\n  url: https://example.org/a\n  {where}: "{written.replace(chr(92), chr(92) * 2)}"\n'
        )
        assert found[0].code == "recipe.bad-value"
        assert found[0].message.startswith(f"source.{where}: ")


@pytest.mark.parametrize("path", ["/etc/shadow", "../../etc/shadow", "link/shadow"])
def test_a21_a_path_outside_is_refused_before_a_byte_is_read(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "link").symlink_to("/etc")
    sources = built(f"source: {{path: {path}}}\n").source
    assert sources == (PathSource(path=path),)
    with pytest.raises(SourceError, match="outside the recipe's folder"):
        source_digests(sources, folder)


@pytest.mark.parametrize("name", ["../../x", "a..b", "a" * 65, "UPPER", "zlib\u043e", "a/b", "-a", "a--b"])
def test_a22_names(name: str) -> None:
    assert refused(f"package: {{name: '{name}', version: '1'}}\n")[0].message.startswith("package.name: ")
    staging = f"recipe: {{version: '1'}}\noutputs: [{{staging: {{name: '{name}'}}}}]\n"
    assert refused(staging)[0].message.startswith("outputs[0].staging.name: ")


@pytest.mark.parametrize("string", ["a/b", "../x", "a b", "x" * 65])
def test_a22_build_strings_written_out(string: str) -> None:
    text = f"{PACKAGE}build: {{string: '{string}'}}\n"
    found = problems(text)
    assert [problem.code for problem in found] == ["recipe.bad-value"]
    assert found[0].message.startswith("build.string: ")


@pytest.mark.parametrize(
    "path",
    ["../../../../etc/hostname", "/etc/hostname", "a/../../b", "${{ PREFIX }}/../../etc/hostname", "${{ '../x' }}"],
)
def test_a23_license_files_stay_inside(path: str) -> None:
    found = refused(f"{PACKAGE}about: {{license_file: '{path.replace(chr(39), chr(39) * 2)}'}}\n")
    assert found[0].message.startswith("about.license_file")
    assert "leads out" in found[0].message or "absolute" in found[0].message


@pytest.mark.parametrize(
    "text",
    [
        "build: {script: {file: /etc/x.sh}}", "build: {script: /etc/x.sh}", "build: {script: ../x.sh}", "build: {script: {file: ../../x}}", "build: {script: {cwd: /etc, content: a}}",
        "build: {script: \"${{ '../' }}x.sh\"}", "tests: [{script: a, files: {source: ['../..']}}]", "tests: [{script: a, files: {recipe: ['/etc/*']}}]", "tests: [{script: /etc/x.sh}]",
        "build: {python: {entry_points: ['../../x = a:main']}}", "build: {python: {site_packages_path: ../..}}", "source: {path: ., patches: ['../../x.patch']}",
        "source: {path: ., patches: ['/etc/x.patch']}",
    ],
)  # fmt: skip
def test_a24_scripts_files_and_entry_points_stay_inside(text: str) -> None:
    assert refused(f"{PACKAGE}{text}\n")[0].code == "recipe.bad-value"


def test_a17_a18_a19_nothing_is_asked_of_the_machine_without_leave() -> None:
    ask = Answers()
    text = f"{PACKAGE}extra: {{a: \"${{{{ env.get('HOME') }}}}\", b: \"${{{{ load_from_file('../x') }}}}\", c: \"${{{{ git.head_rev('ext::sh') }}}}\"}}\n"
    with pytest.raises(RecipeError) as caught:
        evaluate(recipe(text).outputs[0], request(ask=ask))
    assert len(caught.value.problems) == 3
    assert ask.asked == ["HOME"]


SNIPPETS = [
    "package:\n", "  name: a\n", "  version: '1'\n", "build:\n", "  script: x\n", "  script:\n    - y\n", "requirements:\n", "  run:\n", "    - a\n", "    - if: linux\n",
    "      then: b\n", "      else: [c]\n", "  host: [python, '${{ x }}']\n", "context:\n", "  x: ${{ 1 + 1 }}\n", "  y: ${{ z }}\n", "outputs:\n", "  - package: {name: b}\n",
    "  - staging: {name: s}\n", "    inherit: s\n", "recipe: {version: '2'}\n", "tests:\n", "  - script: t\n", "  - python: {imports: [a]}\n", "about: {license: MIT}\n", "extra: {a: [~]}\n",
    "source: {path: .}\n", "  number: ${{ 1 }}\n", "  noarch: python\n", "  skip: [win]\n", "  string: h${{ hash }}\n", "  - ${{ 'a' if }}\n", "  key: ${{ compiler('c') }}\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(SNIPPETS), max_size=14).map("".join))
@settings(max_examples=500, deadline=None)
def test_whatever_is_put_together_it_is_evaluated_or_refused(text: str) -> None:
    found = problems(text)
    assert all(problem.code and problem.message and problem.place is not None for problem in found)


@given(st.text(alphabet=string.printable, max_size=80))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_it_is_evaluated_or_refused(text: str) -> None:
    found = problems(text)
    assert all(problem.place is not None for problem in found)
