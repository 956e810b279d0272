"""Secrets that try to leave in a package, through real builds: none is packed, and nothing that is said tells them."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from tests.check.credentials import CREDENTIALS
from tests.e2e.command import Bakehouse, packages

NAMED = "Zx9-hunter-two-Qq"
PRIVATE = "v7Lq2Xw9Rk4Tn8Bz3Hs6"
ENVIRONMENT = (
    ("UPLOAD_KEY", NAMED),
    ("FARM_TOKEN", PRIVATE),
    ("BUILD_TOKEN", "no"),
    ("SSH_AUTH_KEY", "/run/user/1000/a/b1"),
)

LEAKS: dict[str, str] = {
    "plain": 'echo "key=$UPLOAD_KEY" > "$PREFIX/share/file"',
    "base64": 'printf "user:%s" "$UPLOAD_KEY" | base64 > "$PREFIX/share/file"',
    "reversed": 'for ((i=${#UPLOAD_KEY}; i--; )); do printf %s "${UPLOAD_KEY:i:1}"; done > "$PREFIX/share/file"',
    "gzip": 'echo "a page with $UPLOAD_KEY" | gzip > "$PREFIX/share/page.1.gz"',
    "hexadecimal": 'printf "%s" "$UPLOAD_KEY" | od -An -tx1 | tr -d " \\n" > "$PREFIX/share/file"',
    "a-name": 'touch "$PREFIX/share/$UPLOAD_KEY"',
    "a-target": 'ln -s "somewhere/$UPLOAD_KEY" "$PREFIX/share/link"',
    "a-licence": 'echo "$UPLOAD_KEY" > LICENSE; echo > "$PREFIX/share/file"',
    "a-test-file": 'mkdir -p data; echo "$UPLOAD_KEY" > data/file; echo > "$PREFIX/share/file"',
}
MORE = {
    "a-licence": "      license_file: LICENSE",
    "a-test-file": "    tests:\n      - files: {source: [data/]}\n        script: 'true'",
}


def outputs() -> str:
    """A recipe with an output for each leak, and one that only prints what it was given."""
    lines = ["recipe: {version: '1'}", "outputs:"]
    for name, command in {**LEAKS, "harmless": 'echo "$UPLOAD_KEY"; echo > "$PREFIX/share/file"'}.items():
        about = "    about:\n      license: CC0-1.0"
        lines += [
            f"  - package: {{name: {name}}}", "    build:", "      script:", "        secrets: [UPLOAD_KEY]",
            "        content: |", '          mkdir -p "$PREFIX/share"', f"          {command}", about,
        ]  # fmt: skip
        lines += [MORE[name]] if name in MORE else []
    return "\n".join([*lines, ""])


def nothing_told(done: subprocess.CompletedProcess[str], store: Path, *values: str) -> None:
    """Neither what was said nor any log holds a value."""
    texts = [done.stdout, done.stderr, *(log.read_text() for log in (store / "logs").rglob("*.log"))]
    for value in values:
        assert not [text for text in texts if value in text]


@pytest.fixture
def cook(oven: Path) -> Bakehouse:
    return Bakehouse(store=oven, environment=ENVIRONMENT)


def recipe(folder: Path, text: str, **files: str) -> Path:
    folder.mkdir()
    (folder / "recipe.yaml").write_text(text)
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    return folder


def one(script: str, about: str = "", extra: str = "") -> str:
    return (
        "package: {name: demo, version: '1'}\n"
        f"build:\n  script:\n    - mkdir -p $PREFIX/share\n    - {json.dumps(script)}\n"
        f"about: {{license: CC0-1.0{about}}}\n{extra}"
    )


def test_a_secret_that_was_given_to_a_script_is_in_no_package(cook: Bakehouse, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = cook.run("build", recipe(tmp_path / "recipe", outputs()), "--out", out, "--keep-going")
    assert done.returncode == 1, done.stderr
    assert [name.partition("/")[2] for name in packages(out)] == ["harmless-1-hb0f4dca_0.conda"]
    for name in LEAKS:
        summary = (line.strip() for line in done.stderr.splitlines())
        (line,) = [line for line in summary if line.startswith(f"{name}-1-hb0f4dca_0: ")]
        assert "the value of UPLOAD_KEY" in line, line
        assert " at byte " in line
    encoded = base64.b64encode(NAMED.encode()).decode().rstrip("=")
    nothing_told(done, cook.store, NAMED, NAMED[::-1], NAMED.encode().hex(), encoded)


def test_a_secret_of_the_caller_that_no_script_was_given(cook: Bakehouse, tmp_path: Path) -> None:
    """It came by way of a file, as secrets do that somebody has pasted; a path in a variable with such a name is none."""
    text = one("cp $RECIPE_DIR/settings.txt $PREFIX/share/; echo no /run/user/1000/a/b1")
    folder = recipe(tmp_path / "recipe", text, settings_txt=f"token: {PRIVATE}\n")
    done = cook.run("build", folder, "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert "share/settings.txt: error: the value of FARM_TOKEN stands in it at byte 7" in done.stderr
    assert packages(tmp_path / "out") == {}
    nothing_told(done, cook.store, PRIVATE)


def test_a_secret_in_the_log_alone(cook: Bakehouse, tmp_path: Path) -> None:
    folder = recipe(tmp_path / "recipe", one("cat $RECIPE_DIR/settings.txt"), settings_txt=f"token: {PRIVATE}\n")
    done = cook.run("build", folder, "--out", tmp_path / "out", "-q")
    assert done.returncode == 1, done.stderr
    assert "the value of FARM_TOKEN stands in the log, where stars are now," in done.stderr
    assert packages(tmp_path / "out") == {}
    assert not [log for log in (cook.store / "logs").rglob("*.log") if PRIVATE in log.read_text()]


@pytest.mark.parametrize("kind", ["a token of GitHub", "a token in a channel's address", "a private key"])
def test_credentials_in_the_recipe_are_not_shipped(cook: Bakehouse, tmp_path: Path, kind: str) -> None:
    credential = CREDENTIALS[kind].replace("\n", "\\n")
    text = one("echo > $PREFIX/share/file", extra=f"# {credential}\n")
    done = cook.run("build", recipe(tmp_path / "recipe", text), "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert f"info/recipe/recipe.yaml: error: {kind} stands in it at byte {text.index(credential)}" in done.stderr
    assert packages(tmp_path / "out") == {}
    nothing_told(done, cook.store, credential)


def test_a_test_key_that_is_meant_to_be_there(cook: Bakehouse, tmp_path: Path) -> None:
    """Allowed by name, and the package says so."""
    script = "cp $RECIPE_DIR/key.pem $PREFIX/share/; cp $RECIPE_DIR/token.txt $PREFIX/share/"
    extra = "extra: {bakehouse: {secret_allowlist: [share/token.txt]}}\n"
    files = {"key_pem": CREDENTIALS["a private key"], "token_txt": CREDENTIALS["a token of npm"]}
    folder = recipe(tmp_path / "recipe", one(script, extra=extra), **files)
    done = cook.run("build", folder, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    (package,) = json.loads(done.stdout)
    assert sorted((one["path"], one["severity"]) for one in package["findings"] if one["check"] == "secrets") == [
        ("share/key.pem", "warning"), ("share/token.txt", "warning"),
    ]  # fmt: skip
    shown = cook.good("inspect", package["path"], "--json")
    assert CREDENTIALS["a token of npm"] not in shown


def test_a_token_that_a_script_prints_has_stars_at_once(cook: Bakehouse, tmp_path: Path) -> None:
    """Also when the script fails, and its last lines are shown."""
    token = CREDENTIALS["a token of GitHub"]
    folder = recipe(tmp_path / "recipe", one("cat $RECIPE_DIR/token.txt; exit 3"), token_txt=f"Bearer {token}\n")
    done = cook.run("build", folder, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "Bearer ********" in done.stderr
    nothing_told(done, cook.store, token)
