"""Text for sequence models: Shakespeare, Irish tunes, names, and an excerpt that is always there.

``shakespeare_excerpt`` needs no download; the other sets are looked for in ``$DERIVED_DATA`` and
the cache, and downloaded where they are missing. What a formula can make stands in
:mod:`derived.datasets.generated_text`.
"""

from __future__ import annotations

import re
from importlib import resources

from .remote import RemoteFile

__all__ = ["NAME_FILES", "TEXT_FILES", "irish_tunes", "names", "shakespeare", "shakespeare_excerpt"]

TEXT_FILES: dict[str, RemoteFile] = {
    "shakespeare": RemoteFile(
        name="text/tinyshakespeare.txt",
        urls=(
            "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        ),
        sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        size=1_115_394,
        alternative="derived.datasets.shakespeare_excerpt() needs no download",
    ),
    "irish": RemoteFile(
        name="text/irish.abc",
        urls=(
            "https://raw.githubusercontent.com/MITDeepLearning/introtodeeplearning/master/mitdeeplearning/data/irish.abc",
            "https://raw.githubusercontent.com/aamini/introtodeeplearning/master/mitdeeplearning/data/irish.abc",
        ),
        sha256="df3782d5f7b5a2f4c66aa7c13f13008d5f48757b3f5f51620cd6c1ceb2c53023",
        size=197_618,
        alternative="derived.datasets.generated_tunes(200, rng) needs no download",
    ),
}

_NAMES = {
    "Arabic": (13190, "6f424a8dbe51cbbbabab7a57d38b617210125e4e3991f3c657cb79b8f104bafc"),
    "Chinese": (1246, "09ba8f1f7e38dbc99372d461b26ad4433b811fc6bfa6a3ecca6fe11a9a777465"),
    "Czech": (3916, "e17ab0ec47616a72c39cb85c783f70c3663ab64488721e5d8378f146d2226be7"),
    "Dutch": (2351, "924f32b635170eae561f84538632138fc07d4c8bbd70ba3fb980de1ecc4d2af3"),
    "English": (27125, "9cca037066d3d5989e24bc01801416162de506b5e28e15b7c092a47905d29bf2"),
    "French": (2178, "81e65b36c60ed5b89a17422f6edcadbb89546f38ad69e960e64e7ba682012a95"),
    "German": (5610, "7449cd590b97a733e18d613a4155decd77ec35dc5f8aadd7a82204dce4f051db"),
    "Greek": (1981, "3555b5186de7f401e6d991b088e9e644ca3099116477818c25ab5793801389e6"),
    "Irish": (1858, "cf8c7013256252a88d2503127b87282a11f21b2ff6db1bded68834c19a1ec058"),
    "Italian": (5657, "f88414c27d0606a11a678b4859277828c2565d6cc4d9ee932deef6e94f3b35e4"),
    "Japanese": (7622, "e0e717e114fec3e7eade4d9dabe0067c475f43147e36a22b47902ee76ad9e67f"),
    "Korean": (423, "cd54221ccb362a6cba4c78828838cf3268a0e59744767a37cf6ec4b74036b136"),
    "Polish": (1165, "45bab898af2f60ed3a728bbf6980e28821011a7caa53227553b5785903a40826"),
    "Portuguese": (554, "50a8735f41f4f73757c8ce5b16cb0275cd86b2b214bcbc8c9805f508cb131c53"),
    "Russian": (85168, "0cfe53ac18041e8f63666aa77313e0a3ff378facb132abee052d8ebdc8c3d62c"),
    "Scottish": (752, "78d0252711d87d948ea86fe34826c51d2d794a8e52d15b5d6f7b6244d45d62dd"),
    "Spanish": (2284, "1bcb462ed3316756a85781d68232bddae04498fdddd5d9219c53fd1fbdeba7a7"),
    "Vietnamese": (339, "f3f9e4164ab47601178a6e45b216464a64122f49d05541f24bf18a757253281d"),
}

#: language → file with one name a line.
NAME_FILES: dict[str, RemoteFile] = {
    language: RemoteFile(
        name=f"names/{language}.txt",
        urls=(
            f"https://raw.githubusercontent.com/spro/practical-pytorch/master/data/names/{language}.txt",
        ),
        sha256=sha256,
        size=size,
        alternative="derived.datasets.generated_names(2000, rng) needs no download",
    )
    for language, (size, sha256) in _NAMES.items()
}


def shakespeare_excerpt() -> str:
    """Return the beginning of *A Midsummer Night's Dream*, 39,627 characters, 60 different ones.

    Whole speeches in the form of Tiny Shakespeare, which does not hold this play: a line with the
    speaker's name and a colon, the lines, an empty line. No download.

    Source: Project Gutenberg's edition, without its stage directions; in the public domain.
    """
    folder = resources.files("derived.datasets") / "embedded"
    return (folder / "shakespeare.txt").read_text(encoding="utf-8")


def shakespeare(*, offline: bool | None = None) -> str:
    """Return Tiny Shakespeare, 1,115,394 characters, 65 different ones.

    Parameters
    ----------
    offline : True never uses the network, False may; None asks ``$DERIVED_OFFLINE``.

    Raises
    ------
    DataUnavailable : if the file is neither there nor to be had; the message says what to do.

    Source: A. Karpathy, *char-rnn*, 2015.
    """
    return TEXT_FILES["shakespeare"].read(offline=offline).decode("ascii")


def irish_tunes(*, offline: bool | None = None) -> list[str]:
    """Return 804 Irish dance tunes in ABC notation, one string each, as they were typed.

    Each begins with header lines: X number, T title, Z transcription, M metre, L unit, K key.
    Raises DataUnavailable as :func:`shakespeare` does.

    Source: the collection of the course MIT 6.S191.
    """
    text = TEXT_FILES["irish"].read(offline=offline).decode("utf-8")
    return [tune.strip() + "\n" for tune in re.split(r"^(?=X:)", text, flags=re.M) if tune.strip()]


def names(*, offline: bool | None = None) -> dict[str, list[str]]:
    """Return family names of 18 languages: language → different names, in alphabetical order.

    The files repeat many names (Arabic has 2,000 lines and 108 names), so that a random split of
    the *lines* would test on names that were trained on. A name stands once a language here; 469
    names belong to several languages. Raises DataUnavailable as :func:`shakespeare` does.

    Source: S. Robertson, *Practical PyTorch*, 2017.
    """
    return {
        language: sorted({line.strip() for line in text.splitlines() if line.strip()})
        for language, text in (
            (language, file.read(offline=offline).decode("utf-8"))
            for language, file in NAME_FILES.items()
        )
    }
