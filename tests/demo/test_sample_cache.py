"""The cache of `pe.sample()`, with a small stand-in where the real store is not the point."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import provexpo as pe
from provexpo.demo import cache


class Builder:
    """Writes two files and counts how often it was asked to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, path: Path) -> None:
        self.calls += 1
        (path / "flows").mkdir(parents=True)
        (path / "flows" / "part.parquet").write_bytes(b"x" * 1000)
        (path / "provexpo-store.json").write_text("{}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROVEXPO_CACHE", str(tmp_path))
    return tmp_path / "provexpo"


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_built_once_and_nothing_left_beside(folder: Path) -> None:
    build = Builder()
    first = cache.sample_store("sample-1", build)
    assert cache.sample_store("sample-1", build) == first == folder / "sample-1" / "sample"
    assert build.calls == 1
    assert names(folder) == ["sample-1"]


@pytest.mark.parametrize("harm", ["cut", "gone", "no_seal", "bad_seal", "empty", "a_file"])
def test_a_damaged_cache_is_rebuilt(folder: Path, harm: str) -> None:
    build = Builder()
    store = cache.sample_store("sample-1", build)
    part, seal = store / "flows" / "part.parquet", store.parent / cache.SEAL
    if harm == "cut":
        part.write_bytes(b"x" * 10)
    elif harm == "gone":
        part.unlink()
    elif harm == "no_seal":
        seal.unlink()
    elif harm == "bad_seal":
        seal.write_text("[1")
    else:
        cache.shutil.rmtree(store.parent)
        if harm == "empty":
            store.parent.mkdir()
        else:
            store.parent.write_text("in the way")
    assert cache.sample_store("sample-1", build) == store
    assert part.stat().st_size == 1000
    assert build.calls == 2
    assert names(folder) == ["sample-1"]


def test_several_at_once_all_succeed(folder: Path) -> None:
    build = Builder()
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: cache.sample_store("sample-1", build), range(4)))
    assert found == {folder / "sample-1" / "sample"}
    assert cache.is_whole(folder / "sample-1")
    assert names(folder) == ["sample-1"]


def test_a_failed_build_leaves_nothing(folder: Path) -> None:
    def fails(path: Path) -> None:
        path.mkdir()
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        cache.sample_store("sample-1", fails)
    assert names(folder) == []


@pytest.mark.parametrize("name", ["file", "od[d]"])
def test_unusable_cache_folder_means_a_temporary_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    place = tmp_path / name
    if name == "file":
        place.write_text("not a folder")
    monkeypatch.setenv("PROVEXPO_CACHE", str(place))
    build = Builder()
    store = cache.sample_store("sample-1", build)
    assert cache.sample_store("sample-1", build) == store
    assert Path(tempfile.gettempdir()) in store.parents
    assert build.calls == 1
    cache.shutil.rmtree(store.parent)


def test_the_temporary_store_is_removed_at_exit(tmp_path: Path) -> None:
    code = (
        "import sys; from provexpo.demo.cache import temporary_store\n"
        "store = temporary_store(lambda path: path.mkdir())\n"
        "assert store.is_dir()\n"
        "sys.stdout.write(str(store))"
    )
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    store = Path(run.stdout.decode())
    assert store.name == "sample"
    assert not store.parent.exists()


def test_cache_folder_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("PROVEXPO_CACHE", raising=False)
    assert cache.cache_folder() == tmp_path / "xdg"
    monkeypatch.setenv("PROVEXPO_CACHE", str(tmp_path / "own"))
    assert cache.cache_folder() == tmp_path / "own"


def test_sample_opens_with_the_published_figures(folder: Path) -> None:
    trade = pe.sample()
    assert trade.illustrative
    grains = {g.id for g in trade.grains("export")}
    assert grains >= {"CHN:illustrative:province+partner+hs8", "CHN:gacc_bulletin:province"}
    assert pe.sample().load == trade.load
    assert len(names(folder)) == 1
