"""Wrong versions of claims of the spatial layers."""

PLANTED_BUGS = {
    "adaptive_average_pool2d": {
        "adaptive_average_pool2d[vjp-backward]": ["windows_taken_for_equal"],
    },
    "adaptive_max_pool2d": {
        "adaptive_max_pool2d[vjp-backward]": ["overlapping_windows_overwrite"],
    },
    "average_pool2d": {
        "average_pool2d[vjp-backward]": [
            "divided_by_the_size_of_the_output",
            "overlapping_windows_overwrite",
        ],
    },
    "conv1d": {
        "conv1d[partial-entry_of_x]": ["kernel_flipped"],
        "conv1d[vjp-dl_dx]": ["kernel_flipped_once_too_often"],
        "conv1d[vjp-backward]": ["bias_not_summed_over_positions"],
    },
    "conv2d": {
        "conv2d[vjp-dl_dx]": ["crop_that_is_empty_without_padding", "stride_forgotten"],
        "conv2d[vjp-dl_dW]": ["dilation_forgotten"],
        "conv2d[vjp-backward]": ["height_and_width_exchanged"],
    },
    "conv_transpose2d": {
        "conv_transpose2d[vjp-backward]": ["bias_seen_by_the_cut_off_edge_too", "kernel_flipped"],
    },
    "max_pool2d": {
        "max_pool2d[vjp-backward]": ["assigned_where_windows_overlap", "stride_forgotten"],
        "one_winner_a_window": ["every_tie_wins"],
    },
    "pad2d": {"pad2d[vjp-backward]": ["cropped_in_every_mode"]},
    "pixel_shuffle": {"pixel_shuffle[vjp-backward]": ["reshaped_without_transposing"]},
    "upsample_bilinear2d": {
        "upsample_bilinear2d[vjp-backward]": [
            "sum_of_the_block_as_for_the_nearest",
            "corners_always_aligned",
        ],
    },
    "upsample_nearest2d": {
        "upsample_nearest2d[vjp-backward]": ["one_corner_of_each_block", "mean_of_each_block"],
    },
}
