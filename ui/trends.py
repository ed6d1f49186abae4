"""Scores and due dates become charts. Two graders never share a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import streamlit as st

from coach.grade import FULL
from coach.past import Result


def trend_chart(scores: Sequence[Result]) -> None:
    """Each answer a dot, and a line through each grader's daily means."""
    rows = [{"day": f"{one.at.astimezone():%Y-%m-%d}", "score": round(one.score, 2), "grader": one.grader} for one in scores]
    day = {
        "field": "day",
        "type": "temporal",
        "timeUnit": "yearmonthdate",
        "title": None,
        "axis": {"format": "%d %b", "tickCount": 6},
    }
    whose = {"field": "grader", "type": "nominal", "title": None, "legend": {"orient": "bottom", "labelLimit": 400, "columns": 1}}
    height = {"type": "quantitative", "scale": {"domain": [0, FULL]}, "title": "Score", "axis": {"values": list(range(6))}}
    st.vega_lite_chart(
        {
            "data": {"values": rows},
            "height": 240,
            "encoding": {"x": day, "color": whose},
            "layer": [
                {"mark": {"type": "point", "opacity": 0.4, "size": 25}, "encoding": {"y": {"field": "score", **height}}},
                {
                    "mark": {"type": "line", "point": True},
                    "encoding": {
                        "y": {"field": "score", "aggregate": "mean", **height},
                        "strokeDash": {"field": "grader", "type": "nominal", "legend": None},
                    },
                },
            ],
        },
        width="stretch",
        alt=f"Mean score a day, from 0 to {FULL:g}, a line for each grader",
    )


def forecast_chart(days: Sequence[int], today: date) -> None:
    """How many questions fall due on each day from today on."""
    rows = [{"day": (today + timedelta(days=number)).isoformat(), "due": count} for number, count in enumerate(days)]
    st.vega_lite_chart(
        {
            "data": {"values": rows},
            "height": 140,
            "mark": {"type": "bar"},
            "encoding": {
                "x": {"field": "day", "type": "ordinal", "timeUnit": "monthdate", "title": None, "axis": {"labelAngle": 0}},
                "y": {"field": "due", "type": "quantitative", "title": "Due", "axis": {"tickMinStep": 1}},
            },
        },
        width="stretch",
        alt="Questions that fall due on each of the next days",
    )
