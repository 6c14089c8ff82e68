"""The service's limits as a client meets them: counts, sizes, states of tasks, request ids; and none."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from ee_floods.engine.assets.created import CreatedAssets
from ee_floods.engine.assets.quota import MAX_ASSETS, MAX_BYTES, check_quota
from ee_floods.engine.errors import EngineError
from ee_floods.engine.server.limiter import AT_ONCE, PER_MINUTE, RequestLimiter
from ee_floods.engine.state.database import Database
from ee_floods.engine.state.folder import StateFolder
from ee_floods.engine.state.operation_filter import OperationFilter
from ee_floods.engine.state.operations import Operations
from tests.engine.engine_process import EngineProcess

VALUE = "/v1/projects/local/value:compute"


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "state")
    folder.create()
    return folder


@pytest.fixture
def operations(folder: StateFolder) -> Operations:
    return Operations(Database(folder.database))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[EngineProcess]:
    engine = EngineProcess(tmp_path / "engine", workers=1)
    yield engine.start()
    engine.stop()


class Gate:
    """An application whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.open.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})


def ask(limiter: RequestLimiter, path: str) -> asyncio.Task[int]:
    async def run() -> int:
        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        await limiter({"type": "http", "path": path, "method": "POST"}, None, send)  # type: ignore[arg-type]
        return statuses[0]

    return asyncio.create_task(run())


def test_the_41st_interactive_request_in_flight_is_refused_and_others_are_not() -> None:
    async def scenario() -> None:
        gate = Gate()
        limiter = RequestLimiter(gate)
        waiting = [ask(limiter, VALUE) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        assert await ask(limiter, VALUE) == 429
        tile = ask(limiter, "/v1/projects/local/maps/x-y/tiles/0/0/0")
        listing = ask(limiter, "/v1/projects/local/operations")
        gate.open.set()
        assert {await task for task in [*waiting, tile, listing]} == {200}
        assert await ask(limiter, VALUE) == 200

    asyncio.run(scenario())
    assert AT_ONCE == 40


def test_a_request_that_fails_gives_its_place_back() -> None:
    async def scenario() -> None:
        async def broken(scope: Any, receive: Any, send: Any) -> None:
            raise EngineError("x")

        limiter = RequestLimiter(broken, at_once=1)
        for _ in range(3):
            with pytest.raises(EngineError):
                await ask(limiter, VALUE)

    asyncio.run(scenario())


def test_the_rate_is_counted_over_any_minute() -> None:
    async def scenario() -> None:
        times = [0.0]
        gate = Gate()
        gate.open.set()
        limiter = RequestLimiter(gate, per_minute=3, clock=lambda: times[-1])
        for moment in (0.0, 20.0, 40.0):
            times.append(moment)
            assert await ask(limiter, VALUE) == 200
        times.append(59.0)
        assert await ask(limiter, VALUE) == 429
        times.append(60.5)  # the first one is more than a minute ago
        assert await ask(limiter, VALUE) == 200
        assert await ask(limiter, VALUE) == 429

    asyncio.run(scenario())
    assert PER_MINUTE == 6000


def test_the_queue_takes_3000_tasks_and_names_its_length(folder: StateFolder, operations: Operations) -> None:
    _fill_queue(folder, 2999)
    operations.start("p", "EXPORT_IMAGE", {})
    with pytest.raises(EngineError, match=r"^Too many tasks already in the queue \(3000\)\. Please wait"):
        operations.start("p", "EXPORT_IMAGE", {})
    assert operations.start("p", "EXPORT_IMAGE", {}, limited=False)[1]


@pytest.mark.parametrize("request_id", ["x" * 61, "a_b", "a b", "ü", "a/b"])
def test_request_id_of_other_signs_or_too_long_is_refused(operations: Operations, request_id: str) -> None:
    with pytest.raises(EngineError, match="at most 60 characters"):
        operations.start("p", "EXPORT_IMAGE", {"requestId": request_id})


def test_one_request_id_starts_one_task_whatever_else_it_says(operations: Operations) -> None:
    given = {"requestId": "A-z0" * 15, "description": "first"}
    first, new = operations.start("p", "EXPORT_IMAGE", given)
    assert new
    claimed = operations.claim()
    assert claimed is not None
    operations.succeed(first.id, ())
    again, new = operations.start("p", "EXPORT_IMAGE", {**given, "description": "second"})
    assert (again.id, again.state, again.description, new) == (first.id, "SUCCEEDED", "first", False)
    assert operations.start("p", "EXPORT_IMAGE", {})[1]
    assert operations.start("p", "EXPORT_IMAGE", {})[1]  # without an id each request is another task


def test_states_and_times_follow_the_service_s_order(operations: Operations) -> None:
    task, _ = operations.start("p", "EXPORT_IMAGE", {"description": "d", "priority": 7})
    waiting = task.to_resource()["metadata"]
    assert waiting["state"] == "PENDING"
    assert {"startTime", "endTime", "attempt", "stages"}.isdisjoint(waiting)
    operations.claim()
    operations.report(task.id, 0.25)
    running = operations.get(task.id).to_resource()
    assert (running["metadata"]["state"], running["metadata"]["attempt"]) == ("RUNNING", 1)
    assert "done" not in running
    assert [stage["completeWorkUnits"] for stage in running["metadata"]["stages"]] == [0.25, 0.0]
    assert operations.requeue(operations.get(task.id))
    operations.claim()
    operations.succeed(task.id, ("gs://b/x",))
    ended = operations.get(task.id).to_resource()
    found = ended["metadata"]
    assert (ended["done"], found["state"], found["attempt"], found["priority"]) == (True, "SUCCEEDED", 2, 7)
    times = [datetime.fromisoformat(found[f"{key}Time"]) for key in ("create", "start", "update", "end")]
    assert times == sorted(times)
    assert [stage["completeWorkUnits"] for stage in found["stages"]] == [1.0, 1.0]
    assert found["stages"][0]["totalWorkUnits"] == "1"


def test_higher_priority_runs_first_and_full_projects_wait(operations: Operations) -> None:
    for project, priority in (("a", 100), ("b", 100), ("a", 200)):
        operations.start(project, "EXPORT_IMAGE", {"priority": priority})
    claimed = operations.claim()
    assert claimed is not None
    assert (claimed.project, claimed.priority) == ("a", 200)
    other = operations.claim(["a"])
    assert other is not None
    assert other.project == "b"
    assert operations.claim(["a"]) is None


@pytest.mark.parametrize("priority", [-1, 10_000, "high", {"value": "x"}, [1]])
def test_priority_that_is_none_is_refused(operations: Operations, priority: Any) -> None:
    with pytest.raises(EngineError) as error:
        operations.start("p", "EXPORT_IMAGE", {"priority": priority})
    assert error.value.code == 400


def test_operations_are_listed_in_pages_that_new_tasks_do_not_move(
    small: EngineProcess, connect: Callable[[EngineProcess], Any]
) -> None:
    _fill_queue(StateFolder(small.state), 7, state="SUCCEEDED")
    path = "/v1/projects/p/operations"
    first = small.get(path, pageSize=3)
    _fill_queue(StateFolder(small.state), 2, state="FAILED")
    second = small.get(path, pageSize=3, pageToken=first["nextPageToken"])
    third = small.get(path, pageSize=3, pageToken=second["nextPageToken"])
    names = [item["name"] for page in (first, second, third) for item in page["operations"]]
    assert len(names) == len(set(names)) == 7
    assert "nextPageToken" not in third
    failed = small.get(path, filter='metadata.state = "FAILED" AND done = true')["operations"]
    assert len(failed) == 2
    assert small.get(path, filter="done=false") == {"operations": []}
    for query in ({"pageSize": "x"}, {"pageSize": "-1"}, {"pageToken": "x"}, {"filter": "cost > 3"}):
        answer = requests.get(small.url + path, params=query, timeout=30)
        assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT"), query


def test_filter_s_values_are_never_part_of_the_query() -> None:
    wanted = OperationFilter.parse('metadata.description = "x\' OR 1=1 --"')
    assert wanted.sql == "description = ?"
    assert wanted.values == ("x' OR 1=1 --",)


def test_project_config_tells_and_changes_how_many_tasks_run_at_once(
    small: EngineProcess, connect: Callable[[EngineProcess], Any]
) -> None:
    ee = connect(small)
    assert ee.data.getProjectConfig()["maxConcurrentExports"] == 2
    assert ee.data.updateProjectConfig({"maxConcurrentExports": 1})["maxConcurrentExports"] == 1
    assert ee.data.getProjectConfig()["planMaxConcurrentExports"] == 2
    with pytest.raises(ee.EEException, match="max_concurrent_exports"):
        ee.data.updateProjectConfig({"maxConcurrentExports": 3})


def test_asset_quota_counts_assets_and_bytes_and_not_what_is_replaced(folder: StateFolder) -> None:
    database = Database(folder.database)
    created = CreatedAssets(database, folder, "p")
    root = "projects/p/assets"
    created.make_folder(f"{root}/f", "FOLDER", {})
    with database.transaction() as connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO assets (id, parent, type, properties, simulated, update_time, size_bytes)"
            " SELECT ? || '/f/' || i, ? || '/f', 'TABLE', '{}', 0, 0, 1 FROM n",
            (MAX_ASSETS - 1, root, root),
        )
    with pytest.raises(EngineError, match="10000 of 10000 assets") as error:
        check_quota(created, f"{root}/f/new")
    assert error.value.code == 429
    check_quota(created, f"{root}/f/17")
    check_quota(created, "projects/other/assets/x")
    with pytest.raises(EngineError, match="storage quota"):
        check_quota(created, f"{root}/f/17", new_bytes=MAX_BYTES)


def test_limits_bind_at_the_routes_and_no_limits_lifts_them(tmp_path: Path) -> None:
    for limits, status in ((True, 429), (False, 200)):
        engine = EngineProcess(tmp_path / f"state-{limits}", workers=1, limits=limits).start()
        try:
            database = sqlite3.connect(engine.state / "engine.sqlite3")
            database.execute(
                "INSERT INTO assets (id, parent, type, properties, simulated, update_time, size_bytes)"
                " VALUES ('projects/local/assets/big', 'projects/local/assets', 'TABLE', '{}', 0, 0, ?)",
                (MAX_BYTES + 1,),
            )
            database.commit()
            database.close()
            address = f"{engine.url}/v1/projects/local/assets?assetId=more"
            assert requests.post(address, json={"type": "FOLDER"}, timeout=30).status_code == status
        finally:
            engine.stop()


def _fill_queue(folder: StateFolder, number: int, state: str = "PENDING") -> None:
    with sqlite3.connect(folder.database) as database:
        first = database.execute("SELECT coalesce(max(sequence), 0) FROM operations").fetchone()[0]
        database.executemany(
            "INSERT INTO operations (id, sequence, project, kind, request, description, priority, state,"
            " create_time, update_time) VALUES (?, ?, 'p', 'EXPORT_IMAGE', '{}', '', 100, ?, 1, 1)",
            [(f"T{first + index}", first + index, state) for index in range(1, number + 1)],
        )
    database.close()
