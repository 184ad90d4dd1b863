"""The guards of the engine, and how each is switched off: ``GUARDS[name](monkeypatch)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import judging
from gradcheck.judging import (
    comparison,
    conclusion,
    context,
    entries,
    hessians,
    kinks,
    listed,
    one_entry,
    pulled,
    rule_rounding,
    screened,
    screening,
    settling,
    stacking,
)
from gradcheck.judging.evidence import Resolved
from gradcheck.judging.rule_rounding import RuleRounding
from gradcheck.oracle import directions, elementwise, entry, interval, noise, point, rounding
from gradcheck.oracle.ladder import Line
from gradcheck.subject import Subject

Off = Callable[[pytest.MonkeyPatch], None]
GUARDS: dict[str, Off] = {}


def guard(off: Off) -> Off:
    """Note a guard under its name, with spaces."""
    GUARDS[off.__name__.replace("_", " ")] = off
    return off


def set_all(patch: pytest.MonkeyPatch, name: str, value: Any, *modules: Any) -> None:
    """Set a name that several modules have imported."""
    for module in modules:
        patch.setattr(module, name, value)


# ---- directions ----------------------------------------------------------------------------


@guard
def exact_steps(patch):
    patch.setattr(directions, "_make_exact", lambda x, v, ladder: None)


@guard
def a_line_by_spread(patch):
    set_all(patch, "BOTH", ("magnitude", "magnitude"), settling, screening)


@guard
def a_line_by_magnitude(patch):
    set_all(patch, "BOTH", ("spread", "spread"), settling, screening)


@guard
def magnitudes_that_differ(patch):
    def signs(rng, size):
        return np.where(rng.random(size) < 0.5, -0.75, 0.75)

    set_all(patch, "magnitudes", signs, directions, stacking, pulled)


@guard
def balanced_inputs(patch):
    patch.setattr(directions, "_balance", lambda s, weights, typical: None)


@guard
def steps_inside_the_domain(patch):
    patch.setattr(point.Point, "reach", lambda self: None)


@guard
def spread_that_is_no_rounding(patch):
    patch.setattr(directions, "_EQUAL", 0.0)


@guard
def directions_that_stay_in_the_domain(patch):
    patch.setattr(Subject, "_tangent", lambda self: None)


# ---- the choice of a step -------------------------------------------------------------------


@guard
def smallest_step_first(patch):
    def select(steps, values, floor, start=None, *_, **__):
        """The smallest error estimate, wherever on the ladder."""
        with np.errstate(all="ignore"):
            change = np.abs(np.diff(values, axis=0))
            noise = np.maximum(floor, 0.0 if start is None else start)
            error = change + 2 * noise / steps[1:, None]
            error = np.where(np.isfinite(error), error, np.inf)
            best = error.argmin(axis=0)
        columns = np.arange(values.shape[1])
        error = error[best, columns]
        return np.where(np.isfinite(error), values[1:][best, columns], 0.0), error

    set_all(patch, "select", select, entry, elementwise)


@guard
def noise_that_does_not_grow(patch):
    real = interval.select

    def select(steps, values, floor, start=None, *_, **how):
        return real(steps, values, floor, start, np.inf, **how)

    set_all(patch, "select", select, entry, elementwise)


@guard
def plain_differences(patch):
    real = interval.select

    def extrapolated(steps, values, floor, start=None, *others, **how):
        ratio = (steps[:-1] / steps[1:])[:, None] ** 2
        finer = values[1:] + (values[1:] - values[:-1]) / (ratio - 1)
        return real(steps[1:], finer, floor, start, *others, **how)

    set_all(patch, "select", extrapolated, entry, elementwise)


@guard
def sampled_noise(patch):
    patch.setattr(
        entry, "noise_beside", lambda line, smallest, u: np.zeros(line.point.m if u is None else 1)
    )


@guard
def steps_beside_powers_of_two(patch):
    patch.setattr(noise, "_BESIDE", ())


@guard
def rounding_of_the_function(patch):
    patch.setattr(Subject, "_scatter", lambda self: None)


@guard
def rounding_of_the_steps(patch):
    patch.setattr(point.Point, "stepping", property(lambda self: np.zeros(self.m)))


@guard
def the_step_that_was_taken(patch):
    patch.setattr(Line, "taken", lambda self, h: h)


@guard
def wide_levels(patch):
    set_all(patch, "wide_levels", lambda line, ladder: list(range(ladder.count)), comparison, kinks)


@guard
def deeper_levels(patch):
    patch.setattr(entry, "_UNEXPLAINED", np.inf)


@guard
def frozen_functions(patch):
    patch.setattr(entry, "_moves", lambda line, t, u, still: 1.0)


@guard
def underflow(patch):
    set_all(patch, "TINY", 0.0, comparison, stacking, pulled)


@guard
def an_imaginary_step(patch):
    patch.setattr(Subject, "_imaginary", lambda self, v, **how: None)


# ---- kinks ----------------------------------------------------------------------------------


@guard
def gap_of_the_cheap_pass(patch):
    none = lambda coarse, fine, floor: np.zeros_like(fine)  # noqa: E731
    set_all(patch, "kink_gap", none, comparison, pulled, listed)


@guard
def gap_of_the_careful_look(patch):
    patch.setattr(entry.Slopes, "kinked", property(lambda self: np.zeros(self.gap.shape, bool)))


@guard
def gap_by_the_same_at_both_steps(patch):
    real = comparison.Pair.kinked
    patch.setattr(comparison.Pair, "kinked", lambda self, *, surely: real(self, surely=False))


@guard
def gaps_that_grow_are_noise(patch):
    patch.setattr(comparison.Pair, "_noise", lambda self, coarse, fine: np.zeros(1))


@guard
def entry_beside_the_point(patch):
    patch.setattr(entries, "_beside", lambda *args, **how: "wrong")


@guard
def smooth_operations_have_no_kink(patch):
    patch.setattr(Subject, "is_analytic", False)


@guard
def directions_that_keep_ties(patch):
    patch.setattr(kinks, "_along_ties", lambda context, kinked: None)


@guard
def a_point_beside_a_kink(patch):
    patch.setattr(context.Context, "beside", lambda self, *args, **kwargs: None)


@guard
def two_points_beside(patch):
    patch.setattr(kinks, "FURTHER", kinks.BESIDE)


@guard
def kinks_exactly_at_the_input(patch):
    patch.setattr(kinks, "_exactly", lambda context, sides: np.ones(context.point.n, bool))


@guard
def one_basic_kink(patch):
    patch.setattr(kinks, "_basic", lambda context, v, sides, kinked: True)


@guard
def elementwise_dependence(patch):
    patch.setattr(kinks, "is_elementwise", lambda *given: True)


@guard
def own_scale_of_an_input(patch):
    patch.setattr(kinks, "_own_scale", lambda point: kinks.scales(point, "spread"))


@guard
def elementwise_kinks_are_judged(patch):
    patch.setattr(kinks, "_convention", lambda context, kinked: 0)


# ---- the rule -------------------------------------------------------------------------------


@guard
def rounding_of_the_rule(patch):
    patch.setattr(context.Context, "claim_rounding", lambda self, *args, **kwargs: 0.0)


@guard
def choices_are_no_rounding(patch):
    patch.setattr(rule_rounding, "_GROWS", 0.0)


@guard
def rounding_of_the_inputs_alone(patch):
    real = RuleRounding._scattered

    def scattered(self, run, **how):
        return 0.0 if how.get("inputs_alone") else real(self, run, **how)

    patch.setattr(RuleRounding, "_scattered", scattered)


@guard
def rounding_of_partial_sums(patch):
    def plain(compute, given, rng, **_):
        return rounding._wrap(compute(*given), rng)

    patch.setattr(rounding, "_summed", plain)


@guard
def rounding_of_sums_of_products(patch):
    patch.setattr(context, "ROUNDED", 0.0)


# ---- cotangents -----------------------------------------------------------------------------


@guard
def two_cotangents(patch):
    patch.setattr(pulled, "_COTANGENTS", 1)


@guard
def capped_weights(patch):
    patch.setattr(pulled, "_WEIGHT_CAP", 2.0**-40)


@guard
def whitened_cotangents(patch):
    patch.setattr(pulled.Pulled, "_cotangents", lambda self, signs: signs)


@guard
def bounded_weights_of_outputs(patch):
    patch.setattr(pulled, "_WIDEST", 0.0)


# ---- the order of judging -------------------------------------------------------------------


@guard
def careful_look_before_an_accusation(patch):
    def cheaply(line, u, ladder, epsilon, **how):
        pair = comparison.Pair(line, ladder, *ladder.pairs[0], epsilon)
        value, gap, floor = pair.projected(u)
        return entry.Slopes(*(np.array([x]) for x in (value, floor, gap, 2 * floor)))

    patch.setattr(one_entry, "measure_along", cheaply)


@guard
def careful_look_at_a_line(patch):
    patch.setattr(comparison, "_within", lambda context, test, measured, v=None: False)


@guard
def an_entry_has_to_be_wrong(patch):
    real = entries._examine

    def examined(ctx, u, column):
        outcome = real(ctx, u, column)
        if outcome == "right":
            ctx.evidence.wrong = ctx.entry(int(np.argmax(np.abs(u))), column, 0.0, 1.0, 0.0)
            ctx.evidence.title = "wrong value"
            return "wrong"
        return outcome

    patch.setattr(entries, "_examine", examined)


@guard
def an_entry_by_both_scales(patch):
    real = one_entry.coordinate_reach

    def one(point, column):
        return real(point, column)[:1] * 2

    patch.setattr(one_entry, "coordinate_reach", one)


@guard
def cheap_agreement_that_resolves(patch):
    set_all(patch, "COARSEST", np.inf, comparison, screened, pulled, listed)


@guard
def coarse_passes_are_undecided(patch):
    set_all(patch, "COARSEST", np.inf, settling, conclusion)


@guard
def closer_look_at_coarse_passes(patch):
    patch.setattr(settling, "poorly_resolved", lambda context: [])


@guard
def gradients_looked_at_alone(patch):
    def alone(context, leaf):
        return context.screened[0]

    patch.setattr(settling, "alone", alone)


@guard
def wide_look_at_what_is_undecided(patch):
    patch.setattr(settling, "sharpen", lambda context, screened, wide=False: False)


@guard
def gradients_lost_beside_others(patch):
    patch.setattr(Resolved, "lost", [])


@guard
def inputs_at_the_edge_move_inwards(patch):
    patch.setattr(context.Context, "confined", property(lambda self: np.zeros(self.point.n, bool)))


@guard
def halves_after_weights(patch):
    patch.setattr(entries, "suspect_column", lambda v, residual: int(np.flatnonzero(v)[0]))


@guard
def weights_before_halves(patch):
    patch.setattr(entries, "weighed_column", lambda v, whole, residual: None)


@guard
def several_outputs_together(patch):
    real = entries._pursue

    def single(ctx, line, test, *rest):
        # Only the output that a disagreement comes from.
        test.u = entries.suspect_output(test.u, lambda part: ctx.claim.number(part, line.v))
        return real(ctx, line, test, *rest)

    patch.setattr(entries, "_pursue", single)


@guard
def derivatives_that_overflow(patch):
    patch.setattr(judging, "_overflows", lambda subject, case: False)


@guard
def margin(patch):
    set_all(patch, "MARGIN", 1.0, comparison, one_entry, kinks)


# ---- Hessians -------------------------------------------------------------------------------


@guard
def a_gradient_that_passes_nearby(patch):
    patch.setattr(hessians, "_NEARBY", 0.0)


@guard
def own_steps_of_inner_differences(patch):
    patch.setattr(hessians, "_own", lambda subject: hessians.scales(subject.point, "spread"))
