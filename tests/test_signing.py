"""Signatures hold for exactly what was signed, with either of two secrets, and the secrets are never shown."""

from __future__ import annotations

import pytest

from contract.signing import Key

OLD, NEW = "the-old-secret-of-ours", "the-new-secret-of-ours"


def test_a_signature_holds_for_its_words_and_purpose_only() -> None:
    """Another word, order, purpose or division of the words is another signature."""
    key = Key.of(OLD, "")
    signature = key.sign("job", "ab", "c")
    others = [("job", "a", "bc"), ("job", "abc"), ("approval", "ab", "c"), ("job", "c", "ab"), ("job", "ab", "c", "")]

    assert key.verify(signature, "job", "ab", "c")
    assert [] == [words for words in others if key.verify(signature, *words)]


@pytest.mark.parametrize("wrong", ["", "0" * 64, "é" * 64, "\ud800"])
def test_nonsense_is_no_signature(wrong: str) -> None:
    """Whatever stands in its place is refused without an error."""
    assert not Key.of(OLD, "").verify(wrong, "job", "x")


def test_two_secrets_are_good_while_they_are_exchanged() -> None:
    """The first of them signs; what the old one signed is still good, until it is gone."""
    both = Key.of(f"{NEW},{OLD}", "")

    assert both.verify(Key.of(OLD, "").sign("job", "x"), "job", "x")
    assert Key.of(NEW, "").verify(both.sign("job", "x"), "job", "x")
    assert not Key.of(NEW, "").verify(Key.of(OLD, "").sign("job", "x"), "job", "x")


def test_a_key_does_not_show_its_secrets() -> None:
    """Not in its repr, nor is the bot's token the key itself."""
    assert "secret" not in repr(Key.of(OLD, ""))
    assert Key.of("", "xoxb-test").secrets != (b"xoxb-test",)


def test_without_any_secret_there_is_no_key() -> None:
    """An empty key would sign for everybody."""
    with pytest.raises(ValueError, match="needs"):
        Key.of("", "")
