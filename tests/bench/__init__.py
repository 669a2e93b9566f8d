"""What things take, each beside the floor of what is possible, measured in the same minute on the same machine."""
