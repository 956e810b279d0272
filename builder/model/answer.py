"""What a recipe was told of the machine while it was evaluated: its rendering holds as long as that is so."""

from __future__ import annotations

from typing import Literal

from builder.model.frozen import frozen

Subject = Literal["environment", "file", "git"]


@frozen(kw_only=False)
class Answer:
    """One answer: to which ``question`` about which ``subject``, and the sha256 of what was said.

    The question is the name of an environment variable, the path of a file in the recipe's folder, or git's question
    and the repository's address as the recipe writes it. ``digest`` is None for a variable that is not set
    and for a file that is not there.
    """

    subject: Subject
    question: str
    digest: str | None

    def __str__(self) -> str:
        return f"{_WORDS[self.subject]} {self.question}"


_WORDS: dict[Subject, str] = {"environment": "the environment variable", "file": "the file", "git": "git's"}
