"""Renews the tables in docs/reference/ that follow from the code: ``python -m ci.write_reference`` from the checkout.

A page is written by hand but for its blocks, from ``<!-- generated: NAME -->`` to ``<!-- end -->``.
"""

from __future__ import annotations

import inspect
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from builder import errors
from builder.cli.app import VERBS, application
from builder.cli.collection_keys import COLLECTION_KEYS
from builder.cli.options import places, telling
from builder.cli.selection import selection
from builder.errors import MAX_PROBLEMS, BakehouseError
from builder.matrix import load_variants, render
from builder.matrix.branches import DEFAULT_LIMIT, TOTAL
from builder.matrix.identity import LANGUAGE_PREFIXES
from builder.matrix.keys import FORBIDDEN, NAME_LENGTH, environment_keys
from builder.matrix.parse import MAX_KEYS, MAX_VALUE
from builder.matrix.special import COUNTED, STATEMENTS
from builder.model.folder_globs import MAX_FOLDERS
from builder.model.globs import MAX_EXPANSIONS
from builder.model.globs import MAX_LENGTH as GLOB_LENGTH
from builder.model.inside import SEALED
from builder.model.match_spec import MAX_LENGTH as SPEC_LENGTH
from builder.model.name import MAX_NAME
from builder.model.rendering import Platforms, Rendering
from builder.model.target import platform_variables
from builder.payload.rewrite import MAX_SIZE
from builder.recipe import Request, load
from builder.recipe.function import functions
from builder.recipe.load import MAX_OUTPUTS, MAX_SHARED
from builder.recipe.schema import RULES, SECTIONS, Key
from builder.recipe.scope import RecipeScope
from builder.recipe.shape import Cases, Either, Many, Script, Section, Shape, Switched, Table, expected
from builder.recipe.v0.files import MAX_READ
from builder.recipe.v0.form import MAX_BLANK, MAX_LINE
from builder.recipe.v0.words import LARGEST as LARGEST_TEXT
from builder.recipe.v0.words import MOST_FILES
from builder.script import Stage, build_variables, test_variables
from builder.syntax.expression import MAX_EXPRESSIONS, MAX_SOURCE, MAX_SOURCES, Meter
from builder.syntax.filter import FILTERS
from builder.syntax.grammar import MAX_NESTING
from builder.syntax.legacy.bounds import MAX_MADE, MAX_STEPS
from builder.syntax.legacy.bounds import MAX_VALUE as MAX_MADE_VALUE
from builder.syntax.legacy.language import METHODS_OF_VARIANTS, OF_RECIPES, OF_VARIANTS
from builder.syntax.legacy.lines import MAX_SELECTORS
from builder.syntax.legacy.sandbox import MAX_TOKENS
from builder.syntax.legacy.template import MAX_RENDERED
from builder.syntax.predicate import PREDICATES
from builder.syntax.reader import MAX_BYTES, MAX_DEPTH, MAX_NODES
from builder.syntax.value import MAX_ITEMS, MAX_TEXT, Namespace

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
_BLOCK = re.compile(r"(<!-- generated: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(page: str) -> str:
    """Return the text of a page with every block written anew."""

    def block(found: re.Match[str]) -> str:
        return f"{found[1]}\n{chr(10).join(BLOCKS[found[2]]()).strip()}\n\n{found[3]}"

    return _BLOCK.sub(block, page)


def main() -> None:
    """Renew all pages."""
    for page in sorted(REFERENCE.glob("*.md")):
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield from (_row(titles), _row(["---"] * len(titles)), *map(_row, rows), "")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


# -- the command line --------------------------------------------------------------------------------------------------


def _verbs() -> Iterator[str]:
    with click.Context(application, info_name="bakehouse") as context:
        for verb in VERBS:
            command = application.get_command(context, verb)
            assert command is not None
            yield from _verb(command, click.Context(command, info_name=verb, parent=context))


def _verb(command: click.Command, context: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _verb(inner, click.Context(inner, info_name=name, parent=context))
        return
    title = context.command_path.removeprefix("bakehouse ")
    yield from (f"## {title}", "", f"`{' '.join([context.command_path, *command.collect_usage_pieces(context)])}`", "")
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        lines = paragraph.replace("\b", "").strip().splitlines()
        if lines[0] in {"Example:", "Examples:"}:
            yield from ("```sh", *(line.strip() for line in lines[1:]), "```", "")
        else:
            yield from (*(line.strip().replace("``", "`") for line in lines), "")
    options = {one.name: one for one in command.params if isinstance(one, click.Option)}
    groups = {name: group for name, group in _groups().items() if group.keys() <= options.keys()}
    if groups:
        links = [f"[{name.lower()}](#{name.lower().replace(' ', '-')})" for name in groups]
        yield from (f"Shared options: {', '.join(links)}.", "")
    covered = {name for group in groups.values() for name in group}
    yield from _options(option for name, option in options.items() if name not in covered)


def _shared_options() -> Iterator[str]:
    for title, options in _groups().items():
        yield from (f"### {title}", "", *_options(options.values()))


def _groups() -> dict[str, dict[str | None, click.Option]]:
    """Return the groups of options that several verbs have, by title."""
    found: dict[str, dict[str | None, click.Option]] = {}
    for title, group in (("Choosing recipes", selection), ("Choosing places", places), ("Telling", telling)):
        probe = click.command("probe")(group(lambda **_: None))
        found[title] = {one.name: one for one in probe.params if isinstance(one, click.Option)}
    return found


def _options(options: Iterable[click.Option]) -> Iterator[str]:
    yield from _table(("option", "what"), [(_names(option), _meaning(option)) for option in options])


def _names(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    return names if option.is_flag else f"{names} {_value(option)}"


def _value(option: click.Option) -> str:
    match option.type:
        case click.Choice(choices=choices):
            return " or ".join(f"`{choice}`" for choice in choices)
        case click.Path():
            return "*PATH*"
        case click.IntRange(min=least, max=most):
            return f"*{least} … {most}*"
        case _:
            return f"*{option.metavar or 'TEXT'}*"


def _meaning(option: click.Option) -> str:
    text = " ".join((option.help or "").split())
    shown = isinstance(option.default, (str, int)) and not option.is_flag
    return f"{text} Default: `{option.default}`." if shown else text


# -- recipes -----------------------------------------------------------------------------------------------------------


def _sections() -> Iterator[str]:
    users = _users()
    for section, keys in SECTIONS.items():
        yield from (f"## {section}", "")
        if where := users.get(section):
            yield from (f"Under {', '.join(where)}.", "")
        yield from _table(("key", "expects", "what"), [_key(key) for key in keys.values()])
        for rule in RULES:
            if rule.section == section:
                names = ", ".join(f"`{key}`" for key in rule.keys)
                yield from (f"{'Exactly' if rule.least else 'At most'} one of {names}.", "")


def _key(key: Key) -> tuple[str, str, str]:
    return f"`{key.name}`{' (required)' if key.required else ''}", _expects(key.shape), key.doc


def _expects(shape: Shape) -> str:
    match shape:
        case Section(name):
            return _linked("a mapping", name)
        case Cases(cases):
            return " or ".join(_linked(f"`{case.key}`", case.section) for case in cases)
        case Many(item, single):
            inner = _expects(item)
            return f"{inner}, or a list of such" if single else f"a list: {inner}"
        case Script(value):
            return _expects(value)
        case Table(key, value):
            return f"a mapping: {key.words} → {_expects(value)}"
        case Either():
            return ", or ".join(_expects(part) for part in _parts(shape))
        case Switched(switch, _, inner):
            return f"with `{switch}`: {_expects(inner)}"
        case _:
            return expected(shape)


def _linked(text: str, section: str) -> str:
    return f"[{text}](#{section.replace(' ', '-')})"


def _parts(shape: Either) -> list[Shape]:
    return [part for part in (shape.scalar, shape.sequence, shape.mapping) if part is not None]


def _users() -> dict[str, list[str]]:
    """Return where each section stands: section → ``section.key`` of those that hold it."""
    found: dict[str, list[str]] = {}
    for section, keys in SECTIONS.items():
        for key in keys.values():
            for name in _sections_of(key.shape):
                found.setdefault(name, []).append(f"`{key.name}` of {_linked(section, section)}")
    return found


def _sections_of(shape: Shape) -> Iterator[str]:
    match shape:
        case Section(name):
            yield name
        case Cases(cases):
            yield from (case.section for case in cases)
        case Many(item):
            yield from _sections_of(item)
        case Script(value) | Table(_, value):
            yield from _sections_of(value)
        case Either():
            for part in _parts(shape):
                yield from _sections_of(part)
        case Switched(shape=inner):
            yield from _sections_of(inner)
        case _:
            pass


def _expressions() -> Iterator[str]:
    calls = list[str]()
    for function in functions(RecipeScope(request=Request(variant={}, platforms=LINUX))).values():
        inner = function.functions if isinstance(function, Namespace) else {}
        calls += [f"{function.name}.{name}" for name in inner] or [function.name]
    for title, names in (
        ("functions", [name for name in calls if name != "cmp"]),  # known only to say that it is gone
        ("filters, `x | filter`", FILTERS),
        ("tests, `x is test`", [name for name in PREDICATES if name.isalpha()]),
    ):
        yield f"- {title}: {', '.join(f'`{name}`' for name in names)}"


# -- variant files -----------------------------------------------------------------------------------------------------


def _statements() -> Iterator[str]:
    yield from _table(("name", "holds", "what"), [(f"`{key.name}`", key.holds, key.doc) for key in STATEMENTS])


def _counted() -> Iterator[str]:
    yield from _table(("key", "holds", "what"), [(f"`{key.name}`", key.holds, key.doc) for key in COUNTED])


def _variables_that_count() -> Iterator[str]:
    everywhere = environment_keys("noarch")
    rows = [("all", _names_of(everywhere))]
    rows += [(family, _names_of(environment_keys(f"{family}-64") - everywhere)) for family in ("linux", "osx", "win")]
    yield from _table(("platforms", "keys"), rows)


def _refused() -> Iterator[str]:
    yield f"{_names_of(FORBIDDEN)}."


def _names_of(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names, key=lambda name: (name.lower(), name)))


def _selectors() -> Iterator[str]:
    names = {*platform_variables(LINUX.host), "target_platform", "host_platform", "build_platform"}
    methods = ", ".join(f"`{method}`" for method in METHODS_OF_VARIANTS)
    yield "Selectors know `and`, `or`, `not`, `in`, comparisons, texts, numbers, lists and tuples,"
    yield f"{methods}. Their names, which `if` of `variants.yaml` knows too: {_names_of(names)}."
    yield "A selector with a name that nobody knows does not hold."


def _in_recipes() -> Iterator[str]:
    yield from _table(
        ("key of `build.variant`", "expects", "what"), [_key(key) for key in SECTIONS["variant"].values()]
    )


def _prefixes() -> Iterator[str]:
    rows = [
        (f"`{prefix}`", " or ".join(f"`{key}`" for key in keys), str(parts))
        for prefix, parts, keys in LANGUAGE_PREFIXES
    ]
    yield from _table(("prefix", "key", "parts of the version"), rows)


# -- variables of scripts ----------------------------------------------------------------------------------------------

_SAMPLE = """\
package: {name: loaf, version: "1.2"}
build: {number: 3}
requirements: {host: [grain]}
"""
_MEANINGS: Mapping[str, str] = {
    "ARCH": "The target's architecture.",
    "BUILD": "The triplet of conda-forge's compilers for the platform that builds.",
    "BUILD_PREFIX": "The build environment: tools that run now. In tests only with `requirements.build`.",
    "CMAKE_GENERATOR": "What cmake writes unless `-G` says otherwise.",
    "CONDA_BUILD": "Always 1.",
    "CONDA_BUILD_CROSS_COMPILATION": "1 if the packages are for another platform.",
    "CONDA_BUILD_STATE": "`BUILD` or `TEST`.",
    "CONDA_DEFAULT_ENV": "As `CONDA_PREFIX`.",
    "CONDA_PREFIX": "The environment that was activated last.",
    "CPU_COUNT": "How many processes the script may run: twice its share of the machine's cores, which tests share.",
    "HOME": "An empty folder in memory.",
    "HOST": "The triplet of conda-forge's compilers for the target.",
    "LANG": "The locale.",
    "LC_ALL": "The locale.",
    "LD_RUN_PATH": "Run path of what is linked without another one.",
    "LOGNAME": "The user's name.",
    "PATH": "Build environment, host environment, the sandbox's own commands.",
    "PIP_CACHE_DIR": "pip keeps nothing.",
    "PIP_IGNORE_INSTALLED": "pip installs what is there already.",
    "PIP_NO_BUILD_ISOLATION": "Build isolation off (pip reads this one the other way round).",
    "PIP_NO_DEPENDENCIES": "pip installs no dependencies.",
    "PIP_NO_INDEX": "pip asks no index.",
    "PKG_BUILDNUM": "The build number.",
    "PKG_BUILD_STRING": "The build string.",
    "PKG_CONFIG_PATH": "Where pkg-config looks.",
    "PKG_HASH": "The build hash.",
    "PKG_NAME": "The package's name.",
    "PKG_VERSION": "The package's version.",
    "PREFIX": "The host environment; what lands there is packed. In tests: the environment with the package.",
    "PYTHONHASHSEED": "What a running Python writes in the order of a hash is the same in every build.",
    "PYTHONNOUSERSITE": "Python ignores the user's own modules.",
    "RATTLER_BUILD_PACKAGE_FILES": "A file to write paths into, one on each line: these are packed and nothing else.",
    "RECIPE_DIR": "The recipe's folder, read-only.",
    "SHELL": "The shell.",
    "SHLIB_EXT": "What shared libraries end in.",
    "SOURCE_DATE_EPOCH": "The package's time, in seconds since 1970: the newest in its sources.",
    "SRC_DIR": "The work folder, with the sources. In tests: the folder with the test's files.",
    "SUBDIR": "The target platform.",
    "TERM": "The terminal: none.",
    "TMPDIR": "A folder in memory.",
    "TZ": "The time zone.",
    "USER": "The user's name.",
    "build_platform": "The platform that builds.",
    "grain": "The used variant keys whose names can be variables, here `grain`.",
    "host_platform": "The platform of the host environment.",
    "target_platform": "The target platform.",
}


def _variables() -> Iterator[str]:
    stage = Stage(inside=SEALED, epoch=1700000000, cores=2)
    rendering = _sample()
    build = build_variables(rendering, stage)
    package = {name: build[name] for name in ("PKG_BUILDNUM", "PKG_BUILD_STRING", "PKG_NAME", "PKG_VERSION")}
    test = test_variables(stage, package, subdir=rendering.subdir, variant=rendering.variant)
    names = sorted({*build, *test}, key=lambda name: (name.lower(), name))
    rows = [(f"`{name}`", _shown(build.get(name)), _shown(test.get(name)), _MEANINGS[name]) for name in names]
    yield from _table(("variable", "in a build", "in a test", "what"), rows)


def _sample() -> Rendering:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recipe.yaml"
        file.write_text(_SAMPLE, encoding="utf-8")
        (rendering,) = render(load(file), load_variants((), {"grain": ("rye",)}, LINUX), LINUX)
    return rendering


def _shown(value: str | None) -> str:
    return "–" if value is None else f"`{value.replace(str(SEALED.prefix), '/bakehouse/host_env_placehold…')}`"


# -- collections -------------------------------------------------------------------------------------------------------


def _collection() -> Iterator[str]:
    rows = [(f"`{key.name}`", key.words, key.option, key.doc) for key in COLLECTION_KEYS]
    yield from _table(("key", "holds", "option", "what"), rows)


# -- exit codes --------------------------------------------------------------------------------------------------------


def _exit_codes() -> Iterator[str]:
    rows = [("0", "It went well. For `build`: every package is in the channel, built now or before.", "")]
    for kind in sorted(_kinds(BakehouseError), key=lambda kind: kind.exit_code):
        meaning = inspect.cleandoc(kind.__doc__ or "").splitlines()[0]
        rows.append((str(kind.exit_code), meaning, f"`{kind.default_code}`"))
    yield from _table(("exit code", "what happened", "`code` when there is no finer one"), rows)


def _kinds(kind: type[BakehouseError]) -> Iterator[type[BakehouseError]]:
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield inner
            yield from _kinds(inner)


def _limits() -> Iterator[str]:
    yield from _table(("what", "at most"), LIMITS)


LIMITS: Sequence[tuple[str, str]] = (
    ("a recipe, variant or collection file; a file for `load_from_file`", f"{MAX_BYTES >> 20} MiB"),
    ("levels in it", f"{MAX_DEPTH}"),
    ("values and keys in it", f"{MAX_NODES:,}"),
    ("expressions in it", f"{MAX_EXPRESSIONS:,}, the different ones together {MAX_SOURCES >> 10} KiB"),
    ("one expression", f"{MAX_SOURCE >> 10} KiB, {MAX_NESTING} levels of brackets"),
    ("a text that an expression makes", f"{MAX_TEXT >> 10} KiB"),
    ("a list or mapping that an expression makes", f"{MAX_ITEMS:,} items in all its levels"),
    ("all that the expressions of one output make", f"{Meter().left >> 20} Mi characters"),
    ("whole numbers in expressions", "128 bits"),
    ("outputs of a recipe", f"{MAX_OUTPUTS:,}"),
    ("outputs × expressions and lists at the top level", f"{MAX_SHARED:,}"),
    ("keys of variant files, each and together", f"{MAX_KEYS:,}"),
    ("a variant key", f"{NAME_LENGTH} characters"),
    ("a value of one", f"{MAX_VALUE:,} characters"),
    (
        "a selector of `conda_build_config.yaml`; all of a file",
        f"{OF_VARIANTS.max_length} characters; {MAX_SELECTORS >> 10} KiB",
    ),
    (
        "a line, and blanks and line ends in a row, of a `meta.yaml`",
        f"{MAX_LINE:,} characters; {MAX_BLANK}",
    ),
    ("words and signs between the braces of a `meta.yaml`", f"{MAX_TOKENS:,}"),
    (
        "a value that its template makes; all of them",
        f"{MAX_MADE_VALUE >> 10} Ki characters or items; {MAX_MADE >> 20} Mi",
    ),
    ("parts that its loops and macros go through", f"{MAX_STEPS:,}"),
    ("what its template writes; files that it reads", f"{MAX_RENDERED >> 20} Mi characters; {MAX_READ >> 20} MiB"),
    ("a selector of a `meta.yaml`; all of a file", f"{OF_RECIPES.max_length:,} characters; {MAX_SELECTORS >> 10} KiB"),
    ("combinations of one output, `--max-variants`", f"{DEFAULT_LIMIT:,}"),
    ("combinations of all outputs of a recipe", f"{TOTAL} times as many"),
    ("name, version, build string of a package", f"{MAX_NAME} characters each"),
    ("a package spec", f"{SPEC_LENGTH:,} characters"),
    (
        "what a package from outside describes itself with",
        "128 MiB, one JSON file 64 MiB, 1,500,000 values and 64 levels; 250,000 paths",
    ),
    ("what a package or archive unpacks to", "200 times its size from 256 MiB on, 64 GiB, 500,000 members"),
    ("a glob", f"{GLOB_LENGTH:,} characters, {MAX_EXPANSIONS} ways through its braces"),
    ("`**` in a pattern of `files` of a `meta.yaml`", f"{MAX_FOLDERS} times"),
    (
        "texts beside a `meta.yaml` that are searched for names of variables",
        f"{MOST_FILES} files of {LARGEST_TEXT >> 10} KiB; larger ones, and those after them, name none",
    ),
    ("a file that `post_process` changes", f"{MAX_SIZE >> 20} Mi characters"),
    ("problems of a file that are told", f"{MAX_PROBLEMS}"),
)

BLOCKS: Mapping[str, Callable[[], Iterator[str]]] = {
    "verbs": _verbs,
    "shared options": _shared_options,
    "sections of recipes": _sections,
    "words of expressions": _expressions,
    "statements of variant files": _statements,
    "keys that count": _counted,
    "keys that are variables": _variables_that_count,
    "refused keys": _refused,
    "words of selectors": _selectors,
    "variants in recipes": _in_recipes,
    "prefixes of build strings": _prefixes,
    "variables": _variables,
    "keys of a collection": _collection,
    "exit codes": _exit_codes,
    "limits": _limits,
}

if __name__ == "__main__":
    main()
