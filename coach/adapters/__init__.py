"""The outside world, one library a file. Adapters take plain arguments and raise `CoachError`s."""
