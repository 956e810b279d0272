"""Credentials of every kind that nobody ever issued, put together when tests run: none stands in this repository."""

from __future__ import annotations

import random
import string

LETTERS = string.ascii_letters + string.digits


def signs(count: int, alphabet: str = LETTERS, seed: int = 1) -> str:
    """Return that many signs, the same for the same ``seed``."""
    dice = random.Random(f"{seed} {count} {alphabet}")
    return "".join(dice.choice(alphabet) for _ in range(count))


UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
UUID = "-".join(signs(count, HEX) for count in (8, 4, 4, 4, 12))

CREDENTIALS: dict[str, str] = {
    "a token of GitHub": "gh" + "p_" + signs(36),
    "a fine-grained token of GitHub": "github" + "_pat_" + signs(22) + "_" + signs(59),
    "a token of GitLab": "gl" + "pat-" + signs(20),
    "an access key of AWS": "AK" + "IA" + signs(16, string.ascii_uppercase + "234567"),
    "a secret access key of AWS": "aws_secret" + '_access_key = "' + signs(40),
    "a token of Slack": "xo" + "xb-" + signs(12, string.digits) + "-" + signs(24),
    "a web hook of Slack": "hooks." + "slack.com/services/T" + signs(8, UPPER) + "/B" + signs(8, UPPER, 2) + "/" + signs(24),
    "a token of PyPI": "py" + "pi-AgE" + signs(120),
    "a token of npm": "np" + "m_" + signs(36, seed=3),
    "a token of a conda channel": "/t" + "/ab-" + UUID,
    "a token of Docker Hub": "dckr" + "_pat_" + signs(27),
    "a token of Hugging Face": "h" + "f_" + signs(34),
    "a live key of Stripe": "sk" + "_live_" + signs(24),
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----\n" + signs(64),
    "a signed web token (JWT)": "ey" + "J" + signs(30) + ".ey" + "J" + signs(40) + "." + signs(43),
    "an API key of Google": "AI" + "za" + signs(35),
    "a password in an address": ":/" + "/cook:" + signs(12, LETTERS + "!%") + "@host.test",
    "a token in a channel's address": ":/" + "/channel.test/t/" + signs(20) + "/",
}  # fmt: skip
