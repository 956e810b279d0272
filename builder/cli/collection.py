"""A collection: the folder with `bakehouse.yaml`, which says what options would otherwise have to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.cli.collection_keys import COLLECTION_KEYS, SEALED, WORDS
from builder.cli.formats import RECIPE_NAMES, recipe_in
from builder.errors import Place, Problem, RecipeError, UsageError
from builder.model.frozen import frozen
from builder.model.name import is_channel_name
from builder.model.policy import FARM, Attested, Namespace, Policy
from builder.model.variant import VariantRule
from builder.syntax import read_yaml
from builder.syntax.file import IrregularError, read_file
from builder.syntax.node import Mapping, Node, Scalar, Sequence, is_null
from builder.syntax.reader import MAX_BYTES

if TYPE_CHECKING:  # most verbs run nothing in a sandbox
    from builder.cli.allowing import Grant
    from builder.cli.archives import SaidCap
    from builder.cli.limiting import Said

FILE_NAME = "bakehouse.yaml"
_ROWS = {row.name: row for row in COLLECTION_KEYS}
KEYS = tuple(_ROWS)


@frozen
class Collection:
    """What `bakehouse.yaml` says, paths made absolute; ``root`` is None when there is no such file.

    ``mirrors`` maps an address prefix to what may stand in its place; ``debian`` and ``pypi`` are base addresses.
    ``environment`` are the names of variables that recipes may read, ``rules`` those of conda-build to apply.
    ``isolation``, ``image``, ``limits`` and ``allow`` are for `builder.cli.confinement`, ``archives`` for
    `builder.cli.archives`.
    """

    root: Path | None = None
    recipes: tuple[Path, ...] = ()
    variants: tuple[Path, ...] = ()
    channels: tuple[str, ...] = ()
    output: Path | None = None
    mirrors: tuple[tuple[str, tuple[str, ...]], ...] = ()
    debian: str | None = None
    pypi: str | None = None
    policy: Policy = Policy()
    environment: tuple[str, ...] = ()
    rules: frozenset[VariantRule] = frozenset()
    isolation: str | None = None
    image: str | None = None
    limits: tuple[Said, ...] = ()
    allow: tuple[Grant, ...] = ()
    archives: tuple[SaidCap, ...] = ()


def find_collection(start: Path) -> Collection:
    """Return the collection that ``start`` lies in: the nearest folder upward with the file, or an empty one.

    A farm's is not the nearest but the outermost, upward from where the command is called or from ``start``: no file
    that came with a recipe has a say in what a farm trusts.
    """
    inner = _files_upward(start.resolve())
    ways = (_files_upward(Path.cwd()), _files_upward(start.absolute()), inner)
    for file in dict.fromkeys(file for way in ways for file in reversed(way)):
        if _may_be_a_farm(file) and (found := read_collection(file)).policy.farm:
            return found
    return read_collection(inner[0]) if inner else Collection()


def _files_upward(place: Path) -> list[Path]:
    """Return the collection files of ``place`` and all folders above it, the nearest first."""
    files = (folder / FILE_NAME for folder in (place, *place.parents))
    return [file for file in files if os.path.lexists(file) and not file.is_dir()]


def _may_be_a_farm(file: Path) -> bool:
    """Whether a file speaks of a policy at all; most do not, and need not be read to see that."""
    try:
        return b"policy" in read_file(file, MAX_BYTES)
    except IrregularError:
        return True  # `read_collection` says what is wrong with it


def read_collection(file: Path) -> Collection:
    """Read a collection file, which may be empty; raises `RecipeError` with all its problems."""
    try:
        node = read_yaml(read_file(file, MAX_BYTES), str(file))
    except IrregularError as error:
        raise RecipeError(
            f"a collection file must be a regular file, this is {error}",
            code="collection.not-a-file",
            place=Place(file=str(file)),
            remedy="write the file itself there; links and devices are not followed",
        ) from error
    except RecipeError as error:
        if error.problems[0].code == "yaml.empty":  # it marks the root all the same
            return Collection(root=file.parent)
        raise
    if is_null(node):
        return Collection(root=file.parent)
    if not isinstance(node, Mapping):
        raise RecipeError("a collection file is a mapping", code="collection.shape", place=node.place)
    problems = list(_unknown(node))
    problems += [problem for key, value in node.entries if key.text in KEYS for problem in _misshapen(key.text, value)]
    if problems:
        raise RecipeError.of(problems)
    root, output = file.parent, _text(node.get("output"))
    return Collection(
        root=root,
        recipes=tuple(root / text for text in _texts(node.get("recipes"))),
        variants=tuple(root / text for text in _texts(node.get("variants"))),
        channels=tuple(_channel(text, root, output) for text in _texts(node.get("channels"))),
        output=root / output if output else None,
        mirrors=tuple(_mirrors(node.get("mirrors"))),
        debian=_text(node.get("debian")),
        pypi=_text(node.get("pypi")),
        policy=Policy(
            farm=_text(node.get("policy")) == FARM,
            hosts=_texts(node.get("hosts")),
            namespaces=tuple(_namespaces(node.get("namespaces"), root, output)),
            attestations=_attested(node.get("attestations"), root, output),
        ),
        environment=_texts(node.get("environment")),
        rules=frozenset(map(VariantRule, _texts(node.get("conda_build_rules")))),
        archives=_caps(node.get("archives"), root),
        **_sandbox(node, root),
    )


def _unknown(node: Mapping) -> Iterator[Problem]:
    for key, _ in node.entries:
        if key.text not in KEYS:
            from difflib import get_close_matches

            close = get_close_matches(key.text, KEYS, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(KEYS)}"
            yield Problem(
                code="collection.unknown-key", message=f"there is no key {key.text!r}", place=key.place, remedy=remedy
            )


def _misshapen(key: str, node: Node) -> Iterator[Problem]:
    holds = _ROWS[key].holds
    match holds:
        case "rules":
            good = is_null(node) or (isinstance(node, Sequence) and all(_is_rule(item) for item in node.items))
        case "texts":
            good = is_null(node) or _is_list(node)
        case "mirrors" | "namespaces":
            good = is_null(node) or (isinstance(node, Mapping) and all(_is_list(value) for _, value in node.entries))
        case "text":
            good = isinstance(node, Scalar)
        case "policy":
            good = is_null(node) or (isinstance(node, Scalar) and node.text == FARM)
        case "isolation":
            good = is_null(node) or (isinstance(node, Scalar) and node.text in SEALED)
        case "limits" | "permissions" | "attestations" | "archives":
            yield from _problems_below(holds, node)
            return
    if not good:
        yield Problem(code="collection.shape", message=f"{key} must be {WORDS[holds]}", place=node.place)
    elif key == "mirrors" and isinstance(node, Mapping) and node.entries:
        yield from _useless(node)


def _problems_below(holds: str, node: Node) -> Iterator[Problem]:
    """Yield what is wrong with the value of a key that has keys of its own."""
    if holds == "attestations":
        from builder.cli.collection_attestations import problems_of

        yield from problems_of(node)
        return
    found: list[Problem] = []
    if holds == "archives":
        from builder.cli.archives import caps_of

        caps_of(node, found.append)
        yield from found
        return
    from builder.cli.collection_sandbox import grants_of, limits_of

    if holds == "limits":
        limits_of(node, found.append)
    else:
        grants_of(node, Path(), found.append)
    yield from found


def _sandbox(node: Mapping, root: Path) -> dict[str, Any]:
    """Return what is said of sandboxes; to read that takes rooms which most verbs and files do without."""
    said: dict[str, Any] = {"isolation": _text(node.get("isolation")), "image": _text(node.get("image"))}
    if "limits" in node or "allow" in node:
        from builder.cli.collection_sandbox import grants_of, limits_of

        said["limits"] = limits_of(node.get("limits"), _never)
        said["allow"] = grants_of(node.get("allow"), root, _never)
    return said


def _caps(node: Node | None, root: Path) -> tuple[SaidCap, ...]:
    """Return how much archives may hold; what lies beside a recipe came with it, and has no say."""
    if is_null(node) or recipe_in(str(root)) is not None:
        return ()
    from builder.cli.archives import caps_of  # most collections say nothing of archives

    return caps_of(node, _never)


def _never(problem: Problem) -> None:
    raise AssertionError(f"{problem} should have been told before")


def _useless(mirrors: Mapping) -> Iterator[Problem]:
    """Yield what is wrong with replacements of addresses."""
    from builder.source.address import mirror_fault  # most collections have no mirrors, and asyncio comes with it

    for key, value in mirrors.entries:
        for item in value.items if isinstance(value, Sequence) else ():
            fault = mirror_fault(key.text, item.text) if isinstance(item, Scalar) else None
            if fault is not None:
                yield Problem(code="collection.mirror", message=fault, place=item.place)


def _is_list(node: Node) -> bool:
    return isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in node.items)


def _is_rule(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text in set(VariantRule)


def _texts(node: Node | None) -> tuple[str, ...]:
    if not isinstance(node, Sequence):
        return ()
    return tuple(item.text for item in node.items if isinstance(item, Scalar))


def _text(node: Node | None) -> str | None:
    return node.text if isinstance(node, Scalar) and not is_null(node) else None


def _mirrors(node: Node | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(node, Mapping):
        for key, value in node.entries:
            yield key.text, _texts(value)


def _namespaces(node: Node | None, root: Path, output: str | None) -> Iterator[Namespace]:
    if isinstance(node, Mapping):
        for key, value in node.entries:
            yield Namespace(names=key.text, channels=tuple(_channel(text, root, output) for text in _texts(value)))


def _attested(node: Node | None, root: Path, output: str | None) -> tuple[Attested, ...]:
    if is_null(node):
        return ()
    from builder.cli.collection_attestations import attested  # most collections ask for none

    return attested(node, root, lambda text: _channel(text, root, output))


def _channel(text: str, root: Path, output: str | None) -> str:
    """Return a channel's address or name; a relative path is one beside the collection file.

    A folder wins over a channel of that name, and so does our own output, which may not be there yet.
    """
    if "://" in text or (is_channel_name(text) and text != output and not (root / text).is_dir()):
        return text
    return str(root / text)


def recipe_files(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the recipe files of ``folders``: a file itself, a folder's own, or else those of the folders in it.

    Raises `UsageError` for each path that holds none; files that are no YAML are passed over beside other paths.
    """
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for folder in folders:
        files = list(_recipe_files(folder))
        if not files and not (folder.is_file() and len(folders) > 1):  # a shell's `recipes/*` names the README too
            problems.append(_no_recipe(folder))
        found.update(dict.fromkeys(files))
    if problems:
        raise UsageError.of(problems)
    return tuple(found)


def _recipe_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        if path.suffix in {".yaml", ".yml"}:
            yield path
    elif (own := recipe_in(str(path))) is not None:
        yield Path(own)
    elif path.is_dir():
        for name in sorted(os.listdir(path)):  # noqa: PTH208 - as texts, for there are thousands
            if (inner := recipe_in(f"{path}/{name}")) is not None:
                yield Path(inner)


def _close_to(path: Path) -> str:
    """Say what may have been meant by a path that is not there."""
    from difflib import get_close_matches

    folder = path.parent
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return f"{folder} does not exist either; paths start from {Path.cwd()}"
    close = get_close_matches(path.name, names, n=1)
    return f"did you mean {folder / close[0]}?" if close else f"look into {folder.resolve()} for what is there"


def _no_recipe(path: Path) -> Problem:
    if not path.exists():
        return Problem(code="cli.no-recipe", message=f"{path} does not exist", remedy=_close_to(path))
    remedy = "name a recipe.yaml or meta.yaml, its folder, or a folder of such folders"
    message = f"there is no {' and no '.join(RECIPE_NAMES)} in {path}"
    return Problem(code="cli.no-recipe", message=message, remedy=remedy)
