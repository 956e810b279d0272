"""Expands one output over exactly the variant keys that it uses: evaluate, look what was read, split, ask again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from builder.errors import Place, RecipeError
from builder.matrix.keys import ALWAYS_USED, environment_keys, variant_key
from builder.matrix.space import Assignment, Space
from builder.model.frozen import frozen
from builder.model.variant import VariantValue
from builder.recipe import Evaluated, OutputText
from builder.recipe.memory import Recall

DEFAULT_LIMIT = 10_000
"""How many combinations one output may have before it is refused."""

TOTAL = 5
"""How many times as many all outputs of a recipe may have together."""


class Evaluate(Protocol):
    """Evaluates an output of the recipe for a variant and, once it is known, its build hash."""

    def __call__(self, output: OutputText, variant: Mapping[str, VariantValue], build_hash: str | None) -> Evaluated:
        """Return what the output is for ``variant``."""
        ...


@frozen
class Branch:
    """One evaluation of an output.

    ``assigned`` has all variant keys that it read, those that always count, and some whose value follows from these.
    """

    text: OutputText
    assigned: Assignment
    evaluated: Evaluated


class Chosen(Mapping[str, VariantValue]):
    """The variant that an evaluation sees: assigned values, and for every other key the first one that agrees.

    ``asked`` are the keys whose values were asked for, in that order, with the places of these.
    """

    def __init__(self, space: Space, assigned: Assignment) -> None:
        """See ``space`` at ``assigned``."""
        self.asked: dict[str, int] = {}
        self._space = space
        self._assigned = dict(assigned)

    def __getitem__(self, key: str) -> VariantValue:
        if key not in self._space:
            raise KeyError(key)
        return self._space.value(key, self.place(key))

    def get(self, key: str, default: VariantValue | None = None) -> VariantValue | None:  # type: ignore[override]
        """Return the value of ``key``, ``default`` if it has none."""
        return self._space.value(key, self.place(key)) if key in self._space else default

    def place(self, key: str) -> int:
        """Return the place of the value of ``key``, which the space has; it is asked for."""
        found = self.asked.get(key)
        if found is None:
            found = self._assigned.get(key)
            if found is None:
                found = self._assigned[key] = self._space.default(key, self._assigned)
            self.asked[key] = found
        return found

    def __contains__(self, key: object) -> bool:
        return key in self._space

    def __iter__(self) -> Iterator[str]:
        return iter(self._space)

    def __len__(self) -> int:
        return len(self._space)


@frozen(kw_only=False)
class _Seen:
    """An evaluation, and the variant keys that it depended on, in the order in which it asked for them."""

    evaluated: Evaluated
    keys: tuple[str, ...]


@frozen(kw_only=False)
class Start:
    """The first evaluation of an output, those that are remembered, and the combinations that it lets expect."""

    known: Recall[_Seen]
    seen: _Seen
    count: int


@frozen
class Expansion:
    """How outputs of one recipe are expanded; ``subdir`` is the target platform's."""

    space: Space
    evaluate: Evaluate
    subdir: str
    place: Place
    limit: int = DEFAULT_LIMIT

    def start(self, text: OutputText) -> Start:
        """Return the first evaluation of ``text``, to go on from, and how many combinations it lets expect."""
        known: Recall[_Seen] = Recall(text)
        seen = self._look(text, {}, known)
        return Start(known, seen, self.space.count({}, [key for key in seen.keys if self.space.is_open(key, {})]))

    def check_total(self, starts: Mapping[int, Start], outputs: Sequence[OutputText]) -> None:
        """Refuse outputs that together would be rendered more often than `TOTAL` times the limit of one."""
        counts = [min(starts[text.index].count, self.limit) for text in outputs]
        if sum(counts) <= TOTAL * self.limit:
            return
        most = outputs[counts.index(max(counts))]
        raise RecipeError(
            f"the recipe's outputs would be rendered {sum(counts):,} times, more than {TOTAL * self.limit:,}",
            code="variant.too-many",
            place=self.place_of(most),
            remedy=f"give fewer values to the keys of {most.name}, zip keys together, or raise --max-variants",
        )

    def branches(self, text: OutputText, start: Start | None = None) -> list[Branch]:
        """Return one branch for each combination of the variant keys that ``text`` reads, in a stable order.

        Which keys it reads may depend on the values of others, so keys are split one by one in the order in which they
        are asked for, each branch for itself: each combination is evaluated once. Raises `RecipeError` when there are
        more of them than ``limit``, before they are made.
        """
        start = start or self.start(text)
        pending: list[tuple[dict[str, int], _Seen | None]] = [({}, start.seen)]
        done: list[Branch] = []
        known = start.known
        while pending:
            assigned, seen = pending.pop()
            seen = seen or self._look(text, assigned, known)
            new = [key for key in seen.keys if key not in assigned]
            open_keys = [key for key in new if self.space.is_open(key, assigned)]
            for key in new:
                if key not in open_keys:
                    assigned[key] = self.space.default(key, assigned)
            if not open_keys:
                done.append(Branch(text=text, assigned=assigned, evaluated=seen.evaluated))
                continue
            self._check_product(text, assigned, open_keys, len(done) + len(pending))
            split = list(self.space.extensions(assigned, open_keys[:1]))
            # What was seen holds for the first one; the stack gives back the last one first.
            pending += [(extension, None) for extension in reversed(split[1:])]
            pending.append((split[0], seen))
        return done

    def _look(self, text: OutputText, assigned: Assignment, known: Recall[_Seen]) -> _Seen:
        """Return what ``text`` is at ``assigned``, from ``known`` if it has been evaluated for all that it asks for."""
        chosen = Chosen(self.space, assigned)
        seen = known.find(lambda _, key: chosen.place(key))
        if seen is None:
            evaluated = self.evaluate(text, chosen, None)
            always = (*ALWAYS_USED, *sorted(environment_keys(self.subdir)))
            keys = (*always, *chosen.asked, *used_keys(evaluated, self.space))
            seen = _Seen(evaluated, tuple([key for key in dict.fromkeys(keys) if key in self.space]))
            known.keep([("variant", key, place) for key, place in chosen.asked.items()], seen)
        return seen

    def place_of(self, text: OutputText) -> Place:
        """Return where an output's name is written."""
        return text.where.place if text.where else self.place

    def _check_product(self, text: OutputText, assigned: Assignment, keys: list[str], others: int) -> None:
        """Refuse a product that is too large; it is real if the last combination uses all keys that the first does."""
        count = self.space.count(assigned, keys) + others
        if count <= self.limit:
            return
        if len(keys) == 1 or set(keys) <= set(self._look(text, self._last(assigned, keys), Recall(text)).keys):
            self.check_count(count, text, {*assigned, *keys})

    def _last(self, assigned: Assignment, keys: list[str]) -> Assignment:
        last = dict(assigned)
        for key in keys:
            *_, last = self.space.extensions(last, [key] if key not in last else [])
        return last

    def check_count(self, count: int, text: OutputText, keys: set[str]) -> None:
        """Raise `RecipeError` when ``count`` combinations are too many; it names the keys with the most values."""
        if count <= self.limit:
            return
        biggest = sorted(keys, key=lambda key: (-self.space.size(key), key))[:5]
        shown = ", ".join(f"{key} ({self.space.size(key)} values)" for key in biggest)
        raise RecipeError(
            f"output {text.name} would be rendered {count:,} times, more than the {self.limit:,} that are allowed",
            code="variant.too-many",
            place=self.place_of(text),
            remedy=f"the keys with the most values: {shown}; give fewer, zip keys together, or raise --max-variants",
        )


def used_keys(evaluated: Evaluated, space: Space) -> list[str]:
    """Return the variant keys that an evaluation used: read names, version-less requirements, ``use_keys``."""
    hidden, asked = evaluated.hidden, map(variant_key, evaluated.output.build.variant.use_keys)
    seen = [key for key in (*evaluated.read, *evaluated.free_specs) if key in space and key not in hidden]
    return list(dict.fromkeys((*seen, *[key for key in asked if key in space])))
