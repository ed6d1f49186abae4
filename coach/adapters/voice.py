"""A recording becomes words and words become a recording, through the openai client: any server that speaks its protocol."""

from __future__ import annotations

from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from coach.errors import BadInput, LLMError
from coach.text import sentences, shortened

if TYPE_CHECKING:
    from coach.adapters.wire import Server

_TRANSCRIBE_SETTING = "COACH_TRANSCRIBE_MODEL"
_SPEECH_SETTING = "COACH_SPEECH_MODEL"

# What the protocol's own server takes.
_MOST_BYTES = 25 * 2**20
_MOST_CHARACTERS = 4096
_RETRIES = 2
_BUDGET = 2


class OpenAIVoice:
    """Ears and mouth behind any OpenAI-compatible server; one object serves all threads.

    `timeout` bounds the wait for the next byte, in seconds; a whole call with its retries may take twice as long.
    """

    def __init__(
        self,
        base_url: str | None,
        api_key: str | None,
        transcribe_model: str,
        speech_model: str,
        voice: str,
        timeout: float = 60.0,
    ) -> None:
        self._place = (base_url, api_key)
        self._transcribe_model = transcribe_model
        self._speech_model = speech_model
        self._voice = voice
        self._timeout = timeout

    def transcribe(self, audio: bytes, name: str) -> str:
        """The words in `audio`; the ending of the file's `name` says its format. Raises BadInput, LLMError."""
        if not audio:
            raise BadInput(f"The recording {name} is empty. Record it again, or type the answer.")
        if len(audio) > _MOST_BYTES:
            raise BadInput(f"The recording {name} has {len(audio):,} bytes, more than {_MOST_BYTES:,}. Record a shorter one.")
        with self._server.asking(self._transcribe_model, _TRANSCRIBE_SETTING):
            reply = self._server.client.audio.transcriptions.create(
                model=self._transcribe_model, file=(PurePath(name).name, audio), response_format="json"
            )
            text = _Transcript.model_validate(reply).text.strip()
        if not text:
            raise BadInput(f"No word was heard in the recording {name}. Record it again, closer to the microphone.")
        return text

    def speak(self, text: str) -> bytes:
        """`text` read aloud, as MP3; a long text only up to the sentence that still fits. Raises BadInput, LLMError."""
        if not text.strip():
            raise BadInput("There is nothing to read aloud. Give a text.")
        with self._server.asking(self._speech_model, _SPEECH_SETTING):
            reply = self._server.client.audio.speech.create(
                model=self._speech_model, voice=self._voice, input=_fitting(text), response_format="mp3"
            )
        kind = reply.response.headers.get("content-type", "")
        if not reply.content or kind.startswith(("text/", "application/json")):
            raise LLMError(f"{self._server.where} sent no sound ({kind or 'nothing'}). Check {_SPEECH_SETTING}.")
        return reply.content

    @cached_property
    def _server(self) -> Server:
        # The client takes most of a second to import, and who does not speak needs none.
        from coach.adapters.wire import Server

        return Server(*self._place, self._timeout, _BUDGET * self._timeout, _RETRIES)


class _Transcript(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    text: str


def _fitting(text: str) -> str:
    """As many whole sentences of `text` as fit."""
    text = " ".join(text.split())
    if len(text) <= _MOST_CHARACTERS:
        return text
    kept = ""
    for sentence in sentences(text):
        if len(kept) + 1 + len(sentence) > _MOST_CHARACTERS:
            break
        kept = f"{kept} {sentence}".strip()
    return kept or shortened(text, _MOST_CHARACTERS)
