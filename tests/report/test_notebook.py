"""A verdict in a notebook, and as a figure."""

import numpy as np
import pytest

import gradcheck as gc
from gradcheck.report.curve import Curve


@pytest.fixture(scope="module")
def wrong():
    return gc.verify_jacobian(np.sin, lambda x: np.diag(-np.cos(x)), np.array([0.3, 1.0, 2.0]))


def test_a_failure_is_shown_with_heat_maps(wrong):
    shown = wrong._repr_html_()
    assert shown.count("<svg") == 3
    assert "3 by 3, 3 wrong" in shown
    assert "FAIL, wrong value" in shown
    passed = gc.verify_jacobian(np.sin, lambda x: np.diag(np.cos(x)), np.array([0.3]))
    assert "<svg" not in passed._repr_html_()
    assert gc.Verdicts([wrong, passed])._repr_html_().count("<pre") == 2


def test_names_of_users_are_text_there():
    def rule(x):
        return np.diag(-np.cos(x))

    rule.__name__ = "<img src=x>"
    shown = gc.verify_jacobian(np.sin, rule, np.array([0.3, 1.0]))._repr_html_()
    assert "<img" not in shown
    assert "&lt;img src=x&gt;" in shown


def test_a_gradient_is_drawn_in_the_shape_of_its_input():
    verdict = gc.verify_vjp(lambda x: x**2, lambda dy, x: dy * x, np.ones((2, 3, 4)))
    assert "6 by 4, 1 wrong" in verdict._repr_html_()


def test_a_figure_has_the_maps_and_the_curve(wrong, tmp_path):
    figure = wrong.plot()
    titles = [axis.get_title() for axis in figure.axes]
    assert "∂y/∂x, claimed" in titles
    assert any("claimed" in title and "measured" in title for title in titles)
    figure.savefig(tmp_path / "figure.svg")
    with pytest.raises(gc.InputError, match="nothing to draw"):
        gc.verify_jacobian(np.sin, lambda x: np.diag(np.cos(x)), np.array([0.3])).plot()


def test_the_quotients_of_a_failure_make_a_valley_around_the_trusted_steps(wrong):
    worst = wrong.worst
    curve = Curve.of(wrong.quotients, worst.claimed, worst.measured, worst.error)
    low, high = curve.window
    inside = [d for s, d in zip(curve.steps, curve.from_measured, strict=True) if low <= s <= high]
    assert max(inside) < 1e-6 < curve.from_measured[0]  # truncated at the largest step
    assert curve.from_measured[-1] > min(inside)  # rounded at the smallest
    assert min(curve.from_claimed) > 0.1
    assert len(gc.verify_vjp(np.sin, lambda dy, x: dy * np.cos(x), np.ones(3)).quotients) == 0
