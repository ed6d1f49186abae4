"""The doors: the Streamlit app and the command line. They gather input, call one verb and show what comes back."""
