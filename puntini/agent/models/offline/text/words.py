"""Text as words: what is quoted stays whole, sentences end, and chains of commands come apart."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

MOST_CHARACTERS = 10_000
MOST_CLAUSES = 40
QUOTED = 300  # characters between two quotation marks; bounds how far an unmatched one is looked for


def vocabulary(words: str) -> frozenset[str]:
    """Some words as a set."""
    return frozenset(words.split())


END = "."
COMMA = ","
AND = frozenset({"and", "&", "plus", COMMA})
ARTICLES = frozenset({"a", "an", "the"})
FILLERS = ARTICLES | {"new", "another", "some", "one", "more", "just", "following", "these", "those", "my", "our", ":"}

# A new command begins where one of these follows "and" or a comma, in lower case and with something behind it.
COMMANDS = vocabulary(
    "add create insert make build draw connect link relate rename set change update delete remove disconnect "
    "unlink clear find list show count describe summarise summarize calculate compute search tell ask mark "
    "assign relabel give turn write"
)
_TOKEN = re.compile(
    rf'"(?P<q1>[^"\n]{{0,{QUOTED}}})"|[“„](?P<q2>[^“”\n]{{0,{QUOTED}}})[”“]|«(?P<q3>[^»\n]{{0,{QUOTED}}})»'
    rf"|`(?P<q4>[^`\n]{{0,{QUOTED}}})`|(?<!\w)['\u2018](?P<q5>[^'’\n]{{1,{QUOTED}}})['’](?!\w)"
    r"|(?P<bullet>\n[ \t]{0,8}[-*•][ \t])|(?P<end>[\n;])|(?P<sign>[,(){}=])"
    r"|(?P<bare>[^\s,(){}=;\"“”„«»`]+)"
)
_ABBREVIATIONS = vocabulary("dr. mr. mrs. ms. st. e.g. i.e. etc. vs. no. prof. inc. ltd. approx.")
_SIGNS = {"{": "(", "}": ")"}


class Word(NamedTuple):
    """A word or a sign, and where it stands. ``low`` is it in lower case; quoted words are never keywords: "" ."""

    text: str
    low: str
    start: int
    end: int
    quoted: bool = False

    @property
    def is_name(self) -> bool:
        """Whether it looks like (the beginning of) a name rather than a common noun."""
        return self.quoted or not self.text.islower()


Words = Sequence[Word]


class Clause(Struct, frozen=True):
    """A sentence or a command of a chain."""

    words: Words
    source: str

    def raw(self, words: Words) -> str:
        """The text from the first to the last of some of its words, as it was written."""
        return self.source[words[0].start : words[-1].end] if words else ""


def clauses(text: str) -> list[Clause]:
    """What is said, one after the other. No more than ``MOST_CHARACTERS`` are read, nor ``MOST_CLAUSES`` returned."""
    found: list[Clause] = []
    source = text[:MOST_CHARACTERS]
    for sentence in _sentences(words_of(source)):
        for part in _commands(sentence):
            if len(found) == MOST_CLAUSES:
                return found
            found.append(Clause(part, source))
    return found


def words_of(text: str) -> Iterator[Word]:
    """The words and signs. The end of a sentence is a word of its own: ``END``."""
    for match in _TOKEN.finditer(text):
        kind, start, end = match.lastgroup or "bare", match.start(), match.end()
        match kind:
            case "bare":
                yield from _bare(match[0], start)
            case "end":
                yield Word(END, END, start, end)
            case "bullet":
                yield Word(COMMA, COMMA, start, end)
            case "sign":
                sign = _SIGNS.get(match[0], match[0])
                yield Word(sign, sign, start, end)
            case _:
                yield Word(match[kind], "", start, end, quoted=True)


def _bare(text: str, start: int) -> Iterator[Word]:
    """A word without quotation marks, and the sign that ends it."""
    plain = text.lstrip("¿¡").replace("’", "'")
    start += len(text) - len(plain)
    core = plain.rstrip(".!?…:")
    after = plain[len(core) :]
    if after == END and (plain.lower() in _ABBREVIATIONS or (len(core) == 1 and core.isupper())):
        core, after = plain, ""
    if core:
        yield Word(core, core.lower(), start, start + len(core))
    if after:
        sign = ":" if after.startswith(":") else END
        yield Word(sign, sign, start + len(core), start + len(plain))


def _sentences(words: Iterator[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        if word.low != END:
            sentence.append(word)
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _commands(sentence: Words) -> Iterator[Words]:
    """Take a chain apart: ``…, then …``, ``… and connect …``. What the parts are joined with is left out."""
    start = 0
    for at, word in enumerate(sentence):
        if at > start and (word.low == "then" or (_opens(sentence, at) and sentence[at - 1].low in AND)):
            yield from _trimmed(sentence[start:at])
            start = at
    yield from _trimmed(sentence[start:])


def _opens(sentence: Words, at: int) -> bool:
    """Whether a command begins here, something being behind it."""
    word = sentence[at]
    return word.low in COMMANDS and word.text.islower() and at + 1 < len(sentence)


def _trimmed(part: Words) -> Iterator[Words]:
    joints = {"and", "then", COMMA, ":"}
    start, end = 0, len(part)
    while start < end and part[start].low in joints:
        start += 1
    while end > start and part[end - 1].low in joints:
        end -= 1
    if start < end:
        yield part[start:end]


# Looking at words.


def spot(words: Words, marks: frozenset[str] | set[str], start: int = 0) -> int:
    """Where the first of some keywords stands, or -1."""
    return next((at for at in range(start, len(words)) if words[at].low in marks), -1)


def spot_last(words: Words, marks: frozenset[str] | set[str]) -> int:
    """Where the last of some keywords stands, or -1."""
    return next((at for at in range(len(words) - 1, -1, -1) if words[at].low in marks), -1)


def lows(words: Words) -> list[str]:
    """The words in lower case."""
    return [word.low for word in words]


def begins(words: Words, phrase: str) -> bool:
    """Whether the words begin with those of a phrase."""
    wanted = phrase.split()
    return len(words) >= len(wanted) and all(word.low == want for word, want in zip(words, wanted, strict=False))


def fronts(*phrases: str) -> dict[str, list[tuple[str, ...]]]:
    """Phrases that clauses may begin with, by their first word, the longest first."""
    table: dict[str, list[tuple[str, ...]]] = {}
    for words in sorted((tuple(phrase.split()) for phrase in phrases), key=len, reverse=True):
        table.setdefault(words[0], []).append(words)
    return table


def front(words: Words, table: dict[str, list[tuple[str, ...]]]) -> int:
    """How many words of the longest phrase these begin with; 0 where they begin with none."""
    for phrase in table.get(words[0].low, ()) if words else ():
        if all(word.low == said for word, said in zip(words, phrase, strict=False)) and len(words) >= len(phrase):
            return len(phrase)
    return 0


def bare(words: Words) -> Words:
    """The words without articles and fillers in front."""
    start = 0
    while start < len(words) and words[start].low in FILLERS:
        start += 1
    return words[start:]


def split(words: Words, marks: frozenset[str] | set[str] = AND) -> list[Words]:
    """The parts between keywords that stand outside of brackets, without the empty ones."""
    parts: list[Words] = []
    start = depth = 0
    for at, word in enumerate(words):
        depth = max(0, depth + (word.low == "(") - (word.low == ")"))
        if depth == 0 and word.low in marks:
            parts.append(words[start:at])
            start = at + 1
    return [part for part in (*parts, words[start:]) if part]


def text_of(words: Words) -> str:
    """The words as one text, without quotation marks."""
    return " ".join(word.text for word in words).replace(" ,", ",")


def quoted(text: str) -> Word:
    """A text as one word that nothing is read into."""
    return Word(text, "", 0, 0, quoted=True)
