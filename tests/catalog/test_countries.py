from ee_floods.catalog.countries import COUNTRIES, names_in


def test_codes_are_three_letters_and_names_are_not_given_twice():
    assert all(len(code) == 3 and code.isupper() for code in COUNTRIES)
    assert len(set(COUNTRIES.values())) == len(COUNTRIES) > 190


def test_codes_in_a_text_become_names():
    assert names_in("IND, BGD") == ("India", "Bangladesh")
    assert names_in("Pakistan") == ()
