import pytest

from ee_floods.errors import AccessError, RestrictedModeError, TransientError
from ee_floods.service.faults import RateLimitError, RequestTooLargeError
from ee_floods.service.retry import Backoff, retry


class Service:
    """Fails with the given errors in turn, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


@pytest.mark.parametrize("fault", [TransientError("busy"), RateLimitError("slow down"), ConnectionError("x")])
def test_what_may_pass_is_tried_again_and_waits_grow(fault):
    service, waits = Service(fault, fault, fault), []
    answer = retry(service, doing="asking", sleep=waits.append, draw=lambda: 1.0)
    assert answer == "answer"
    assert waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    "fault", [RestrictedModeError("spent"), AccessError("no"), RequestTooLargeError("big")]
)
def test_what_cannot_pass_is_not_tried_again(fault):
    service = Service(fault, fault)
    with pytest.raises(type(fault)):
        retry(service, doing="asking", sleep=lambda _: pytest.fail("waited"))
    assert service.calls == 1


def test_tries_are_bounded_and_the_last_fault_is_raised_with_its_cause():
    service = Service(*[ConnectionError("gone")] * 9)
    with pytest.raises(TransientError, match="Asking failed") as caught:
        retry(service, doing="asking", backoff=Backoff(tries=3), sleep=lambda _: None)
    assert service.calls == 3
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_a_mistake_in_the_program_is_not_hidden_as_a_service_fault():
    with pytest.raises(KeyError):
        retry(Service(KeyError("band")), doing="asking", sleep=lambda _: None)


def test_waits_are_capped_and_spread_between_half_and_all():
    backoff = Backoff(tries=9, first_s=1, factor=3, longest_s=10)
    low, high = list(backoff.waits(lambda: 0.0)), list(backoff.waits(lambda: 1.0))
    assert len(high) == 8
    assert max(high) == 10
    assert low == [wait / 2 for wait in high]
