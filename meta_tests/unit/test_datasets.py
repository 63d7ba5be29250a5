"""The dataset from every source there is, with stand-ins for the files, the mirrors and Debian's package.

Nothing here reaches the network or the user's own cache: `isolated` sees to it for every test.
"""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import os
import socket
import socketserver
import subprocess
import sys
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pooch
import pytest

from chainrule.training import datasets
from chainrule.training.datasets import DATASETS, DatasetUnavailable, fashion_mnist, files, load, published, sources

SHAPES = {
    "train-images-idx3-ubyte.gz": (6, 2, 3),
    "train-labels-idx1-ubyte.gz": (6,),
    "t10k-images-idx3-ubyte.gz": (4, 2, 3),
    "t10k-labels-idx1-ubyte.gz": (4,),
}
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


def idx(array):
    """An array of bytes in IDX format."""
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return b"\x00\x00\x08" + bytes([array.ndim]) + lengths + array.tobytes()


def random_bytes(shape, seed):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


ARRAYS = {name: random_bytes(shape, seed) for seed, (name, shape) in enumerate(SHAPES.items())}
RAW = {name: idx(array) for name, array in ARRAYS.items()}
GOOD = {name: gzip.compress(raw, mtime=0) for name, raw in RAW.items()}
OTHER = {name: idx(random_bytes(shape, 99)) for name, shape in SHAPES.items()}
DIGITS = {name: gzip.compress(raw, mtime=0) for name, raw in OTHER.items()}
WEB_PAGE = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"
FLIPPED = {name: data[:-12] + bytes([data[-12] ^ 1]) + data[-11:] for name, data in GOOD.items()}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """No network but the loopback, no programs, no folders of the user's; small stand-ins for the published files."""
    resolve = socket.getaddrinfo

    def only_loopback(host, *args, **kwargs):
        assert host == "127.0.0.1", f"a test looked up {host}"
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", only_loopback)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CHAINRULE_FASHION_MNIST", raising=False)
    monkeypatch.setattr(datasets, "SYSTEM_FOLDER", tmp_path / "system")
    monkeypatch.setattr(sources, "STALL_SECONDS", 0.3)
    monkeypatch.setitem(DATASETS, "mnist", replace(published.MNIST, files=four(DIGITS, OTHER)))
    put_in_place(monkeypatch, files=four(GOOD, RAW), mirrors=())


def four(compressed, contents):
    """Stand-ins for four published files."""
    return tuple(
        files.IDXFile(name, SHAPES[name], len(data), sha256(data), sha256(contents[name]))
        for name, data in compressed.items()
    )


def put_in_place(monkeypatch, **changes):
    """Change what is published of Fashion-MNIST."""
    changed = replace(DATASETS["fashion-mnist"], **changes)
    monkeypatch.setitem(DATASETS, "fashion-mnist", changed)
    monkeypatch.setattr(datasets, "FASHION_MNIST", changed)


def mirrors():
    return DATASETS["fashion-mnist"].mirrors


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "fashion-mnist"


@pytest.fixture
def no_sources(monkeypatch):
    """Any wish to download is an error."""
    monkeypatch.setattr(sources, "sources", lambda dataset: pytest.fail("the network was asked"))


def fill(folder, contents=GOOD):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return folder


def assert_loaded(dataset):
    for array, expected in zip(dataset, ARRAYS.values(), strict=True):
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == np.uint8
        assert array.flags.writeable


def assert_cached(cache):
    """The cache holds the four files, whole, and nothing else."""
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == GOOD


# The mirrors: a server on the loopback, and the ways in which servers fail.


class Mirror(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, contents, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents, self.answer = contents, answer
        self.closing = threading.Event()
        self.downloaded = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/data/"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_HEAD(self):
        if self.server.answer == "silent":
            self.server.closing.wait(10)
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        name = self.path.removeprefix("/data/")
        self.server.downloaded.append(name)
        data = self.server.contents.get(name)
        if "gzip" in self.headers["Accept-Encoding"]:
            return self.send_error(406, "these bytes are not to be compressed once more")
        if data is None:
            return self.send_error(404)
        self.send_response(200)
        if self.server.answer != "unannounced":
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.server.answer in ("stalls", "hangs up"):
            data = data[: len(data) // 2]
        self.wfile.write(data)
        self.wfile.flush()
        if self.server.answer == "stalls":
            self.server.closing.wait(10)


@pytest.fixture
def mirror(monkeypatch):
    """A function that starts one more mirror, of given files and manners, and puts it last in the list."""
    servers = []

    def start(contents=GOOD, answer="well"):
        server = Mirror(contents, answer)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        put_in_place(monkeypatch, mirrors=(*mirrors(), server.url))
        return server

    yield start
    for server in servers:
        server.closing.set()
        server.shutdown()
        server.server_close()


def refusing_mirror():
    """The address of a port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/data/"


# A folder that the user names.


@pytest.mark.parametrize(
    "contents",
    [
        GOOD,
        {name.removesuffix(".gz"): raw for name, raw in RAW.items()},
        {name: gzip.compress(raw, 1, mtime=7) for name, raw in RAW.items()},
        RAW,
    ],
    ids=["as published", "decompressed", "compressed anew", "decompressed under the old names"],
)
@pytest.mark.parametrize("by", ["argument", "variable"])
def test_given_folder(monkeypatch, no_sources, tmp_path, contents, by):
    folder = fill(tmp_path / "mine", contents)
    if by == "variable":
        monkeypatch.setenv("CHAINRULE_FASHION_MNIST", str(folder))
    assert_loaded(fashion_mnist(folder if by == "argument" else None))


def test_argument_beats_variable(monkeypatch, no_sources, tmp_path):
    monkeypatch.setenv("CHAINRULE_FASHION_MNIST", str(tmp_path / "nowhere"))
    assert_loaded(fashion_mnist(str(fill(tmp_path / "mine"))))


def test_empty_variable_is_unset(monkeypatch, no_sources, cache):
    monkeypatch.setenv("CHAINRULE_FASHION_MNIST", "")
    fill(cache)
    assert_loaded(fashion_mnist())


@pytest.mark.parametrize("by", ["argument", "variable"])
@pytest.mark.parametrize("state", ["absent", "empty", "a file", "lacks one"])
def test_given_folder_is_not_passed_over(monkeypatch, no_sources, tmp_path, cache, by, state):
    """What lacks in a folder that was asked for is said, though the cache and a download could replace it."""
    fill(cache)
    folder = tmp_path / "mine"
    if state == "a file":
        folder.write_text("")
    elif state != "absent":
        fill(folder, {name: data for name, data in GOOD.items() if name != LABELS and state == "lacks one"})
    if by == "variable":
        monkeypatch.setenv("CHAINRULE_FASHION_MNIST", str(folder))
    with pytest.raises(DatasetUnavailable) as caught:
        fashion_mnist(folder if by == "argument" else None)
    message = str(caught.value)
    expected = {
        "absent": "the folder does not exist",
        "empty": "none of the four files is there",
        "a file": "this is a file, not a folder",
        "lacks one": f"{LABELS} is missing.",
    }
    assert expected[state] in message
    assert str(folder) in message
    assert ("CHAINRULE_FASHION_MNIST" if by == "variable" else "the folder argument") in message


WRONG = {
    "digits": (DIGITS[IMAGES], "is of MNIST, not of Fashion-MNIST, whose files have the same names"),
    "digits compressed anew": (gzip.compress(OTHER[IMAGES], 1, mtime=7), "is of MNIST, not of Fashion-MNIST"),
    "digits decompressed": (OTHER[IMAGES], "is of MNIST, not of Fashion-MNIST"),
    "truncated": (GOOD[IMAGES][:-5], f"truncated ({len(GOOD[IMAGES]) - 5} bytes of {len(GOOD[IMAGES])})"),
    "truncated in the header": (GOOD[IMAGES][:4], "truncated (4 bytes"),
    "truncated and decompressed": (RAW[IMAGES][:-5], "truncated"),
    "corrupted": (FLIPPED[IMAGES], "corrupted"),
    "corrupted and decompressed": (RAW[IMAGES][:-1] + b"?", "corrupted copy"),
    "of an unknown data set": (idx(random_bytes(SHAPES[IMAGES], 7)), "another dataset"),
    "web page": (WEB_PAGE, "web page"),
    "renamed": (GOOD[LABELS], f"is {LABELS} under a wrong name"),
    "empty": (b"", "empty"),
    "something else": (b"%PDF-1.7 ...", "neither gzip nor IDX data (it starts with b'%PDF-1.7')"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_file_is_named_and_told_apart(no_sources, tmp_path, kind):
    data, expected = WRONG[kind]
    with pytest.raises(DatasetUnavailable) as caught:
        fashion_mnist(fill(tmp_path / "mine", GOOD | {IMAGES: data}))
    message = str(caught.value).splitlines()[0]
    assert f": {IMAGES} " in message
    assert expected in message


def test_unreadable_file_is_named(no_sources, tmp_path):
    folder = fill(tmp_path / "mine")
    (folder / IMAGES).unlink()
    (folder / IMAGES).mkdir()
    with pytest.raises(DatasetUnavailable, match=f"{IMAGES} cannot be read"):
        fashion_mnist(folder)


# The cache and the folder of Debian's package.


def test_cached_copy_needs_no_network(no_sources, cache):
    fill(cache)
    assert_loaded(fashion_mnist())


def test_user_cache(monkeypatch, no_sources, tmp_path):
    monkeypatch.delenv("CHAINRULE_CACHE")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "user" / project)
    fill(tmp_path / "user" / "chainrule" / "fashion-mnist")
    assert_loaded(fashion_mnist())


def test_system_folder(no_sources, tmp_path):
    fill(tmp_path / "system" / "fashion-mnist")
    assert_loaded(fashion_mnist())


def test_half_from_the_cache_half_from_the_system(no_sources, tmp_path, cache):
    fill(cache, {IMAGES: GOOD[IMAGES], LABELS: FLIPPED[LABELS]})
    fill(tmp_path / "system" / "fashion-mnist", {name: data for name, data in GOOD.items() if name != IMAGES})
    assert_loaded(fashion_mnist())


# The mirrors.


@pytest.mark.parametrize("answer", ["well", "unannounced"])
def test_download(cache, mirror, answer):
    server = mirror(answer=answer)
    assert_loaded(fashion_mnist())
    assert_cached(cache)
    assert server.downloaded == list(GOOD)


def test_downloaded_once(cache, mirror):
    server = mirror()
    fashion_mnist()
    server.downloaded.clear()
    assert_loaded(fashion_mnist())
    assert server.downloaded == []


def test_only_what_lacks_is_downloaded(cache, mirror):
    server = mirror()
    fill(cache, {IMAGES: GOOD[IMAGES], LABELS: WEB_PAGE})
    before = (cache / IMAGES).stat().st_mtime_ns
    assert_loaded(fashion_mnist())
    assert_cached(cache)
    assert IMAGES not in server.downloaded
    assert LABELS in server.downloaded
    assert (cache / IMAGES).stat().st_mtime_ns == before


FAILING = {
    "refuses": (None, "", "refused"),
    "silent": (GOOD, "silent", "no answer within 0.3 s"),
    "has nothing": ({}, "well", "404"),
    "sends a login page": (dict.fromkeys(GOOD, WEB_PAGE), "well", f"{IMAGES} is a web page"),
    "sends digits": (DIGITS, "well", f"{IMAGES} is of MNIST"),
    "sends corrupted data": (FLIPPED, "well", f"{IMAGES} is corrupted"),
    "hangs up": (GOOD, "hangs up", IMAGES),
    "stalls": (GOOD, "stalls", f"{IMAGES}: "),
}


@pytest.fixture(params=FAILING)
def failing_mirror(request, monkeypatch, mirror):
    """The address of a mirror that fails, and what should be said of it."""
    contents, answer, reason = FAILING[request.param]
    if answer == "silent":
        monkeypatch.setattr(sources, "ANSWER_SECONDS", 0.3)
    if contents is None:
        put_in_place(monkeypatch, mirrors=(refusing_mirror(),))
    else:
        mirror(contents, answer)
    return mirrors()[0], reason


def test_next_mirror_serves(cache, failing_mirror, mirror):
    mirror()
    assert_loaded(fashion_mnist())
    assert_cached(cache)


def test_failing_mirror_is_reported_soon(cache, failing_mirror):
    url, reason = failing_mirror
    begin = time.monotonic()
    with pytest.raises(DatasetUnavailable) as caught:
        fashion_mnist()
    assert time.monotonic() - begin < 3
    line = next(line for line in str(caught.value).splitlines() if line.startswith(f"  - {url}: "))
    assert reason in line
    assert list(cache.iterdir()) == []


def test_a_slow_name_server_is_not_waited_for(monkeypatch):
    """No timeout of a request covers the look-up of a name. All mirrors together wait once."""
    put_in_place(monkeypatch, mirrors=tuple(f"http://127.0.0.1:{port}/" for port in range(1, 21)))
    monkeypatch.setattr(sources, "ANSWER_SECONDS", 0.2)
    over = threading.Event()

    def look_up(*args, **kwargs):
        over.wait(5)
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    begin = time.monotonic()
    with pytest.raises(DatasetUnavailable, match="no answer within"):
        fashion_mnist()
    assert time.monotonic() - begin < 2
    over.set()


# What is in the cache stays good.


def test_bad_cached_file_is_reported_and_kept_when_nothing_replaces_it(cache):
    fill(cache, GOOD | {IMAGES: FLIPPED[IMAGES]})
    with pytest.raises(DatasetUnavailable, match=f"{IMAGES} is corrupted"):
        fashion_mnist()
    assert (cache / IMAGES).read_bytes() == FLIPPED[IMAGES]
    assert (cache / LABELS).read_bytes() == GOOD[LABELS]


def test_interrupted_download_keeps_what_is_whole(monkeypatch, cache, mirror):
    server = mirror()
    download = pooch.HTTPDownloader.__call__

    def interrupted(self, url, output_file, *args, **kwargs):
        if url.endswith(LABELS):
            Path(output_file).write_bytes(GOOD[LABELS][:9])
            raise KeyboardInterrupt
        return download(self, url, output_file, *args, **kwargs)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fashion_mnist()
    assert [path.name for path in cache.iterdir()] == [IMAGES]
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)
    assert_loaded(fashion_mnist())
    assert_cached(cache)
    assert server.downloaded.count(IMAGES) == 1


def test_concurrent_downloads(cache, mirror):
    mirror()
    barrier = threading.Barrier(6)

    def load(_):
        barrier.wait()
        return fashion_mnist()

    with ThreadPoolExecutor(6) as pool:
        for dataset in pool.map(load, range(6)):
            assert_loaded(dataset)
    assert_cached(cache)


def test_unusable_cache_still_loads(monkeypatch, tmp_path, mirror):
    mirror()
    (tmp_path / "occupied").write_text("")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "occupied"))
    with pytest.warns(RuntimeWarning, match="cannot be kept: .*occupied") as warned:
        assert_loaded(fashion_mnist())
    assert len(warned) == 1
    assert warned[0].filename == __file__


def test_cache_that_refuses_a_file_still_loads(monkeypatch, cache, mirror):
    mirror()
    fill(cache, {IMAGES: FLIPPED[IMAGES]})

    def refuse(source, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.warns(RuntimeWarning, match="not writable .Permission denied"):
        assert_loaded(fashion_mnist())
    assert [path.name for path in cache.iterdir()] == [IMAGES]


# Debian's package.

APT_GET = """
case $1 in
update)   test -d "$PWD/lists/partial" || exit 9 ;;
download) test "$2" = dataset-fashion-mnist && echo package > dataset-fashion-mnist_1_all.deb ;;
esac
"""
DPKG_DEB = """
test "$1" = -x && test "$(cat "$2")" = package || exit 9
mkdir -p "$3/usr/share/datasets" && cp -r {folder} "$3/usr/share/datasets/fashion-mnist"
"""
posix = pytest.mark.skipif(os.name == "nt", reason="apt-get is a program of Linux")


@pytest.fixture
def programs(tmp_path):
    """A function that puts stand-ins for apt-get and dpkg-deb on the path. Returns the file that lists what was run."""
    calls = tmp_path / "calls"

    def install(apt_get=APT_GET, dpkg_deb=DPKG_DEB, contents=GOOD):
        folder = fill(tmp_path / "package", contents)
        scripts = {"apt-get": apt_get, "dpkg-deb": dpkg_deb and dpkg_deb.format(folder=f"'{folder}'")}
        (tmp_path / "bin").mkdir()
        for name, body in scripts.items():
            if body is not None:
                script = tmp_path / "bin" / name
                script.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\necho {name} \"$@\" >> '{calls}'\n{body}")
                script.chmod(0o755)
        return calls

    return install


@posix
def test_debian_package(cache, programs):
    calls = programs()
    assert_loaded(fashion_mnist())
    assert_cached(cache)
    commands = calls.read_text().splitlines()
    assert [command.split()[:2] for command in commands] == [
        ["apt-get", "update"],
        ["apt-get", "download"],
        ["dpkg-deb", "-x"],
    ]
    for command in commands[:2]:
        assert f"-o Dir::State::lists={cache}" in command
        assert f"-o Dir::Cache={cache}" in command


@posix
def test_debian_hooks_of_the_system_do_not_run(programs):
    calls = programs(apt_get='while test "$1" != -c; do shift; done; cp "$2" "$0.conf"; exit 1')
    with pytest.raises(DatasetUnavailable):
        fashion_mnist()
    settings = (calls.parent / "bin" / "apt-get.conf").read_text()
    for hook in ("Pre-Invoke", "Post-Invoke", "Post-Invoke-Success"):
        assert f"#clear APT::Update::{hook};" in settings


@posix
def test_debian_only_after_the_mirrors(mirror, programs):
    calls = programs()
    mirror()
    assert_loaded(fashion_mnist())
    assert not calls.exists()


@posix
def test_debian_brings_what_the_mirrors_lack(cache, mirror, programs):
    programs()
    mirror({IMAGES: GOOD[IMAGES]})
    assert_loaded(fashion_mnist())
    assert_cached(cache)


@posix
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"apt_get": None}, "apt-get is not installed"),
        ({"dpkg_deb": None}, "dpkg-deb is not installed"),
        ({"apt_get": "echo 'E: no such thing' >&2; exit 100"}, "apt-get update failed: E: no such thing"),
        ({"apt_get": "exit 7"}, "apt-get update failed: exit status 7"),
        (
            {"apt_get": 'echo "W: $1 alone" >&2; test $1 = update || { echo "E: unknown" >&2; exit 1; }'},
            "apt-get download failed: E: unknown (W: update alone)",
        ),
        ({"dpkg_deb": "echo dpkg-deb: error: broken >&2; exit 2"}, "dpkg-deb -x failed: dpkg-deb: error: broken"),
        ({"contents": {LABELS: GOOD[LABELS]}}, f"the package does not contain {IMAGES}"),
        ({"contents": GOOD | {IMAGES: FLIPPED[IMAGES]}}, f"{IMAGES} is corrupted"),
    ],
)
def test_debian_failure_is_reported(cache, programs, arguments, expected):
    programs(**arguments)
    with pytest.raises(DatasetUnavailable) as caught:
        fashion_mnist()
    assert f"  - Debian's package dataset-fashion-mnist: {expected}" in str(caught.value)
    assert list(cache.iterdir()) == []


@posix
@pytest.mark.parametrize("command", ["exec sleep 5", "sleep 5"], ids=["itself", "its child"])
def test_debian_is_not_waited_for_forever(monkeypatch, programs, command):
    programs(apt_get=command)
    monkeypatch.setattr(sources, "APT_SECONDS", 0.4)
    begin = time.monotonic()
    with pytest.raises(DatasetUnavailable, match=r"apt-get update took longer than 0\.4 s"):
        fashion_mnist()
    assert time.monotonic() - begin < 2


# What the user reads, and the rest of what is public.


def test_message_lists_what_was_tried_and_every_way(monkeypatch, tmp_path, cache):
    refusing = (refusing_mirror(), refusing_mirror())
    put_in_place(monkeypatch, mirrors=refusing)
    fill(cache, {LABELS: WEB_PAGE})
    with pytest.raises(DatasetUnavailable) as caught:
        fashion_mnist()
    tried, ways = str(caught.value).split("To make it available, do one of these:")
    for place in (cache, tmp_path / "system" / "fashion-mnist", *refusing, "Debian's package dataset-fashion-mnist"):
        assert f"\n  - {place}: " in tried
    assert f"{IMAGES} is missing; {LABELS} is a web page" in tried
    assert "Max retries exceeded" not in tried
    for way in (*SHAPES, "CHAINRULE_FASHION_MNIST", str(cache), "CHAINRULE_CACHE", *refusing):
        assert way in ways
    assert "apt-get install dataset-fashion-mnist" in ways
    assert isinstance(caught.value, RuntimeError)


def test_download_can_be_refused(no_sources, cache):
    with pytest.raises(DatasetUnavailable, match="download: not tried, by request"):
        fashion_mnist(download=False)
    assert not cache.exists()


def test_progress_is_drawn_on_a_terminal(monkeypatch, mirror):
    from rich import console

    mirror()
    screen = io.StringIO()
    terminal = console.Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(console, "Console", lambda stderr: terminal)
    assert_loaded(fashion_mnist())
    drawn = screen.getvalue()
    for name, data in GOOD.items():
        assert name in drawn
        assert f"{len(data)}/{len(data)} bytes" in drawn


def test_nothing_is_drawn_elsewhere(capfd, mirror):
    mirror()
    fashion_mnist()
    assert capfd.readouterr() == ("", "")


def test_scaled():
    images = np.array([[[0, 51], [102, 255]]], np.uint8)
    rows = datasets.scaled(images)
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows, [[0, 51 / 255, 102 / 255, 1]])
    assert datasets.scaled(images, np.float32).dtype == np.float32
    assert images.max() == 255


# The other data sets.

IN_FOUR_FILES = ("fashion-mnist", "mnist", "kmnist")


def test_published_tables(monkeypatch):
    """The real tables agree with the formats, with the number of the classes, and share no digest."""
    monkeypatch.undo()
    for name in IN_FOUR_FILES:
        assert [file.name for file in DATASETS[name].files] == list(SHAPES)
        assert [file.content_size for file in DATASETS[name].files] == [47040016, 60008, 7840016, 10008]
    digests = [digest for dataset in DATASETS.values() for file in dataset.files for digest in file.digests]
    assert len(set(digests)) == len(digests) == 8 + 8 + 7 + 7 + 3
    assert all(len(bytes.fromhex(digest)) == 32 for digest in digests)
    for name, dataset in DATASETS.items():
        assert dataset.name == name
        assert len(set(dataset.classes)) == len(dataset.classes) == (100 if name == "cifar100" else 10)
        assert all(mirror.endswith("/") for mirror in dataset.mirrors)
    assert [dataset.variable for dataset in DATASETS.values()] == [
        f"CHAINRULE_{name}" for name in ("FASHION_MNIST", "MNIST", "KMNIST", "CIFAR10", "CIFAR100")
    ]


def test_a_file_without_a_known_content_is_taken_as_published_only(monkeypatch, no_sources, tmp_path):
    put_in_place(monkeypatch, files=tuple(replace(file, content_sha256="") for file in four(GOOD, RAW)))
    assert_loaded(fashion_mnist(fill(tmp_path / "published")))
    anew = fill(tmp_path / "anew", GOOD | {IMAGES: gzip.compress(RAW[IMAGES], 1, mtime=7)})
    with pytest.raises(DatasetUnavailable, match=f"{IMAGES} is not the file as published"):
        fashion_mnist(anew)


def test_a_folder_shows_whose_files_it_holds(tmp_path):
    assert datasets.held_by(fill(tmp_path / "clothes")).name == "fashion-mnist"
    assert datasets.held_by(fill(tmp_path / "digits", DIGITS)).name == "mnist"
    assert datasets.held_by(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_a_folder_with_a_bad_archive_is_not_taken_for_another_data_set(tmp_path, name):
    (file,) = DATASETS[name].files
    assert datasets.held_by(fill(tmp_path / "bad", {file.name: WEB_PAGE})).name == name


# CIFAR's archives: small ones of the real form.


def records(count, labels, seed):
    """So many records: labels, and 3072 pixels."""
    return random_bytes((count, labels + 3072), seed)


def tar(folder, contents, mtime=0):
    """A compressed archive of these files in a folder, with another file beside them."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in ({"readme.html": b"<html>"} | contents).items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mtime = len(data), mtime
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(made.getvalue(), mtime=mtime)


class Cifar:
    """A stand-in for one of CIFAR's data sets, with 12 pictures, of which 4 are for tests."""

    def __init__(self, dataset):
        (file,) = dataset.files
        each = [12 // len(file.members)] * len(file.members) if len(file.members) > 2 else [8, 4]
        self.records = [records(count, file.record - 3072, seed) for seed, count in enumerate(each)]
        names = [member.name for member in file.members]
        self.contents = {name: part.tobytes() for name, part in zip(names, self.records, strict=True)}
        self.archive = tar(file.folder, self.contents)
        members = tuple(files.Member(name, sha256(data)) for name, data in self.contents.items())
        changed = replace(file, size=len(self.archive), sha256=sha256(self.archive), members=members, records=12)
        self.name, self.folder, self.pickled = file.name, file.folder, file.pickled
        self.dataset = replace(dataset, files=(changed,), mirrors=())

    def assert_loaded(self, images):
        every = np.concatenate(self.records)
        tests = len(self.records[-1])
        np.testing.assert_array_equal(images.train_labels, every[:-tests, -3073])
        np.testing.assert_array_equal(images.test_labels, every[-tests:, -3073])
        pixels = every[:, -3072:].reshape(12, 3, 32, 32)  # planes of red, green and blue, each by rows
        np.testing.assert_array_equal(images.train_images, pixels[:-tests])
        np.testing.assert_array_equal(images.test_images, pixels[-tests:])
        for array in images:
            assert array.dtype == np.uint8
            assert array.flags.writeable


@pytest.fixture(params=["cifar10", "cifar100"])
def cifar(request, monkeypatch):
    made = Cifar(DATASETS[request.param])
    monkeypatch.setattr(published, "TESTS", len(made.records[-1]))
    monkeypatch.setitem(DATASETS, request.param, made.dataset)
    return made


@pytest.mark.parametrize("form", ["as published", "packed anew", "unpacked", "unpacked, without its folder"])
def test_cifar_from_a_folder(no_sources, tmp_path, cifar, form):
    if form == "unpacked":
        fill(tmp_path / "mine" / cifar.folder, cifar.contents)
    elif form == "unpacked, without its folder":
        fill(tmp_path / "mine", cifar.contents)
    else:
        data = cifar.archive if form == "as published" else tar(cifar.folder, cifar.contents, mtime=7)
        fill(tmp_path / "mine", {cifar.name: data})
    cifar.assert_loaded(load(cifar.dataset, tmp_path / "mine"))
    assert datasets.held_by(tmp_path / "mine") is cifar.dataset


def test_cifar_is_downloaded_once(cifar, mirror, tmp_path):
    server = mirror({cifar.name: cifar.archive})
    cifar.dataset = replace(cifar.dataset, mirrors=(server.url,))
    for _ in range(2):
        cifar.assert_loaded(load(cifar.dataset))
    assert server.downloaded == [cifar.name]
    assert (tmp_path / "cache" / cifar.dataset.name / cifar.name).read_bytes() == cifar.archive


def test_cifar_that_cannot_be_had(cifar):
    with pytest.raises(DatasetUnavailable) as caught:
        load(cifar.dataset)
    message = str(caught.value)
    assert message.startswith(f"{cifar.dataset.title} is not on this machine and could not be downloaded.")
    assert f"set {cifar.dataset.variable} to a folder that holds {cifar.name}" in message
    assert "put this file into the cache" in message
    assert "apt-get" not in message


def changed(contents):
    """These contents, one byte of the first changed."""
    first = next(iter(contents))
    return contents | {first: bytes([contents[first][0] ^ 1]) + contents[first][1:]}


BAD_ARCHIVES = {
    "truncated": (lambda cifar: cifar.archive[:-9], "is truncated"),
    "web page": (lambda cifar: WEB_PAGE, "is a web page"),
    "empty": (lambda cifar: b"", "is empty"),
    "no archive": (lambda cifar: gzip.compress(b"no archive at all"), "is not the archive as published"),
    "another folder": (lambda cifar: tar("elsewhere", cifar.contents), "is not the archive as published"),
    "a changed picture": (lambda cifar: tar(cifar.folder, changed(cifar.contents)), "another content than published"),
    "something else": (lambda cifar: b"%PDF-1.7 ...", "is not gzip data (it starts with b'%PDF-1.7')"),
}


@pytest.mark.parametrize("kind", BAD_ARCHIVES)
def test_a_wrong_archive_is_named_and_told_apart(no_sources, tmp_path, cifar, kind):
    make, expected = BAD_ARCHIVES[kind]
    with pytest.raises(DatasetUnavailable) as caught:
        load(cifar.dataset, fill(tmp_path / "mine", {cifar.name: make(cifar)}))
    assert expected in str(caught.value).splitlines()[0]


def test_an_unpacked_picture_that_changed_is_seen(no_sources, tmp_path, cifar):
    with pytest.raises(DatasetUnavailable, match="another content than published"):
        load(cifar.dataset, fill(tmp_path / "mine" / cifar.folder, changed(cifar.contents)))


def test_a_pickle_is_not_read(no_sources, tmp_path, cifar):
    with pytest.raises(DatasetUnavailable, match=f"{cifar.pickled} is for Python's pickle.*take {cifar.name}"):
        load(cifar.dataset, fill(tmp_path / "mine", {cifar.pickled: b"cos\nsystem\n"}))


def test_import_is_cheap():
    """pooch and rich are imported when something is to be downloaded, not before."""
    code = (
        "import sys, chainrule; before = set(sys.modules); import chainrule.training.datasets; "
        "print({'pooch', 'requests', 'rich'} & (set(sys.modules) - before))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
