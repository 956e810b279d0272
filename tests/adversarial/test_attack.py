"""What an attack sees of a command: its cost with all that it starts, what it writes, what it leaves behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.adversarial.attack import Attack, Ended, Told, problems
from tests.source.server import Server

MIB = 1 << 20
CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}], check=True)"
BURN = "import time\nwhile time.process_time() < 0.4: pass"
HOLD = "import time; held = b'x' * (80 << 20); time.sleep(0.3)"


def ran(attack: Attack, program: str, cpu: int = 2) -> Ended:
    return attack._watched([sys.executable, "-c", program], None, b"", attack.store, cpu)


def test_time_of_children_counts(attack: Attack) -> None:
    two = CHILD.format(CHILD.format(BURN) + "\n" + BURN)
    assert 0.8 <= ran(attack, two).cpu < 4
    assert ran(attack, "pass").cpu < 0.4


def test_a_child_that_nobody_waits_for_counts_too(attack: Attack) -> None:
    orphan = f"import os, sys\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n        exec({BURN!r})\n"
    ended = ran(attack, orphan)
    assert ended.code == 0
    assert ended.cpu >= 0.4


def test_sizes_at_one_time_are_added_up(attack: Attack) -> None:
    both = f"import subprocess, sys; held = b'x' * (80 << 20); subprocess.run([sys.executable, '-c', {HOLD!r}])"
    assert 160 * MIB < ran(attack, both).largest < 240 * MIB
    assert 80 * MIB < ran(attack, CHILD.format(HOLD)).largest < 140 * MIB


def test_one_process_alone_is_stopped_at_its_limit(attack: Attack) -> None:
    ended = ran(attack, "while True: pass", cpu=1)
    assert ended.code < 0
    assert ended.cpu < 2.5


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("open('more', 'w')", "something was written: .'more'"),
        ("open('there', 'a').write('more')", "something was written: .'there'"),
        ("import os; os.chmod('there', 0o4755)", "something was written: .'there'"),
        ("import os; os.mkdir('store/folders'); open('store/folders/escaped-1', 'w')", "members were written"),
        ("open('ran', 'w')", "something was written|foreign code ran"),
        ("import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(60)", "1 processes were left"),
    ],
)
def test_what_a_command_does_besides_is_an_escape(attack: Attack, program: str, told: str) -> None:
    attack.put("there", "as ever")
    with pytest.raises(AssertionError, match=told):
        ran(attack, program)
    assert attack.escaped


def test_what_a_killed_command_leaves_in_its_session_is_a_part(attack: Attack) -> None:
    with pytest.raises(AssertionError, match="parts of something"):
        ran(attack, "import os; os.makedirs('store/sessions/one/half')")
    assert not attack.escaped


def test_its_own_store_is_its_own(attack: Attack) -> None:
    assert ran(attack, "open('store/mine', 'w')").code == 0
    assert not attack.escaped


def test_a_refusal_is_one_line_with_a_remedy(attack: Attack) -> None:
    recipe = attack.put("demo/recipe.yaml", "package: {name: ../demo, version: '1'}\n").parent
    told = attack.refused("cannot name a package", "render", recipe)
    assert told.line == 1
    assert attack.inputs == 1
    with pytest.raises(AssertionError, match="no such reason"):
        attack.refused("no such reason", "render", recipe)
    good = attack.put("good/recipe.yaml", "package: {name: demo, version: '1'}\n").parent
    with pytest.raises(AssertionError, match="0"):
        attack.refused("", "render", good)


def test_another_store_may_be_named(attack: Attack, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    path = attack.put("text", "what is fetched")
    digest = "0" * 64
    source = f"source: {{url: 'file://{path}', sha256: {digest}}}\n"
    recipe = attack.put("demo/recipe.yaml", f"package: {{name: demo, version: '1'}}\n{source}").parent
    attack.refused("sha256", "fetch", recipe, store=other)
    assert (other / "locks").is_dir()
    assert not (attack.store / "locks").exists()


def test_a_server_counts_what_it_is_asked(attack: Attack, server: Server) -> None:
    url = server.serve("/demo.tar", b"no archive")
    source = f"source: {{url: '{url}', sha256: {'0' * 64}}}\n"
    recipe = attack.put("demo/recipe.yaml", f"package: {{name: demo, version: '1'}}\n{source}").parent
    attack.refused("sha256", "fetch", recipe)
    assert server.asked("/demo.tar") >= 1
    assert {path for _, path in server.seen} == {"/demo.tar"}


def test_problems_of_a_task_are_read_from_a_summary() -> None:
    text = (
        "linux-64/demo-1.0-hb0f4dca_0: failed\n"
        "    evil.tar.gz: error: member '../x' has '..' in its path\n"
        "      → ask its authors for another\n"
        "    recipe.yaml:3:5: error: no\n"
        "        3 │ a: b\n"
        "          │     ^\n"
        "1 failed in 1.7 s\n"
    )
    first, second = problems(text)
    assert first == Told(
        file="evil.tar.gz", line=None, column=None, message="member '../x' has '..' in its path", frame=None,
        caret=None, remedy="ask its authors for another",
    )  # fmt: skip
    assert (second.frame, second.caret) == ("a: b", 5)


def test_the_measuring_process_does_not_count(attack: Attack) -> None:
    held = bytearray(os.urandom(1) * (100 * MIB))
    assert ran(attack, "pass").largest < 60 * MIB
    assert len(held) == 100 * MIB


def test_measuring_needs_nothing_of_ours(tmp_path: Path) -> None:
    made = Attack(tmp_path)
    assert ran(made, "import sys; print(sorted(sys.modules).count('builder'))").out == "0\n"


TASK = """\
import sys, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
def event(name): print('{"event": "' + name + '", "task": "x"}', file=sys.stderr, flush=True)
burn(0.2)
event("phase-started")
for seconds in (0.1, 0.5, 0.1):
    event("phase-started")
    burn(seconds)
    print("error: told", seconds, file=sys.stderr, flush=True)
    event("finished")
burn(0.1)
print("half a line", end="", file=sys.stderr)
"""


def test_inputs_that_are_tasks_are_measured_one_by_one(attack: Attack) -> None:
    """The second takes 0.5 s, and with it count the beginning and the end, as if it had been alone."""
    ended = ran(attack, TASK)
    assert ended.err == "error: told 0.1\nerror: told 0.5\nerror: told 0.1\nhalf a line"
    assert len(ended.marks) == 4
    assert 0.75 < ended.alone < ended.cpu - 0.15
    assert ended.cpu >= 1.0
    attack.judge(ended)
    assert (attack.slowest, attack.largest) == (ended.alone, ended.largest)


@pytest.mark.parametrize("change", [{"cpu": 2.1}, {"marks": [0.1, 1.9, 2.0], "cpu": 2.2}, {"largest": 513 << 20}])
def test_an_input_that_takes_too_much_is_no_refusal(attack: Attack, change: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"code": 2, "out": "", "err": "", "largest": 1, "cpu": 1.0, "left": 0}
    attack.judge(Ended(**usual))
    with pytest.raises(AssertionError, match=r"took [0-9.]+ (s|MiB)"):
        attack.judge(Ended(**{**usual, **change}))


def test_what_others_take_does_not_count(attack: Attack) -> None:
    ended = Ended(code=2, out="", err="", largest=1, cpu=5.0, left=0, marks=[0.5, 2.0, 3.5, 4.8])
    assert ended.alone == pytest.approx(0.5 + 1.5 + 0.2)
    with pytest.raises(AssertionError, match=r"took 2\.20 s"):
        attack.judge(ended)
