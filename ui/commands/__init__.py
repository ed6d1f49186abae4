"""One file a command. A command parses, calls one verb and prints."""
