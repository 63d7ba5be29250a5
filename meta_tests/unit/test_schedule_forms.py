"""Schedules in the forms that people write: right ones pass, mistakes in them fail, other functions are left alone."""

import textwrap

import pytest

from chainrule import api

RIGHT = {  # {form: (its lines, the operations that they offer)}
    "functions of the epoch among others": (
        """
        def step_decay(initial_lr, epoch, drop=0.5, epochs_drop=10):
            return initial_lr * drop ** np.floor(epoch / epochs_drop)

        def cosine_annealing(initial_lr, epoch, T_max):
            return 0.5 * initial_lr * (1 + np.cos(np.pi * epoch / T_max))
        """,
        {"step_decay", "cosine"},
    ),
    "the epoch first, and T beside t": (
        """
        def lr_step_decay(epoch, base_lr=0.1, gamma=0.1, step_size=30):
            return base_lr * gamma ** (epoch // step_size)

        def cosine_lr(t, T, lr_max, lr_min=1e-5):
            return lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * t / T)) / 2
        """,
        {"step_decay", "cosine"},
    ),
    "classes": (
        """
        class StepDecay:
            def __init__(self, lr0, drop, epochs_drop):
                self.lr0, self.drop, self.epochs_drop = lr0, drop, epochs_drop

            def __call__(self, epoch):
                return self.lr0 * self.drop ** (epoch // self.epochs_drop)

        class CosineAnnealing:
            def __init__(self, learning_rate, total_epochs):
                self.learning_rate, self.total_epochs = learning_rate, total_epochs

            def get_lr(self, epoch):
                return self.learning_rate / 2 * (1 + np.cos(np.pi * epoch / self.total_epochs))
        """,
        {"step_decay", "cosine"},
    ),
    "static methods": (
        """
        class LRScheduler:
            @staticmethod
            def constant(lr, epoch):
                return lr

            @staticmethod
            def step_decay(lr, epoch, drop_rate=0.5, interval=10, **others):
                return lr * drop_rate ** (epoch // interval)

            @staticmethod
            def cosine_annealing(lr, epoch, max_epochs, min_lr=1e-6):
                return min_lr + 0.5 * (lr - min_lr) * (1 + np.cos(np.pi * epoch / max_epochs))
        """,
        {"constant", "step_decay", "cosine"},
    ),
    "names that say nothing": (
        """
        def step_decay(a, b, c):
            return lambda e: a * b ** (e // c)
        """,
        {"step_decay"},
    ),
}
LEFT_ALONE = {
    "a warm-up that is on": """
        def cosine(lr, epochs, warmup=5):
            def rate(epoch):
                return lr * (epoch + 1) / warmup if epoch < warmup else lr / 2 * (1 + np.cos(np.pi * epoch / epochs))
            return rate
        """,
    "no factor among the arguments": """
        def step_decay(lr=3e-4, max_epochs=10, warmup=False):
            return lambda epoch: lr * 0.1 ** np.floor(epoch / max_epochs)
        """,
    "a constant of a shape": """
        def constant(shape):
            return np.ones(shape)
        """,
    "a similarity": """
        def cosine(u, v, axis=1):
            return (u * v).sum(axis) / np.linalg.norm(u) / np.linalg.norm(v)
        """,
    "an optimizer's own": """
        class StepLR:
            def __init__(self, optimizer, step_size, gamma=0.1):
                self.optimizer, self.step_size, self.gamma, self.count = optimizer, step_size, gamma, 0

            def step(self):
                self.count += 1
                if self.count % self.step_size == 0:
                    self.optimizer.lr *= self.gamma
        """,
}


@pytest.fixture
def check(tmp_path):
    def run(source, old="", new=""):
        lines = textwrap.dedent(source.replace(old, new) if old else source)
        (tmp_path / "schedule.py").write_text(f"import numpy as np\n{lines}", encoding="utf-8")
        return api.check(str(tmp_path / "schedule.py"), chapters=["schedules"])

    return run


def wrong(outcome):
    return {spec.id for spec in outcome.specs if spec.outcome in ("failed", "error")}


@pytest.mark.parametrize("form", RIGHT)
def test_a_right_schedule_passes(check, form):
    source, offered = RIGHT[form]
    outcome = check(source)
    assert wrong(outcome) == set()
    passed = {spec.id for spec in outcome.specs if spec.outcome == "passed"}
    assert {"schedules.start", "schedules.golden", *(f"schedules.{name}" for name in offered)} <= passed


@pytest.mark.parametrize(
    ("form", "old", "new", "named"),
    [
        ("functions of the epoch among others", "np.floor(epoch /", "np.floor((1 + epoch) /", "step-counts-from-one"),
        ("classes", "(epoch // self.epochs_drop)", "(epoch / self.epochs_drop)", "step-without-steps"),
        ("static methods", "np.pi * epoch", "2 * np.pi * epoch", "cosine"),
    ],
)
def test_a_mistake_in_a_schedule_is_named(check, form, old, new, named):
    outcome = check(RIGHT[form][0], old, new)
    assert wrong(outcome)
    assert named in outcome.diagnoses[0].id


@pytest.mark.parametrize("kind", LEFT_ALONE)
def test_what_is_no_schedule_of_the_chapter_is_left_alone(check, kind):
    outcome = check(LEFT_ALONE[kind])
    assert {spec.outcome for spec in outcome.specs} <= {"todo", "skipped"}
