"""An open question: what is asked, the answer as it is typed, and what a candidate can do about it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from coach.errors import CoachError
from coach.interview import HINT_COSTS, Interview, Step, Turn
from coach.interviewer import BEAT, Interviewer
from coach.render import time
from ui.focus import landing
from ui.interview_words import RATINGS, UNGRADABLE, how_far, overall, seconds_left, ungradable
from ui.show import plain
from ui.state import attempt, doorway, trouble

_HEIGHT = 240
# From so many seconds on, the clock says that time is short.
_SHORT = 15
Buttons = Callable[[Interviewer, Interview, str], None]


def progress(interviewer: Interviewer, interview: Interview) -> None:
    """How far the interview has come, and its clock if it has one."""
    of, asked = interview.setup.questions, interview.asked
    if of:
        done = asked - (interview.turn is not None and not interview.turn.done)
        st.progress(min(1.0, done / of))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(plain(how_far(interviewer, interview)), width="content")
        if overall(interview, interviewer.now()):
            _overall(interviewer, interview)


@st.fragment(run_every=1.0)
def _overall(interviewer: Interviewer, interview: Interview) -> None:
    st.caption(f":material/timer: {overall(interview, interviewer.now())}", width="content")


@st.fragment(run_every=1.0)
def _clock(interviewer: Interviewer, turn: Turn) -> None:
    """Redraws itself alone, so that typing is not disturbed."""
    left = seconds_left(turn, interviewer.now())
    if left <= 0:
        st.markdown(
            f":orange[:material/timer_off: **Time is up.** Go on if you like: the answer counts as late ({time(-left)}).]"
        )
    elif left <= _SHORT:
        st.markdown(f":orange[:material/timer: **{time(left)}** left for this question]")
    else:
        st.markdown(f":material/timer: **{time(left)}** left for this question")


@st.fragment(run_every=BEAT)
def present(interviewer: Interviewer, interview: Interview) -> None:
    """Say every so often that the page is open; nothing is drawn. A computer that slept finds the clocks stopped."""
    with suppress(CoachError):
        if not interviewer.here(interview):
            st.rerun()


def live(interviewer: Interviewer, interview: Interview, buttons: Buttons | None = None) -> None:
    """The open question; `buttons` stand below it instead of an interview's, given the key of the answer."""
    turn = interview.turn
    assert turn is not None
    _before(interview, turn)
    st.subheader(plain(turn.asked.prompt), anchor=False)
    _read_aloud(interview, turn)
    if turn.asked.seconds:
        _clock(interviewer, turn)
    if ungradable(interviewer, turn):
        st.info(UNGRADABLE, icon=":material/info:")
    for number, hint in enumerate(turn.hints, 1):
        st.info(f"**Hint {number}.** {plain(hint)}", icon=":material/lightbulb:")
    key = _draft(interviewer, interview)
    with landing("answer"):
        st.text_area(
            "Your answer",
            key=key,
            height=_HEIGHT,
            placeholder="Answer as you would out loud: what it is, how it works, what it costs.",
            on_change=_keep,
            args=(interviewer, interview, key),
        )
    _microphone(interviewer, interview, key)
    st.pills(
        "How sure are you? Optional, before you see the grade.",
        list(RATINGS),
        format_func=RATINGS.__getitem__,
        key=f"rating-{key}",
        persist_state="session",
    )
    tell_trouble(interview)
    (buttons or interview_buttons)(interviewer, interview, key)
    _prepare(interviewer, turn)


def _prepare(interviewer: Interviewer, turn: Turn) -> None:
    """Have ready what the answer will be graded against, while it is being typed."""
    with suppress(CoachError):
        interviewer.teaching(interviewer.graded_question(turn))


def tell_trouble(interview: Interview | None = None) -> None:
    """What went wrong, and what was typed for a question that another window answered meanwhile."""
    said = trouble()
    if said:
        st.error(plain(said))
    key, text = st.session_state.pop("unsent", ("", ""))
    still_open = interview is not None and interview.step is Step.REPLY and key == draft_key(interview)
    if text.strip() and not still_open:
        st.markdown("What you had typed here was not submitted:")
        st.code(text, language=None, wrap_lines=True)


def _before(interview: Interview, turn: Turn) -> None:
    """What a follow-up or a second try goes back to."""
    if turn.asked.follows is None:
        return
    before = interview.turns[turn.asked.follows]
    with st.expander(plain(before.asked.prompt), icon=":material/history:"):
        st.markdown(plain(before.reply.text) if before.reply else "Not answered")


def submit(interviewer: Interviewer, interview: Interview, key: str) -> None:
    st.button(
        "Submit",
        key="submit",
        type="primary",
        shortcut="Ctrl+Enter",
        on_click=_submit,
        args=(interviewer, interview, key),
        width="stretch",
    )


def interview_buttons(interviewer: Interviewer, interview: Interview, key: str) -> None:
    submit(interviewer, interview, key)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        hint(interviewer, interview, key)
        st.button(
            "Skip", key="skip", icon=":material/skip_next:", type="tertiary", on_click=attempt, args=(interviewer.skip, interview)
        )
        st.button(
            "Pause", key="pause", icon=":material/pause:", type="tertiary", on_click=attempt, args=(interviewer.pause, interview)
        )
        _end(interviewer, interview)


def hint(interviewer: Interviewer, interview: Interview, key: str) -> None:
    if interview.setup.real or interview.turn is None:
        return
    try:
        left = len(interviewer.hints(interview)) - len(interview.turn.hints)
    except CoachError:
        left = 0
    if left > 0:
        st.button(
            f"Hint ({left} left)",
            key="hint",
            icon=":material/lightbulb:",
            help=f"Points to what your draft has not said yet. Each hint takes {HINT_COSTS} off the score, and is recorded.",
            on_click=_take_hint,
            args=(interviewer, interview, key),
        )


def _end(interviewer: Interviewer, interview: Interview) -> None:
    with st.popover("End", icon=":material/stop_circle:", type="tertiary", key="end"):
        st.markdown("End the interview now? What you answered is graded and kept; it cannot be taken up again.")
        st.button("End it", key="really-end", type="primary", on_click=attempt, args=(interviewer.end, interview))


def reading(interviewer: Interviewer, interview: Interview) -> None:
    """What can be done once the feedback is read."""
    last = interview.complete(interviewer.now())
    st.divider()
    onward("Finish and see the report" if last else "Next question", attempt, interviewer.next, interview)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        once_more(interviewer, interview)
        st.button(
            "Pause", key="pause", icon=":material/pause:", type="tertiary", on_click=attempt, args=(interviewer.pause, interview)
        )
        if not last:
            _end(interviewer, interview)


def onward(label: str, then: Callable[..., Any], *args: object) -> None:
    st.button(
        label,
        key="next",
        type="primary",
        icon=":material/arrow_forward:",
        shortcut="Ctrl+Enter",
        on_click=then,
        args=args,
        width="stretch",
    )


def once_more(interviewer: Interviewer, interview: Interview) -> None:
    if interviewer.can_follow_up(interview):
        st.button("Follow-up", key="follow-up", on_click=attempt, args=(interviewer.follow_up, interview))
    st.button("Try again", key="again", on_click=attempt, args=(interviewer.again, interview))


def paused(interviewer: Interviewer, interview: Interview) -> None:
    assert interview.paused is not None
    st.info(f"Paused since {interview.paused.astimezone():%d %b, %H:%M}. The clocks stand still.", icon=":material/pause:")
    with landing("paused"), st.container(horizontal=True):
        st.button(
            "Resume",
            key="resume",
            type="primary",
            icon=":material/play_arrow:",
            on_click=attempt,
            args=(interviewer.resume, interview),
        )
        _end(interviewer, interview)


# The draft: in the text area while the page is there, on disk for everything else.


def draft_key(interview: Interview) -> str:
    """The key of the text area for the open question."""
    return f"draft-{interview.id}-{len(interview.turns)}"


def _draft(interviewer: Interviewer, interview: Interview) -> str:
    """That key, after the text area was filled with what was kept."""
    key = draft_key(interview)
    if key not in st.session_state:
        st.session_state[key] = attempt(interviewer.draft, interview) or ""
    return key


def _keep(interviewer: Interviewer, interview: Interview, key: str) -> None:
    attempt(interviewer.keep_draft, interview, st.session_state[key])


def _take_hint(interviewer: Interviewer, interview: Interview, key: str) -> None:
    attempt(interviewer.hint, interview, st.session_state.get(key, ""))


def _submit(interviewer: Interviewer, interview: Interview, key: str) -> None:
    text = st.session_state.get(key, "")
    if attempt(interviewer.reply, interview, text, st.session_state.get(f"rating-{key}")) is None:
        # If the question is not open any more, the page shows this.
        st.session_state["unsent"] = key, text


# Voice, where it is set up.


def _read_aloud(interview: Interview, turn: Turn) -> None:
    if doorway().mouth is None:
        return
    key = f"sound-{draft_key(interview)}"
    st.button("Read aloud", key="speak", icon=":material/volume_up:", on_click=_speak, args=(key, turn.asked.prompt))
    if key in st.session_state:
        st.audio(st.session_state[key], format="audio/mpeg", autoplay=True)


def _speak(key: str, prompt: str) -> None:
    mouth = doorway().mouth
    sound = attempt(mouth.speak, prompt) if mouth else None
    if sound:
        st.session_state[key] = sound


def _microphone(interviewer: Interviewer, interview: Interview, key: str) -> None:
    if doorway().ears is None:
        return
    takes = f"takes-{key}"
    st.audio_input(
        "Or say it: the words appear in the box, to be edited",
        key=f"heard-{key}-{st.session_state.get(takes, 0)}",
        on_change=_write_down,
        args=(interviewer, interview, key),
    )


def _write_down(interviewer: Interviewer, interview: Interview, key: str) -> None:
    takes = f"takes-{key}"
    count = st.session_state.get(takes, 0)
    ears, recording = doorway().ears, st.session_state.get(f"heard-{key}-{count}")
    words = attempt(ears.transcribe, recording.getvalue(), "answer.wav") if ears and recording else None
    if words:
        st.session_state[key] = f"{st.session_state.get(key, '').rstrip()} {words}".lstrip()
        # Another key is another recorder, an empty one.
        st.session_state[takes] = count + 1
        _keep(interviewer, interview, key)
