"""Settings of jobs that depend on where they run: ``workflow_settings`` of a ``conda-forge.yml``.

Each is a list of values with conditions; of those that fit a job the last one counts. What older feedstocks write in
other sections is read as such values, as conda-smithy does, where ``workflow_settings`` has nothing for the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from builder.errors import Place
from builder.feedstock.form import Form, truth
from builder.model.frozen import frozen
from builder.syntax.node import Node
from builder.syntax.node import Sequence as SequenceNode

KEYS = (
    "store_build_artifacts", "tools_install_dir", "build_workspace_dir", "pagefile_size", "free_disk_space",
    "resize_partitions",
)  # fmt: skip
_FLAGS = frozenset({"store_build_artifacts", "resize_partitions"})
_NUMBERS = frozenset({"pagefile_size"})
_SPACE = ("skip", "quick", "max")
_SIZE = re.compile(r"([0-9]{1,9})GiB")

Value = str | int | bool


@frozen
class Conditional:
    """A value for the jobs that fit: an empty tuple asks nothing, else the job's own has to be in it."""

    key: str
    value: Value
    systems: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()

    def fits(self, provider: str, platform: str) -> bool:
        """Whether it is for a service (``azure``) and a platform (``linux_64``)."""
        system = platform.partition("_")[0]
        wanted = ((self.systems, system), (self.platforms, platform), (self.providers, provider))
        return all(not allowed or mine in allowed for allowed, mine in wanted)


@frozen
class JobSettings:
    """What one job is told; folders are those of the machine of the CI service, sizes are in GiB."""

    store_build_artifacts: bool
    tools_install_dir: str
    build_workspace_dir: str
    pagefile_size: int
    free_disk_space: str
    resize_partitions: bool


@frozen
class Workflow:
    """All values, in the order in which they count."""

    values: tuple[Conditional, ...]

    def settings(self, provider: str, platform: str, drive: str = "C:") -> JobSettings:
        """Return what a job is told; ``drive`` is where a Windows machine of the service has room."""
        found = {one.key: one.value for one in self.values if one.fits(provider, platform)}
        system = platform.partition("_")[0]
        tools = str(found.get("tools_install_dir", rf"{drive}\Miniforge" if system == "win" else "~/miniforge3"))
        room = {"osx": f"{tools}/conda-bld", "win": rf"{_drive(tools)}\\bld\\"}.get(system, "build_artifacts")
        return JobSettings(
            store_build_artifacts=bool(found.get("store_build_artifacts", False)),
            tools_install_dir=tools,
            build_workspace_dir=str(found.get("build_workspace_dir", room)),
            pagefile_size=int(found.get("pagefile_size", 0)),
            free_disk_space=str(found.get("free_disk_space", "skip")),
            resize_partitions=bool(found.get("resize_partitions", False)),
        )


def read_workflow(form: Form, azure: Form, actions: Form) -> Workflow:
    """Return the section ``workflow_settings`` with what older sections say."""
    found = [one for key in KEYS for one in _values(form, key)]
    found += [one for one in _older(azure, actions, form) if not form.has(one.key)]
    form.finish()
    return Workflow(values=tuple(found))


def _values(form: Form, key: str) -> Iterator[Conditional]:
    node = form.node(key)
    if node is None:
        return
    if not isinstance(node, SequenceNode):
        value = _value(form, key, key)
        if value is not None:
            yield Conditional(key=key, value=value)
        return
    for item in node.items:
        one = Form(item, form.label(key), form.findings)
        value = _value(one, "value", key)
        if value is None:
            if one.node("value") is None:
                form.findings.error(f"{form.label(key)} has an entry without a value", item.place, "write `value: …`")
            continue
        yield Conditional(
            key=key,
            value=value,
            systems=one.texts("os"),
            platforms=one.texts("platform"),
            providers=one.texts("provider"),
        )
        one.finish()


def _value(form: Form, name: str, key: str) -> Value | None:
    """Return the value under ``name``, of the type that ``key`` has; None if it has none."""
    if key in _NUMBERS:
        return form.optional_number(name)
    if form.node(name) is None:
        return None
    if key in _FLAGS:
        return form.flag(name, default=False)
    if key == "free_disk_space":
        return form.choice(name, _SPACE, "skip")
    return form.optional_text(name)


def _older(azure: Form, actions: Form, workflow: Form) -> Iterator[Conditional]:
    windows, linux = azure.section("settings_win"), azure.section("settings_linux")
    for name, section in (("azure", azure), ("github_actions", actions)):
        stored = section.flag("store_build_artifacts", default=False)
        yield Conditional(key="store_build_artifacts", value=stored, providers=(name,))
        yield Conditional(key="free_disk_space", value=_space(section), providers=(name,))
    variables = windows.section("variables")
    for key, old in (("tools_install_dir", "MINIFORGE_HOME"), ("build_workspace_dir", "CONDA_BLD_PATH")):
        if (folder := variables.optional_text(old)) is not None:
            yield Conditional(key=key, value=folder, systems=("win",), providers=("azure",))
    if (size := linux.optional_text("swapfile_size")) is not None:
        yield from _swap(size, linux.place("swapfile_size"), workflow)
    if variables.node("SET_PAGEFILE") is not None:
        pages = 16 if _truthy(variables.node("SET_PAGEFILE")) else 0
        yield Conditional(key="pagefile_size", value=pages, systems=("win",), providers=("azure",))
    if actions.has("resize_win_partitions"):
        resized = actions.flag("resize_win_partitions", default=False)
        yield Conditional(key="resize_partitions", value=resized, systems=("win",), providers=("github_actions",))


def _swap(size: str, place: Place | None, workflow: Form) -> Iterator[Conditional]:
    found = _SIZE.fullmatch(size)
    if found:
        yield Conditional(key="pagefile_size", value=int(found[1]), systems=("linux",), providers=("azure",))
    else:
        workflow.findings.warn(f"the swap file's size {size!r} is not read", place, "write it like `8GiB`")


def _space(section: Form) -> str:
    node = section.node("free_disk_space")
    if isinstance(node, SequenceNode):
        return "max" if "docker" in section.texts("free_disk_space") else "quick" if node.items else "skip"
    return "quick" if section.flag("free_disk_space", default=False) else "skip"


def _truthy(node: Node | None) -> bool:
    """Whether Python would take what a node writes for true: any text that is not empty and no ``false``."""
    return node is not None and truth(node) is not False


def _drive(folder: str) -> str:
    return folder[:2] if folder[1:2] == ":" else ""
