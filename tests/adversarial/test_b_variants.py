"""Hostile variant and pinning files, ids B1 to B9 of the table, through ``bakehouse render`` and ``build``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from builder.archive import read_package
from tests.adversarial.attack import SECRET, Attack, check, row

PACKAGE = "package:\n  name: demo\n  version: '1.0'\n"


def using(*keys: str) -> str:
    """A recipe that uses the keys."""
    return PACKAGE + "build:\n  script:\n" + "".join(f"    - echo ${{{{ {key} }}}}\n" for key in keys)


def keys_of(count: int, values: int) -> str:
    listed = ", ".join(f'"{value}"' for value in range(values))
    return "".join(f"k{index}: [{listed}]\n" for index in range(count))


@row("B1", "combinations are counted before they are made; the biggest keys are named")
def test_b01_too_many_combinations(attack: Attack) -> None:
    keys = [f"k{index}" for index in range(7)]
    attack.put("seven/variants.yaml", keys_of(6, 10) + "k6: [" + ", ".join(map(str, range(40))) + "]\n")
    (told,) = attack.refuse({"seven": (using(*keys), "would be rendered 40,000,000 times, more than the 10,000")})[
        "seven"
    ]
    assert "k6 (40 values), k0 (10 values), k1 (10 values)" in str(told.remedy)
    attack.put("long/variants.yaml", "k0: [" + ", ".join(map(str, range(10_001))) + "]\n")
    attack.refuse({"long": (using("k0"), "10,001 times")})
    attack.put("skip/variants.yaml", keys_of(7, 10))
    attack.refuse({"skip": (f"{PACKAGE}build:\n  skip: {' and '.join(keys)}\n", "times, more than")})
    attack.put("pins/variants.yaml", keys_of(3, 1000))
    made = "".join(f"- package: {{name: a{n}}}\n  build: {{script: ['${{{{ k{n} }}}}']}}\n" for n in range(3))
    pins = ", ".join(f"'${{{{ pin_subpackage(\"a{n}\", exact=True) }}}}'" for n in range(3))
    several = f"recipe: {{version: '1'}}\noutputs:\n{made}- package: {{name: all}}\n  requirements: {{run: [{pins}]}}\n"
    attack.refuse({"pins": (several, "output all would be rendered 10,001 times")})
    attack.put("outputs/variants.yaml", keys_of(1, 9000))
    many = "".join(f"- package: {{name: a{n}}}\n  build: {{script: ['${{{{ k0 }}}}']}}\n" for n in range(500))
    attack.refuse({"outputs": (f"recipe: {{version: '1'}}\noutputs:\n{many}", "4,500,000 times, more than 50,000")})
    attack.put("unused/variants.yaml", keys_of(7, 10))
    assert len(attack.keep(using("k0"), name="unused")) == 10
    attack.put("option/variants.yaml", keys_of(1, 10))
    attack.refuse({"option": (using("k0"), "10 times, more than the 9")}, "--max-variants", "9")
    assert len(attack.keep(using("k0"), "--max-variants", "10", name="option")) == 10


@row("B2", "told with both keys and their lengths, at the group's place")
def test_b02_unequal_zip_keys(attack: Attack) -> None:
    text = "python: ['3.12', '3.13']\nnumpy: ['1', '2', '3']\nother: [a]\nzip_keys:\n  - [python, numpy]\n"
    (told,) = attack.refuse_variants({"variants.yaml": (text, "zipped keys")}, PACKAGE)["variants.yaml"]
    assert "python has 2, numpy has 3" in told.message
    assert (told.line, told.column) == (5, 5)
    legacy = "python:\n  - 3.12\nnumpy:\n  - 1\n  - 2\n  - 3  # [win]\nzip_keys:\n  -\n    - python\n    - numpy\n"
    (told,) = attack.refuse_variants({"conda_build_config.yaml": (legacy, "python has 1, numpy has 2")}, PACKAGE)[
        "conda_build_config.yaml"
    ]
    three = "".join(f"k{index}: [{', '.join('x' * (1 + index % 3))}]\n" for index in range(900))
    three += f"zip_keys: [[{', '.join(f'k{index}' for index in range(900))}]]\n"
    attack.refuse_variants({"variants.yaml": (three, "zipped keys")}, PACKAGE)


@row("B3", "keys that no file defines, and keys in two groups, are refused")
def test_b03_zip_keys_of_nothing(attack: Attack) -> None:
    texts = {
        "unknown/variants.yaml": ("a: [1, 2]\nzip_keys: [[a, b]]\n", "names b, which no variant file defines"),
        "overlap/variants.yaml": ("a: [1]\nb: [1]\nc: [1]\nzip_keys: [[a, b], [b, c]]\n", "names b in two groups"),
        "shape/variants.yaml": ("a: [1]\nzip_keys: [a]\n", "list of lists"),
        "deep/variants.yaml": ("a: [1]\nzip_keys: [[[a]]]\n", "lists names of keys"),
        "text/conda_build_config.yaml": ("a: [1]\nzip_keys: a\n", "list of lists"),
        "many/variants.yaml": (
            f"zip_keys: [[{', '.join(f'k{index}' for index in range(40_000))}]]\n",
            "no variant file",
        ),
        "group/variants.yaml": ("a: [1]\nzip_keys:\n" + "  - [a]\n" * 9000, "in two groups"),
    }
    found = attack.refuse_variants(texts, PACKAGE)
    assert len(found["many/variants.yaml"]) <= 50
    assert len(found["group/variants.yaml"]) <= 50
    attack.put("unused/variants.yaml", "a: [1, 2]\nb: [3, 4]\nzip_keys: [[a, b]]\n")
    attack.keep(PACKAGE, name="unused")


@row("B4", "keys that decide what scripts execute are refused, however spelt")
def test_b04_keys_that_execute(attack: Attack) -> None:
    keys = [
        "PATH", "LD_PRELOAD", "BASH_ENV", "PYTHONSTARTUP", "LD_AUDIT", "LD_LIBRARY_PATH", "ENV", "IFS", "PS4", "SHELLOPTS", "PYTHONPATH", "PERL5OPT", "RUBYOPT",
        "NODE_OPTIONS", "GIT_SSH_COMMAND", "LD-PRELOAD", "BASH.ENV", "GIT-SSH-COMMAND", "Path", "path", "DYLD_INSERT_LIBRARIES", "CONFIG_SITE", "MAKEFILES", "BASH_FUNC_x%%",
        "$(id)", "a=b", "a b", "x;id", "`id`", "",
    ]  # fmt: skip
    texts = {f"k{number}/variants.yaml": (f"'{key}': [/evil]\n", "variant key") for number, key in enumerate(keys)}
    attack.refuse_variants(texts, PACKAGE)
    recipe = attack.put("option/recipe.yaml", PACKAGE)
    for key in ("PATH", "LD-PRELOAD"):
        attack.inputs += 1
        ended = attack.run("render", recipe, "--variant", f"{key}=/evil")
        assert ended.code == 2
        assert "variant key" in ended.told[0].message
        assert ended.told[0].remedy


NASTY = {
    "newline": "one\ntwo",
    "command": "$(touch ran; touch /tmp/ran)",
    "backtick": "`touch ran`",
    "quote": "'; touch ran; '",
    "double": '"; touch ran; "',
    "arithmetic": "$((x[$(touch ran)]))",
    "escape": "\\'; touch ran #",
    "glob": "* ? [a]",
    "option": "-n",
    "home": "~ $HOME ${PATH}",
    "history": "!! !x",
    "colour": "\x1b[31mred",
    "unicode": "ü \u2028 x",
}


@row("B5", "values reach a script's bash as they are; NUL is refused", "contained")
@pytest.mark.sandbox
def test_b05_values_are_quoted(attack: Attack, kitchen: Path) -> None:
    variants = "".join(f"{name}: [{json.dumps(value)}]\n" for name, value in NASTY.items())
    script = (
        "mkdir -p $PREFIX/share && printf '%s\\0' "
        + " ".join(f'"${name}"' for name in NASTY)
        + " > $PREFIX/share/values; ls -A > $PREFIX/share/made"
    )
    keys = "".join(f"      - {name}\n" for name in NASTY)
    attack.put("values/variants.yaml", variants)
    text = f"{PACKAGE}build:\n  variant:\n    use_keys:\n{keys}  script:\n    - {script}\nabout: {{license: MIT}}\n"
    recipe = attack.put("values/recipe.yaml", text)
    attack.inputs += len(NASTY)
    channel = attack.folder / "store" / "channel"
    ended = attack.build(recipe.parent, "--out", channel, store=kitchen)
    assert ended.code == 0, ended.err[-3000:]
    (package,) = channel.glob("linux-64/*.conda")
    read_package(package).extract(attack.folder / "store" / "tree")
    share = attack.folder / "store" / "tree" / "share"
    assert (share / "values").read_bytes().decode().split("\0")[:-1] == list(NASTY.values())
    assert "ran" not in (share / "made").read_text().split()
    assert not Path("/tmp/ran").exists()
    attack.refuse_variants({"variants.yaml": ('k: ["a\\0b"]\n', "NUL")}, PACKAGE)


@row("B6", "selectors have a small language of their own: no calls, no attributes, no arithmetic")
def test_b06_selectors_run_nothing(attack: Attack) -> None:
    selectors = [
        f"__import__('os').system('touch {attack.mark}')", "().__class__.__base__", "linux.__class__", f"open('{attack.mark}', 'w')", f"os.system('touch {attack.mark}')",
        "os.environ.get.__globals__", "os.environ.pop('HOME')", "os.environ.update()", "[x for x in (1,)]", "lambda: 1", "f'{linux}'", "(linux := 1)", "10**10**10", "'a' * 1000000000",
        "1 if linux else 2", "exec('x')", "{1: 2}", "await x", "*x", "x[0]", "...", "linux;win", "(" * 300 + ")" * 300, "not " * 130 + "linux", "linux and " * 60 + "linux", "1 +",
        "-1", "~1", "target_platform.format(1)", "'{}'.format(1)", "b'x'", "1j", "linux is True", "'a' < 1",
    ]  # fmt: skip
    texts = {
        f"s{number}/conda_build_config.yaml": (f"k:\n  - 1\n  - 2  # [{selector}]\n", "selector")
        for number, selector in enumerate(selectors)
    }
    found = attack.refuse_variants(texts, using("k"))
    assert {(one[0].line, one[0].column) for one in found.values()} == {(3, 8)}
    many = "k:\n" + "".join(f"- a#[{'(' * 50}{number}{')' * 50}]\n" for number in range(8000))
    attack.refuse_variants({"conda_build_config.yaml": (many, "more than 64 KiB")}, using("k"))
    broken = "k:\n" + "".join(f"- a#[{number}>]\n" for number in range(9000))
    assert (
        len(
            attack.refuse_variants({"conda_build_config.yaml": (broken, "selector")}, using("k"))[
                "conda_build_config.yaml"
            ]
        )
        <= 50
    )
    attack.put("line/conda_build_config.yaml", "k:\n- a " + "#[ " * 300_000 + "\n")
    attack.keep(using("k"), name="line")


@row("B7", "a variant file is a regular file and no link, and is opened without waiting")
def test_b07_variant_files_that_are_none(attack: Attack) -> None:
    secret = attack.put("secret.txt", SECRET)
    places: dict[str, str | None] = {
        "link": str(secret),
        "shadow": "/etc/shadow",
        "zero": "/dev/zero",
        "circle": "variants.yaml",
        "nothing": "nowhere",
        "pipe": None,
    }
    for name, target in places.items():
        for file in ("variants.yaml", "conda_build_config.yaml"):
            recipe = attack.put(f"{name}-{file}/recipe.yaml", PACKAGE)
            place = recipe.with_name(file)
            if target is None:
                os.mkfifo(place)
            else:
                place.symlink_to(target)
    folders = sorted(path for path in attack.folder.iterdir() if path.is_dir() and path.name != "store")
    attack.put("plain/recipe.yaml", PACKAGE)
    runs = [
        attack.run("render", *folders),
        *[
            attack.run("render", attack.folder / "plain", "-m", path)
            for path in ("/dev/zero", "/dev/tty", attack.folder)
        ],
    ]
    attack.inputs += len(folders) + 3
    told = [one for run in runs for one in run.told]
    assert [run.code for run in runs] == [2] * 4
    assert len(told) == len(folders) + 3
    for one in told:
        assert "must be a regular file, this is a" in one.message
        assert one.file
        assert one.remedy
    assert all(SECRET not in run.err + run.out for run in runs)


@row("B8", "1 MiB a file, 5,000 keys, 4,096 characters a value, 100,000 values")
def test_b08_huge_pinning_files(attack: Attack) -> None:
    many = "".join(f"k{index}: [1]\n" for index in range(5001))
    huge = "x" * 1_000_000
    texts = {
        "keys/variants.yaml": (many, "5,000 keys"),
        "legacy/conda_build_config.yaml": (many.replace("[1]", "\n  - 1"), "5,000 keys"),
        "value/variants.yaml": (f"a: [1]\nk: ['{huge}']\n", "1,000,000 characters"),
        "scalar/conda_build_config.yaml": (f"a: [1]\nk:\n  - {huge}\n", "1,000,000 characters"),
        "both/variants.yaml": (
            "".join(f"k{index}: [1]\n" for index in range(4000)) + f"k: ['{huge[:900_000]}']\n",
            "characters",
        ),
        "file/variants.yaml": (f"k: ['{huge * 2}']\n", "1048576 bytes"),
        "values/variants.yaml": ("k: [" + "1," * 200_000 + "]\n", "100,000 values"),
        "items/variants.yaml": ("k: [" + "[]," * 99_000 + "]\n", "must be text"),
        "expressions/variants.yaml": (
            "k:\n" + "".join(f"- ${{{{ 'a{index}' }}}}\n" for index in range(30_000)),
            "expressions",
        ),
    }
    for part in (("keys", "value", "scalar", "file"), ("legacy", "both", "values"), ("items", "expressions")):
        attack.refuse_variants({name: text for name, text in texts.items() if name.split("/")[0] in part}, using("k"))
    for half in ("a", "b"):
        attack.put(f"files/{half}.yaml", "".join(f"{half}{index}: [1]\n" for index in range(3000)))
    attack.put("files/recipe.yaml", PACKAGE)
    ended = attack.run(
        "render",
        attack.folder / "files",
        "-m",
        attack.folder / "files" / "a.yaml",
        "-m",
        attack.folder / "files" / "b.yaml",
    )
    assert ended.code == 2
    assert "have 6,000 keys, at most 5,000" in ended.told[0].message
    attack.put(
        "large/conda_build_config.yaml",
        "".join(f"key_{index}:\n  - 1.{index}  # [linux]\n  - 2.{index}  # [win]\n" for index in range(700)),
    )
    (document,) = attack.keep(using("key_3"), name="large")
    assert document["variant"]["key_3"] == "1.3"


@row("B9", "the text that was written", "kept as text")
def test_b09_versions_that_look_like_numbers(attack: Attack) -> None:
    files = {
        "typed/variants.yaml": ("python: [3.10]\n", "3.10"),
        "zero/variants.yaml": ("python: [1.0]\n", "1.0"),
        "octal/variants.yaml": ("python: [0o17]\n", "0o17"),
        "no/variants.yaml": ("python: [no]\n", "no"),
        "time/variants.yaml": ("python: ['22:22']\n", "22:22"),
        "float/variants.yaml": ("python: [1e3]\n", "1e3"),
        "legacy/conda_build_config.yaml": ("python:\n  - 3.10\n", "3.10"),
    }
    folders = {attack.put(file, text).parent.name: value for file, (text, value) in files.items()}
    kept = attack.keep_all(dict.fromkeys(folders, using("python")))
    for folder, value in folders.items():
        (document,) = kept[folder]
        assert document["variant"]["python"] == value
        assert document["script"]["content"] == f"echo {value}"
    attack.put("option/recipe.yaml", using("python"))
    ended = attack.run("render", attack.folder / "option", "--json", "--variant", "python=3.10")
    assert ended.document()[0]["variant"]["python"] == "3.10"


def test_errors_of_variant_files_are_json_too(attack: Attack) -> None:
    attack.put("one/recipe.yaml", PACKAGE)
    for text, code in (
        ("a: [1, 2]\nb: [1]\nzip_keys: [[a, b]]\n", "variant.zip-length"),
        ("PATH: [x]\n", "variant.key"),
        ("k: &a [1]\n", "yaml.anchor"),
    ):
        file = attack.put("one/variants.yaml", text)
        ended = attack.run("render", attack.folder / "one", "--json")
        assert ended.code == 2
        (error,) = ended.document()["errors"]
        assert (error["code"], error["file"]) == (code, str(file))
        assert all(error[part] for part in ("line", "column", "remedy"))


def test_a_value_fakes_no_line_of_the_output(attack: Attack) -> None:
    attack.put("one/variants.yaml", 'k: ["1\\nlinux-64/fake-1-0", "\\e]0;x\\a2"]\n')
    ended = attack.run("render", attack.put("one/recipe.yaml", using("k")))
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 2
    assert "\x1b" not in ended.out


def test_checking_is_strict() -> None:
    with pytest.raises(AssertionError, match="was not refused"):
        check([], "x", "y")
