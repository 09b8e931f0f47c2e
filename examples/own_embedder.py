"""An embedder of one's own: documents are found by their letters too, so that a slip of the pen finds what it meant.

    puntini serve --embedder own_embedder:trigrams
    puntini knowledge add handbook.md
    puntini knowledge search "managment aproval"

It is no language model and knows no meanings: "car" and "automobile" are strangers to it. It counts which three letters
follow each other, so words that are written alike are near each other. A model that knows meanings is put in just so: a
function, plain or async, that is given a list of texts and returns as many vectors, all of one length.
"""

from zlib import crc32

NUMBERS = 512


def trigrams(texts: list[str]) -> list[list[float]]:
    """How often each three letters in a row are in each text; several share a number, which keeps vectors short."""
    return [_counted(text) for text in texts]


def _counted(text: str) -> list[float]:
    vector = [0.0] * NUMBERS
    for word in text.casefold().split():
        padded = f" {word} "
        for at in range(len(padded) - 2):
            # Not hash(), which is another in each process: vectors are kept.
            vector[crc32(padded[at : at + 3].encode()) % NUMBERS] += 1.0
    return vector
