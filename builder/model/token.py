"""Shapes of credentials that are known by their look: one table for what is packed, and for what logs show."""

from __future__ import annotations

import re

from builder.model.finding import Severity
from builder.model.frozen import frozen

_FEWEST_SIGNS = 7
"""Fewer different letters and digits have only placeholders, such as ``ghp_xxxxxxxx``."""

_PLACEHOLDER = re.compile(
    r"example|placeholder|changeme|your[-_]?|my[-_]?(?:token|secret|password)|:(?:pass(?:word|wd|phrase)?|secret|token)@",
    re.IGNORECASE,
)


@frozen
class Token:
    """One kind of credential.

    ``pattern`` is a regular expression over bytes in the language that Python's engine and RE2 share; each match begins
    with, or holds early, one of ``anchors``. ``remedy`` says how it is made worthless. ``in_payload`` is how bad it is
    among a package's files, None where it is too usual there to be told; elsewhere it is always an error.
    """

    what: str
    pattern: str
    anchors: tuple[str, ...]
    remedy: str
    in_payload: Severity | None = Severity.ERROR


def _revoke(where: str) -> str:
    return f"remove it, and revoke it {where}: it may have been seen"


TOKENS: tuple[Token, ...] = (
    Token(what="a token of GitHub", anchors=("ghp_", "gho_", "ghs_", "ghu_", "ghr_"),
          pattern=r"\bgh[opsur]_[0-9A-Za-z]{36,}", remedy=_revoke("in GitHub's developer settings")),
    Token(what="a fine-grained token of GitHub", anchors=("github_pat_",),
          pattern=r"\bgithub_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}", remedy=_revoke("in GitHub's developer settings")),
    Token(what="a token of GitLab", anchors=("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-"),
          pattern=r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[0-9A-Za-z_-]{20,}", remedy=_revoke("in GitLab")),
    Token(what="an access key of AWS", anchors=("AKIA", "ASIA"),
          pattern=r"\bA[KS]IA[2-7A-Z]{16}\b", remedy=_revoke("in AWS's IAM, with its secret half")),
    Token(what="a secret access key of AWS", anchors=("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
          pattern=r"(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY)[\"']?[ \t]{0,8}[=:][ \t]{0,8}[\"']?[\w/+]{40}",
          remedy=_revoke("in AWS's IAM")),
    Token(what="a token of Slack", anchors=("xox",),
          pattern=r"\bxox[abeoprs]-[0-9]{6,16}-[0-9A-Za-z-]{10,}", remedy=_revoke("in Slack")),
    Token(what="a web hook of Slack", anchors=("hooks.slack.com",),
          pattern=r"\bhooks\.slack\.com/services/T[0-9A-Z]{8,12}/B[0-9A-Z]{8,12}/[0-9A-Za-z]{24}",
          remedy=_revoke("in Slack")),
    Token(what="a token of PyPI", anchors=("pypi-AgE",),
          pattern=r"\bpypi-AgE[0-9A-Za-z_-]{60,}", remedy=_revoke("in your account's settings on PyPI")),
    Token(what="a token of npm", anchors=("npm_",),
          pattern=r"\bnpm_[0-9A-Za-z]{36}\b", remedy=_revoke("with `npm token revoke`")),
    Token(what="a token of a conda channel", anchors=("/t/",),
          pattern=r"/t/[a-z]{2}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
          remedy=_revoke("on the channel's server (`anaconda auth --remove`)")),
    Token(what="a token of Docker Hub", anchors=("dckr_pat_",),
          pattern=r"\bdckr_pat_[0-9A-Za-z_-]{27}", remedy=_revoke("in Docker Hub's account settings")),
    Token(what="a token of Hugging Face", anchors=("hf_",),
          pattern=r"\bhf_[0-9A-Za-z]{34}\b", remedy=_revoke("in Hugging Face's settings")),
    Token(what="a live key of Stripe", anchors=("sk_live_", "rk_live_"),
          pattern=r"\b[rs]k_live_[0-9A-Za-z]{24,}", remedy=_revoke("in Stripe's dashboard")),
    Token(what="a private key", anchors=("PRIVATE KEY",), in_payload=Severity.WARNING,
          pattern=r"-----BEGIN [0-9A-Z ]{0,24}PRIVATE KEY(?: BLOCK)?-----(?:\\[rn]|[^0-9A-Za-z-]){1,8}[\w+/]{24}",
          remedy="remove it, and make a new pair of keys"),
    Token(what="a signed web token (JWT)", anchors=(".eyJ",), in_payload=Severity.WARNING,
          pattern=r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20,}",
          remedy=_revoke("where it was issued")),
    Token(what="an API key of Google", anchors=("AIza",), in_payload=Severity.WARNING,
          pattern=r"\bAIza[0-9A-Za-z_-]{35}", remedy=_revoke("in Google Cloud's credentials")),
    Token(what="a password in an address", anchors=("://",), in_payload=None,
          pattern=r"""://[0-9A-Za-z._~!*+-]{1,64}:[^\x00-\x20/@"'<>{}$\\`\x7f-\xff]{6,64}@[0-9A-Za-z]""",
          remedy=_revoke("where it is valid")),
    Token(what="a token in a channel's address", anchors=("/t/",), in_payload=None,
          pattern=r"""://[0-9A-Za-z._:-]{3,80}/t/[0-9A-Za-z_-]{16,80}/""", remedy=_revoke("on the channel's server")),
)  # fmt: skip


def is_placeholder(found: str) -> bool:
    """Whether what has a credential's shape only stands for one, as documentation and tests write it."""
    signs = {sign for sign in found.rpartition("_")[2] if sign.isalnum()}
    return len(signs) < _FEWEST_SIGNS or _PLACEHOLDER.search(found) is not None
