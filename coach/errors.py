"""Every error a person can meet. A message says what happened, where, and what to do next.

CoachError
├── BadInput          the caller gave something unusable
│   ├── BadQuestion       empty, too long, or without a word in it
│   ├── BadMove           an interview cannot do that now
│   └── BadBank           a bank file breaks the format; carries every problem found
├── SettingsError     an environment variable or the settings file is wrong
├── IndexUnusable     the index cannot be used as it is
│   ├── IndexMissing      nothing has been ingested yet
│   ├── IndexStale        built by another embedder, format or version
│   └── IndexBusy         another process holds the folder
├── EmbedderError     the embedding model cannot be loaded or is not the one expected
├── StorageError      a folder, file or database cannot be read or written
│   └── Conflict          somebody else has written there first
├── FetchError        a page cannot be had
│   └── Refused           it leads where nothing may connect to
├── ExtractError      a file or a page has no text that can be read
│   └── NeedsLogin        it shows its text to members, or after a consent
└── LLMError          the language model did not answer usefully
    └── ContextOverflow   what it was given is longer than it can read
"""

from __future__ import annotations


class CoachError(Exception):
    """Root of everything the coach raises on purpose."""


class BadInput(CoachError):
    """The caller gave something unusable."""


class BadQuestion(BadInput):
    """The question cannot be searched for."""


class BadMove(BadInput):
    """An interview cannot do that in the state it is in."""


class BadBank(BadInput):
    """A bank file breaks the format. `problems` holds one `file:line: what` string each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class SettingsError(CoachError):
    """A setting has a value the coach cannot use."""


class IndexUnusable(CoachError):
    """The index cannot be used as it is."""


class IndexMissing(IndexUnusable):
    """Nothing has been ingested yet."""


class IndexStale(IndexUnusable):
    """The index was built by another embedder, format or version."""


class IndexBusy(IndexUnusable):
    """Another process holds the index folder."""


class EmbedderError(CoachError):
    """The embedding model cannot be loaded, or is not the one expected."""


class StorageError(CoachError):
    """A folder, file or database cannot be read or written."""


class Conflict(StorageError):
    """Somebody else has written there first: read again, then decide."""


class FetchError(CoachError):
    """A page cannot be had."""


class Refused(FetchError):
    """An address must not be fetched: it leads where nothing may connect to."""


class ExtractError(CoachError):
    """A file or a page has no text that can be read."""


class NeedsLogin(ExtractError):
    """A page shows its text only after a login or a consent."""


class LLMError(CoachError):
    """The language model did not answer usefully."""


class ContextOverflow(LLMError):
    """The messages are longer than the model can read: send less."""
