"""Sweeps on Dask: the same table, and a worker that dies costs its point only."""

import os
from pathlib import Path

import neurocorex as ncx
import pytest
from neurocorex.errors import NoAnswerError
from support.pooled import MARK, fatal, learned, network, stimulus

distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install 'neurocorex[dask]'")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    mark = tmp_path_factory.mktemp("dask") / "killed"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARK, str(mark))
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(mark.parent),
        ) as cluster:  # fmt: skip
            yield cluster


def test_cluster_gives_the_same_table(cluster, tmp_path):
    options = {"seeds": range(3), "spikes": stimulus, "measure": learned}
    here = ncx.sweep(network, {"threshold": [0.5, 1.0]}, workers=1, **options)
    there = ncx.sweep(
        network, {"threshold": [0.5, 1.0]}, workers=cluster.scheduler_address, resume=tmp_path / "a.jsonl", **options
    )
    assert there == here
    assert type(there) is ncx.Table


def test_functions_of_this_session_are_sent(cluster):
    with distributed.Client(cluster, set_as_default=False) as client:
        assert ncx.sweep(lambda a: 2 * a, {"a": range(3)}, workers=client) == [
            {"a": n, "result": 2 * n} for n in range(3)
        ]


def test_error_names_its_point(cluster):
    with pytest.raises(ZeroDivisionError) as caught:
        ncx.sweep(lambda a: 1 / a, {"a": [1, 0]}, workers=cluster)
    assert "at a=0 of the grid" in caught.value.__notes__


def test_killed_worker_costs_its_point_only(cluster):
    assert ncx.sweep(fatal, {"a": range(6)}, workers=cluster) == [{"a": n, "result": 10 * n} for n in range(6)]
    calls = Path(os.environ[MARK] + ".calls").read_text().split()
    assert calls.count("2") == 2
    assert set(calls) == {str(n) for n in range(6)}


def test_nobody_at_an_address_is_told(monkeypatch):
    monkeypatch.setattr("neurocorex.many.cluster._ANSWER_S", 0.2)
    with pytest.raises(NoAnswerError, match=r"no scheduler of Dask at 'tcp://127\.0\.0\.1:9'"):
        ncx.sweep(lambda a: a, {"a": [1]}, workers="tcp://127.0.0.1:9")
