"""Submitting once: against a service that can lose answers, forget tasks and fail."""

from types import SimpleNamespace

import pytest

from ee_floods.errors import ServiceError, TaskFailedError
from ee_floods.service import tasks
from ee_floods.service.ledger import MemoryLedger
from ee_floods.service.tasks import Polling, follow, submit

SESSION = SimpleNamespace(target="local", project="local")


class Service:
    """Operations as the REST API answers them; a request id starts one operation only."""

    def __init__(self):
        self.operations: dict[str, dict] = {}
        self.by_id: dict[str, str] = {}
        self.lose_answer = False

    def start(self, identity, description):
        import ee

        if identity in self.by_id:
            raise ee.EEException("A request with this ID was made before.")
        name = f"projects/local/operations/{len(self.operations)}"
        self.by_id[identity] = name
        self.operations[name] = {
            "name": name,
            "metadata": {"state": "PENDING", "description": description},
        }
        if self.lose_answer:
            raise KeyboardInterrupt
        return name

    def end(self, name, state, message=None):
        self.operations[name]["metadata"]["state"] = state
        self.operations[name]["done"] = True
        if message:
            self.operations[name]["error"] = {"code": 3, "message": message}

    def get(self, name):
        from ee_floods.service.faults import NotFoundError

        if name not in self.operations:
            raise NotFoundError(f"Operation {name} not found.")
        return self.operations[name]


@pytest.fixture
def service(monkeypatch):
    import ee

    fake = Service()
    monkeypatch.setattr(ee.data, "getOperation", fake.get)
    monkeypatch.setattr(ee.data, "listOperations", lambda: list(fake.operations.values()))
    return fake


def send(service, ledger, *, arrived=lambda: True, request=None):
    return submit(
        request or {"scale": 10},
        kind="image:export",
        start=service.start,
        session=SESSION,
        ledger=ledger,
        description="chips of Pakistan 2022/08",
        destination="gs://b/x/",
        arrived=arrived,
    )


def test_a_second_run_starts_nothing_while_it_runs_or_when_it_succeeded(service):
    ledger = MemoryLedger()
    first = send(service, ledger)
    assert send(service, ledger) == first
    service.end(first.operation, "SUCCEEDED")
    assert send(service, ledger).state == "SUCCEEDED"
    assert len(service.operations) == 1


def test_the_service_sees_a_clean_description_that_names_the_request(service):
    record = send(service, MemoryLedger())
    assert record.description.startswith("chips-of-Pakistan-2022-08-eef-")
    assert len(record.description) <= 100
    assert record.request_id.endswith("-1")


def test_an_answer_that_was_lost_is_found_again(service):
    ledger = MemoryLedger()
    service.lose_answer = True
    with pytest.raises(KeyboardInterrupt):
        send(service, ledger)
    service.lose_answer = False
    again = send(service, ledger)
    assert again.operation == "projects/local/operations/0"
    assert len(service.operations) == 1


def test_a_ledger_that_was_lost_finds_the_task_at_the_service(service):
    first = send(service, MemoryLedger())
    assert send(service, MemoryLedger()).operation == first.operation
    assert len(service.operations) == 1


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_only_a_failure_that_the_service_tells_raises_the_attempt(service, state):
    ledger = MemoryLedger()
    first = send(service, ledger)
    service.end(first.operation, state, "Internal error.")
    second = send(service, ledger)
    assert (first.attempt, second.attempt) == (1, 2)
    assert second.key == first.key
    assert second.request_id != first.request_id


def test_a_result_that_was_removed_is_made_again(service):
    ledger = MemoryLedger()
    first = send(service, ledger)
    service.end(first.operation, "SUCCEEDED")
    assert send(service, ledger, arrived=lambda: False).attempt == 2


def test_a_task_that_the_service_forgot_is_sent_with_the_same_id(service):
    ledger = MemoryLedger()
    first = send(service, ledger)
    service.operations.clear()
    service.by_id.clear()
    again = send(service, ledger, arrived=lambda: False)
    assert again.request_id == first.request_id


def test_other_requests_are_other_tasks(service):
    ledger = MemoryLedger()
    assert send(service, ledger).key != send(service, ledger, request={"scale": 20}).key


def test_following_ends_with_the_last_state_and_tells_progress(service):
    ledger = MemoryLedger()
    record = send(service, ledger)
    seen, waits = [], []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            service.end(record.operation, "SUCCEEDED")

    (done,) = follow([record], ledger=ledger, sleep=sleep, progress=lambda now: seen.append(now[0].state))
    assert done.state == "SUCCEEDED"
    assert ledger.find(record.key).state == "SUCCEEDED"
    assert seen == ["PENDING", "PENDING", "PENDING", "SUCCEEDED"]
    assert waits == sorted(waits)


def test_a_failed_task_says_what_the_service_said(service):
    ledger = MemoryLedger()
    record = send(service, ledger)
    service.end(record.operation, "FAILED", "User memory limit exceeded.")
    with pytest.raises(TaskFailedError, match="User memory limit exceeded") as caught:
        follow([record], ledger=ledger)
    assert "smaller area" in caught.value.remedy
    assert ledger.find(record.key).error == "User memory limit exceeded."


def test_waiting_is_bounded_when_asked(service):
    clock = iter(range(100))
    with pytest.raises(ServiceError, match="did not end"):
        follow(
            [send(service, MemoryLedger())],
            ledger=MemoryLedger(),
            polling=Polling(timeout_s=5),
            sleep=lambda _: None,
            clock=lambda: float(next(clock)),
        )


def test_a_task_that_vanishes_while_followed_is_an_error(service):
    ledger = MemoryLedger()
    record = send(service, ledger)
    service.operations.clear()
    with pytest.raises(TaskFailedError, match="does not know"):
        follow([record], ledger=ledger, sleep=lambda _: None)


def test_labels_keep_the_tag_however_long_the_description():
    label = tasks._label("x" * 300, "eef-" + "a" * 40, 12)
    assert len(label) == 100
    assert label.endswith("-eef-aaaaaaaaaaaa-12")
