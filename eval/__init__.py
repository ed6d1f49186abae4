"""The evaluation: cases, metrics, baselines, reports."""
