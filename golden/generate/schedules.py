"""Learning-rate schedules: constant, decaying in steps, and along half a cosine wave."""

from mpmath import mp

from .numbers import doubles, exact

RATES = (0.5, 0.3125, 0.0078125)
STEPS = ((0.5, 8), (0.75, 5), (0.125, 1))
WAVES = (12, 45, 100)
EPOCHS = (0, 1, 2, 3, 5, 7, 9, 10, 20, 29, 30)


def solve_schedules():
    """The content of schedules.json: each schedule's arguments, the epochs, and the rate in each of them."""
    pi = mp.pi
    return {
        "description": "Learning rates as functions of the epoch, which counts from 0.",
        "constant": [{"lr": lr, "epochs": list(EPOCHS), "rates": [lr for _ in EPOCHS]} for lr in RATES],
        "step_decay": [
            {
                "lr": lr,
                "drop": drop,
                "every": every,
                "epochs": list(EPOCHS),
                "rates": doubles([exact(lr) * exact(drop) ** (epoch // every) for epoch in EPOCHS]),
            }
            for lr, (drop, every) in zip(RATES, STEPS, strict=True)
        ],
        "cosine": [
            {
                "lr": lr,
                "total": total,
                "epochs": [epoch for epoch in EPOCHS if epoch <= total],
                "rates": doubles(
                    [exact(lr) / 2 * (1 + mp.cos(pi * epoch / total)) for epoch in EPOCHS if epoch <= total]
                ),
            }
            for lr, total in zip(RATES, WAVES, strict=True)
        ],
    }


def cases():
    """{file: what computes its content}"""
    return {"schedules.json": solve_schedules}
