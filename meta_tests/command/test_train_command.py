"""`chainrule train` on a small stand-in for Fashion-MNIST: what it prints, writes and answers, and how it counts."""

import signal
import sys
from dataclasses import replace

import numpy as np
import pytest

from banks.honest import HONEST
from chainrule.cli import main
from chainrule.reference import MLP
from chainrule.training import command, datasets, storing
from chainrule.training.datasets import FASHION_MNIST, DatasetUnavailable, Images
from chainrule.training.loop import Data, Diverged, accuracy, confusion_matrix, most_confused, probabilities, train
from chainrule.training.models import MODELS
from chainrule.training.settings import Settings

DONE, UNUSABLE, INTERRUPTED = 0, 4, 130
QUICK = ["--epochs", "3", "--hidden", "8", "--validation", "60", "--batch-size", "20"]


def pictures(count, seed):
    """Noisy pictures of class k with rows 2k and 2k + 1 bright: easy, but not for a network of no training."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(10, size=count, dtype=np.uint8)
    images = rng.integers(120, size=(count, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 2] += 60
    return images, labels


STAND_IN = Images(*pictures(360, 1), *pictures(150, 2))
TEST_X = datasets.scaled(STAND_IN.test_images, np.float32)


def trained_by_hand(epochs, seed=0):
    """What the command with the options QUICK should come to: trained on centred images, made to take plain ones."""
    x = datasets.scaled(STAND_IN.train_images[:300], np.float32)
    mean = x.mean(axis=0)
    network = MLP([784, 8, 10], seed, dtype=np.float32)
    losses = network.fit(
        x - mean, STAND_IN.train_labels[:300], epochs=epochs, batch_size=20, lr=Settings().lr, seed=seed
    )
    network.biases[0] -= mean @ network.weights[0]
    return network, losses


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setattr(datasets, "load", lambda dataset, folder=None: STAND_IN)


@pytest.fixture
def chainrule_train(capsys):
    def run(*options):
        status = main(["train", *map(str, options)])
        return status, *capsys.readouterr()

    return run


def interrupt_in_epoch(monkeypatch, number):
    """Ctrl-C, as the terminal sends it, when epoch NUMBER is reported."""
    report = command._print_epoch

    def interrupted(console, epoch):
        report(console, epoch)
        if epoch.number == number:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(command, "_print_epoch", interrupted)


def numbers_after(text, heading):
    """The rows of numbers that follow HEADING, up to an empty line."""
    lines = text[text.index(heading) :].splitlines()[1:]
    return [line.split() for line in lines[: lines.index("") if "" in lines else None]]


# What it shows


def test_it_tells_epochs_accuracies_matrix_and_pairs(chainrule_train):
    status, out, err = chainrule_train(*QUICK)
    assert (status, err) == (DONE, "")
    assert "300 images to train on, 60 to validate, 150 to test" in out
    assert "784-8-10, 6,370 parameters, float32" in out
    epochs = numbers_after(out, "epoch ")
    assert [row[0] for row in epochs] == ["1", "2", "3"]
    assert all(len(row) == 5 for row in epochs)
    assert "linear, no hidden layer" in out
    assert "Most confused" in out


def test_what_it_shows_is_what_the_network_does(chainrule_train):
    """Everything again, with the reference alone and counts by hand."""
    _, out, _ = chainrule_train(*QUICK, "--seed", 4)
    network, losses = trained_by_hand(epochs=3, seed=4)
    assert [row[1] for row in numbers_after(out, "epoch ")] == [f"{loss:.4f}" for loss in losses]
    predicted = network.predict(TEST_X)
    assert ["784-8-10", f"{np.mean(predicted == STAND_IN.test_labels):.2%}"] in numbers_after(out, "Test accuracy")
    rows = numbers_after(out, "Confusion matrix")[1:]
    counts = [[sum((STAND_IN.test_labels == i) & (predicted == j)) for j in range(10)] for i in range(10)]
    assert [row[-11:-1] for row in rows] == [[str(count) for count in row] for row in counts]


def test_lines_are_plain_and_fit_80_columns(chainrule_train, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = chainrule_train(*QUICK, "--hidden", 256, 128, "--epochs", 1)
    assert "\x1b" not in out
    assert "\r" not in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("no_color", [True, False])
def test_a_terminal_gets_colour_unless_it_asks_for_none(chainrule_train, monkeypatch, no_color):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)
    _, out, _ = chainrule_train(*QUICK)
    assert ("\x1b[1;32m" in out) is not no_color


def test_the_same_seed_gives_the_same_training(chainrule_train):
    def told(seed):
        _, out, _ = chainrule_train(*QUICK, "--seed", seed)
        return [row[:4] for row in numbers_after(out, "epoch ")], numbers_after(out, "Confusion matrix")

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_no_hidden_layer_is_the_baseline_itself(chainrule_train):
    status, out, _ = chainrule_train("--epochs", 1, "--validation", 60, "--hidden")
    assert status == DONE
    assert "784-10, 7,850 parameters" in out
    assert "itself the linear baseline" in out
    assert "no hidden layer" not in out


def test_no_baseline(chainrule_train):
    _, out, _ = chainrule_train(*QUICK, "--no-baseline")
    assert "784-8-10 " in out
    assert "linear" not in out


def test_no_validation(chainrule_train):
    status, out, _ = chainrule_train(*QUICK, "--validation", 0)
    assert status == DONE
    assert "360 images to train on, 0 to validate" in out
    assert [row[3] for row in numbers_after(out, "epoch ")] == ["-"] * 3


def test_no_epochs_evaluate_the_network_as_it_starts(chainrule_train, tmp_path):
    status, out, _ = chainrule_train(*QUICK, "--epochs", 0, "--plot", tmp_path / "picture.png")
    assert status == DONE
    assert "Test accuracy" in out
    assert (tmp_path / "picture.png").stat().st_size > 0


def test_float64(chainrule_train, tmp_path):
    status, out, _ = chainrule_train(*QUICK, "--dtype", "float64", "--save", tmp_path / "network.npz")
    assert status == DONE
    assert "parameters, float64" in out
    assert storing.load(tmp_path / "network.npz").dtype == np.float64


def test_the_folder_is_handed_to_the_data_set(chainrule_train, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(datasets, "load", lambda dataset, folder=None: asked.append(folder) or STAND_IN)
    chainrule_train(*QUICK, "--data", tmp_path)
    assert asked == [tmp_path]


def in_colour(count, seed, classes):
    """Pictures of random colours, whose red brightens with the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=count, dtype=np.uint8)
    images = rng.integers(60, size=(count, 3, 32, 32), dtype=np.uint8)
    images[:, 0] += labels[:, None, None]
    return images, labels


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_another_data_set_by_its_name(chainrule_train, monkeypatch, tmp_path, name):
    asked = []
    classes = len(datasets.DATASETS[name].classes)
    made = Images(*in_colour(360, 1, classes), *in_colour(300, 2, classes))
    monkeypatch.setattr(datasets, "load", lambda dataset, folder=None: asked.append((dataset.name, folder)) or made)
    status, out, err = chainrule_train(*QUICK, "--data", name, "--plot", tmp_path / "a.png")
    assert (status, err, asked) == (DONE, "", [(name, None)])
    assert out.startswith(datasets.DATASETS[name].title)
    assert f"3072-8-{classes}" in out
    assert ("Confusion matrix" in out) == (classes == 10)
    assert ("Least often right" in out) == (classes == 100)
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_a_folder_names_its_data_set(chainrule_train, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(datasets, "held_by", lambda folder: datasets.DATASETS["kmnist"])
    monkeypatch.setattr(datasets, "load", lambda dataset, folder=None: asked.append(dataset.name) or STAND_IN)
    assert "KMNIST" in chainrule_train(*QUICK, "--data", tmp_path)[1]
    assert asked == ["kmnist"]


def test_a_data_set_that_is_not_known(chainrule_train):
    status, out, err = chainrule_train("--data", "cifar1000")
    assert (status, out) == (UNUSABLE, "")
    assert err.startswith(
        "chainrule train: --data: expected one of fashion-mnist, mnist, kmnist, cifar10, cifar100, or"
    )
    assert err.endswith("found cifar1000\n")


# The models


@pytest.mark.parametrize("model", MODELS)
def test_every_model_trains(chainrule_train, tmp_path, model):
    status, out, err = chainrule_train(*QUICK, "--model", model, "--save", tmp_path / "network")
    assert (status, err) == (DONE, "")
    assert MODELS[model].method in " ".join(out.split())
    assert MODELS[model].beside in " ".join(out.split())
    network = storing.load(tmp_path / "network.npz")
    assert f"{np.mean(network.predict(TEST_X) == STAND_IN.test_labels):.2%}" in out


def test_a_model_has_settings_of_its_own_that_options_change(chainrule_train):
    _, out, _ = chainrule_train(*QUICK, "--model", "mlp-adam", "--no-baseline")
    plan = " ".join(out.split())
    assert "3 epochs of Adam, batches of 20, learning rate 0.001, falling to 0 along half a wave, seed 0" in plan
    _, out, _ = chainrule_train(*QUICK, "--model", "mlp-batchnorm", "--lr", 0.01, "--no-baseline")
    plan = " ".join(out.split())
    assert "784-8-10, 6,386 parameters, float32, with batch norm" in plan
    assert "learning rate 0.01, falling" in plan


def test_the_linear_baseline_of_a_model_is_trained_as_the_plain_one(chainrule_train, monkeypatch):
    asked = []
    monkeypatch.setattr(
        command, "train", lambda data, settings, **kept: asked.append(settings) or train(data, settings)
    )
    chainrule_train(*QUICK, "--model", "mlp-adam", "--seed", 2)
    assert asked[1] == Settings(hidden=(), seed=2, validation=60)


def test_models_are_listed(chainrule_train):
    status, out, _ = chainrule_train("--list-models")
    assert status == DONE
    assert all(name in out and model.method in out for name, model in MODELS.items())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--model", "mlp-adma"], "--model: expected one of mlp, mlp-adam"),
        (["chainrule.reference", "--model", "mlp"], "--model names a network of the reference, but TARGET brings"),
    ],
)
def test_a_model_that_cannot_be_trained_is_told(chainrule_train, options, expected):
    status, _, err = chainrule_train(*options, *QUICK)
    assert status == UNUSABLE
    assert expected in err


# What it writes


def test_save(chainrule_train, tmp_path):
    status, out, _ = chainrule_train(*QUICK, "--save", tmp_path / "network")
    assert status == DONE
    assert f"Network saved to {tmp_path / 'network.npz'}\n" in out
    network = storing.load(tmp_path / "network.npz")
    assert f"{np.mean(network.predict(TEST_X) == STAND_IN.test_labels):.2%}" in out


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), ("", b"\x89PNG")]
)
def test_plot(chainrule_train, tmp_path, suffix, start):
    pytest.importorskip("matplotlib")
    status, _, _ = chainrule_train(*QUICK, "--plot", tmp_path / f"picture{suffix}")
    assert status == DONE
    assert (tmp_path / f"picture{suffix or '.png'}").read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["fashion-mnist", "cifar10"])
def test_plot_of_a_convolutional_network_shows_its_filters(chainrule_train, monkeypatch, tmp_path, name):
    pytest.importorskip("matplotlib")
    from chainrule.training import plotting

    shown, draw_filters = [], plotting._draw_filters

    def noted(figure, filters):
        draw_filters(figure, filters)
        shown.append((filters.shape, sum(bool(axes.images) for axes in figure.axes)))

    monkeypatch.setattr(plotting, "_draw_filters", noted)
    made = Images(*in_colour(360, 1, 10), *in_colour(150, 2, 10)) if name == "cifar10" else STAND_IN
    monkeypatch.setattr(datasets, "load", lambda dataset, folder=None: made)
    chainrule_train(*QUICK, "--model", "cnn", "--data", name, "--no-baseline", "--plot", tmp_path / "a.png")
    assert shown == [((16, 3 if name == "cifar10" else 1, 3, 3), 16)]


@pytest.mark.parametrize(("option", "name"), [("--save", "file.npz"), ("--plot", "file.png")])
def test_what_cannot_be_written_is_told_before_training(chainrule_train, monkeypatch, tmp_path, option, name):
    monkeypatch.setattr(command, "train", None)
    (tmp_path / name).mkdir()
    for path in (tmp_path / "nowhere" / name, tmp_path / name):
        status, out, err = chainrule_train(*QUICK, option, path)
        assert (status, out) == (UNUSABLE, "")
        assert "cannot be written" in err
        assert err.count("\n") == 1


def test_a_check_of_the_path_leaves_no_file_and_spoils_none(chainrule_train, tmp_path):
    kept = tmp_path / "kept.npz"
    kept.write_bytes(b"precious")
    for path in (kept, tmp_path / "new.npz"):
        assert chainrule_train(*QUICK, "--validation", 9999, "--save", path)[0] == UNUSABLE
    assert kept.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [kept]


def test_a_disk_that_fills_during_training_is_told(chainrule_train, monkeypatch, tmp_path):
    def full(network, path, model):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storing, "save", full)
    status, _, err = chainrule_train(*QUICK, "--save", tmp_path / "network.npz")
    assert status == UNUSABLE
    assert "could not be written: No space left on device" in err


def test_without_matplotlib_plot_is_refused_before_training(chainrule_train, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "train", None)
    monkeypatch.delitem(sys.modules, "chainrule.training.plotting", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, out, err = chainrule_train(*QUICK, "--plot", tmp_path / "picture.png")
    assert (status, out) == (UNUSABLE, "")
    assert err == "chainrule train: --plot needs matplotlib, which is not installed: pip install 'chainrule[plot]'\n"


def test_a_picture_of_no_known_format_is_refused(chainrule_train, tmp_path):
    status, _, err = chainrule_train(*QUICK, "--plot", tmp_path / "picture.txt")
    assert status == UNUSABLE
    assert "png" in err
    assert "found picture.txt" in err
    assert not list(tmp_path.iterdir())


# What it refuses


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "-1"], "--epochs: expected a number of at least 0, found -1"),
        (["--batch-size", "0"], "--batch-size: expected a number of at least 1, found 0"),
        (["--hidden", "8", "0"], "--hidden: expected sizes of at least 1, found 8 0"),
        (["--lr", "0"], "--lr: expected a positive, finite number, found 0.0"),
        (["--lr", "nan"], "--lr: expected a positive, finite number, found nan"),
        (["--lr", "inf"], "--lr: expected a positive, finite number, found inf"),
        (["--seed", "-1"], "--seed: expected a number of at least 0, found -1"),
        (["--validation", "-1"], "--validation: expected a number of at least 0, found -1"),
        (["--validation", "360"], "--validation: expected fewer than the 360 training images, found 360"),
    ],
)
def test_bad_options(chainrule_train, options, message):
    assert chainrule_train(*options) == (UNUSABLE, "", f"chainrule train: {message}\n")


@pytest.mark.parametrize(
    "options", [["--epochs", "many"], ["--dtype", "int8"], ["--hidden", "8.5"], ["--no-such-option"]]
)
def test_options_that_cannot_be_read(chainrule_train, options):
    with pytest.raises(SystemExit) as refused:
        chainrule_train(*options)
    assert refused.value.code == UNUSABLE


def test_no_data(chainrule_train, monkeypatch, tmp_path):
    def unavailable(dataset, folder=None):
        raise DatasetUnavailable(f"nothing in {folder}")

    monkeypatch.setattr(datasets, "load", unavailable)
    assert chainrule_train("--data", tmp_path) == (UNUSABLE, "", f"chainrule train: nothing in {tmp_path}\n")


def test_a_training_that_diverges_says_so_and_saves_nothing(chainrule_train, recwarn, tmp_path):
    status, out, err = chainrule_train(*QUICK, "--lr", "1e20", "--save", tmp_path / "network.npz")
    assert status == UNUSABLE
    assert "nan" in out
    assert err.startswith("chainrule train: the loss of epoch 1 is nan")
    assert "smaller --lr than 1e+20" in err
    assert not list(tmp_path.iterdir())
    assert not recwarn.list


# Ctrl-C


def test_ctrl_c_keeps_what_was_trained(chainrule_train, monkeypatch, tmp_path):
    interrupt_in_epoch(monkeypatch, 2)
    status, out, err = chainrule_train(
        *QUICK, "--epochs", 50, "--save", tmp_path / "a.npz", "--plot", tmp_path / "a.png"
    )
    assert (status, err) == (INTERRUPTED, "")
    assert "Ctrl-C after 2 epochs" in out
    assert "Confusion matrix" in out
    assert [row[0] for row in numbers_after(out, "epoch ")][:2] == ["1", "2"]
    two_epochs, _ = trained_by_hand(epochs=2)
    kept = storing.load(tmp_path / "a.npz")
    for array, expected in zip([*kept.weights, *kept.biases], [*two_epochs.weights, *two_epochs.biases], strict=True):
        np.testing.assert_array_equal(array, expected)
    assert (tmp_path / "a.png").exists()


def test_ctrl_c_during_the_baseline_keeps_the_network(chainrule_train, monkeypatch):
    def interrupted(data, settings, on_epoch=None, network=None):
        if not settings.hidden:
            monkeypatch.setattr(MLP, "fit", lambda *_, **__: signal.raise_signal(signal.SIGINT))
        return train(data, settings, on_epoch, network)

    monkeypatch.setattr(command, "train", interrupted)
    status, out, err = chainrule_train(*QUICK)
    assert (status, err) == (INTERRUPTED, "")
    assert "Ctrl-C after 0 epochs: continuing without the linear baseline" in out
    assert "Test accuracy" in out
    assert "linear" not in out.split("Test accuracy")[1]


def test_ctrl_c_while_the_data_is_read_ends_it(chainrule_train, monkeypatch):
    monkeypatch.setattr(datasets, "load", lambda dataset, folder=None: signal.raise_signal(signal.SIGINT))
    assert chainrule_train() == (INTERRUPTED, "", "chainrule train: ended by Ctrl-C\n")


# The counting and the training themselves


def small_data(count=40, classes=3):
    rng = np.random.default_rng(0)
    y = rng.integers(classes, size=count)
    x = np.eye(classes)[y] + rng.normal(scale=0.3, size=(count, classes))
    return Data(x[:20], y[:20], x[20:30], y[20:30], x[30:], y[30:], tuple("abc"), "Made up", (classes,))


def test_confusion_matrix_against_a_count_by_hand():
    rng = np.random.default_rng(0)
    y, predicted = rng.integers(4, size=200), rng.integers(4, size=200)
    matrix = confusion_matrix(y, predicted, 5)
    pairs = list(zip(y.tolist(), predicted.tolist(), strict=True))
    assert matrix.tolist() == [[pairs.count((i, j)) for j in range(5)] for i in range(5)]


def test_confusion_matrix_counts_rows_by_truth():
    assert confusion_matrix(np.array([0, 0, 1]), np.array([1, 1, 1]), 2).tolist() == [[0, 2], [0, 1]]


def test_most_confused_adds_both_directions_and_names_the_greater_first():
    matrix = np.array([[50, 3, 0, 1], [9, 50, 2, 0], [0, 8, 50, 0], [0, 0, 0, 50]])
    assert most_confused(matrix, 9) == [(1, 0), (2, 1), (0, 3)]
    assert most_confused(matrix, 2) == [(1, 0), (2, 1)]
    assert most_confused(np.diag([5, 5, 5]), 3) == []


def test_accuracy_and_probabilities_in_slices_are_those_of_the_whole(monkeypatch):
    monkeypatch.setattr("chainrule.training.loop.ROWS_AT_ONCE", 7)
    data, network = small_data(), MLP([3, 4, 3])
    np.testing.assert_allclose(probabilities(network, data.train_x), network.forward(data.train_x), rtol=1e-12)
    assert accuracy(network, data.train_x, data.train_y) == np.mean(network.predict(data.train_x) == data.train_y)


def test_training_reports_each_epoch_as_it_ends():
    data, seen = small_data(), []
    training = train(data, Settings(hidden=(4,), epochs=3, batch_size=5, lr=0.5, dtype="float64"), seen.append)
    assert tuple(seen) == training.epochs
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    assert seen[-1].training_accuracy == accuracy(training.network, data.train_x, data.train_y)
    assert seen[-1].validation_accuracy == accuracy(training.network, data.validation_x, data.validation_y)
    assert all(epoch.seconds > 0 for epoch in seen)
    assert not training.interrupted


def test_training_never_sees_validation_or_test_labels():
    data = small_data()
    settings = Settings(hidden=(4,), epochs=3, batch_size=5, dtype="float64")
    other = replace(data, validation_y=2 - data.validation_y, test_y=2 - data.test_y)
    for one, two in zip(train(data, settings).network.weights, train(other, settings).network.weights, strict=True):
        np.testing.assert_array_equal(one, two)


def test_diverging_raises_at_the_first_epoch_that_is_not_finite():
    seen = []
    with pytest.raises(Diverged, match="epoch 1 is"):
        train(small_data(), Settings(hidden=(4,), epochs=9, batch_size=5, lr=1e30), seen.append)
    assert len(seen) == 1


def test_the_surest_mistakes_come_first():
    pytest.importorskip("matplotlib")
    from chainrule.training.outcome import TrainingOutcome
    from chainrule.training.plotting import most_certain_mistakes

    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]])
    outcome = TrainingOutcome(None, p, np.array([0, 0, 0, 1]), FASHION_MNIST.classes[:2])
    assert most_certain_mistakes(outcome, 9).tolist() == [2, 3, 1]
    assert most_certain_mistakes(outcome, 2).tolist() == [2, 3]


# A learner's network


@pytest.fixture
def own(tmp_path):
    """Writes a network, with a change, and returns its path."""

    def own(old="", new=""):
        path = tmp_path / "net.py"
        path.write_text(HONEST.replace(old, new) if old else HONEST, encoding="utf-8")
        return path

    return own


def test_a_learners_network_trains_with_its_own_fit(chainrule_train, own, tmp_path):
    saved = tmp_path / "net.npz"
    status, printed, _ = chainrule_train(own(), *QUICK, "--lr", "0.1", "--save", saved)
    assert status == DONE
    assert "Network         784-8-10, 6,370 parameters, float64" in printed
    assert "linear, no hidden layer" in printed
    epochs = numbers_after(printed, "epoch      loss")
    assert [row[0] for row in epochs] == ["1", "2", "3"]
    assert float(epochs[-1][1]) < float(epochs[0][1])
    network = storing.load(saved)  # takes pictures as they are
    right = np.mean(network.forward(TEST_X).argmax(axis=1) == STAND_IN.test_labels)
    assert numbers_after(printed, "Test accuracy")[0] == ["784-8-10", f"{right:.2%}"]
    assert right > 0.2


def test_a_learners_prints_stay_out(chainrule_train, own):
    printed = chainrule_train(
        own("        for _ in range(epochs):\n", "        for _ in range(epochs):\n            print('x')\n"), *QUICK
    )
    assert "x\n" not in printed[1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (HONEST, "", "chainrule found no network to train in the code; chainrule check says what to do"),
        ("    def fit(", "    def tif(", "chainrule check says more"),
        (
            "                self.step(",
            "                raise ValueError('oh')\n                self.step(",
            "ValueError: oh at net.py:",
        ),
        (
            "    def __init__(self, sizes, seed=0):\n",
            "    def __init__(self, sizes, seed=0):\n        assert sizes[0] < 9\n",
            "MLP raised AssertionError",
        ),
        (
            "class MLP:\n",
            "CHAINRULE = {'architecture': [5, '*', 3]}\n\n\nclass MLP:\n",
            "makes no network of sizes 784-8-10",
        ),
    ],
    ids=["no network", "no fit", "fit raises", "the constructor raises", "no such sizes"],
)
def test_what_cannot_be_trained_is_said(chainrule_train, own, old, new, said):
    status, _, error = chainrule_train(own(old, new), *QUICK, "--no-baseline")
    assert status == UNUSABLE
    assert said in error
    assert "Traceback" not in error
