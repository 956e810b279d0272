"""What a job says of itself."""

from __future__ import annotations

import pytest

from builder.feedstock.job import Job, Setting
from tests.feedstock.recorded import jobs


def job(**settings: Setting) -> Job:
    return Job(
        name="linux_64_python3.12", short_name="linux_64_python3.12", platform="linux-64", build_platform="linux-64",
        provider="github_actions", upload=True, settings=settings, loops=("python", "target_platform"),
    )  # fmt: skip


def test_the_variant_is_what_tells_jobs_apart() -> None:
    one = job(python=("3.12", "3.12"), numpy=("1", "2"), target_platform=("linux-64",))
    assert one.variant == {"python": "3.12", "target_platform": "linux-64"}
    assert job(numpy=("1",)).variant == {}
    assert one.file_name == "linux_64_python3.12.yaml"


def test_numbers_are_texts_for_whoever_asks_for_texts() -> None:
    assert job(fat=(2, 10)).texts("fat") == ("2", "10")
    assert job().texts("fat") == ()
    assert job(pin_run_as_build={"a": "x"}).texts("pin_run_as_build") == ()
    assert job(zip_keys=(("a", "b"),)).texts("zip_keys") == ()


def test_images() -> None:
    assert job(docker_image=("one", "two")).docker_image == "one"
    assert job().docker_image is None


@pytest.mark.parametrize(
    ("said", "labels"),
    [((), ()), (("hosted",), ()), (("default",), ()), (("cirun-large", "gpu"), ("cirun-large", "gpu"))],
)
def test_runners_of_the_service_need_no_label(said: tuple[str, ...], labels: tuple[str, ...]) -> None:
    assert job(github_actions_labels=said).labels == labels


def test_jobs_are_values() -> None:
    assert job(a=("1",)) == job(a=("1",))
    assert job(a=("1",)) != job(a=("2",))


def test_variants_of_a_matrix_are_all_different() -> None:
    for name in ("cup", "kettle", "lemon", "milk"):
        told = [tuple(sorted(one.variant.items())) for one in jobs(name).values()]
        assert len(set(told)) == len(told)
