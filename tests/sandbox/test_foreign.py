"""Foreign images in a real engine, pulled by digest from a real registry, and what is said where one cannot be."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from builder.errors import BakehouseError, MachineError, UsageError
from builder.sandbox.engine import Engine, connect
from builder.sandbox.foreign import ForeignImage, bring
from tests.registry import Registry, registry


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry of these tests' own."""
    with registry(tmp_path_factory.mktemp("registry")) as served:
        yield served


@pytest.fixture(scope="module")
def engine(docker_engine: str) -> Engine:
    """The tests' Docker."""
    return connect("docker", docker_engine)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """An image's tree with one file."""
    place = tmp_path / "tiny.tar"
    with tarfile.open(place, "w") as archive:
        member = tarfile.TarInfo(f"etc/{tmp_path.name}")
        member.size = 5
        archive.addfile(member, io.BytesIO(b"hello"))
    return place


def forget(engine: Engine, image: ForeignImage) -> None:
    client = docker.APIClient(base_url=engine.address, version="auto")
    client.remove_image(image.id, force=True)
    client.close()


def test_an_image_is_pulled_by_its_digest_once(engine: Engine, shelf: Registry, tiny: Path) -> None:
    reference = shelf.push(engine.address, tiny)
    with pytest.raises(MachineError, match="has no image") as caught:
        bring(engine, reference, offline=True)
    assert caught.value.problems[0].remedy == f"pull it while the network is reachable: `docker pull {reference}`"
    image = bring(engine, reference)
    try:
        assert reference.endswith(f"@sha256:{image.digest}")
        assert bring(engine, reference, offline=True) == image
        assert bring(engine, f"sha256:{image.digest}", offline=True).id == image.id, "the digest alone names it too"
        assert bring(engine, image.id, offline=True).id == image.id, "and so does its id"
        other = f"example.org/other@sha256:{image.digest}"
        assert bring(engine, other, offline=True).id == image.id, "bytes count, not where they came from"
    finally:
        forget(engine, image)


@pytest.mark.parametrize(
    ("reference", "kind", "message"),
    [
        ("{}/debian@sha256:" + "0" * 64, UsageError, "is in no registry"),
        ("{}/nothing@sha256:" + "0" * 64, UsageError, "is in no registry"),
        ("127.0.0.1:1/debian@sha256:" + "0" * 64, MachineError, "cannot be pulled"),
        ("sha256:" + "0" * 64, MachineError, "has no image"),
    ],
)
def test_what_nobody_has_is_told_with_a_remedy(
    engine: Engine, shelf: Registry, reference: str, kind: type[BakehouseError], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        bring(engine, reference.format(shelf.address))
    assert caught.value.problems[0].code == "sandbox.image"
    assert caught.value.problems[0].remedy
