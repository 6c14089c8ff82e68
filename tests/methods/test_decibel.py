import numpy as np
from scipy.special import exp10

from ee_floods.methods.decibel import db_to_power, power_to_db


def test_power_is_ten_to_the_tenth_of_db():
    db = np.array([-57.0, -20.0, -3.0103, 0.0, 25.0])
    np.testing.assert_allclose(db_to_power(db), exp10(db / 10), rtol=1e-12)
    np.testing.assert_allclose(db_to_power(db)[2:4], [0.5, 1.0], rtol=1e-5)


def test_there_and_back_is_the_same():
    db = np.linspace(-57, 25, 50)
    np.testing.assert_allclose(power_to_db(db_to_power(db)), db, atol=1e-9)


def test_power_that_is_not_positive_has_no_db():
    assert np.isnan(power_to_db(np.array([0.0, -1e-3, np.nan]))).all()
