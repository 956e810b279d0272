"""Hostile recipes, ids A1 to A24 of the table, through ``bakehouse render``, ``plan`` and ``build``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.adversarial.attack import SECRET, Attack, row

PACKAGE = "package:\n  name: demo\n  version: '1.0'\n"


def summary(expression: str) -> str:
    """A recipe that prints an expression."""
    return f"{PACKAGE}about:\n  summary: '${{{{ {expression.replace(chr(39), chr(39) * 2)} }}}}'\n"


def each(texts: list[str], pattern: str) -> dict[str, tuple[str | bytes, str]]:
    """Give each recipe a folder of its own."""
    return {f"r{number:02}": (text, pattern) for number, text in enumerate(texts)}


LAUGHS = "a: &a [lol, lol]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)
MERGES = "a: &a {k: v}\n" + "".join(
    f"{b}: &{b}\n  <<: [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
)


@row("A1", "anchors and aliases are refused where they stand")
def test_a01_billion_laughs(attack: Attack) -> None:
    attack.refuse(each([LAUGHS + PACKAGE, f"{PACKAGE}extra: {{a: *b}}\n"], "(anchor|alias)"))
    for name in ("variants.yaml", "conda_build_config.yaml"):
        attack.refuse_variants({name: (LAUGHS, "anchor")}, PACKAGE)


@row("A2", "the same of merge keys")
def test_a02_merge_key_bomb(attack: Attack) -> None:
    attack.refuse(each([MERGES + PACKAGE], "anchor"))
    attack.refuse_variants({"variants.yaml": (MERGES, "anchor")}, PACKAGE)


@row("A3", "at most 64 levels")
def test_a03_deep_nesting(attack: Attack) -> None:
    blocks = "".join("  " * depth + "a:\n" for depth in range(1, 500))
    texts = [f"{PACKAGE}extra: {sign * 20_000}" for sign in ("[", "{a: ", "[{a: ")]
    attack.refuse(
        each([*texts, f"{PACKAGE}extra:\n{'- ' * 20_000}x\n", f"{PACKAGE}extra:\n{blocks}"], "deeper than 64")
    )
    attack.refuse_variants({"variants.yaml": ("k: " + "[" * 20_000, "deeper than 64")}, PACKAGE)


@row("A4", "at most 1 MiB, before a byte is parsed")
def test_a04_huge_scalar(attack: Attack) -> None:
    huge = "x" * (50 << 20)
    attack.refuse(
        each([f"{PACKAGE}about: {{summary: {huge}}}\n", f"{PACKAGE}extra:\n  a: |\n    {huge}\n"], "1048576 bytes")
    )
    attack.refuse_variants({"variants.yaml": (f"k: [{huge}]\n", "1048576 bytes")}, PACKAGE)


@row("A5", "any tag is refused")
def test_a05_tags(attack: Attack) -> None:
    tags = ["!!python/object/apply:os.system", "!!python/name:os.system", "!!binary", "!!str", "!", "!own", "!!set"]
    texts = [f"{PACKAGE}extra:\n  a: {tag} ['touch {attack.mark}']\n" for tag in tags]
    texts += [
        f"{PACKAGE}extra: !!map {{}}\n",
        "!!map {package: {name: a, version: '1'}}\n",
        f"{PACKAGE}!!str extra: 1\n",
    ]
    attack.refuse(each([*texts, f"%TAG ! tag:yaml.org,2002:\n---\n{PACKAGE}extra: {{a: !int '1'}}\n"], "tag"))


@row("A6", "told with both lines")
def test_a06_duplicate_keys(attack: Attack) -> None:
    told = attack.refuse(
        each(
            [
                PACKAGE + PACKAGE,
                f"{PACKAGE}build: {{number: 1}}\nextra: {{}}\n'build': {{number: 2}}\n",
                f'{PACKAGE}extra:\n  a:\n    b: 1\n    c: 2\n    "\\u0062": 3\n',
            ],
            "stands twice",
        )
    )
    assert [one[0].message.rpartition(" in ")[2] for one in told.values()] == [
        "lines 1 and 4",
        "lines 4 and 6",
        "lines 6 and 8",
    ]


@row("A7", "text stays the text that was written", "kept as text")
def test_a07_no_value_changes_its_type(attack: Attack) -> None:
    versions = ("1.10", "1e10", "0o17", "007", "2024.01.01", "1_000", "0x1F", "no", "on")
    kept = attack.keep_all({text: f"package: {{name: demo, version: {text}}}\n" for text in versions})
    assert [document["version"] for documents in kept.values() for document in documents] == list(versions)
    values = [
        "1.10",
        "no",
        "0o17",
        "1e10",
        "2024-01-01",
        "22:22",
        "yes",
        "on",
        "0x1F",
        "1_000",
        ".5",
        "+1.0",
        "NaN",
        "null",
    ]
    lines = "".join(f"    - ${{{{ x{index} }}}}\n" for index in range(len(values)))
    context = "".join(f"  x{index}: {value}\n" for index, value in enumerate(values))
    (document,) = attack.keep(f"context:\n{context}{PACKAGE}build:\n  script:\n{lines}")
    assert document["script"]["content"].splitlines() == values
    (document,) = attack.keep(f"{PACKAGE}requirements:\n  host:\n    - python 3.10.*\n    - numpy =2.0\n")
    assert document["requirements"]["host"] == ["python 3.10.*", "numpy 2.0.*"]


@row("A7", "text stays the text that was written", "kept as text")
def test_a07_what_is_no_version_is_told(attack: Attack) -> None:
    attack.refuse(
        each([f"package: {{name: demo, version: '{text}'}}\n" for text in ("22:22", "2024-01-01", "~")], "version")
    )


@row("A8", "told with the byte's offset")
def test_a08_text_that_is_none(attack: Attack) -> None:
    plain = PACKAGE.encode()
    broken = {
        "nul": (plain + b"extra: a\0b\n", len(plain) + 8, "NUL"),
        "escape": (plain + b"extra: a\x1b[31m\n", len(plain) + 8, "U\\+001B"),
        "utf-16-le": (b"\xff\xfe" + PACKAGE.encode("utf-16-le"), 0, "byte order mark"),
        "utf-16-be": (b"\xfe\xff" + PACKAGE.encode("utf-16-be"), 0, "byte order mark"),
        "utf-16-bare": (PACKAGE.encode("utf-16-le"), 1, "NUL"),
        "utf-8-mark": (b"\xef\xbb\xbf" + plain, 0, "byte order mark"),
        "latin-1": (plain + "extra: {a: é}\n".encode("latin-1"), len(plain) + 11, "not UTF-8"),
        "overlong": (plain + b"extra: \xc0\xaf\n", len(plain) + 7, "not UTF-8"),
        "surrogate": (plain + b"extra: \xed\xa0\x80\n", len(plain) + 7, "not UTF-8"),
        "cut": (plain + "é".encode()[:1], len(plain), "not UTF-8"),
        "separator": (plain + "# \u2028extra: 1\n".encode(), len(plain) + 2, "U\\+2028"),
        "bidi": (plain + "extra: {a: '\u202e'}\n".encode(), len(plain) + 12, "U\\+202E"),
        "return": (plain + b"# see\rextra: 1\n", len(plain) + 5, "U\\+000D"),
    }
    told = attack.refuse({name: (data, pattern) for name, (data, _, pattern) in broken.items()})
    for name, (_, offset, _) in broken.items():
        assert f"(byte offset {offset})" in str(told[name][0].remedy), name
    attack.refuse_variants(
        {name: (data, "NUL|byte") for name in ("variants.yaml",) for data in (b"k: [\0]\n",)}, PACKAGE
    )
    attack.refuse_variants(
        {"conda_build_config.yaml": (b"k:\n  - 1  # [win]\n  - \xff\n", "byte 22 is not UTF-8")}, PACKAGE
    )
    attack.refuse(
        each([f'{PACKAGE}about: {{summary: "a\\0b"}}\n', summary("'\\x00'"), summary("'\\ud800'")], "no file can hold")
    )


@row("A9", "there are no attributes, methods or globals to reach for")
def test_a09_python_is_out_of_reach(attack: Attack) -> None:
    expressions = [
        "''.__class__.__mro__", "cycler.__init__.__globals__", "lipsum.__globals__", "x|attr('format')", "''|attr('format')", "''.format_map({})",
        "'{0.__class__}'.format(1)", "env.__class__", "env.get.__globals__", "compiler.__call__('c')", "self.__init__", "namespace()", "joiner.__init__",
        "dict(a=1)", "[].append", "().__class__.__base__.__subclasses__()", "''['__class__']", "env['__class__']", "x.__dict__", "range.__self__",
        "''|map('upper')|list", "[1]|map(attribute='__class__')|list", "''|tojson", "''|pprint", "caller()", "loop.index", "config", "request",
    ]  # fmt: skip
    attack.refuse(
        each([summary(expression) for expression in expressions], "undefined|there is no|cannot be called|not known")
    )


@row("A10", "only plain data and the recipe's own functions are in sight")
def test_a10_nothing_with_effects_is_in_sight(attack: Attack) -> None:
    expressions = [
        "env", "env ~ ''", "env.get", "git", "compiler", "[compiler]", "{'a': env.get}", "env.clear()", "env.pop('PATH')", "git.clone('x')", "git.push()", "match.func",
        "open('/etc/passwd')", "exec('x')", "eval('1')", "print(1)", "getattr(env, 'get')", "[env.get][0]('PATH')", "load_from_file.__call__('x')",
    ]  # fmt: skip
    texts = [summary(expression) for expression in expressions]
    texts.append(f"context:\n  f: ${{{{ env.get }}}}\n{summary('f(1)')}")
    texts.append(f"context:\n  f: ${{{{ compiler }}}}\n{summary('f(1)')}")
    attack.refuse(each(texts, "function|undefined|cannot be|there is no|environment"))


@row("A11", "nothing shared can be changed")
def test_a11_nothing_can_be_changed(attack: Attack) -> None:
    expressions = [
        "shared.append('x')", "table.update({})", "env.update({})", "shared.clear()", "table.setdefault('a', 1)", "table.pop('k')", "shared.sort()", "shared.extend([1])",
        "shared.__setitem__(0, 1)", "env.setdefault('a', 1)", "table.__delitem__('k')",
    ]  # fmt: skip
    context = "context:\n  shared: [a, b]\n  table: \"${{ {'k': 1} }}\"\n"
    attack.refuse(
        each([context + summary(expression) for expression in expressions], "there is no|undefined|cannot be")
    )


def doubling(first: str, pattern: str, count: int) -> str:
    lines = "".join(f"  x{index}: {pattern.replace('X', f'x{index - 1}')}\n" for index in range(1, count))
    return f"context:\n  x0: {first}\n{lines}{PACKAGE}about: {{summary: '${{{{ x{count - 1} }}}}'}}\n"


@row("A12", "texts end at 64 KiB, lists at 16 Ki items, all of them at 16 Mi")
def test_a12_growth(attack: Attack) -> None:
    one = [
        "'a'*10**9", "10**9*'a'", "'a'*65536*65536", "[1]*10**9", "'x'|center(10**9)", "'x'.center(10**9)", "'x'.ljust(10**9)", "'%1000000000d' % 1", "'%1000000000d'|format(1)",
        "'{:>1000000000}'.format(1)", "('a'*60000) ~ ('a'*60000)", "'a'*60000 + 'a'*60000", "('a'*60000)" + "|replace('a','aa')" * 8, "'x'|indent(10**9)", "'a b'|wordwrap(1, wrapstring='a'*10**9)",
        "[[[]]*9000, [[]]*9000]", "('a'*60000)|list|join('b'*60000)", "('a'*16000)|list|join('b'*60000)", "range(10**9)", "lipsum(10**9)", "[1,2]|batch(10**9, 'x'*60000)",
        "[1,2]|slice(16000, 'x')|list + [1]*16000",
    ]  # fmt: skip
    many = [
        doubling("a" * 1000, "${{ X ~ X }}", 40),
        doubling("${{ [1, 1] }}", "${{ [X, X] }}", 60),
        doubling("1", "${{ {'a':X,'b':X} }}", 60),
        doubling("ab", "${{ X | replace('a', X) }}", 40),
    ]
    attack.refuse(
        each(
            [*[summary(expression) for expression in one], *many],
            "longer|more than|there is no|undefined|cannot be|works? |number",
        )
    )
    work = "| replace('a','b')" * 20
    texts = (
        "context: {x: \"${{ 'a' * 60000 }}\"}\n"
        + PACKAGE
        + "extra:\n"
        + "".join(f"  k{index}: ${{{{ x }}}}{index}\n" for index in range(9000))
    )
    attack.refuse({"output": (texts, "more text than")})
    spent = "".join(f"  k{index}: ${{{{ ('a' * 60000){work} | length }}}}\n" for index in range(100))
    attack.refuse({"work": (f"{PACKAGE}extra:\n{spent}", "more text than")})


@row("A13", "numbers end at 128 bits, and there are no loops")
def test_a13_endless_work(attack: Attack) -> None:
    expressions = [
        "10**(10**7)",
        "9**9**9",
        "2**127",
        "(2**100)*(2**100)",
        "range(99999)",
        "[x for x in range(99999)]",
        "1.0*10**400",
        "-(2**126)*4",
    ]
    texts = [summary(expression) for expression in expressions]
    attack.refuse(
        each(
            [*texts, doubling("3", "${{ X * X }}", 200)], "128 bits|calculated|there is no|not expected|expected token"
        )
    )
    loops = "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}"
    (document,) = attack.keep(f'{PACKAGE}build:\n  script:\n    - "{loops}"\n')
    assert document["script"]["content"] == loops


@row("A14", "no filter takes an expression; those of specs and post_process cannot run away")
def test_a14_runaway_patterns(attack: Attack) -> None:
    filters = [
        "'a'|regex_replace('(a+)+$','')",
        "'a'|regex_search('(a+)+$')",
        "'a'|regex_findall('x')",
        "'a' is match('(a+)+$')",
    ]
    attack.refuse(each([summary(expression) for expression in filters], "there is no"))
    specs = ["foo * ^(a+)+$", "foo * ^a*a*a*a*b$", "foo[build='^(a|a)*$']", "foo[version='^(1+)+$']"]
    attack.refuse(each([f'{PACKAGE}requirements: {{run: ["{spec}"]}}\n' for spec in specs], "is not a package spec"))
    patterns = [
        "(",
        "(?=a)",
        "(?<!a)b",
        r"(a)\1",
        "a{1001}",
        "((a{100}){100}){100}",
        "(" * 5000,
        "*",
        "[z-a]",
    ]
    step = "build:\n  post_process:\n    - files: ['*']\n      regex: '{}'\n      replacement: x\n"
    attack.refuse(each([PACKAGE + step.format(pattern) for pattern in patterns], "is not a regular expression"))


@row("A15", "at most 64 brackets; there are no macros")
def test_a15_recursion(attack: Attack) -> None:
    expressions = [
        "(" * 3000 + "1" + ")" * 3000, "[" * 3000 + "]" * 3000, "-" * 5000 + "1", "not " * 2000 + "1", "1" + "+1" * 4000, "1 if " * 1500 + "1", "a" + ".a" * 4000, "a" + "[0]" * 2600,
        "'a'" + "|lower" * 1300, "m()", "macro()",
    ]  # fmt: skip
    attack.refuse(
        each([summary(expression) for expression in expressions], "nested|there is no|undefined|expected|more than")
    )
    macro = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"
    (document,) = attack.keep(f'{PACKAGE}build:\n  script:\n    - "{macro}"\n')
    assert document["script"]["content"] == macro


@row("A16", "statements are text; no expression loads anything", "kept as text")
def test_a16_no_loader(attack: Attack) -> None:
    lines = [
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% extends '/etc/passwd' %}",
        "{{ '/etc/passwd' }}",
        "{# comment #}",
    ]
    listed = "".join(f'    - "{line}"\n' for line in lines)
    (document,) = attack.keep(f"{PACKAGE}build:\n  script:\n{listed}")
    assert document["script"]["content"].splitlines() == lines
    attack.refuse(
        each(
            [summary(text) for text in ("include '/etc/passwd'", "include('/etc/passwd')", "import os")],
            "there is no|not expected|undefined",
        )
    )


@row("A17", "recipes see no variable but those that --allow-env names")
def test_a17_environment(attack: Attack) -> None:
    attack.environment = {"TOKEN": SECRET, "SEEN": "yes"}
    asks = [
        summary("env.get('TOKEN')"),
        f"context: {{t: \"${{{{ env.get('TOKEN') }}}}\"}}\n{PACKAGE}",
        f"{PACKAGE}build: {{script: [\"${{{{ env.get('TOKEN') }}}}\"]}}\n",
    ]
    told = attack.refuse(each(asks, "TOKEN"), "--allow-env", "SEEN")
    assert all("--allow-env TOKEN" in str(one[0].remedy) for one in told.values())
    script = "${{ env.get('TOKEN', 'none') }} ${{ env.exists('TOKEN') }} ${{ env.get('SEEN') }} $TOKEN"
    (document,) = attack.keep(f'{PACKAGE}build:\n  script:\n    - "{script}"\n', "--allow-env", "SEEN")
    assert document["script"]["content"] == "none false yes $TOKEN"
    names = ["TOKEN", "HOME", "PATH", "BAKEHOUSE_STORE"]
    attack.refuse(each([summary(f"env.get('{name}')") for name in names], "may not"))
    for file in (attack.folder / "store").rglob("std*"):
        assert SECRET not in file.read_text()


@row("A17", "recipes see no variable but those that --allow-env names")
def test_a17_a_recipe_does_not_allow_itself(attack: Attack) -> None:
    attack.environment = {"TOKEN": SECRET}
    attack.put("r00/bakehouse.yaml", "environment: [TOKEN]\n")
    attack.refuse(each([summary("env.get('TOKEN')")], "TOKEN"))


@row("A18", "load_from_file reads regular files of at most 1 MiB inside the recipe's folder")
def test_a18_files_of_others(attack: Attack) -> None:
    attack.put("secret.txt", SECRET)
    recipes: dict[str, tuple[str | bytes, str]] = {}
    for number, path in enumerate(
        [
            "/etc/passwd",
            "../../x",
            "../secret.txt",
            "a/../../secret.txt",
            "~/x",
            "C:/x",
            "..\\\\x",
            "/proc/self/environ",
        ]
    ):
        recipes[f"path{number}"] = (summary(f"load_from_file('{path}')"), "absolute|leads out")
    links = {"link.txt": "/etc/passwd", "up.txt": "../secret.txt", "folder": "..", "circle": "circle"}
    for name, target in links.items():
        path = "folder/secret.txt" if name == "folder" else name
        recipes[name] = (
            summary(f"load_from_file('{path}')"),
            "leads out|no regular file|cannot be read|there is no file|link",
        )
        (attack.folder / name).mkdir()
        (attack.folder / name / name).symlink_to(target)
    (attack.folder / "pipe").mkdir()
    os.mkfifo(attack.folder / "pipe" / "pipe")
    recipes["pipe"] = (summary("load_from_file('pipe')"), "no regular file")
    recipes["here"] = (summary("load_from_file('.')"), "no regular file")
    recipes["gone"] = (summary("load_from_file('gone')"), "there is no file")
    attack.put("large/large", b"x" * ((1 << 20) + 1))
    recipes["large"] = (summary("load_from_file('large')"), "more than 1048576 bytes")
    attack.put("bomb/bomb.yaml", LAUGHS)
    recipes["bomb"] = (summary("load_from_file('bomb.yaml')"), "anchor")
    attack.put("deep/deep.json", "[" * 100_000)
    recipes["deep"] = (summary("load_from_file('deep.json')"), "cannot be read")
    attack.refuse(recipes, "--experimental")


@row("A19", "git.* speaks https and ssh, needs --experimental, and takes no option for an address")
def test_a19_git_addresses(attack: Attack) -> None:
    addresses = [
        f"ext::sh -c 'touch {attack.mark}'", f"--upload-pack=touch {attack.mark}", f"-oProxyCommand=touch {attack.mark}", "file:///etc", "ssh://-oProxyCommand=touch/x", "fd::17/foo",
        "http://example.org/x.git", "git://example.org/x.git", "/etc", "../../x", "https://example.org/x\\n--upload-pack=x", "",
    ]  # fmt: skip
    for question in ("latest_tag", "head_rev"):
        texts = [summary(f'git.{question}("{address}")') for address in addresses]
        attack.refuse(
            each(texts, "address of a git|by https and ssh|cannot change to|is not a git repository"),
            "--experimental",
        )
    attack.refuse(each([summary("git.latest_tag('https://example.org/x.git')")], "experimental"))
    refused = [address for address in addresses if address.startswith("-") or "::" in address]
    attack.refuse(
        each(
            [f'{PACKAGE}source: {{git: "{address}", rev: {"a" * 40}}}\n' for address in refused],
            "not the address of a git",
        )
    )


@row("A20", "target_directory and file_name stay in the work folder")
def test_a20_sources_stay_inside(attack: Attack) -> None:
    paths = ["/abs", "../../x", "a/../../b", "C:/x", "..\\..\\x", "~/x", "./../x", "//x", "a/..\\..\\b"]
    texts = []
    for path in paths:
        for written in (path, "${{ '" + path.replace("\\", "\\\\") + "' }}"):
            quoted = written.replace("'", "''")
            texts.append(f"{PACKAGE}source:\n  url: https://example.org/a.tar.gz\n  target_directory: '{quoted}'\n")
    texts += [
        f"{PACKAGE}source:\n  path: .\n  file_name: '{path}'\n"
        for path in ["../../x", "/abs", "..", ".", "a/b", "a\\b"]
    ]
    texts += [f"{PACKAGE}source:\n  git: https://example.org/a\n  rev: {'a' * 40}\n  target_directory: ../x\n"]
    attack.refuse(each(texts, r"source\S*\.(target_directory|file_name): "))


@row("A21", "a path source stays in the recipe's folder, through links too")
def test_a21_paths_of_others(attack: Attack) -> None:
    attack.put("secret.txt", SECRET)
    for number, path in enumerate(
        [
            "/etc/shadow",
            "/etc/hostname",
            "../secret.txt",
            "link",
            "link/secret.txt",
            "file",
            "circle",
            "a/../../secret.txt",
        ]
    ):
        attack.inputs += 1
        folder = attack.put(f"p{number}/recipe.yaml", f"{PACKAGE}source:\n  path: {path}\n").parent
        (folder / "link").symlink_to("..")
        (folder / "file").symlink_to("../secret.txt")
        (folder / "circle").symlink_to("circle")
        for verb in ("plan", "build") if number == 0 else ("plan",):
            ended = attack.run(verb, folder, "--out", attack.folder / "store" / "channel", "--offline", memory=None)
            assert ended.code == 2, ended.err
            (told,) = ended.told
            assert "outside the recipe's folder" in told.message or "no path" in told.message
            assert told.line == 5
            assert told.remedy
            assert SECRET not in ended.out + ended.err


@row("A22", "names by CEP 26, build strings of letters, digits and _ . +")
def test_a22_names(attack: Attack) -> None:
    names = [
        "../../x",
        "a..b",
        "a" * 65,
        "UPPER",
        "zlib\u043e",
        "a/b",
        "-a",
        "a--b",
        ".a",
        "a b",
        "a\\nb",
        "__a",
        "a$b",
        "con/x",
        "",
        "a\u200b",
        "\uff41",
    ]
    texts = [f'package: {{name: "{name}", version: "1"}}\n' for name in names]
    texts += [f'context: {{n: "{name}"}}\npackage: {{name: "${{{{ n }}}}", version: "1"}}\n' for name in names if name]
    texts += [f'recipe: {{version: "1"}}\noutputs: [{{staging: {{name: "{name}"}}}}]\n' for name in names]
    attack.refuse(each(texts, "name"))
    strings = [
        "a/b",
        "../x",
        "a b",
        "x" * 65,
        "a-b",
        "a\\nb",
        "é",
        "${{ 'a/b' }}",
        "${{ '../' ~ hash }}",
        "${{ hash }}/x",
    ]
    attack.refuse(each([f'{PACKAGE}build: {{string: "{string}"}}\n' for string in strings], "build.string"))
    versions = ["1/2", "../1", "1-2", "1 2", "v" * 65, "1\\n", "é"]
    attack.refuse(each([f'package: {{name: a, version: "{version}"}}\n' for version in versions], "version"))


@row("A23", "told by name when the recipe is read")
def test_a23_licence_files(attack: Attack) -> None:
    paths = [
        "../../../../etc/hostname",
        "/etc/hostname",
        "a/../../b",
        "${{ PREFIX }}/../../etc/hostname",
        "${{ '../x' }}",
        "~/x",
        "..",
        "C:\\x",
        "${{ SRC_DIR }}/../x",
    ]
    texts = [f"{PACKAGE}about:\n  license_file: '{path.replace(chr(39), chr(39) * 2)}'\n" for path in paths]
    texts += [f"{PACKAGE}about:\n  license_file:\n    - LICENSE\n    - ../../etc/passwd\n"]
    told = attack.refuse(each(texts, "about.license_file"))
    assert all("leads out" in one[0].message or "absolute" in one[0].message for one in told.values())


@row("A24", "scripts, tests' files, patches stay inside; entry points are identifiers")
def test_a24_scripts_and_entry_points(attack: Attack) -> None:
    sections = [
        "build: {script: {file: /etc/x.sh}}", "build: {script: /etc/x.sh}", "build: {script: ../x.sh}", "build: {script: {file: ../../x}}", "build: {script: {cwd: /etc, content: a}}",
        "build: {script: {cwd: ../.., content: a}}", "build: {script: \"${{ '../' }}x.sh\"}", "tests: [{script: a, files: {source: ['../..']}}]", "tests: [{script: a, files: {recipe: ['/etc/*']}}]",
        "tests: [{script: a, files: {recipe: ['../../*']}}]", "tests: [{script: /etc/x.sh}]", "tests: [{script: {file: ../x.sh}}]", "build: {python: {entry_points: ['../../x = a:main']}}",
        "build: {python: {entry_points: ['.. = a:main']}}", "build: {python: {entry_points: ['x = ../../a:main']}}", "build: {python: {entry_points: ['x = a:main; import os']}}",
        "build: {python: {entry_points: ['x = a:main()']}}", "build: {python: {entry_points: ['../../x:main']}}", "build: {python: {entry_points: ['/x = a:main']}}",
        "build: {python: {site_packages_path: ../..}}", "build: {python: {site_packages_path: /etc}}", "source: {path: ., patches: ['../../x.patch']}", "source: {path: ., patches: ['/etc/x.patch']}",
    ]  # fmt: skip
    attack.refuse(each([f"{PACKAGE}{section}\n" for section in sections], "build|tests|source"))


LINKED = {
    "licence": ("about: {license: MIT, license_file: LICENSE}", "LICENSE", "LICENSE' is no regular file inside"),
    "patch": ("source: {path: ., patches: [a.patch]}", "a.patch", "'a.patch' lies outside the recipe's folder"),
    "script": ("build: {script: {file: made.sh}}", "made.sh", "made.sh: No such file"),
    "tests": ("tests: [{script: [cat data.txt], files: {recipe: [data.txt]}}]", "data.txt", "data.txt: No such file"),
}


def linked(attack: Attack, name: str, store: Path) -> None:
    """Build a recipe in whose folder a link leads to a file of somebody else: what it holds gets nowhere."""
    attack.inputs += 1
    section, link, pattern = LINKED[name]
    secret = attack.put("secret.txt", SECRET)
    script = "" if name == "script" else "build: {script: [mkdir -p $PREFIX/share, touch $PREFIX/share/made]}\n"
    folder = attack.put(f"{name}/recipe.yaml", f"{PACKAGE.replace('demo', name)}{script}{section}\n").parent
    (folder / link).symlink_to(secret)
    channel = attack.folder / "store" / "channel"
    ended = attack.build(folder, "--out", channel, store=store)
    assert ended.code in {1, 2}
    assert pattern in ended.err
    assert SECRET not in ended.err + ended.out
    assert not list(channel.glob("*/*.conda"))


@row("A23", "told by name when the recipe is read")
@pytest.mark.sandbox
def test_a23_a_licence_is_no_link_that_leads_out(attack: Attack, kitchen: Path) -> None:
    linked(attack, "licence", kitchen)


@row("A24", "scripts, tests' files, patches stay inside; entry points are identifiers")
@pytest.mark.sandbox
@pytest.mark.parametrize("name", ["patch", "script", "tests"])
def test_a24_links_lead_nowhere(attack: Attack, kitchen: Path, name: str) -> None:
    linked(attack, name, kitchen)


def test_errors_of_a_single_recipe_are_one_json_document(attack: Attack) -> None:
    for text, code in (
        (LAUGHS + PACKAGE, "yaml.anchor"),
        (PACKAGE + PACKAGE, "yaml.duplicate-key"),
        (summary("'a'*10**9"), "recipe.too-much"),
    ):
        ended = attack.run("render", attack.put("one/recipe.yaml", text), "--json")
        assert ended.code == 2
        assert not ended.err
        (error,) = ended.document()["errors"]
        assert set(error) == {"code", "message", "file", "line", "column", "remedy"}
        assert error["code"] == code
        assert error["file"] == str(attack.folder / "one" / "recipe.yaml")
        assert all(error[part] for part in ("line", "column", "remedy"))


def test_a_recipe_is_no_link_pipe_or_device(attack: Attack) -> None:
    secret = attack.put("secret.txt", SECRET)
    places: list[Path] = [attack.folder / name / "recipe.yaml" for name in ("link", "pipe", "folder", "device")]
    for place in places[:2] + places[3:]:
        place.parent.mkdir()
    places[0].symlink_to(secret)
    os.mkfifo(places[1])
    places[2].mkdir(parents=True)
    places[3].symlink_to("/dev/zero")
    for place in places:
        for path in (place, place.parent):
            ended = attack.run("render", path)
            assert ended.code == 2, (path, ended.err)
            (told,) = ended.told
            assert "regular file" in told.message or "there is no recipe.yaml" in told.message, told
            assert told.remedy
            assert SECRET not in ended.err


def test_a_folder_on_the_way_may_be_a_link(attack: Attack) -> None:
    attack.put("real/recipe.yaml", PACKAGE)
    (attack.folder / "way").symlink_to("real")
    assert attack.run("render", attack.folder / "way").code == 0
