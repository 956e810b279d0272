"""The documentation, read: links resolve, commands parse, files can be read, tables are fresh."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from builder.cli.app import application
from builder.cli.collection import KEYS, read_collection
from builder.errors import BakehouseError
from builder.feedstock.migration import read_migration
from builder.matrix import load_variants, render
from builder.recipe import load
from builder.sandbox.remedy import CONTAINER_FLAGS
from ci.write_reference import BLOCKS, LINUX, renewed

CHECKOUT = Path(__file__).parents[1]
README = CHECKOUT / "README.md"
REFERENCE = CHECKOUT / "docs" / "reference"
PAGES = sorted(
    [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "recipes").rglob("*.md")], key=str
)
GUIDES = [README, CHECKOUT / "docs" / "tutorial.md", *sorted((CHECKOUT / "docs" / "how-to").glob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
_FOREIGN = {
    ".", "cd", "cmp", "docker", "echo", "export", "grep", "kitchen/bin/oven", "ls", "mkdir", "podman", "python",
    "sed", "sha256sum",
}  # fmt: skip
"""Commands in the guides that are not ours; tests/e2e/test_guides.py runs them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a page."""

    page: Path
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(CHECKOUT)}: {self.text.splitlines()[0]}"


def blocks(*languages: str) -> list[Block]:
    return [
        Block(page=page, language=language, text=text)
        for page in dict.fromkeys([*GUIDES, *sorted(REFERENCE.glob("*.md"))])
        for language, text in _FENCE.findall(page.read_text(encoding="utf-8"))
        if language in languages
    ]


def title(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


# -- links and words ---------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    seen: dict[str, int] = {}
    found = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(slug if slug not in seen else f"{slug}-{seen[slug]}")
        seen[slug] = seen.get(slug, 0) + 1
    return found


def broken_links(page: Path) -> Iterator[str]:
    for groups in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        link = groups[0] or groups[1]
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists():
            yield f"{link}: there is no such file"
        elif anchor and anchor not in anchors(there):
            yield f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_resolve(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A `b` (c)\n")
    page = tmp_path / "page.md"
    page.write_text("[a](there.md#a-b-c) [b](there.md#d) [c](gone.md) [d](#here) [e](https://example.org)\n# Here\n")
    assert list(broken_links(page)) == ["there.md#d: there is no such heading", "gone.md: there is no such file"]


_REGISTRIES = r"pypi\.org|pythonhosted\.org|debian\.org|anaconda\.org|anaconda\.com|conda\.io|repo\.prefix\.dev|docker\.io|ghcr\.io|quay\.io"
_PLACES = r"/tmp/docs|/var/tmp"
_ABSOLUTE = re.compile(r"(?<![\w.$}>~*\])<:/-])/([a-z_]+)/[A-Za-z0-9]")
# Folders that every Debian machine has, our own inside the sandbox, and ends of paths behind an ellipsis.
_KNOWN = {"bakehouse", "bin", "dev", "etc", "home", "lib", "opt", "proc", "root", "sys", "tmp", "usr"} | {
    "failed", "logs", "share",
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_no_registry_and_no_place_of_ours_is_named(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(rf"{_REGISTRIES}|{_PLACES}", text) == []
    assert set(_ABSOLUTE.findall(text)) <= _KNOWN


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


def test_the_readme_names_the_flags_that_the_error_names() -> None:
    assert CONTAINER_FLAGS in README.read_text(encoding="utf-8")


# -- commands ----------------------------------------------------------------------------------------------------------


def commands() -> list[tuple[Block, str]]:
    """Every command line of the guides: those of sh blocks, and those after a prompt in console blocks."""
    found = []
    for block in blocks("sh", "console"):
        lines = block.text.splitlines()
        if block.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        found += [(block, part.strip()) for line in lines for part in line.split("&&") if part.strip()]
    return found


def parse(command: click.Command, context: click.Context, arguments: list[str]) -> None:
    if isinstance(command, click.Group):
        name, inner, rest = command.resolve_command(context, arguments)
        assert inner is not None
        parse(inner, click.Context(inner, info_name=name, parent=context), rest)
    else:
        command.make_context(context.info_name, arguments, parent=context.parent)


def spoken(line: str) -> Iterator[list[str]]:
    """Yield the words of each command of a line, as a shell takes it apart; where its output goes is left out."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&>|")
    lexer.whitespace_split = True
    words: list[str] = []
    for token in lexer:
        if token == ">":
            next(lexer)
        elif token and set(token) <= set(";&|"):
            yield words
            words = []
        else:
            words.append(token)
    yield words


def misused(line: str) -> str | None:
    """Say what is wrong with a command line, as far as that can be known without running it."""
    return next((wrong for words in spoken(line) if words and (wrong := misspoken(words))), None)


def misspoken(words: list[str]) -> str | None:
    """Say what is wrong with one command."""
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return None if set(words[1:]) <= set(targets) else "there is no such target"
    if words[0] != "bakehouse":
        return None if words[0] in _FOREIGN else f"{words[0]} is not known here"
    # as a shell does: what a pattern matches, or else the pattern itself
    arguments = [
        place
        for word in words[1:]
        for place in (sorted(map(str, CHECKOUT.glob(word))) if "*" in word else []) or [word]
    ]
    try:
        parse(application, click.Context(application, info_name="bakehouse"), arguments)
    except click.ClickException as error:
        return error.format_message()
    return None


@pytest.mark.parametrize(("block", "command"), commands(), ids=str)
def test_commands_parse(block: Block, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    assert misused(command) is None


@pytest.mark.parametrize(
    "command",
    [
        "bakehouse bild",
        "bakehouse build --jbs 2",
        "bakehouse cache gs",
        "make demmo",
        "curl x",
        "ls > a; bakehouse bild",
    ],
)
def test_a_command_that_does_not_parse_is_seen(command: str) -> None:
    assert misused(command) is not None


# -- recipes and other files -------------------------------------------------------------------------------------------


def written(block: Block, folder: Path) -> tuple[str, Path]:
    """Write a block into a file; returns what kind of file it is."""
    keys = set(re.findall(r"^([\w$]+):", block.text, re.MULTILINE))
    text = block.text
    if keys <= set(KEYS):
        kind, name = "collection", "bakehouse.yaml"
    elif "__migrator" in keys:
        kind, name = "migration", "migration.yaml"
    elif keys & {"package", "recipe", "outputs", "tests", "requirements", "build"}:
        kind, name = "recipe", "recipe.yaml"
        if not keys & {"package", "outputs"}:
            text = f"package: {{name: part, version: '1'}}\n{text}"
    else:
        kind, name = "variants", "variants.yaml"
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return kind, file


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_files_can_be_read(block: Block, tmp_path: Path) -> None:
    kind, file = written(block, tmp_path)
    if kind == "collection":
        assert read_collection(file).root == tmp_path
    elif kind == "variants":
        assert load_variants([file], {}, LINUX).values
    elif kind == "migration":
        assert read_migration(file, lambda _: True).values
    else:
        assert render(load(file), load_variants([CHECKOUT / "variants" / "linux.yaml"], {}, LINUX), LINUX)


def test_a_recipe_with_a_mistake_is_seen(tmp_path: Path) -> None:
    kind, file = written(Block(page=README, language="yaml", text="build:\n  noarhc: generic\n"), tmp_path)
    assert kind == "recipe"
    with pytest.raises(BakehouseError, match="noarhc"):
        load(file)


# -- reference ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=title)
def test_generated_tables_are_fresh(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run `python -m ci.write_reference`"


def test_every_generated_table_has_its_place() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    assert sorted(re.findall(r"<!-- generated: ([a-z ]+) -->", pages)) == sorted(BLOCKS)


def test_a_stale_table_is_renewed() -> None:
    page = "before\n<!-- generated: exit codes -->\nold\n<!-- end -->\nafter\n"
    assert "| 130 |" in renewed(page)
    assert "old" not in renewed(page)
    assert renewed(page).startswith("before\n")
    assert renewed(page).endswith("<!-- end -->\nafter\n")


def documented(page: str) -> list[str]:
    """The first column of a page's tables."""
    return re.findall(r"^\| `([^`]+)`", (REFERENCE / page).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_key_of_a_collection_is_documented() -> None:
    assert sorted(documented("collection.md")) == sorted(KEYS)
