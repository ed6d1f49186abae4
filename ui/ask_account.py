"""What leaves this machine and what it costs, in one quiet place."""

from __future__ import annotations

import streamlit as st

from coach.conversations import Conversations
from ui.answer_words import cost
from ui.show import plain


def account(conversations: Conversations) -> None:
    """One line below the box that says it, and opens into the rest."""
    writer = conversations.coach.writer
    if writer is None:
        with st.popover("Nothing leaves this machine", icon=":material/lock:", type="tertiary", key="account"):
            st.markdown("No language model is set up: answers are the material's own sentences, put together on this machine.")
            st.markdown("Conversations are kept in its history, and nowhere else.")
        return
    today = conversations.ledger.today()
    label = f"{plain(writer.model.name)} · {today.tokens:,} tokens today"
    with st.popover(label, icon=":material/cloud_upload:", type="tertiary", key="account"):
        st.markdown("**What leaves this machine when you ask**")
        st.markdown("\n".join(f"- {plain(line)}" for line in conversations.leaves()))
        st.markdown("**Today**")
        about = "" if today.counted else "about "
        calls = f"{today.calls} call{'' if today.calls == 1 else 's'}"
        st.markdown(plain(f"{about}{today.tokens:,} tokens in {calls}, {cost(today.cost)}, {today.seconds:.0f} s."))
        st.markdown(plain(conversations.ledger.used_up() or _limit(conversations)))


def _limit(conversations: Conversations) -> str:
    ledger = conversations.ledger
    limits = [f"{ledger.most_tokens:,} tokens"] if ledger.most_tokens is not None else []
    limits += [f"cost {ledger.most_cost:g}"] if ledger.most_cost is not None else []
    if not limits:
        return "There is no limit a day. COACH_DAILY_TOKENS or COACH_DAILY_COST sets one."
    return f"Limit a day: {' and '.join(limits)}. Beyond it, answers are the material's own sentences."
