"""The two languages of line selectors: conda-build's, and the smaller one of rattler-build, for variant files only."""

from __future__ import annotations

import ast

from builder.model.frozen import frozen


@frozen
class Language:
    """What selectors of one kind of file may say.

    ``nodes`` are the parts of Python's grammar, ``methods`` those of text, of mappings and of ``os``; what reads the
    environment is always there. ``max_length`` counts characters, also after a name was written over. An empty
    selector holds, or is none. ``missing_is_false``: a
    name that nobody knows is ``False`` (conda-build writes that word over the name, wherever the selector has it, and
    begins again); otherwise a selector that needs one does not hold. ``bare_variables``: a name alone may be a variable
    of the environment. ``unset`` is what ``environ.get`` gives for a variable that is not set.
    """

    nodes: frozenset[type[ast.AST]]
    functions: frozenset[str]
    methods: frozenset[str]
    max_length: int
    empty_holds: bool
    missing_is_false: bool
    bare_variables: bool
    unset: str | None


_SHARED: frozenset[type[ast.AST]] = frozenset(
    {ast.Constant, ast.Name, ast.BoolOp, ast.UnaryOp, ast.Not, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt}
    | {ast.GtE, ast.In, ast.NotIn, ast.Tuple, ast.List, ast.Call}
)
_MORE: frozenset[type[ast.AST]] = frozenset(
    {ast.Dict, ast.Subscript, ast.Attribute, ast.USub, ast.Is, ast.IsNot, ast.IfExp, ast.BinOp, ast.Add, ast.Sub}
    | {ast.Div, ast.Mod}
)
TEXT_METHODS = frozenset(
    {"endswith", "index", "join", "lower", "replace", "rsplit", "split", "startswith", "strip", "upper"}
)
MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})

OF_RECIPES = Language(
    nodes=_SHARED | _MORE,
    functions=frozenset({"dict", "float", "int", "len", "list", "str", "tuple"}),
    methods=TEXT_METHODS | MAPPING_METHODS | {"getenv"},
    max_length=2000,
    empty_holds=False,
    missing_is_false=True,
    bare_variables=True,
    unset=None,
)
"""conda-build's: selectors of a ``meta.yaml``, and of variant files that are read for one."""

OF_VARIANTS = Language(
    nodes=_SHARED,
    functions=frozenset(),
    methods=frozenset({"startswith", "endswith"}),
    max_length=500,
    empty_holds=True,
    missing_is_false=False,
    bare_variables=False,
    unset="",
)
"""rattler-build's: selectors of a ``conda_build_config.yaml`` beside a ``recipe.yaml``; the longest of conda-forge's
pinning file has 118 characters."""

METHODS_OF_VARIANTS = ("os.environ.get(NAME, DEFAULT)", "os.environ[NAME]", ".startswith(TEXT)", ".endswith(TEXT)")
"""What selectors of `OF_VARIANTS` may call, for the reference."""
