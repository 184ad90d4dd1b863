"""Wrong versions of claims of linear algebra."""

PLANTED_BUGS = {
    "affine": {
        "affine[vjp-backward]": ["only_the_first_batch_axis_summed"],
        "affine_of_columns[vjp-backward_of_columns]": [
            "averaged_over_the_samples",
            "bias_summed_over_everything",
        ],
    },
    "batched_matmul": {
        "batched_matmul[vjp-backward]": ["all_axes_transposed"],
        "shared_matmul[vjp-backward_of_shared]": [
            "first_of_the_stack_only",
            "averaged_over_the_stack",
        ],
        "broadcast_matmul[vjp-backward_of_broadcast]": ["repeated_axis_not_reduced"],
    },
    "bilinear": {
        "bilinear[vjp-dl_dx]": ["first_output_only"],
        "bilinear[vjp-dl_dA]": ["partner_forgotten"],
        "bilinear[vjp-backward]": ["halved_as_if_quadratic"],
    },
    "cholesky": {
        "cholesky[jvp-forward_mode]": ["diagonal_not_halved"],
        "cholesky[vjp-backward]": ["factor_not_transposed"],
    },
    "diagonal_shift": {"shift[vjp-backward]": ["summed_over_all_of_the_matrix"]},
    "einsum": {
        "einsum[vjp-left_gradient]": ["always_the_rule_of_the_matrix_product"],
        "einsum[vjp-right_gradient]": ["operands_exchanged"],
    },
    "inverse": {
        "inverse[partial-entry]": ["indices_exchanged"],
        "inverse[vjp-backward]": ["transposes_lost", "derivative_of_a_number"],
    },
    "least_squares": {"least_squares[vjp-backward]": ["matrix_taken_for_a_constant"]},
    "log_determinant": {
        "log_determinant[gradient-gradient]": ["transpose_lost"],
        "log_determinant_of_symmetric[gradient-gradient_of_symmetric]": ["off_diagonals_doubled"],
        "determinant[vjp-jacobis_formula]": ["determinant_cancelled_as_in_the_logarithm"],
    },
    "matmul": {
        "matmul[partial-entry_of_left]": ["column_for_row"],
        "matmul[vjp-left]": ["not_transposed"],
        "matmul[vjp-backward]": ["order_of_the_product_reversed"],
        "matmul[jvp-forward_mode]": ["second_term_of_the_product_rule_lost"],
    },
    "outer": {"outer[vjp-backward]": ["partner_forgotten", "partner_summed"]},
    "quadratic_form": {
        "quadratic_form[gradient-gradient]": [
            "matrix_taken_for_symmetric",
            "only_one_use_of_the_input_counted",
        ],
        "quadratic_form[hessian-hessian]": ["half_of_the_hessian"],
    },
    "solve": {
        "solve[vjp-backward]": [
            "system_not_transposed",
            "right_side_for_the_solution",
            "sign_lost",
        ],
    },
    "symmetric_eigenvalues": {
        "eigenvalues[row-row]": ["row_of_the_eigenvectors_for_their_column"],
        "eigenvalues[vjp-backward]": ["eigenvectors_transposed"],
    },
    "triangular_solve": {"triangular_solve[vjp-backward]": ["gradient_above_the_diagonal"]},
}
