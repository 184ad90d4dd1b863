"""Wrong versions of claims of indexing and reductions."""

PLANTED_BUGS = {
    "broadcast": {
        "scale_and_shift[vjp-backward]": ["repeated_axis_not_reduced"],
        "broadcast_sum[vjp-backward_of_any]": ["first_copy_only"],
    },
    "concatenate": {
        "concatenate[vjp-backward]": ["pieces_in_reverse"],
        "joined_and_cut[vjp-backward_of_cut]": ["cotangents_joined_in_the_wrong_order"],
    },
    "cumulative_product": {
        "cumulative_product[partial-all_the_others]": ["product_up_to_the_entry_only"],
        "cumulative_product[vjp-backward]": ["divided_by_zero", "last_product_for_all"],
    },
    "cumulative_sum": {
        "cumulative_sum[jacobian-jacobian]": ["upper_triangle"],
        "cumulative_sum[vjp-backward]": ["summed_from_the_same_end", "order_not_restored"],
    },
    "embedding": {
        "embedding[vjp-backward]": ["repeated_rows_overwritten"],
        "embedding_bag[vjp-backward_of_bags]": ["sum_for_mean"],
    },
    "gather": {
        "gather[vjp-backward]": ["repeated_places_overwritten"],
        "permute[vjp-backward_of_permute]": ["permuted_forwards_again"],
    },
    "logcumsumexp": {
        "logcumsumexp[vjp-backward]": ["overflows", "softmax_of_all_for_every_output"],
    },
    "maximum": {
        "maximum[vjp-backward]": ["to_every_row_alike", "value_for_its_place"],
        "nothing_is_lost_at_ties": ["every_tie_gets_all_of_it"],
    },
    "mean": {
        "mean[vjp-backward]": ["sum_for_mean", "averaged_over_the_columns_too"],
        "weighted_mean[gradient-gradient_of_w]": ["sum_of_the_weights_taken_for_a_constant"],
    },
    "median": {"median[gradient-gradient]": ["always_one_entry", "place_before_sorting"]},
    "minimum": {
        "minimum[vjp-backward]": ["one_of_the_two_signs_lost", "place_of_the_largest"],
    },
    "norm": {
        "norm[gradient-gradient]": ["gradient_of_the_square"],
        "norm[vjp-backward]": ["divided_by_the_square"],
        "p_norm[vjp-backward_of_p]": ["sign_lost"],
        "row_norms[vjp-backward_of_rows]": ["norm_of_all_rows"],
    },
    "scatter_add": {
        "scatter_add[vjp-backward]": [
            "shared_among_those_that_landed_together",
            "table_taken_for_overwritten",
        ],
    },
    "sort": {
        "sort[vjp-backward]": ["permuted_forwards_again", "left_in_place"],
        "sort[jvp-forward_mode]": ["permuted_backwards"],
    },
    "top_k": {
        "top_k[vjp-backward]": ["smallest_for_largest", "places_of_the_first_row_for_all"],
    },
    "variance": {
        "variance[gradient-gradient]": ["ddof_forgotten", "mean_counted_twice"],
        "variance[hessian-hessian]": ["mean_taken_for_a_constant"],
    },
}
