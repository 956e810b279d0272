"""What the interpreter is given."""

from __future__ import annotations

import json
import shlex
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError, RecipeError
from builder.model.recipe import Script
from builder.script.wrapper import SCRIPT, WRAPPER, ActivatedPrefix, write_script

INSIDE = PurePosixPath("/bakehouse/script")


def written(script: Script, folder: Path, *prefixes: ActivatedPrefix) -> str:
    write_script(script, folder, inside=INSIDE, prefixes=prefixes)
    return (folder / WRAPPER).read_text(encoding="utf-8")


def prefix_with(folder: Path, name: str, **variables: str) -> ActivatedPrefix:
    place = folder / name
    (place / "etc" / "conda" / "env_vars.d").mkdir(parents=True)
    (place / "etc" / "conda" / "env_vars.d" / "pkg.json").write_text(json.dumps(variables))
    return ActivatedPrefix(inside=PurePosixPath("/bakehouse") / name, folder=place)


def test_content_is_a_file_that_nobody_changed(tmp_path: Path) -> None:
    content = ('echo "it\'s $PREFIX" `date` \\', "  'end' ${{x}} ü", "cat <<EOF", "\tEOF", "EOF")
    assert f". {INSIDE}/{SCRIPT}.sh\n" in written(Script(content=content), tmp_path)
    assert (tmp_path / f"{SCRIPT}.sh").read_text(encoding="utf-8") == "\n".join(content) + "\n"


def test_strictness_is_in_effect_before_the_script_and_after_activation(tmp_path: Path) -> None:
    lines = written(Script(content=("true",)), tmp_path, prefix_with(tmp_path, "host")).splitlines()
    assert lines.index("set -euo pipefail") < lines.index(f". {INSIDE}/{SCRIPT}.sh")
    assert lines.index("set -euo pipefail") > lines.index("activate /bakehouse/host")


def test_prefixes_are_activated_in_their_order(tmp_path: Path) -> None:
    host, build = prefix_with(tmp_path, "host", A="host"), prefix_with(tmp_path, "build", A="build")
    lines = [line for line in written(Script(content=()), tmp_path, host, build).splitlines() if "activate /" in line]
    assert lines == ["activate /bakehouse/host", "activate /bakehouse/build"]


def test_the_recipes_own_variables_come_last_and_are_quoted(tmp_path: Path) -> None:
    host = prefix_with(tmp_path, "host", A="package")
    text = written(Script(content=(), env=(("A", "it's $HOME\nx"),)), tmp_path, host)
    assert "export A='it'\"'\"'s $HOME\nx'\n" in text
    assert text.index("export A=package") < text.index("activate /bakehouse/host") < text.index("export A='it'")


@pytest.mark.parametrize("name", ["A B", "A;rm", "1A", "", "A=B", "$A"])
def test_a_variable_needs_a_name_that_shells_take(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecipeError, match="environment variable"):
        written(Script(content=(), env=((name, "x"),)), tmp_path)


def test_names_from_packages_that_no_shell_takes_are_left_out(tmp_path: Path) -> None:
    text = written(Script(content=()), tmp_path, prefix_with(tmp_path, "host", **{"A;evil": "x", "GOOD": "y"}))
    assert "evil" not in text
    assert "export GOOD=y\n" in text


@pytest.mark.parametrize("content", ["", "[]", "{", "null", '{"env_vars": 3}', "\x00"])
def test_a_broken_state_of_an_environment_is_no_state(tmp_path: Path, content: str) -> None:
    prefix = prefix_with(tmp_path, "host", A="1")
    (prefix.folder / "conda-meta").mkdir()
    (prefix.folder / "conda-meta" / "state").write_text(content)
    (prefix.folder / "etc" / "conda" / "env_vars.d" / "broken.json").write_text(content)
    assert "export A=1" in written(Script(content=()), tmp_path, prefix)


def test_the_state_wins_over_the_packages(tmp_path: Path) -> None:
    prefix = prefix_with(tmp_path, "host", A="package", B="package")
    (prefix.folder / "conda-meta").mkdir()
    (prefix.folder / "conda-meta" / "state").write_text('{"env_vars": {"A": "state"}}')
    text = written(Script(content=()), tmp_path, prefix)
    assert "export A=state\n" in text
    assert "export B=package\n" in text


@pytest.mark.parametrize(
    ("script", "name"),
    [(Script(content=("x",)), "the script"), (Script(file="go.sh"), "go.sh"), (Script(), "build.sh")],
)
def test_the_script_has_a_name_for_people(tmp_path: Path, script: Script, name: str) -> None:
    assert write_script(script, tmp_path, inside=INSIDE, prefixes=()) == name


@pytest.mark.parametrize(
    ("interpreter", "call", "suffix"),
    [
        ("python", "python -u", ".py"), ("perl", "perl", ".pl"), ("ruby", "ruby", ".rb"), ("rscript", "Rscript", ".r"),
        ("r", "Rscript", ".r"), ("nodejs", "node", ".js"), ("node", "node", ".js"), ("nushell", "nu", ".nu"),
        ("nu", "nu", ".nu"), ("brush", "brush", ".sh"),
    ],
)  # fmt: skip
def test_an_interpreter_takes_over_after_activation(tmp_path: Path, interpreter: str, call: str, suffix: str) -> None:
    host = prefix_with(tmp_path, "host", A="package")
    script = Script(content=("one", "  two"), interpreter=interpreter, env=(("B", "own"),), cwd="sub")
    lines = written(script, tmp_path, host).splitlines()
    assert lines[-1] == f"exec {call} {INSIDE}/{SCRIPT}{suffix}"
    assert (tmp_path / f"{SCRIPT}{suffix}").read_text() == "one\n  two\n"
    order = ["export A=package", "activate /bakehouse/host", "export B=own", "set -euo pipefail", "cd sub", lines[-1]]
    assert [line for line in lines if line in order] == order


@pytest.mark.parametrize(
    ("file", "call"),
    [("build.py", "python -u"), ("x.nu", "nu"), ("sub/go.R", "Rscript"), ("a b.pl", "perl"), ("BUILD.PY", "python -u")],
)
def test_a_suffix_speaks_of_an_interpreter(tmp_path: Path, file: str, call: str) -> None:
    last = written(Script(file=file), tmp_path).splitlines()[-1]
    assert last == f'exec {call} "$RECIPE_DIR"/{shlex.quote(file)}'
    assert written(Script(file=file, interpreter="bash"), tmp_path).splitlines()[-1].startswith('. "$RECIPE_DIR"/')


def test_a_named_interpreter_wins_over_the_suffix(tmp_path: Path) -> None:
    assert written(Script(file="x.py", interpreter="perl"), tmp_path).endswith('exec perl "$RECIPE_DIR"/x.py\n')


def test_late_names_are_filled_where_no_shell_does_it(tmp_path: Path) -> None:
    script = Script(
        content=("print('${{ PREFIX }}', '$PREFIX', '${{ OWN }}')",), interpreter="python", env=(("OWN", "y"),)
    )
    write_script(script, tmp_path, inside=INSIDE, prefixes=(), values={"PREFIX": "/p", "OWN": "x"})
    assert (tmp_path / f"{SCRIPT}.py").read_text() == "print('/p', '$PREFIX', 'y')\n"


def test_a_shell_gets_its_text_as_it_is(tmp_path: Path) -> None:
    write_script(Script(content=("echo ${{ PREFIX }}",)), tmp_path, inside=INSIDE, prefixes=(), values={"PREFIX": "/p"})
    assert (tmp_path / f"{SCRIPT}.sh").read_text() == "echo ${{ PREFIX }}\n"


@pytest.mark.parametrize(
    "script", [Script(content=("x",), interpreter="cmd"), Script(file="build.bat"), Script(file="a.ps1")]
)
def test_what_windows_runs_is_refused(tmp_path: Path, script: Script) -> None:
    with pytest.raises(MachineError, match="Windows only") as caught:
        written(script, tmp_path)
    assert "bash" in (caught.value.problems[0].remedy or "")
    assert not list(tmp_path.iterdir())


def test_what_was_written_for_conda_build_goes_on_where_its_bash_does(tmp_path: Path) -> None:
    lines = written(Script(content=("true",), strict=False), tmp_path).splitlines()
    assert "set -e" in lines
    assert not any("pipefail" in line for line in lines)
