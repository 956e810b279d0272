"""What a ``meta.yaml`` came to for one variant: plain values, read section by section as conda-build reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from builder.errors import Place, RecipeError
from builder.model.frozen import frozen
from builder.syntax.legacy.data import Plain

Section = dict[str, Plain]
Requirements = dict[str, list[str]]

MAX_OUTPUTS = 1_000
MAX_DIGITS = 18
"""Of a build number; those of conda-forge have four at most."""

SECTIONS = ("package", "source", "build", "requirements", "test", "app", "outputs", "about", "extra")
_LISTS = ("source", "outputs")
_TRUE = frozenset({"y", "on", "true", "yes"})
_FALSE = frozenset({"n", "no", "false", "off"})


@frozen
class Metadata:
    """The sections of a recipe, or of one of its outputs once `output_metadata` has put them together."""

    sections: Mapping[str, Plain]

    def section(self, name: str) -> Section:
        """Return a section that is a mapping, empty when the recipe has none."""
        found = self.sections.get(name)
        return found if isinstance(found, dict) else {}

    def entries(self, name: str) -> list[Section]:
        """Return the entries of ``source`` or ``outputs``; one entry may stand without a list."""
        found = self.sections.get(name)
        many = found if isinstance(found, list) else [found]
        return [one for one in many if isinstance(one, dict) and one]

    def get(self, section: str, key: str) -> Plain:
        """Return a value; texts such as ``yes``, which templates leave behind, are truth values."""
        return truth(self.section(section).get(key))

    def text(self, section: str, key: str) -> str:
        """Return a value as text, empty when there is none."""
        value = self.get(section, key)
        return "" if value is None else str(value)

    def texts(self, section: str, key: str) -> list[str]:
        """Return the texts of a list, or of the one that stands in its place."""
        return texts(self.get(section, key))

    @property
    def name(self) -> str:
        """The package's name."""
        return self.text("package", "name")

    @property
    def version(self) -> str:
        """The package's version."""
        return self.text("package", "version")

    @property
    def number(self) -> int:
        """The build number, 0 when there is none."""
        value = self.get("build", "number")
        is_number = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS
        return int(str(value)) if is_number else 0

    @property
    def skip(self) -> bool:
        """Whether it is not to be built for this variant."""
        return bool(self.get("build", "skip"))

    @property
    def noarch(self) -> str | None:
        """``python`` or ``generic``, None for a package of one platform."""
        value = self.get("build", "noarch")
        if value is True:
            return "generic"
        return str(value) if value else None

    @property
    def noarch_python(self) -> bool:
        """Whether it is of the kind of noarch that came before ``noarch: python``."""
        return bool(self.get("build", "noarch_python"))

    def requirements(self, kind: str) -> list[str]:
        """Return the requirements of one kind: ``build``, ``host``, ``run``, ``run_constrained``."""
        return texts(self.section("requirements").get(kind))


def checked(sections: Plain, place: Callable[[str], Place]) -> Metadata:
    """Return the metadata of a parsed recipe; raise `RecipeError` for sections that are no mappings.

    ``place`` returns where a key of the recipe stands, by its path.
    """
    if sections is None:
        sections = {}
    if not isinstance(sections, dict):
        remedy = "write sections, as `package:` with name and version"
        raise RecipeError("the recipe must be a mapping", code="recipe.shape", place=place(""), remedy=remedy)
    found = dict(sections)
    for name in SECTIONS:
        value = found.get(name, {})
        if not value:
            value = {}
        is_list = name in _LISTS and isinstance(value, list) and all(isinstance(one, dict | None) for one in value)
        if not isinstance(value, dict) and not is_list:
            expected = "a mapping or a list of them" if name in _LISTS else "a mapping"
            raise _shape(f"the section {name}", expected, place(name), f"write keys below `{name}:`, as `key: value`")
        if name in found:
            found[name] = value
    metadata = Metadata(sections=found)
    _count(metadata, place)
    for holder in (found, *metadata.entries("outputs")):
        for kind, specs in _requirement_lists(holder.get("requirements")):
            if any(isinstance(spec, dict | list) for spec in specs):
                path = f"requirements.{kind}" if kind != "requirements" else kind
                remedy = "write `- name` or `- name >=1.2`, without a colon"
                raise _shape(f"each requirement in {kind}", "text", place(path), remedy)
    return metadata


def _requirement_lists(value: Plain) -> Iterator[tuple[str, list[Plain]]]:
    """Yield the lists of requirements with their kinds."""
    kinds = value.items() if isinstance(value, dict) else [("requirements", value)]
    for kind, specs in kinds:
        yield kind, specs if isinstance(specs, list) else [specs]


def _count(metadata: Metadata, place: Callable[[str], Place]) -> None:
    count = len(metadata.entries("outputs"))
    if count > MAX_OUTPUTS:
        message = f"the recipe has {count:,} outputs, at most {MAX_OUTPUTS:,} are allowed"
        remedy = "make several recipes of it"
        raise RecipeError(message, code="recipe.too-much", place=place("outputs"), remedy=remedy)


def expanded(value: Plain) -> Requirements:
    """Return the requirements of an output by kind; a plain list stands for ``host`` and ``run``."""
    if isinstance(value, dict):
        return {kind: texts(many) for kind, many in value.items()}
    both = texts(value)
    return {"host": list(both), "run": list(both)} if both else {}


def texts(value: Plain) -> list[str]:
    """Return the texts of a list, without what is empty; a single value stands for a list of one."""
    many: Iterable[Plain] = value if isinstance(value, list) else [value]
    return [one if isinstance(one, str) else str(one) for one in many if one not in (None, "")]


def truth(value: Plain) -> Plain:
    """Return a value; texts such as ``yes``, which templates leave behind, as truth values."""
    if isinstance(value, str):
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
    return value


def _shape(what: str, expected: str, place: Place, remedy: str) -> RecipeError:
    return RecipeError(f"{what} must be {expected}", code="recipe.shape", place=place, remedy=remedy)
