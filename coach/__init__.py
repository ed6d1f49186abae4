"""What the coach can do: retrieve, answer, refuse, grade. Start reading at `service.py`."""
