# SPDX-License-Identifier: Apache-2.0

"""From a verdict to what the report says, word by word, Vietnamese first and English below. Pure.

The headline is the verdict page's own (`verifier_api.banner`), so that page and paper cannot disagree. Everything that came with
the verdict passes through `drawable`, and the template sets it as text: nothing of it is ever markup.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ledger.web.languages import VIETNAM, Text
from scripts.attester.drawable import drawable
from scripts.attester.wording import (
    AGAIN,
    LIMITS,
    NAME,
    STANDINGS,
    WORDS,
)
from verifier_api.banner import banner_of_file
from verifier_api.verdict import Check, Outcome, SignatureSummary, Verdict
from verifier_api.wording import CHECKS, LEVELS, OUTCOMES, REASONS, TEXTS, role_text, signature_result

LONG_WORD = 60.0
"""A digest keeps to one line where it has the whole width."""


def content_of(verdict: Verdict, *, verifier_url: str, sealed_by: str) -> dict[str, Any]:
    """What the template is given, as a JSON-ready value."""
    banner = banner_of_file(verdict)
    return {
        "title": both(NAME),
        "words": {name: both(text) for name, text in WORDS.items()},
        "intro": both(_intro(verdict, verifier_url)),
        "tone": banner.tone.value,
        "headline": both(banner.title),
        "sentence": both(banner.sentence),
        "conclusion": verdict.conclusion.value,
        "standing": both(STANDINGS[verdict.standing]),
        "standing_code": verdict.standing.value,
        "sha256": verdict.file_sha256,
        "facts": [{"name": both(name), "value": value} for name, value in _facts(verdict)],
        "proof": [{"name": both(name), "value": value} for name, value in _proof(verdict)],
        "checks": [_check(check, verdict) for check in Check if verdict.finding(check) is not None],
        "signatures": [_signature(signature, verdict) for signature in verdict.signatures],
        "limits": [both(text) for text in LIMITS],
        "again": [both(Text(text.vi.format(url=verifier_url), text.en.format(url=verifier_url))) for text in AGAIN],
        "sealed_by": drawable(sealed_by),
    }


def as_input(content: Mapping[str, Any]) -> str:
    """`content` for the template, the same text for the same content."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def both(text: Text) -> dict[str, str]:
    """A text in both languages, drawable."""
    return {"vi": drawable(text.vi, widest=LONG_WORD), "en": drawable(text.en, widest=LONG_WORD)}


def in_vietnam(moment: dt.datetime) -> str:
    """As papers write it: `02/06/2026 10:04:00 (+07:00)`."""
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S} (+07:00)"


def in_utc(moment: dt.datetime) -> str:
    """As ISO 8601 and every machine write it: `2026-06-02 03:04:00 UTC`."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def twice(moment: dt.datetime) -> str:
    """A moment in both ways of writing it."""
    return f"{in_vietnam(moment)} = {in_utc(moment)}"


def _intro(verdict: Verdict, verifier_url: str) -> Text:
    vi, utc = in_vietnam(verdict.judged_at), in_utc(verdict.judged_at)
    return Text(
        f"Vào lúc {vi}, tức {utc}, trang tra cứu {verifier_url} đã kiểm tra tệp có mã băm SHA-256 ghi dưới đây và kết luận:",
        f"On {utc}, that is {vi}, the verifier {verifier_url} checked the file with the SHA-256 below, and concluded:",
    )


def _facts(verdict: Verdict) -> Iterator[tuple[Text, str]]:
    """What is known about the record, in the order in which people ask."""
    if verdict.as_of is not None:
        yield WORDS["as_of"], twice(verdict.as_of)
    if verdict.school is not None:
        code = f"{TEXTS['school_code'].vi} {verdict.school}"
        yield TEXTS["school"], drawable(f"{verdict.school_name} ({code})" if verdict.school_name else code)
    if verdict.school_year is not None:
        yield TEXTS["school_year"], verdict.school_year
    if verdict.level is not None:
        yield TEXTS["level"], _slashed(LEVELS.get(verdict.level, Text(verdict.level, verdict.level)))
    if verdict.unit is not None:
        yield TEXTS["unit"], str(verdict.unit)
    if verdict.recalled_at is not None:
        yield TEXTS["recalled_at"], twice(verdict.recalled_at)
    if verdict.recall_reason is not None:
        reason = verdict.recall_reason
        yield TEXTS["recall_reason"], _slashed(REASONS.get(reason, Text(reason, reason)))
    if verdict.replaced_by is not None:
        yield WORDS["replaced_by"], str(verdict.replaced_by)


def _proof(verdict: Verdict) -> Iterator[tuple[Text, str]]:
    """What ties the record to the chain, for whoever wants to look there."""
    if verdict.anchored_at is not None:
        yield TEXTS["anchored_at"], twice(verdict.anchored_at)
    details = {
        name: value
        for found in verdict.findings
        if found.check in (Check.RECEIPT, Check.CHAIN)
        for name, value in found.details.items()
    }
    for name, word in (("root", "root"), ("leaf", "leaf"), ("block", "block"), ("head", "head")):
        value = details.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield WORDS[word], drawable(str(value)[:200], widest=LONG_WORD)


def _check(check: Check, verdict: Verdict) -> dict[str, Any]:
    """All findings of one check, under the most serious outcome among them."""
    found = [finding for finding in verdict.findings if finding.check is check]
    worst = verdict.finding(check) or found[0]
    return {
        "name": both(CHECKS[check]),
        "outcome": worst.outcome.value.lower(),
        "word": both(OUTCOMES[worst.outcome]),
        "findings": [
            {"text": both(Text(finding.vi, finding.en)), "code": finding.code, "word": both(OUTCOMES[finding.outcome])}
            for finding in found
        ],
    }


def _signature(signature: SignatureSummary, verdict: Verdict) -> dict[str, Any]:
    outcome, word = signature_result(signature, verdict)
    role = role_text(signature)
    told = signature.outcome is not Outcome.PASSED and signature.sub_indication
    return {
        "role": {"vi": drawable(role.vi), "en": drawable(role.en)},
        "signer": drawable(signature.signer),
        "when": _no_time()
        if signature.signed_at is None
        else [in_vietnam(signature.signed_at), in_utc(signature.signed_at)],
        "outcome": outcome.value.lower(),
        "word": both(word),
        "sub_indication": drawable(signature.sub_indication or "") if told else None,
    }


def _no_time() -> list[str]:
    return [TEXTS["no_time"].vi, TEXTS["no_time"].en]


def _slashed(text: Text) -> str:
    return drawable(text.vi if text.vi == text.en else f"{text.vi} / {text.en}")
