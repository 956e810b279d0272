"""Hostile names, versions and paths of ``meta.yaml``, through ``bakehouse plan`` and ``render``."""

from __future__ import annotations

from tests.adversarial.attack import Attack
from tests.adversarial.legacy import PACKAGE

NAMES = [
    "a/b",
    "..",
    ".",
    "-rf",
    "a b",
    "ABC",
    "a\\nb",
    "a'b",
    "$(id)",
    "`id`",
    "a;b",
    "a\\0b",
    "",
    "x" * 300,
    "a\\\\b",
    "../../b",
]
VERSIONS = ["1-2", "1/../2", "1 2", "", "../1", "1;2", "$(id)", "1\\n2", "x" * 300]
BUILDS = ["x/../y", "../../x", "a b", "a-b", "a\\nb", "$(id)"]
NUMBERS = ["../1", "-1", "1.5", "x", "9" * 5000, "²"]


def test_what_names_files_is_made_of_few_signs(attack: Attack) -> None:
    recipes = [f'package: {{name: "{name}", version: "1"}}\n' for name in NAMES]
    recipes += [f'{PACKAGE}outputs:\n  - name: "{name}"\n' for name in NAMES if name]
    recipes += [f'package: {{name: a, version: "{version}"}}\n' for version in VERSIONS]
    recipes += [f'{PACKAGE}build: {{string: "{build}"}}\n' for build in BUILDS]
    recipes += [f'{PACKAGE}build: {{number: "{number}"}}\n' for number in NUMBERS]
    attack.inputs += len(recipes)
    paths = [attack.put(f"r{number:02}/meta.yaml", text) for number, text in enumerate(recipes)]
    ended = attack.run("plan", *paths)
    assert ended.code == 2
    told = {path: [one for one in ended.told if one.file == str(path)] for path in paths}
    for path in paths:
        assert told[path], path.read_text()
        assert all(one.remedy and len(one.message) < 5000 for one in told[path]), told[path]


PATHS = [
    ("source: {path: /etc}\n", "outside the recipe's folder"),
    ("source: {path: ../..}\n", "outside the recipe's folder"),
    ("source: {path: ., folder: ../../x}\n", "leaves the work folder"),
    ("source: {url: 'https://example.org/a', fn: ../../x, sha256: '%s'}\n" % ("0" * 64), "no plain file name"),
    ("outputs:\n  - name: b\n    script: ../../x.sh\n", "out of the recipe's folder"),
    ("outputs:\n  - name: b\n    script: link.sh\n", "out of the recipe's folder"),
    ("requirements:\n  run:\n    - 'a; rm -rf /'\n", "not a package spec"),
    ("requirements:\n  run:\n    - 'x ==='\n", "not a package spec"),
    ('requirements:\n  run:\n    - "a\ue0b00\ue0b1"\n', "not a package spec"),
    ("about: {summary: 'a\u202eb'}\n", "control character"),
]


def test_paths_lead_nowhere_else(attack: Attack) -> None:
    paths = [attack.put(f"r{number:02}/meta.yaml", PACKAGE + text) for number, (text, _) in enumerate(PATHS)]
    for path in paths:
        (path.parent / "link.sh").symlink_to("/etc/passwd")
    attack.inputs += len(paths)
    ended = attack.run("plan", *paths)
    assert ended.code == 2, ended.err
    left = [message for _, message in PATHS if not any(message in one.message for one in ended.told)]
    for text, message in PATHS:  # those that are told after all recipes have been rendered
        if message in left:
            found = attack.run("plan", attack.put("one/meta.yaml", PACKAGE + text))
            assert any(message in one.message for one in found.told), found.err
    assert "root:" not in ended.err
