"""The operations of the schedules chapter: learning rates as functions of the epoch, counted from 0."""

from chainrule.contract.operation import FUNCTION, NUMBER, SIZE, Argument, Operation, ResultPart

RATE = Argument("lr", NUMBER)
SCHEDULE = (ResultPart("schedule", FUNCTION),)

OPERATIONS = (
    Operation("constant", (RATE,), SCHEDULE, "-> a function epoch -> lr", "schedules"),
    Operation(
        "step_decay",
        (RATE, Argument("drop", NUMBER), Argument("every", SIZE)),
        SCHEDULE,
        "-> a function epoch -> lr drop^(epoch // every)",
        "schedules",
    ),
    Operation(
        "cosine",
        (RATE, Argument("epochs", SIZE)),
        SCHEDULE,
        "-> a function epoch -> lr/2 (1 + cos(pi epoch / epochs))",
        "schedules",
    ),
)
