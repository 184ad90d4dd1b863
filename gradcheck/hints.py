"""What is said of a mistake: in which language, and how much of it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

#: How much a report gives away, each level more than the one before: nothing beside the numbers;
#: which gradients are wrong; which mistake it looks like; how it is put right.
LEVELS = ("none", "where", "what", "remedy")
#: The languages that texts are written in.
LANGUAGES = ("en", "zh")
#: Where the environment says which language to use, the first that says anything.
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
#: What an encoding has to have, for a text in Chinese to be read.
_SAMPLE = "中文：（）"
#: A sentence is broken before this many columns; a wide character takes two.
_WIDTH = 92
_FIRST_WIDE = 0x2E80


class Text(NamedTuple):
    """One message in English and in Simplified Chinese.

    That of a mistake may have its number in the catalogue, by which tests know that it is told.
    """

    en: str
    zh: str
    id: str = ""

    def of(self, language: str) -> str:
        """The message in one language."""
        return self.zh if language == "zh" else self.en

    def format(self, **values: Any) -> Text:
        """With values put in; one that is a ``Text`` itself goes in by language."""
        en, zh = (
            self.of(code).format(
                **{n: v.of(code) if isinstance(v, Text) else v for n, v in values.items()}
            )
            for code in LANGUAGES
        )
        return Text(en, zh, self.id)


NOTHING = Text("", "")


class Said(str):
    """The English of a text, which carries the other languages along: a ``str`` to all code."""

    text: Text

    def __new__(cls, text: Text) -> Said:
        said = super().__new__(cls, text.en)
        said.text = text
        return said

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (self.text,)


def said(en: str, zh: str, /, **values: Any) -> Said:
    """A message with values put in; one that was said itself goes in by language."""
    given = {n: v.text if isinstance(v, Said) else v for n, v in values.items()}
    return Said(Text(en, zh).format(**given))


def in_language(message: str, language: str) -> str:
    """A message in one language, where it is known in it."""
    return message.text.of(language) if isinstance(message, Said) else message


#: What the report says around the texts of the catalogue.
_PHRASES = {
    "looks": Text("it looks like: {title}", "看起来是：{title}"),
    "guess": Text(
        "a guess, which explains {share} of the numbers: {title}",
        "仅为猜测（能解释 {share} 的数值）:{title}",
    ),
    "or": Text("or: {title}", "或者：{title}"),
    "same": Text(
        "these numbers cannot tell it from: {others}", "仅凭数值无法与以下错误区分：{others}"
    ),
    "remedy": Text("remedy: {remedy}", "改法：{remedy}"),
    "edit": Text(
        "remedy: with this change of line {line} it is right", "改法：第 {line} 行作如下修改即正确"
    ),
    "before": Text("from  {text}", "原为  {text}"),
    "after": Text("to    {text}", "改为  {text}"),
    "list": Text("; ", "；"),
}


@dataclass(frozen=True)
class Hints:
    """How much is said, and in which language: one of ``LEVELS`` and of ``LANGUAGES``."""

    level: str = "remedy"
    language: str = "en"

    @classmethod
    def of(
        cls, level: str | None = None, language: str | None = None, encoding: str | None = None
    ) -> Hints:
        """With what is not given taken from the defaults and the environment.

        ``encoding`` is that of the stream that is written to: what the environment asks for is
        written where it can be read.
        """
        return cls(level or "remedy", language or environment_language(encoding))

    def shows(self, level: str) -> bool:
        """Whether what belongs to ``level`` is said."""
        return LEVELS.index(self.level) >= LEVELS.index(level)


def environment_language(encoding: str | None = None) -> str:
    """``"zh"`` where the environment asks for Chinese and the encoding has it, else ``"en"``."""
    chosen = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), "")
    try:
        _SAMPLE.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "en"
    return "zh" if chosen.lower().startswith("zh") else "en"


@dataclass(frozen=True)
class Edit:
    """A change of one token of the rule's text after which it is right."""

    line: int
    before: str
    after: str


@dataclass(frozen=True)
class Mistake:
    """A named mistake: what it is, what it does, and how it is put right.

    ``explained`` is the share of the compared numbers that it explains: below 1 it is a guess.
    ``inputs`` are those whose gradients suffer from it; ``others`` the titles of mistakes that
    numbers cannot tell from it.
    """

    id: str
    title: Text
    explanation: Text = NOTHING
    remedy: Text = NOTHING
    others: tuple[Text, ...] = ()
    inputs: tuple[str, ...] = ()
    explained: float = 1.0
    edit: Edit | None = None

    @property
    def certain(self) -> bool:
        """Whether it explains every number at hand."""
        return self.explained == 1.0

    def as_dict(self, hints: Hints) -> dict[str, Any]:
        """Plain data in one language, with no more than the level shows."""
        data: dict[str, Any] = {
            "id": self.id,
            "title": self.title.of(hints.language),
            "explanation": self.explanation.of(hints.language),
            "others": [other.of(hints.language) for other in self.others],
            "inputs": list(self.inputs),
            "explained": self.explained,
        }
        if hints.shows("remedy"):
            data["remedy"] = self.remedy.of(hints.language)
            if self.edit is not None:
                data["edit"] = vars(self.edit) | {}
        return data


class Mistakes(Sequence[Mistake]):
    """Mistakes, the best first, and ``where``: which gradients are wrong, if not all are.

    They are looked for when they are first looked at, since that costs more than a verdict does.
    """

    def __init__(self, find: Callable[[], tuple[tuple[Mistake, ...], Text]]) -> None:
        self._find = find

    @functools.cached_property
    def _found(self) -> tuple[tuple[Mistake, ...], Text]:
        return self._find()

    @property
    def where(self) -> Text:
        """Which gradients are wrong and which are right; empty where all are wrong."""
        return self._found[1]

    def __getitem__(self, index: Any) -> Any:
        return self._found[0][index]

    def __len__(self) -> int:
        return len(self._found[0])

    def __repr__(self) -> str:
        return repr(self._found[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self._found[0],)


def tell(mistakes: Sequence[Mistake], hints: Hints, width: int | None = None) -> list[str]:
    """The lines of a report about the mistakes that were named, the best first.

    ``width`` is that of the screen; lines of a source are not broken.
    """
    most = _WIDTH if width is None else min(width, _WIDTH)
    if not hints.shows("where"):
        return []
    lines: list[str] = []
    where = mistakes.where if isinstance(mistakes, Mistakes) else NOTHING

    def say(name: str, indent: str = "  ", **values: Any) -> None:
        lines.extend(wrapped(_PHRASES[name].format(**values).of(hints.language), indent, most))

    if any(where):
        lines += wrapped(where.of(hints.language), "  ", most)
    if not hints.shows("what"):
        return lines
    for mistake in mistakes:
        if mistake.certain:
            say("looks", title=mistake.title)
        else:
            say("guess", title=mistake.title, share=f"{mistake.explained:.0%}")
        if any(mistake.explanation):
            lines.extend(wrapped(mistake.explanation.of(hints.language), "    ", most))
        if mistake.others and mistake.edit is None:
            texts = [other.of(hints.language) for other in mistake.others]
            say("same", "    ", others=_PHRASES["list"].of(hints.language).join(texts))
        if hints.shows("remedy"):
            if mistake.edit is not None:
                say("edit", "    ", line=mistake.edit.line)
                for name, text in ("before", mistake.edit.before), ("after", mistake.edit.after):
                    lines.append(f"      {_PHRASES[name].of(hints.language).format(text=text)}")
            elif any(mistake.remedy):
                say("remedy", "    ", remedy=mistake.remedy)
    return lines


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if ord(character) >= _FIRST_WIDE else 1 for character in text)


def wrapped(text: str, indent: str, most: int = _WIDTH) -> list[str]:
    """Lines of at most ``most`` columns; the second and further ones stand a little further in.

    Latin words stay whole; between wide characters a line may end anywhere.
    """
    lines, line, width = [], indent, len(indent)
    for word in _words(text):
        size = columns(word)
        if width + size > most and line.strip():
            lines.append(line.rstrip())
            line, width = indent + "  ", len(indent) + 2
            word = word.lstrip()
        line += word
        width += size
    return [*lines, line.rstrip()]


def _words(text: str) -> list[str]:
    """The text in pieces after which a line may end."""
    pieces: list[str] = []
    for character in text:
        wide = ord(character) >= _FIRST_WIDE
        joins = pieces and not wide and not pieces[-1].endswith(" ")
        if joins and ord(pieces[-1][-1]) < _FIRST_WIDE:
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces
