"""Which list in the result of a training is the history of its losses."""

import pytest

from chainrule.host.recognition.results import history

LOSSES, SHARES = [0.9, 0.7], [0.5, 1.0]
HISTORIES = [  # (what a training returns, {name: value}, its history)
    ({"loss_history": LOSSES, "val_acc_history": SHARES}, LOSSES),
    ({"val_acc_history": SHARES, "loss_history": LOSSES}, LOSSES),
    ({"val_acc_history": SHARES, "loss_history": [*LOSSES, 0.6, 0.5]}, None),  # a loss for each batch
    ({"val_loss": SHARES, "loss": LOSSES}, LOSSES),
    ({"test_cost": SHARES, "train_cost": LOSSES}, LOSSES),
    ({"accuracy": SHARES}, None),
    ({"loss_vals": LOSSES}, LOSSES),
    ({"errors": LOSSES}, LOSSES),
]


@pytest.mark.parametrize(("result", "expected"), HISTORIES)
def test_the_history_is_that_of_the_losses(result, expected):
    assert history(result, 2, result) == expected
    assert history(tuple(result.values()), 2, result) == expected


def test_a_list_without_a_name_is_the_history():
    assert history(LOSSES, 2, {}) == LOSSES
