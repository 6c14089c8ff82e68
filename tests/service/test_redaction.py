import pytest

from ee_floods.service.redaction import redact


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRET.SECRET-1",
        "https://h/p?X-Goog-Credential=SECRET&x=1",
        "https://h/p?x=1&key=SECRET",
        '{"refresh_token": "SECRET"}',
        "got ya29.SECRET_x",
    ],
)
def test_secrets_are_replaced(text):
    assert "SECRET" not in redact(text)
    assert "[redacted]" in redact(text)


def test_other_text_is_kept():
    assert redact("Image.select: 'key' did not match; monkey=3 bands").startswith("Image.select: 'key'")
