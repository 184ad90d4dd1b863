"""Wrong versions of claims of the sequence models."""

PLANTED_BUGS = {
    "attention": {
        "attention[vjp-backward]": ["scale_forgotten", "diagonal_of_the_softmax_only"],
        "masked_attention[vjp-backward_of_masked]": ["mask_forgotten"],
    },
    "gru": {"gru[vjp-backward]": ["only_the_last_step"]},
    "gru_cell": {
        "gru_cell[vjp-backward]": [
            "one_use_of_the_state_forgotten",
            "state_not_reset_in_front_of_the_candidate",
        ],
    },
    "lstm": {
        "lstm[vjp-backward]": ["last_cell_forgotten", "gradients_of_the_inputs_in_reverse"],
    },
    "lstm_cell": {
        "lstm_cell[vjp-backward]": [
            "cell_added_on_the_wrong_side_of_tanh",
            "partner_of_the_input_gate_wrong",
            "cell_reached_by_itself_alone",
        ],
    },
    "multi_head_attention": {
        "multi_head_attention[vjp-backward]": ["only_the_queries_use_the_input"],
    },
    "rnn": {
        "rnn[vjp-backward]": [
            "gradient_of_the_next_step_dropped",
            "shares_of_the_last_step_only",
        ],
    },
    "rnn_cell": {
        "rnn_cell[vjp-backward]": ["new_state_for_the_old_one", "tanh_applied_twice"],
    },
    "rotary_positions": {
        "rotary_positions[vjp-backward]": ["turned_forwards_again", "start_forgotten"],
    },
    "sinusoidal_positions": {
        "sinusoidal_positions[vjp-backward]": [
            "inner_derivative_forgotten",
            "sign_of_the_cosine_lost",
        ],
    },
    "transformer_block": {
        "transformer_block[vjp-backward]": ["residual_of_the_block_forgotten"],
    },
}
