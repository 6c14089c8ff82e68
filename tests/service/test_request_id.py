import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ee_floods.errors import InputError
from ee_floods.service.request_id import request_id, request_key

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.integers(1, 10**6))
def test_ids_are_what_the_service_accepts(request, attempt):
    name = request_id(request, attempt)
    assert re.fullmatch(r"eef-[a-z2-7]{40}-[0-9]+", name)
    assert len(name) <= 60
    assert request_id(request, attempt) == name


def test_order_of_keys_does_not_matter_and_values_do():
    assert request_id({"a": 1, "b": [2]}) == request_id({"b": [2], "a": 1})
    assert request_id({"a": 1}) != request_id({"a": 2})
    assert request_id({"a": 1}, 2).startswith(request_key({"a": 1}))


def test_the_id_is_the_same_on_every_machine():
    # sha256 of `{"scale":10}` in base32: computed with coreutils, `printf | sha256sum | xxd -r -p | base32`.
    assert request_key({"scale": 10}) == "eef-" + EXPECTED


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(InputError):
        request_id({"image": object()})
    with pytest.raises(InputError):
        request_id({"scale": float("nan")})


EXPECTED = "y2psdvdxuzxrolr4gkecn6aa5jyavr4pvhfzmu7c"
