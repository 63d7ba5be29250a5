"""The data sets that chainrule loads: where each is published, its files, and its classes.

The digests of the IDX files are those of the published files, and of their content; those of CIFAR's archives and of
the files in them are listed by the libraries that load them (torchvision, TensorFlow Datasets).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .files import Archive, Bytes, DataFile, IDXFile, Member

TESTS = 10_000  # pictures of CIFAR, the last, that are for tests


class Images(NamedTuple):
    """A data set as published: pixels from 0 to 255, and labels that are indices into its classes.

    Pictures are (N, 28, 28), grey, or (N, 3, 32, 32): red, green, blue.
    """

    train_images: Bytes
    train_labels: Bytes  # (N,)
    test_images: Bytes
    test_labels: Bytes


@dataclass(frozen=True)
class Published:
    """A data set.

    name: its name on the command line, and of its folder in the cache.  title: its name in sentences.  files: what it
    consists of.  images: makes the pictures and labels of the arrays in these files.  mirrors: addresses of folders
    with the files.  package: Debian's package of it, if there is one, which installs into a folder of this name.
    """

    name: str
    title: str
    files: tuple[DataFile, ...]
    images: Callable[[Sequence[Bytes]], Images]
    mirrors: tuple[str, ...]
    classes: tuple[str, ...]
    package: str = ""

    @property
    def variable(self) -> str:
        """The environment variable that names a folder with its files."""
        return f"CHAINRULE_{self.name.upper().replace('-', '_')}"

    def known(self) -> Mapping[str, str]:
        """What every file is, of this data set and the others, by its SHA-256."""
        others = (other for other in DATASETS.values() if other.name != self.name)
        found = {
            digest: f"of {other.title}, not of {self.title}" + same_names(self, other)
            for other in others
            for file in other.files
            for digest in file.digests
        }
        own = {digest: name for file in self.files for digest, name in file.digests.items()}
        return found | {digest: f"{name} under a wrong name" for digest, name in own.items()}


def same_names(one: Published, other: Published) -> str:
    names = {file.name for file in one.files}
    return ", whose files have the same names" if names & {file.name for file in other.files} else ""


def four_files(sizes: Sequence[int], digests: Sequence[str], contents: Sequence[str]) -> tuple[IDXFile, ...]:
    """The four files of a data set in the form of MNIST, of their sizes and SHA-256, compressed and not."""
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    shapes = ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,))
    parts = zip(names, shapes, sizes, digests, contents, strict=True)
    return tuple(
        IDXFile(f"{name}-ubyte.gz", shape, size, digest, content) for name, shape, size, digest, content in parts
    )


def in_four_files(arrays: Sequence[Bytes]) -> Images:
    return Images(*arrays)


def in_records(arrays: Sequence[Bytes]) -> Images:
    """The pictures of CIFAR's records, 3072 pixels after the labels, of which the last is the finest.

    The last TESTS records are those of the test set.
    """
    (records,) = arrays
    labels, images = records[:, -3073].copy(), records[:, -3072:].reshape(-1, 3, 32, 32)
    return Images(images[:-TESTS], labels[:-TESTS], images[-TESTS:], labels[-TESTS:])


FASHION_MNIST = Published(  # Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747; MIT licence
    name="fashion-mnist",
    title="Fashion-MNIST",
    files=four_files(
        (26421856, 29491, 4422079, 5125),
        (
            "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
            "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
            "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
            "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
        ),
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    images=in_four_files,
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    classes=(
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
    package="dataset-fashion-mnist",
)  # fmt: skip

MNIST = Published(  # handwritten digits: LeCun, Bottou, Bengio and Haffner (1998), doi:10.1109/5.726791
    name="mnist",
    title="MNIST",
    files=four_files(
        (9912422, 28881, 1648877, 4542),
        (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    images=in_four_files,
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    classes=tuple("0123456789"),
)

KMNIST = Published(  # cursive characters: Clanuwat et al. (2018), arXiv:1812.01718; CC BY-SA 4.0
    name="kmnist",
    title="KMNIST",
    files=four_files(
        (18165135, 29497, 3041136, 5120),
        (
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
        (
            "",
            "2a16eeae62da984b8bd24fa32e31d47291f01dac3fe84d5594f304f71e7d374b",
            "76fbd229ce87db80dd281af5e6670de4ad0e42fb30a7bd643972994c47c1f42e",
            "a11dc742be8e781a40a92f53d6a4957e7b7d36df2faa097659131ebfd8fd60c6",
        ),
    ),
    images=in_four_files,
    mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
)

CIFAR_MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)

CIFAR10 = Published(  # Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009)
    name="cifar10",
    title="CIFAR-10",
    files=(
        Archive(
            name="cifar-10-binary.tar.gz",
            size=170052171,
            sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            folder="cifar-10-batches-bin",
            members=(
                Member("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
                Member("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
                Member("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
                Member("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
                Member("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
                Member("test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
            ),
            record=1 + 3072,
            records=60_000,
            pickled="cifar-10-python.tar.gz",
        ),
    ),
    images=in_records,
    mirrors=CIFAR_MIRRORS,
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
)

CIFAR100 = Published(  # the same work
    name="cifar100",
    title="CIFAR-100",
    files=(
        Archive(
            name="cifar-100-binary.tar.gz",
            size=168513733,
            sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            folder="cifar-100-binary",
            members=(
                Member("train.bin", "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"),
                Member("test.bin", "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"),
            ),
            record=2 + 3072,  # the class, after one of twenty groups of classes
            records=60_000,
            pickled="cifar-100-python.tar.gz",
        ),
    ),
    images=in_records,
    mirrors=CIFAR_MIRRORS,
    classes=tuple(
        """
        apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
        castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
        elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
        man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
        pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
        skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
        tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
        """.split()
    ),
)

DATASETS: Mapping[str, Published] = {one.name: one for one in (FASHION_MNIST, MNIST, KMNIST, CIFAR10, CIFAR100)}
