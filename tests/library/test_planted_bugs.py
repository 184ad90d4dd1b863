"""Every claim of the library has a wrong version in ``planted/``, and every one is caught.

A claim that no mistake can break claims nothing. The table names, for each claim of each file in
``derivations/``, the wrong versions of it in the file of the same name in ``planted/``.
"""

import importlib.util
import sys
from pathlib import Path

import pytest

import gradcheck
from gradcheck import Derivation, loading

HERE = Path(__file__).parent
LIBRARY = HERE.parent.parent / "derivations"

PLANTED_BUGS = {
    "cross_entropy": {
        "cross_entropy[vjp-dl_dq]": [
            "sign_lost",
            "not_averaged",
            "averaged_over_the_classes_too",
        ],
        "cross_entropy[vjp-dl_dt]": ["logarithm_forgotten"],
        "cross_entropy_of_labels[gradient-gradient_of_labels]": [
            "gradient_not_averaged",
            "every_class_taken_for_the_label",
        ],
        "labels_are_certain_targets": ["mean_and_sum"],
    },
    "linear": {
        "linear_row[jacobian-weights_transposed]": ["weights_not_transposed"],
        "linear_row[vjp-backward_row]": [
            "outer_product_transposed",
            "bias_summed_over_the_outputs",
        ],
        "upstream_times_weights": ["output_for_upstream"],
        "linear[vjp-dl_dx]": ["averaged_over_the_rows", "weights_on_the_wrong_side"],
        "linear[vjp-dl_dW]": ["product_transposed", "averaged_weights"],
        "linear[vjp-dl_db]": ["not_summed", "summed_over_everything"],
        "linear[vjp-backward]": ["bias_averaged", "bias_forgotten"],
    },
    "log_softmax": {
        "log_softmax[partial-entry]": ["output_index_in_the_exponent"],
        "log_softmax[row-row]": ["constant_row"],
        "log_softmax[column-column]": ["probabilities_down_the_column"],
        "log_softmax[jacobian-jacobian]": ["transposed", "matrix_of_softmax"],
        "log_softmax[vjp-backward]": ["rule_of_the_transpose", "logarithm_for_probability"],
        "log_softmax[jvp-forward_mode]": ["backward_rule_used_forward"],
        "logarithm_of_softmax": ["normaliser_forgotten"],
        "chain_rule_of_the_logarithm": ["diagonal_matrix_on_the_wrong_side"],
    },
    "logsumexp": {
        "logsumexp[gradient-gradient]": ["not_normalised", "gradient_of_the_maximum"],
        "logsumexp[hessian-hessian]": ["diagonal_of_the_hessian_only"],
        "logsumexp[vjp-backward]": ["upstream_forgotten"],
        "hessian_is_the_softmax_jacobian": ["plus_outer_product"],
        "shift": ["taken_for_invariant", "shift_counted_for_each_class"],
        "normaliser_of_log_softmax": ["maximum_for_logsumexp"],
    },
    "network": {
        "network[vjp-backward]": [
            "rectifier_skipped",
            "pre_activation_for_activation",
            "mask_from_upstream",
        ],
        "cross_entropy_loss[vjp-cross_entropy_loss_backward]": [
            "sign_of_the_loss_lost",
            "fused_gradient_through_softmax_again",
        ],
        "squared_error_loss[vjp-squared_error_loss_backward]": ["softmax_skipped"],
        "four_steps_at_kinks": ["one_at_the_kink"],
    },
    "network_batch": {
        "cross_entropy_loss[vjp-cross_entropy_loss_backward]": [
            "mean_forgotten",
            "biases_averaged",
            "first_bias_left_out_of_the_mask",
        ],
        "squared_error_loss[vjp-squared_error_loss_backward]": [
            "fused_with_softmax_as_if_cross_entropy",
            "weights_of_one_sample",
        ],
        "batch_is_a_stack_of_rows": ["rows_in_reverse"],
        "weights_collect_all_rows": ["weights_averaged_over_the_rows"],
    },
    "relu": {
        "relu[partial-same_index]": ["function_for_its_slope", "right_slope_at_zero"],
        "relu[partial-different_index]": ["slope_everywhere"],
        "relu[vjp-backward]": ["one_at_zero", "mask_from_upstream", "upstream_forgotten"],
        "two_readings": ["inner_product"],
        "two_readings_of_a_batch": ["mask_of_the_first_row"],
        "nothing_flows_at_zero": ["everything_flows_at_zero"],
        "upstream_times_slope": ["absolute_value_for_the_slope"],
    },
    "softmax": {
        "softmax[partial-same_index]": ["plus_for_minus", "score_for_probability"],
        "softmax[partial-different_index]": ["sign_lost", "taken_for_independent"],
        "softmax[column-column]": ["diagonal_case_forgotten", "wrong_probability_in_front"],
        "softmax[jacobian-jacobian]": ["diagonal_only_matrix", "plus_outer_product"],
        "softmax[vjp-backward]": ["diagonal_only", "unweighted_sum", "upstream_ignored"],
    },
    "softmax_batch": {
        "softmax_batch[vjp-backward]": [
            "sum_over_the_batch_axis",
            "sum_over_everything",
            "keepdims_lost",
        ],
        "row_by_row": ["first_upstream_row_for_all"],
    },
    "softmax_chain": {
        "textbook_softmax[partial-quotient_rule_same_index]": [
            "terms_of_the_numerator_swapped",
            "sum_taken_for_a_constant",
        ],
        "textbook_softmax[partial-quotient_rule_different_index]": ["square_lost"],
        "same_index_chain": ["square_lost_in_the_second_step", "sign_turned_in_the_last_step"],
        "different_index_chain": ["numerator_not_differentiated", "sign_lost_in_the_last_step"],
    },
    "softmax_cross_entropy": {
        "softmax_cross_entropy[vjp-backward]": [
            "target_minus_prediction",
            "not_averaged",
            "softmax_rule_applied_again",
            "scores_for_probabilities",
        ],
        "softmax_cross_entropy_of_targets[vjp-backward_of_targets]": [
            "upstream_forgotten",
            "probabilities_for_the_gradient_of_the_targets",
        ],
        "fusing_the_two_rules": ["diagonal_of_the_matrix_only"],
        "labels_are_certain_targets": ["label_for_its_unit_vector"],
    },
    "softmax_layout": {
        "rows_are_columns": ["square_missing_on_the_diagonal"],
        "matrix_is_transposed_jacobian": ["layouts_confused"],
        "symmetry": ["symmetry_of_log_softmax"],
        "symmetry_measured": ["measured_log_softmax_in_the_homework_layout"],
        "upstream_times_matrix": ["upstream_times_the_transpose"],
    },
    "softmax_shift": {
        "exponential_of_a_sum": ["sum_of_exponentials"],
        "shift_chain": ["factor_cancelled_in_one_place"],
        "textbook_is_softmax": ["shift_in_the_numerator_only"],
        "shift_invariance": ["scale_for_shift"],
        "constant_in_the_shift": ["one_score_shifted"],
        "rows_sum_to_zero": ["rows_of_a_diagonal_matrix"],
        "rows_sum_to_zero_measured": ["direction_of_the_scores"],
        "columns_sum_to_zero": ["outer_product_forgotten"],
        "columns_sum_to_zero_measured": ["sum_of_squares"],
    },
    "squared_error": {
        "squared_error[vjp-backward]": [
            "half_forgotten",
            "averaged_over_the_classes_too",
            "same_sign_for_the_target",
        ],
        "only_the_difference_counts": ["mean_forgotten"],
    },
}


def load(file):
    """A file of the library."""
    return loading.load(LIBRARY / f"{file}.py")


def load_wrong(folder, file):
    """A file of ``planted/`` or ``printed/``, under a name of its own."""
    name = f"{folder}_{file}"
    if name not in sys.modules:
        load("softmax")  # from now on `derivations` means the library
        spec = importlib.util.spec_from_file_location(name, HERE / folder / f"{file}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


def claims(module):
    """The rules and identities that a module declares."""
    return [one for one in loading.declared_in(module) if not isinstance(one, Derivation)]


def bugs():
    return [
        pytest.param(file, name, id=f"{file}-{name}")
        for file, of_claims in PLANTED_BUGS.items()
        for names in of_claims.values()
        for name in names
    ]


PRINTED_MISTAKES = [
    ("softmax_as_printed", "different_index_chain_as_printed"),
    ("log_softmax_transposed", "rows_of_columns"),
    ("log_softmax_transposed", "upstream_times_rows_of_columns"),
]


@pytest.mark.parametrize(("file", "name"), bugs())
def test_a_planted_bug_is_caught_and_named(file, name):
    bug = getattr(load_wrong("planted", file), name)

    with pytest.raises(gradcheck.GradientMismatch) as failure:
        gradcheck.check(bug, profile="ci")

    assert bug.name in str(failure.value)


@pytest.mark.parametrize(("file", "name"), PRINTED_MISTAKES)
def test_what_the_homework_prints_wrongly_is_caught_and_named(file, name):
    printed = getattr(load_wrong("printed", file), name)

    with pytest.raises(gradcheck.GradientMismatch) as failure:
        gradcheck.check(printed, profile="ci")

    assert printed.name in str(failure.value)


@pytest.mark.parametrize("file", sorted(path.stem for path in LIBRARY.glob("*.py")))
def test_every_claim_has_a_planted_bug(file):
    claimed = [claim.id for claim in claims(load(file))]

    assert claimed == list(PLANTED_BUGS.get(file, {}))


@pytest.mark.parametrize("file", sorted(PLANTED_BUGS))
def test_every_planted_bug_is_in_the_table(file):
    planted = [bug.name for bug in claims(load_wrong("planted", file))]

    assert planted == [name for names in PLANTED_BUGS[file].values() for name in names]


def test_every_printed_mistake_is_in_the_table():
    printed = [
        (path.stem, claim.name)
        for path in sorted((HERE / "printed").glob("*.py"))
        for claim in claims(load_wrong("printed", path.stem))
    ]

    assert sorted(printed) == sorted(PRINTED_MISTAKES)
