"""The demo: the whole product on this machine, with nothing to sign up for."""
