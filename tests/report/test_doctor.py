"""What doctor prints: what works, what does not and what to do, all of it also as data."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from builder.errors import Problem
from builder.report.doctor import Diagnosis, Offer, Reached, diagnosis_document, diagnosis_text, room_text
from builder.sandbox import Capabilities

ABLE = Capabilities(
    overlay=True, network_isolated=True, processes_isolated=True, limits="cgroup2", syscalls=True, version="0.8.0"
)
GOOD = Offer(name="bubblewrap", default=True, address=None, able=asdict(ABLE), problems=())
BAD = Offer(
    name="docker", default=False, address="unix:///d.sock", able=None,
    problems=(Problem(code="sandbox.no-engine", message="nobody answers", remedy="start one"),),
)  # fmt: skip
FOUND = Diagnosis(
    offers=(GOOD, BAD),
    facts=(("cores", "2", 2), ("inside", "no container", None)),
    reached=None,
    versions=(("python", "3.11"), ("click", "8")),
)


def test_what_works_and_how() -> None:
    lines = diagnosis_text(FOUND).splitlines()
    assert lines[0] == "bubblewrap  works 0.8.0 (default)"
    assert lines[1].strip() == "prefixes are overlays"
    assert lines[2].strip() == "limits kept by control groups (version 2); system calls filtered"
    assert "versions    python 3.11, click 8" in lines


def test_what_does_not_work_and_what_to_do() -> None:
    lines = [line.strip() for line in diagnosis_text(FOUND).splitlines()]
    at = lines.index("docker      does not work")
    assert lines[at + 1 : at + 3] == ["nobody answers", "→ start one"]


def test_what_is_weaker_is_said() -> None:
    able = replace(ABLE, overlay=False, limits="watcher", syscalls=False, rootless=True, notes=("slow disk",))
    text = diagnosis_text(replace(FOUND, offers=(replace(GOOD, able=asdict(able)),)))
    for part in ("copied for each task, without root", "a watcher", "not filtered", "slow disk"):
        assert part in text
    open_to_all = replace(ABLE, network_isolated=False)
    text = diagnosis_text(replace(FOUND, offers=(replace(GOOD, able=asdict(open_to_all)),)))
    assert "seals nothing" in text


def test_it_is_good_when_the_default_works() -> None:
    assert FOUND.good
    assert not replace(FOUND, offers=(replace(GOOD, able=None), replace(BAD, able=asdict(ABLE)))).good
    assert replace(FOUND, offers=(replace(GOOD, default=False), replace(BAD, default=True))).good is False


def test_data_is_json_and_has_everything() -> None:
    document = json.loads(json.dumps(diagnosis_document(FOUND)))
    assert document["works"] is True
    good, bad = document["isolation"]
    assert (good["works"], good["capabilities"]["limits"], good["problems"]) == (True, "cgroup2", [])
    assert (bad["works"], bad["capabilities"]) == (False, None)
    assert bad["problems"][0]["remedy"] == "start one"
    assert document["machine"] == {"cores": 2, "inside": None}
    assert document["reached"] is None
    assert document["versions"] == {"python": "3.11", "click": "8"}


def test_who_answers_is_told_only_to_those_who_ask() -> None:
    asked = replace(
        FOUND, reached=(Reached(address="https://a", problem=None), Reached(address="https://b", problem="no"))
    )
    text = diagnosis_text(asked)
    assert "https://a: answers" in text
    assert "https://b: no" in text
    assert diagnosis_document(asked)["reached"] == [
        {"address": "https://a", "problem": None},
        {"address": "https://b", "problem": "no"},
    ]


def test_what_an_engine_says_steers_no_terminal() -> None:
    nasty = replace(BAD, problems=(Problem(code="x", message="\x1b[2Jgone", remedy="\x1b]0;x\x07y"),))
    assert "\x1b" not in diagnosis_text(replace(FOUND, offers=(nasty,)))


def test_room() -> None:
    assert room_text(1 << 30, 10 << 30) == "1.0 GiB of 10 GiB free"
