"""Settings: which language model there is, what leaves the machine and what it costs, and everything that is kept."""

from __future__ import annotations

import json

import streamlit as st

from coach.adapters.llm import reachable
from coach.archive import exported, restored
from coach.conversations import Conversations
from coach.errors import CoachError
from coach.ports import History
from coach.settings import Settings, with_limits, with_model
from ui.show import plain
from ui.state import attempt, doorway, titled, trouble

_KEYLESS, _MODEL = "Keyless", "Language model"
_TYPED = "delete everything"
_MAX_IMPORT_MB = 50
_DAYS = 14


def page() -> None:
    titled("Settings")
    told = st.container()
    try:
        settings, conversations = doorway().settings(), doorway().conversations()
        _language_model(settings)
        _leaves(conversations)
        _spending(settings, conversations)
        _look()
        _data(conversations.history)
    except CoachError as error:
        st.error(plain(str(error)))
        st.button("Try again", key="retry")
    with told:
        _tell()


def _tell() -> None:
    if said := trouble():
        st.error(plain(said))
    if said := st.session_state.pop("done", ""):
        st.success(plain(said))


# The language model.


def _language_model(settings: Settings) -> None:
    st.subheader("Language model", anchor=False)
    mode = st.segmented_control(
        "Who answers and grades",
        [_KEYLESS, _MODEL],
        default=_MODEL if settings.model else _KEYLESS,
        required=True,
        key="mode",
        on_change=_mode,
        width="stretch",
    )
    if mode == _KEYLESS:
        st.caption("The material's own sentences answer, and a rubric grades. No key, no cost, and nothing leaves this machine.")
        return
    st.caption("Any server that speaks OpenAI's protocol. What is set here is kept in memory until the app stops, never written.")
    st.text_input("Model (COACH_MODEL)", settings.model or "", key="model", max_chars=200, placeholder="its name on the server")
    st.text_input(
        "Base URL (OPENAI_BASE_URL)",
        settings.openai_base_url or "",
        key="url",
        max_chars=500,
        placeholder="https://api.openai.com/v1",
    )
    st.text_input(
        "Key (OPENAI_API_KEY)",
        key="key",
        type="password",
        max_chars=500,
        autocomplete="off",
        placeholder="set; leave empty to keep it" if settings.openai_api_key else "not set",
        help="A key stays with its server: with another base URL it has to be entered again.",
    )
    with st.container(horizontal=True, gap="small"):
        st.button("Use this model", key="use", type="primary", on_click=_use)
        tested = st.button("Test connection", key="test", icon=":material/network_check:")
        if st.session_state.pop("doubted", False):
            st.button("Use it all the same", key="insist", on_click=_use, args=(True,))
    if tested:
        _test(settings)


def _mode() -> None:
    """Keyless is in force at once; a language model once it is known which."""
    if st.session_state["mode"] == _KEYLESS and (settings := attempt(doorway().settings)):
        url = settings.openai_base_url or ""
        if settings.model and attempt(_go_on, with_model(settings, "", url, "")):
            st.session_state["done"] = "Keyless from now on."


def _chosen(settings: Settings) -> Settings:
    typed = st.session_state
    return with_model(settings, typed["model"], typed["url"], typed["key"])


def _use(insist: bool = False) -> None:
    """A model whose server refuses the key, or is not there, is used only if one insists: not every server lists its models."""
    if not st.session_state["model"].strip():
        st.session_state["trouble"] = "The model has no name. Type the one its server knows it by, or choose Keyless."
        return
    settings = attempt(doorway().settings)
    chosen = _chosen(settings) if settings else None
    if chosen and not insist and (wrong := _wrong(chosen)):
        st.session_state["trouble"] = f"{wrong} Nothing was changed."
        st.session_state["doubted"] = True
    elif chosen and attempt(_go_on, chosen):
        st.session_state["key"] = ""
        st.session_state["done"] = "In force until the app stops. To keep it, set the variables named beside the fields."


def _go_on(settings: Settings) -> bool:
    doorway().use(settings)
    return True


def _wrong(chosen: Settings) -> str:
    """Why its model would not answer, or nothing."""
    key = chosen.openai_api_key.get_secret_value() if chosen.openai_api_key else None
    return reachable(chosen.openai_base_url, key, chosen.model or "")


def _test(settings: Settings) -> None:
    chosen = _chosen(settings)
    if not chosen.model:
        st.error("The model has no name. Type the one its server knows it by.")
        return
    with st.spinner("Asking the server ..."):
        wrong = _wrong(chosen)
    if wrong:
        st.error(plain(wrong))
    else:
        st.success(f"The server answers and serves {plain(chosen.model)}.")


# What leaves, and what it costs.


def _leaves(conversations: Conversations) -> None:
    st.subheader("What leaves this machine", anchor=False)
    leaves = conversations.leaves()
    if not leaves:
        st.markdown("Nothing. There is no language model, and no page loads anything from elsewhere.")
        return
    st.markdown("**When you ask**\n" + "\n".join(f"- {plain(line)}" for line in leaves))
    st.markdown("**When an answer is graded**\n- The question, its key points and misconceptions, and your answer.")


def _spending(settings: Settings, conversations: Conversations) -> None:
    if not settings.model and not conversations.ledger.days():
        return
    st.subheader("Spending", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Tokens a day, at most", 0, None, settings.daily_tokens, 1000, key="tokens", on_change=_limit, placeholder="no limit"
        )
        if None not in {settings.price_in, settings.price_out}:
            st.number_input(
                "Cost a day, at most", 0.0, None, settings.daily_cost, key="cost", on_change=_limit, placeholder="no limit"
            )
    st.caption("Once a day's limit is reached, answers are keyless until midnight. Kept in memory until the app stops.")
    days = conversations.ledger.days()[:_DAYS]
    if not days:
        st.markdown("Nothing was spent yet.")
        return
    st.table(
        {
            "Day": [f"{day.on:%d %b %Y}" for day in days],
            "Calls": [day.calls for day in days],
            "Tokens": [f"{day.tokens:,}" if day.counted else f"about {day.tokens:,}" for day in days],
            "Cost": ["no price set" if day.cost is None else f"{day.cost:.4g}" for day in days],
        },
        hide_index=True,
    )


def _limit() -> None:
    settings = attempt(doorway().settings)
    if settings:
        attempt(_go_on, with_limits(settings, st.session_state["tokens"], st.session_state.get("cost")))


def _look() -> None:
    st.subheader("Light or dark", anchor=False)
    st.markdown("The app follows your system. The menu at the top right (⋮) keeps it light or dark in this browser.")


# Everything.


def _data(history: History) -> None:
    st.subheader("Your data", anchor=False)
    st.markdown("Conversations, interviews, grades, the plan and what was spent are kept in one file on this machine.")
    _export(history, "export")
    with st.expander("Import", icon=":material/upload:"):
        file = st.file_uploader("A file that Interview Coach exported", "json", max_upload_size=_MAX_IMPORT_MB, key="import")
        if file is not None:
            st.button("Add what is in it", key="restore", on_click=_restore, args=(history, file.getvalue()))
    with st.expander("Delete everything", icon=":material/delete_forever:"):
        st.markdown("All conversations, interviews, grades, the plan and your settings. Keep a copy if you may want them back:")
        _export(history, "backup")
        typed = st.text_input(f"Type “{_TYPED}” to confirm", key="typed")
        sure = typed.strip().lower() == _TYPED
        st.button(
            "Delete everything", key="delete-everything", type="primary", disabled=not sure, on_click=_wipe, args=(history,)
        )
    if "wiped" in st.session_state:
        st.button("Undo the deletion", key="undo", icon=":material/undo:", on_click=_undo, args=(history,))


def _export(history: History, key: str) -> None:
    st.download_button(
        "Export everything",
        lambda: _everything(history),
        "interview-coach.json",
        "application/json",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )


def _everything(history: History) -> str:
    return json.dumps(exported(history, history.kinds()), ensure_ascii=False)


def _restore(history: History, archive: bytes | str) -> None:
    count = attempt(restored, history, archive)
    if count is not None:
        st.session_state["done"] = f"Added or completed: {count}. What was here already stays as it is."


def _wipe(history: History) -> None:
    """What was there stays in this window's memory until it is closed, so that it can be undone."""
    if st.session_state.get("typed", "").strip().lower() != _TYPED:
        return
    st.session_state["typed"] = ""
    kept = attempt(_everything, history)
    if kept is None:
        return
    attempt(history.delete_everything)
    if "trouble" not in st.session_state:
        st.session_state["wiped"] = kept
        st.session_state["done"] = "Everything was deleted. As long as this window is open, it can be undone below."


def _undo(history: History) -> None:
    _restore(history, st.session_state.pop("wiped"))


page()
