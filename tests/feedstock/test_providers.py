"""Which service builds which platform, and where the rules of conda-smithy come to their edges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.feedstock.providers import PLATFORMS, PROVIDERS, Placement, PlatformJob
from builder.feedstock.settings import Settings, read_settings
from builder.model.rendering import Platforms


def settings(tmp_path: Path, text: str) -> Settings:
    folder = tmp_path / "crumb-feedstock"
    folder.mkdir(exist_ok=True)
    (folder / "conda-forge.yml").write_text(text, encoding="utf-8")
    return read_settings(folder)


def places(tmp_path: Path, text: str) -> list[str]:
    return [f"{one.provider} {one.name}" for one in settings(tmp_path, text).platforms()]


USUAL = ["azure osx_64", "github_actions linux_64", "github_actions win_64"]


def test_without_a_word_there_are_three_platforms(tmp_path: Path) -> None:
    assert places(tmp_path, "") == USUAL


def test_a_job_knows_its_names() -> None:
    job = PlatformJob(
        provider="azure", platform="linux", arch="aarch64", build_platform="linux-64", keep_noarch=False, upload=True
    )
    assert job.name == "linux_aarch64"
    assert job.subdir == "linux-aarch64"
    assert job.platforms == Platforms(target="linux-aarch64", host="linux-aarch64", build="linux-aarch64")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("azure", ["azure"]),
        ("[azure]", ["azure"]),
        ("[azure, github_actions]", ["azure", "github_actions"]),
        ("[travis, default]", ["travis", "github_actions"]),
        ("default", ["github_actions"]),
        ("emulated", ["github_actions"]),
        ("native", ["travis"]),
        ("null", []),
        ("None", []),
        ("false", []),
        ("true", []),
        ("[]", []),
        ("woodpecker", ["woodpecker"]),
    ],
)
def test_the_services_of_a_platform(tmp_path: Path, written: str, expected: Sequence[str]) -> None:
    found = places(tmp_path, f"provider:\n  linux_ppc64le: {written}\n")
    assert [one.split()[0] for one in found if one.endswith("ppc64le")] == list(expected)


def test_a_system_counts_for_its_64_bit_platform(tmp_path: Path) -> None:
    assert places(tmp_path, "provider: {linux: azure}\n") == ["azure linux_64", "azure osx_64", USUAL[2]]
    assert places(tmp_path, "provider: {linux: default, osx: default}\n") == [
        "github_actions linux_64", "github_actions osx_64", USUAL[2],
    ]  # fmt: skip


def test_native_is_no_word_for_a_system(tmp_path: Path) -> None:
    assert places(tmp_path, "provider: {win: native}\n") == USUAL[:2]


def test_what_is_cross_compiled_goes_where_its_build_platform_goes(tmp_path: Path) -> None:
    text = "build_platform: {osx_arm64: osx_64, linux_aarch64: linux_64}\nprovider: {linux_aarch64: azure}\n"
    found = settings(tmp_path, text).platforms()
    assert [(one.provider, one.name, one.build_platform) for one in found] == [
        ("azure", "osx_64", "osx-64"),
        ("azure", "osx_arm64", "osx-64"),
        ("github_actions", "linux_64", "linux-64"),
        ("github_actions", "linux_aarch64", "linux-64"),
        ("github_actions", "win_64", "win-64"),
    ]


def test_azure_as_well_publishes_nothing(tmp_path: Path) -> None:
    found = settings(tmp_path, "azure: {force: true}\nprovider: {linux_aarch64: default}\n").platforms()
    assert [(one.provider, one.name, one.upload) for one in found] == [
        ("azure", "linux_64", False),
        ("azure", "osx_64", True),
        ("azure", "win_64", False),
        ("github_actions", "linux_64", True),
        ("github_actions", "linux_aarch64", True),
        ("github_actions", "win_64", True),
    ]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_service_may_be_kept_from_publishing(tmp_path: Path, provider: str) -> None:
    text = f"provider: {{linux_64: {provider}, osx_64: null, win_64: null}}\n{provider}: {{upload_packages: false}}\n"
    (job,) = settings(tmp_path, text).platforms()
    assert (job.provider, job.upload) == (provider, False)


def test_a_version_of_linux_stays_for_the_platforms_after_it(tmp_path: Path) -> None:
    text = "provider: {linux_64: azure, linux_aarch64: azure}\nos_version: {linux_64: cos7, linux_ppc64le: alma8}\n"
    found = settings(tmp_path, text).platforms()
    assert [(one.name, one.os_version, one.linux_version) for one in found] == [
        ("linux_64", "cos7", "cos7"),
        ("linux_aarch64", None, "cos7"),
        ("osx_64", None, "cos7"),
        ("win_64", None, "cos7"),
    ]


def test_where_noarch_is_built(tmp_path: Path) -> None:
    found = settings(tmp_path, "noarch_platforms: [osx_64, win_64]\n").platforms()
    assert [one.keep_noarch for one in found] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("provider: {linux_64: jenkins}\n", "provider.linux_64 is 'jenkins', which is no CI service", "1:22"),
        ("provider:\n  osx:\n    - azure\n    - [travis]\n", "provider.osx is a list, which is no CI service", "4:7"),
        ("build_platform: {osx_arm64: macos}\n", "build_platform.osx_arm64 is 'macos'", "1:29"),
        ("build_platform: [linux_64]\n", "build_platform has to be a mapping", "1:17"),
        ("os_version: {linux_64: [alma8]}\n", "os_version.linux_64 has to be text", "1:24"),
    ],
)
def test_what_is_no_service_or_platform(tmp_path: Path, text: str, message: str, place: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        settings(tmp_path, text)
    assert str(caught.value.problems[0].place).endswith(f"conda-forge.yml:{place}")
    assert caught.value.problems[0].remedy


@pytest.mark.parametrize("section", ["provider", "build_platform", "os_version"])
def test_a_platform_that_nobody_knows_is_a_warning(tmp_path: Path, section: str) -> None:
    found = settings(tmp_path, f"{section}:\n  linux_65: null\n")
    assert [str(one) for one in found.warnings] == [
        f"{found.folder / 'conda-forge.yml'}:2:3: nothing reads the key {section}.linux_65"
    ]


SERVICES = st.lists(st.sampled_from([*PROVIDERS, "None"]), max_size=2).map(tuple)
NAMES = st.sampled_from([*PLATFORMS, "linux", "osx", "win"])


@given(
    st.dictionaries(NAMES, SERVICES),
    st.dictionaries(st.sampled_from(PLATFORMS), st.sampled_from(PLATFORMS)),
    st.frozensets(st.sampled_from(PROVIDERS)),
)
def test_each_job_has_its_reason(
    providers: dict[str, tuple[str, ...]], builds: dict[str, str], silent: frozenset[str]
) -> None:
    placement = Placement(
        providers=providers,
        build_platforms={name: builds.get(name, name) for name in PLATFORMS},
        os_versions={},
        noarch_platforms=("linux_64",),
        azure_force=False,
        no_upload=silent,
    )
    jobs = placement.jobs()
    order = [(PROVIDERS.index(one.provider), PLATFORMS.index(one.name)) for one in jobs]
    assert order == sorted(set(order))
    for one in jobs:
        build = placement.build_platforms[one.name]
        assert one.provider in providers.get(build, ()) or one.provider in providers.get(build.partition("_")[0], ())
        assert one.upload is (one.provider not in silent)
        assert one.keep_noarch is (one.name == "linux_64")
