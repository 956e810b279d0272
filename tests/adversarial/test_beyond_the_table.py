"""Hostile input that the table does not name: each was found to take minutes, gigabytes or a traceback once."""

from __future__ import annotations

import os

import pytest

from tests.adversarial.attack import CHECKOUT, SECRET, Attack, check

PACKAGE = "package:\n  name: demo\n  version: '1.0'\n"


def summary(text: str) -> str:
    """A recipe with that summary, in a block that needs no quotes."""
    return f"{PACKAGE}about:\n  summary: |\n    {text}\n"


def extra(line: str, count: int) -> str:
    """A recipe with ``count`` lines below ``extra``; ``#`` stands for the line's number."""
    return f"{PACKAGE}extra:\n" + "".join(f"  k{number}: {line.replace('#', str(number))}\n" for number in range(count))


def outputs(lines: list[str], context: str = "") -> str:
    return f"{context}recipe: {{version: '1'}}\noutputs:\n" + "".join(f"- package: {line}\n" for line in lines)


SLOW_TEMPLATES = {
    "brackets": (summary("${{ " + "()" * 500_000 + " }}"), "more than 8192 characters"),
    "quotes": (summary("${{ '" + "\\'" * 400_000 + " }}"), "more than 8192 characters"),
    "never-closed": (summary("${{ ( " * 150_000 + "}}"), "never closed|expected"),
    "one-text": (summary("${{a-}}" * 100_000), "more than 10,000 expressions"),
    "sums": (extra("${{ #" + "+1" * 400 + " }}", 1200), "more than 10,000 expressions, or 64 KiB"),
    "parentheses": (extra("${{ " + "(" * 60 + "#" + ")" * 60 + " }}", 7000), "64 KiB"),
    "filters": (extra("${{ 'a#'" + "|lower" * 120 + " }}", 1200), "64 KiB"),
    "choices": (extra("${{ " + "1 if 0 else " * 80 + "# }}", 900), "64 KiB"),
    "lists": (extra("${{ [" + "[]," * 240 + "#] }}", 1200), "64 KiB"),
}


@pytest.mark.parametrize("name", SLOW_TEMPLATES)
def test_templates_are_read_once_and_counted(attack: Attack, name: str) -> None:
    attack.refuse({name: SLOW_TEMPLATES[name]})


def test_values_and_outputs_are_counted(attack: Attack) -> None:
    shared = "context:\n" + "".join(f"  x{number}: ${{{{ 1 + {number} }}}}\n" for number in range(1000))
    attack.refuse(
        {
            "items": (f"{PACKAGE}extra: {{a: [{'a,' * 500_000}]}}\n", "more than 100,000 values"),
            "empty": (f"{PACKAGE}extra: {{a: [{'{},' * 300_000}]}}\n", "more than 100,000 values"),
            "outputs": (outputs([f"{{name: a{number}}}" for number in range(9_000)]), "9,000 outputs, at most 1,000"),
            "shared": (outputs([f"{{name: a{number}}}" for number in range(900)], shared), "in common"),
        }
    )


def test_specs_of_space_are_read_once(attack: Attack) -> None:
    specs = ["foo[version=" + " " * 4000 + '"]', "foo[build=" + " " * 2000 + "'", "foo " + " " * 4000 + "| |"]
    attack.refuse(
        {
            f"s{n}": (f"{PACKAGE}requirements: {{run: ['{spec.replace(chr(39), chr(39) * 2)}']}}\n", "spec")
            for n, spec in enumerate(specs)
        }
    )


def test_many_misspelt_names_among_many_keys(attack: Attack) -> None:
    attack.put("names/variants.yaml", "".join(f"key_number_{number}: [1]\n" for number in range(4990)))
    attack.refuse({"names": (extra("${{ key_numbre_# }}", 60), "is undefined")})
    attack.put("defaults/variants.yaml", "".join(f"key_number_{number}: [1]\n" for number in range(4990)))
    attack.keep(extra("${{ key_numbre_# | default('') }}", 2000), name="defaults")


def test_chains_and_circles(attack: Attack) -> None:
    forward = "context:\n  x0: a\n" + "".join(f"  x{n}: ${{{{ x{n - 1} }}}}\n" for n in range(1, 3000))
    backward = "context:\n" + "".join(f"  x{n}: ${{{{ x{n + 1} }}}}\n" for n in range(3000)) + "  x3000: a\n"
    circle = "context:\n" + "".join(f"  x{n}: ${{{{ x{(n + 1) % 3000} }}}}\n" for n in range(3000))
    for name, context in (("forward", forward), ("backward", backward)):
        attack.keep(context + PACKAGE, name=name)
    attack.refuse({"circle": (circle + PACKAGE, "needs itself")})

    def pinning(count: int, target: int) -> str:
        pins = [
            f"{{name: a{n}}}\n  requirements: {{run: ['${{{{ pin_subpackage(\"a{(n + 1) % target}\", exact=True) }}}}']}}"
            for n in range(count)
        ]
        return outputs([*pins, *([f"{{name: a{count}}}"] if target > count else [])])

    assert len(attack.keep(pinning(900, 901), name="pins")) == 901
    attack.refuse({"pinned": (pinning(900, 900), "need each other")})


def test_conditions_as_deep_as_they_may_be_and_deeper(attack: Attack) -> None:
    def nested(depth: int) -> str:
        lines = "".join("  " * level + "- if: linux\n" + "  " * level + "  then:\n" for level in range(2, depth))
        return f"{PACKAGE}requirements:\n  run:\n{lines}{'  ' * (depth + 1)}- a\n"

    (document,) = attack.keep(nested(30))
    assert document["requirements"]["run"] == ["a"]
    attack.refuse({"deep": (nested(300), "deeper than 64")})


def test_numbers_that_are_too_large(attack: Attack) -> None:
    numbers = ["9" * 30, "9" * 100_000, "-1", "1e3", "0x10", "1_0", "\uff19"]
    attack.refuse(
        {f"n{n}": (f"{PACKAGE}build: {{number: {number}}}\n", "build.number") for n, number in enumerate(numbers)}
    )
    attack.refuse({"version": (f"schema_version: {'1' * 5000}\n{PACKAGE}", "schema_version")})


def test_keys_that_look_like_others(attack: Attack) -> None:
    keys = [
        "bu\u0456ld",
        "build\u200b",
        "BUILD",
        "build ",
        "\u202abuild".replace("\u202a", "\\u202a"),
        "bu\\x00ild",
        "k" * 1000,
    ]
    attack.refuse(
        {f"k{n}": (f'{PACKAGE}"{key}": {{number: 1}}\n', "is not a key|no file can hold") for n, key in enumerate(keys)}
    )


def test_errors_steer_no_terminal(attack: Attack) -> None:
    told = attack.refuse(
        {
            "key": (f'{PACKAGE}"\\e]0;x\\a\\e[31m": 1\n', "is not a key"),
            "name": ('package: {name: "\\e[2J", version: "1"}\n', "package.name"),
            "command": (f'{PACKAGE}"::error file=a::b": 1\n', "is not a key"),
        }
    )
    assert "\x1b" not in str(told)
    path = attack.put("warned/recipe.yaml", f'{PACKAGE}tests:\n  - python: {{imports: [a]}}\n    "\\e[31mred": 1\n')
    ended = attack.run("render", path)
    assert ended.code == 0
    assert "has no effect" in ended.err
    assert "\x1b" not in ended.err


def test_the_collections_file_is_read_with_the_same_care(attack: Attack) -> None:
    recipe = attack.put("recipes/demo/recipe.yaml", PACKAGE)
    place = attack.folder / "bakehouse.yaml"
    for content, pattern in (
        (b"recipes: [a]\n" + b"#" * (2 << 20), "1048576 bytes"),
        (b"recipes: &a [a]\n", "anchor"),
        (b"recipes: [\0]\n", "NUL"),
    ):
        place.write_bytes(content)
        ended = attack.run("render", recipe)
        assert ended.code == 2
        check(ended.told, "bakehouse.yaml", pattern)
    place.unlink()
    secret = attack.put("secret.txt", SECRET)
    place.symlink_to(secret)
    ended = attack.run("render", recipe)
    assert ended.code == 2
    assert "regular file" in ended.told[0].message
    assert SECRET not in ended.err
    place.unlink()
    os.mkfifo(place)
    ended = attack.run("render", recipe)
    assert ended.code == 2
    assert "a pipe" in ended.told[0].message


def test_standard_input_has_an_end(attack: Attack) -> None:
    ended = attack.run("render", "-r", "-", stdin=PACKAGE.encode() + b"#" * (40 << 20))
    assert ended.code == 2
    assert "more than" in ended.err


def test_a_folder_whose_name_is_no_text(attack: Attack) -> None:
    path = attack.put(os.fsdecode(b"caf\xe9/recipe.yaml"), PACKAGE)
    ended = attack.run("render", path, "--json")
    assert ended.code == 0
    assert ended.document()[0]["recipe"].encode("utf-8", "surrogateescape").endswith(b"caf\xe9/recipe.yaml")
    path.write_text(PACKAGE.replace("demo", "Demo"))
    ended = attack.run("render", path)
    assert ended.code == 2
    assert "capital letters" in ended.err


def test_lines_of_a_pinning_file_are_looked_at_once(attack: Attack) -> None:
    for number, line in enumerate(("#[ " * 300_000, "#" + " " * 900_000 + "[x]y", "#[ " + "] " * 400_000 + "y")):
        attack.put(f"l{number}/conda_build_config.yaml", f"k:\n- a {line}\n")
        attack.keep(f"{PACKAGE}build: {{script: ['${{{{ k }}}}']}}\n", name=f"l{number}")


def test_the_largest_files_that_may_be(attack: Attack) -> None:
    """What is within the limits is within the time, too."""
    texts = {
        "lines": f"{PACKAGE}build:\n  script:\n" + "    - echo x\n" * 50_000,
        "specs": f"{PACKAGE}requirements:\n  run:\n" + "".join(f"  - a{n}>=1.2,<3\n" for n in range(10_000)),
        "comment": "#" * 1_000_000 + "\n" + PACKAGE,
        "flow": f"{PACKAGE}extra: {{a: https://example.org, b: [{'a,' * 20_000}]}}\n",
        "globs": f"{PACKAGE}build:\n  files:\n"
        + "".join(f"    - '{{a,b}}{{c,d}}{{e,f}}/*{n}*a*b'\n" for n in range(5000)),
    }
    for name, text in texts.items():
        attack.keep(text, name=name)


def test_the_commands_limits_are_real(attack: Attack) -> None:
    """The harness stops what takes too long, so that a refusal in time is one."""
    text = "x" * 100_000
    with pytest.raises(AssertionError, match="more than 1 s of CPU time"):
        attack_endlessly(attack, text)


def attack_endlessly(attack: Attack, text: str) -> None:
    """Run something that never ends the way the command is run."""
    site = attack.put("site/builder/__main__.py", f"text = {text!r}\nwhile True:\n    pass\n")
    attack.put("site/builder/__init__.py", "")
    attack.environment = {"PYTHONPATH": f"{site.parents[1]}:{CHECKOUT}"}
    attack.run("render", cpu=1)
