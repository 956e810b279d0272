"""CFEP-9 migrations: which files of a feedstock count, in which order, and what each says.

Which count is conda-smithy's rule (``set_migration_fns``): upstream, beside the pinning file, lie the migrations that
are under way. A feedstock's file counts if it says ``use_local`` or bears no time; it stands for the upstream file of
the same name, time and number; with another number it counts itself; and it is over when upstream has it no more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Literal

from builder.errors import Place, Problem, RecipeError
from builder.feedstock.document import document_mapping, document_text
from builder.feedstock.form import Findings, Form
from builder.matrix.v0.config import Spec, values_of
from builder.matrix.v0.files import EMPTY, fixed_value
from builder.model.frozen import frozen
from builder.syntax.legacy.lines import select_lines, split_lines
from builder.syntax.node import Mapping as MappingNode

UPSTREAM = ("share", "conda-forge", "migrations")
"""Where the migrations lie beside a pinning file."""

LOCAL = (".ci_support", "migrations")
"""Where they lie in a feedstock."""

Operation = Literal["", "key_add", "key_remove"]
_TIME = "migrator_ts"
_RULES = "__migrator"
_UNTIMED = -1.0
_WHAT = "a migration"


@frozen
class Migration:
    """One migration for one platform.

    ``values`` is what it says about variant keys. What `builder.feedstock.algebra` reads is ``operation``,
    ``primary_keys``, ``ordering`` and ``additional_zip_keys``; the others tell whoever sends migrations round which
    feedstocks get one, and after which others: ``kind`` ``longterm`` ``paused`` ``exclude`` ``platform_allowlist``
    ``wait_for_migrators`` ``override_cbc_keys``. ``places`` says where the file has each key.
    """

    file: str
    time: float
    number: str
    values: Spec
    operation: Operation = ""
    primary_keys: tuple[str, ...] = ()
    ordering: Mapping[str, tuple[str, ...]]
    additional_zip_keys: tuple[str, ...] = ()
    kind: str = ""
    longterm: bool = False
    paused: bool = False
    exclude: tuple[str, ...] = ()
    platform_allowlist: tuple[str, ...] = ()
    wait_for_migrators: tuple[str, ...] = ()
    override_cbc_keys: tuple[str, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)


@frozen
class _Stamp:
    """What decides whether a file counts, as it is written; None where it is not.

    So a number that is left out is another one than a written 1, as for conda-smithy.
    """

    path: Path
    time: str | None
    number: str | None
    use_local: bool


@frozen
class MigrationFiles:
    """The files that count, upstream's before the feedstock's own, and those of its own that are over."""

    counting: tuple[Path, ...]
    over: tuple[Path, ...] = ()


def migration_files(feedstock: Path, pinning: Path | None) -> MigrationFiles:
    """Return the files that count for a feedstock; ``pinning`` is conda-forge's ``conda_build_config.yaml``.

    Without a folder of migrations beside it all of the feedstock's count. Raises `RecipeError`.
    """
    own = _stamps(_own_folder(feedstock))
    folder = None if pinning is None else pinning.parent.joinpath(*UPSTREAM)
    if folder is None or not folder.is_dir():
        return MigrationFiles(counting=tuple(one.path for one in own))
    upstream = {(one.path.name, one.time): one for one in _stamps(folder, {one.path.name for one in own})}
    ours, theirs, over = list[Path](), list[Path](), list[Path]()
    for one in own:
        found = upstream.get((one.path.name, one.time))
        if one.use_local or one.time is None:
            ours.append(one.path)
        elif found is None:
            over.append(one.path)
        elif found.number == one.number:
            theirs.append(found.path)
        else:
            ours.append(one.path)
    return MigrationFiles(counting=(*theirs, *ours), over=tuple(over))


def read_migrations(files: Sequence[Path], holds: Callable[[str], bool]) -> tuple[Migration, ...]:
    """Return the migrations in the order in which they apply: by time, those of one time in the order of ``files``.

    conda-smithy then takes the order of their whole paths, which is another one on every machine; where feedstocks and
    pinning files commonly lie it is that of `MigrationFiles`. ``holds`` says whether a selector holds. Raises
    `RecipeError` with what is wrong in the first file that is.
    """
    return tuple(sorted((read_migration(file, holds) for file in files), key=lambda one: one.time))


def read_migration(file: Path, holds: Callable[[str], bool]) -> Migration:
    """Return what a migration says where ``holds`` holds. Raises `RecipeError` with all that is wrong with it."""
    node, numbers = _selected(file, holds)
    findings = Findings()
    form = Form(node, "", findings)
    rules = form.section(_RULES)
    found = Migration(
        file=str(file),
        time=_time(form),
        number=rules.text("migration_number", "1"),
        values=_values(node),
        operation=_operation(rules),
        primary_keys=rules.texts("primary_key"),
        ordering=_ordering(rules.section("ordering")),
        additional_zip_keys=rules.texts("additional_zip_keys"),
        kind=rules.text("kind"),
        longterm=rules.flag("longterm", default=False),
        paused=rules.flag("paused", default=False),
        exclude=rules.texts("exclude"),
        platform_allowlist=rules.texts("platform_allowlist"),
        wait_for_migrators=rules.texts("wait_for_migrators"),
        override_cbc_keys=rules.texts("override_cbc_keys"),
        places={} if node is None else {key.text: _moved(key.place, numbers) for key, _ in node.entries},
    )
    if findings.errors:
        raise RecipeError.of(_at_its_line(problem, numbers) for problem in findings.errors)
    return found


def _own_folder(feedstock: Path) -> Path:
    """Return where a feedstock's own migrations lie, which has to be inside it, links followed."""
    folder = feedstock.joinpath(*LOCAL)
    if folder.resolve().is_relative_to(feedstock.resolve()):
        return folder
    raise RecipeError(
        "the folder of the migrations leads out of the feedstock",
        code="migration.unreadable",
        place=Place(file=str(folder)),
        remedy="make it a folder, not a link",
    )


def _stamps(folder: Path, names: Container[str] | None = None) -> list[_Stamp]:
    """Return the stamps of the files in a folder, or of those with one of ``names``, in the order of their names."""
    if not folder.is_dir():
        return []
    files = sorted(file for file in folder.glob("[!.]*.yaml") if names is None or file.name in names)
    return [_stamp(file) for file in files]


def _stamp(file: Path) -> _Stamp:
    """Read what does not depend on a platform; lines with selectors count here whatever they say."""
    node = document_mapping(_text(file), file, _WHAT)
    findings = Findings()
    form = Form(node, "", findings)
    rules = form.section(_RULES)
    found = _Stamp(
        path=file,
        time=form.written(_TIME),
        number=rules.written("migration_number"),
        use_local=rules.text("use_local").lower() == "true",
    )
    if findings.errors:
        raise RecipeError.of(findings.errors)
    return found


def _text(file: Path) -> str:
    return document_text(file, _WHAT, "make it a file that may be read, or remove it")


def _selected(file: Path, holds: Callable[[str], bool]) -> tuple[MappingNode | None, Sequence[int]]:
    """Return the lines whose selector holds as nodes, and the number that each of them has in the file."""
    selected = select_lines(split_lines(_text(file)), holds, str(file))
    try:
        return document_mapping(selected.text, file, _WHAT), selected.numbers
    except RecipeError as error:
        raise RecipeError.of(_at_its_line(problem, selected.numbers) for problem in error.problems) from error


def _at_its_line(problem: Problem, numbers: Sequence[int]) -> Problem:
    return problem if problem.place is None else replace(problem, place=_moved(problem.place, numbers))


def _moved(place: Place, numbers: Sequence[int]) -> Place:
    """Return a place among the selected lines as one in the file."""
    if place.line is None or not numbers:
        return place
    return replace(place, line=numbers[place.line - 1] if place.line <= len(numbers) else numbers[-1] + 1)


def _time(form: Form) -> float:
    text = form.text(_TIME) or str(_UNTIMED)
    try:
        time = float(text)
    except ValueError:
        time = math.nan
    if math.isfinite(time):
        return time
    form.findings.error(f"{_TIME} is {text!r}", form.place(_TIME), "write seconds since 1970, such as 1718000000")
    return _UNTIMED


def _operation(rules: Form) -> Operation:
    found = rules.choice("operation", ("key_add", "key_remove"), "")
    return "key_add" if found == "key_add" else "key_remove" if found == "key_remove" else ""


def _ordering(form: Form) -> dict[str, tuple[str, ...]]:
    nodes = {key: form.node(key) for key in form.entries()}
    return {key: values_of(fixed_value(node)) for key, node in nodes.items() if node is not None}


def _values(node: MappingNode | None) -> Spec:
    if node is None:
        return {}
    found = {key.text: fixed_value(value) for key, value in node.entries if key.text not in {_TIME, _RULES}}
    return {key: value for key, value in found.items() if value not in EMPTY}
