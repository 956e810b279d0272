"""Records that rattler cannot read are found one by one, in every section."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rattler.channel.channel import Channel
from rattler.repo_data.sparse import SparseRepoData

from builder.environment.unreadable import fault_of, unreadable
from builder.store import Store

GOOD: dict[str, Any] = {"name": "a", "version": "1", "build": "0", "build_number": 0, "subdir": "noarch", "depends": []}


@pytest.mark.parametrize(
    ("section", "key"),
    [
        (("packages",), "a-1-0.tar.bz2"), (("packages.conda",), "a-1-0.conda"), (("v3", "conda"), "a-1-0"),
        (("v3", "tar.bz2"), "a-1-0"),
    ],
)  # fmt: skip
def test_a_record_by_itself(store: Store, section: tuple[str, ...], key: str) -> None:
    assert fault_of(section, key, json.dumps(GOOD), store) is None
    assert "cobol" in str(fault_of(section, key, json.dumps({**GOOD, "noarch": "cobol"}), store))
    assert "invalid type" in str(fault_of(section, key, json.dumps({**GOOD, "license": ["é"]}), store))
    assert fault_of(section, key, "nonsense", store)
    store.close()
    assert not list(store.root.rglob("repodata.json"))


def test_the_names_of_what_cannot_be_read(tmp_path: Path) -> None:
    records = {f"{name}-1-0.conda": {**GOOD, "name": name} for name in ("a", "b", "c")}
    records["b-1-0.conda"]["noarch"] = "cobol"
    records["b-2-0.conda"] = {**GOOD, "name": "b", "version": "2"}
    records["c-1-0.conda"]["timestamp"] = 1.5
    path = tmp_path / "repodata.json"
    path.write_text(json.dumps({"packages.conda": records}))
    assert unreadable(SparseRepoData(Channel("file:///c"), "noarch", path)) == {"b", "c"}
