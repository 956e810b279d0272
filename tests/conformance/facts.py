"""What py-rattler-build 0.73 computed for the recipes of this folder, so that it need not be asked to know it.

``python -m tests.conformance.facts`` asks it again and writes ``facts.json``.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.conformance.comparison import theirs
from tests.conformance.peer import Answer, Job, ask_peer

HERE = Path(__file__).parent
FILE = HERE / "facts.json"
PLATFORMS = ("linux-64", "osx-arm64", "win-64")

Fact = list[dict[str, object]]


def jobs() -> list[Job]:
    """Every recipe of this folder for every platform."""
    recipes = sorted((HERE / "recipes").glob("*/recipe.yaml"))
    return [Job(recipe=recipe, platform=platform) for recipe in recipes for platform in PLATFORMS]


def title(job: Job) -> str:
    """What a job is called in the file of facts."""
    return f"{job.recipe.parent.name} {job.platform}"


def recorded() -> dict[str, Fact]:
    """The facts by title: outputs with name, version, build string, hash, used variant and requirements."""
    facts: dict[str, Fact] = json.loads(FILE.read_text(encoding="utf-8"))
    return facts


def fact_of(answer: Answer) -> Fact:
    """The outputs of an answer, each once, in an order of their own."""
    assert not isinstance(answer, str), answer
    distinct = {json.dumps(one, sort_keys=True): one for one in map(theirs, answer)}
    return [distinct[text] for text in sorted(distinct)]


def main() -> None:
    """Ask the peer and write the facts, one output on a line."""
    asked = jobs()
    facts = {title(job): fact_of(answer) for job, answer in zip(asked, ask_peer(asked), strict=True)}
    lines = []
    for name, outputs in sorted(facts.items()):
        inner = ",\n".join(f"  {json.dumps(one, sort_keys=True, ensure_ascii=False)}" for one in outputs)
        lines.append(f"{json.dumps(name)}: [\n{inner}\n]")
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
