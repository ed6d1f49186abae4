"""Ears and mouth on real servers on loopback: what goes over the wire, and every fault."""

from __future__ import annotations

import pytest

from coach.adapters.voice import OpenAIVoice
from coach.errors import BadInput, LLMError
from tests.llm_server import Scripted, Step, json_body, raw, scripted, status

KEY = "sk-not-a-real-key-0123456789"
MP3 = b"ID3\x04sound"


def voice(server: Scripted, timeout: float = 5.0) -> OpenAIVoice:
    return OpenAIVoice(server.url, KEY, "ears", "mouth", "calm", timeout)


def test_a_recording_becomes_words() -> None:
    with scripted(json_body({"text": " Green tea. "})) as server:
        assert voice(server).transcribe(b"RIFF....", "folder/answer.wav") == "Green tea."
    request = server.requests[0]
    assert request.path == "/v1/audio/transcriptions"
    for part in (b'filename="answer.wav"', b"RIFF....", b"ears"):
        assert part in request.raw


def test_words_become_a_recording() -> None:
    with scripted(raw(MP3, kind="audio/mpeg")) as server:
        assert voice(server).speak("Green  tea.\n") == MP3
    request = server.requests[0]
    assert request.path == "/v1/audio/speech"
    assert request.body == {"model": "mouth", "voice": "calm", "input": "Green tea.", "response_format": "mp3"}


@pytest.mark.parametrize(
    ("text", "end"), [("One more sentence here. " * 400, "here."), ("word " * 2000, "word…"), ("x" * 9000, "x…")]
)
def test_a_long_text_is_read_as_far_as_it_fits(text: str, end: str) -> None:
    with scripted(raw(MP3, kind="audio/mpeg")) as server:
        voice(server).speak(text)
    said = server.requests[0].body["input"]
    assert 4000 < len(said) <= 4096
    assert said.endswith(end)


@pytest.mark.parametrize(("audio", "said"), [(b"", "is empty"), (bytes(25 * 2**20 + 1), "more than 26,214,400")])
def test_a_recording_of_no_use_is_not_sent(audio: bytes, said: str) -> None:
    with scripted() as server, pytest.raises(BadInput, match=said):
        voice(server).transcribe(audio, "answer.wav")


def test_nothing_is_not_read_aloud() -> None:
    with scripted() as server, pytest.raises(BadInput, match="nothing to read"):
        voice(server).speak(" \n")


def test_silence_is_told() -> None:
    with scripted(json_body({"text": "  "})) as server, pytest.raises(BadInput, match="No word was heard"):
        voice(server).transcribe(b"RIFF", "answer.wav")


def test_a_busy_server_gets_the_same_recording_again() -> None:
    with scripted(status(429, retry_after=0.01), json_body({"text": "Tea."})) as server:
        assert voice(server).transcribe(b"RIFF....", "answer.wav") == "Tea."
    assert all(b"RIFF...." in request.raw for request in server.requests)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (status(401, f"bad key {KEY}"), "refuses the key"),
        (status(404, "no such model"), "does not serve 'ears'; it serves small. Change COACH_TRANSCRIBE_MODEL"),
        (status(501, f"not here, {KEY}", headers={"x-should-retry": "false"}), "status 501"),
        (status(429, retry_after=90), "asks to wait 90 s"),
        (raw(b"<html>"), "cannot be read"),
        (json_body({"words": []}), "cannot be read"),
        (raw(b"plain words", kind="text/plain"), "cannot be read"),
    ],
)
def test_every_fault_of_hearing_is_one_sentence(step: Step, said: str) -> None:
    with scripted(step, models=("small",)) as server, pytest.raises(LLMError, match=said) as error:
        voice(server).transcribe(b"RIFF", "answer.wav")
    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (status(404), "Change COACH_SPEECH_MODEL"),
        (raw(b"", kind="audio/mpeg"), "sent no sound"),
        (json_body({"error": "no"}), "sent no sound"),
        (raw(b"<html>", kind="text/html"), "sent no sound"),
    ],
)
def test_every_fault_of_speaking_is_one_sentence(step: Step, said: str) -> None:
    with scripted(step, models=("small",)) as server, pytest.raises(LLMError, match=said):
        voice(server).speak("Tea.")
