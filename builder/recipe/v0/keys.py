"""One section of a ``meta.yaml`` with a way to read each of its keys as what it must be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from builder.model.frozen import frozen
from builder.model.recipe import GlobList, Requirement
from builder.recipe.v0.metadata import truth
from builder.recipe.v0.pins import PinnedName
from builder.recipe.v0.remarks import Remarks
from builder.syntax.legacy.data import Plain


@frozen
class Keys:
    """The ``data`` of a section, whose key in the recipe is ``path``."""

    data: Mapping[str, Plain]
    path: str
    remarks: Remarks

    def __contains__(self, key: str) -> bool:
        """Whether the recipe says anything under ``key``."""
        return self.data.get(key) not in (None, "", [], {})

    def at(self, key: str) -> str:
        """Return the whole path of ``key``."""
        return f"{self.path}.{key}"

    def text(self, key: str) -> str | None:
        """Return a text, None where there is none."""
        value = self.data.get(key)
        if isinstance(value, list | dict):
            self.wrong(key, value, "one text")
            return None
        return None if value in (None, "") else plain(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of a list, or the one that stands in its place, without empty ones."""
        return tuple([plain(one) for one in self._scalars(key)])

    def specs(self, key: str) -> tuple[Requirement, ...]:
        """Return the requirements of a list, pins as such."""
        return tuple([self._spec(key, one) for one in self._scalars(key)])

    def _scalars(self, key: str) -> Sequence[Plain]:
        value = self.data.get(key)
        if value is None or value == "":  # most keys of most recipes
            return ()
        many = value if isinstance(value, list) else [value]
        if any(isinstance(one, list | dict) for one in many):
            self.wrong(key, value, "a list of texts")
            return ()
        return [one for one in many if one not in (None, "")]

    def _spec(self, key: str, text: Plain) -> Requirement:
        if not isinstance(text, PinnedName):
            return plain(text)
        if text.pinned is not None:
            return text.pinned
        message = f"a pin stands amid other text in {self.at(key)}: {plain(text)!r}"
        self.remarks.problem("recipe.pin", message, self.at(key), "write the pin alone, or a build string behind it")
        return plain(text)

    def truth(self, key: str, *, default: bool = False) -> bool:
        """Return a truth value; anything that is not empty is true, as for conda-build."""
        value = truth(self.data.get(key))
        return default if value is None else bool(value)

    def globs(self, key: str, *, by_folder: bool = False) -> GlobList:
        """Return a list of globs; of most of conda-build's ``*`` stops ``by_folder``."""
        found = self.texts(key)
        return GlobList(include=found, by_folder=by_folder) if found else GlobList()

    def all_or_globs(self, key: str, *, default: bool, by_folder: bool = False) -> bool | GlobList:
        """Return a truth value, or the globs that are listed in its place."""
        value = truth(self.data.get(key))
        if isinstance(value, list | str) and value:
            return self.globs(key, by_folder=by_folder)
        return default if value in (None, "", []) else bool(value)

    def inner(self, key: str) -> Keys:
        """Return the mapping under ``key``, empty where there is none."""
        value = self.data.get(key)
        if value and not isinstance(value, dict):
            self.wrong(key, value, "a mapping")
        return Keys(data=value if isinstance(value, dict) else {}, path=self.at(key), remarks=self.remarks)

    def entries(self, key: str) -> Iterator[Keys]:
        """Yield the mappings of a list."""
        value = self.data.get(key)
        for number, one in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(one, dict):
                yield Keys(data=one, path=f"{self.at(key)}[{number}]", remarks=self.remarks)

    def wrong(self, key: str, value: Plain, expected: str) -> None:
        """Note that a value has another shape than it must have."""
        found = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a text"
        path = self.at(key)
        self.remarks.problem("recipe.wrong-shape", f"{path} is {found}, expected {expected}", path, f"write {expected}")

    def unknown(self, known: Collection[str]) -> None:
        """Warn of the keys that conda-build does not know either."""
        for key in self.data:
            if key not in known and key in self:
                self.remarks.warn("recipe.unknown-key", f"{self.at(key)} is not a key of recipes", self.at(key))


def plain(value: Plain) -> str:
    """Return a scalar as text and nothing else, a truth value in YAML's words."""
    if isinstance(value, str):
        return str.__str__(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
