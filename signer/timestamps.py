# SPDX-License-Identifier: Apache-2.0

"""Timestamps (RFC 3161) from an authority on the network, with bounded patience.

pyHanko's client does the talking. This one keeps the connection from signature to signature, turns every way of failing
into `TimestampUnavailable`, and believes a token only if it speaks of the digest that was sent: a token over something
else would be found out only by the verifier, years later.

Example::

    timestamper = HttpTimestamper("https://tsa.example.vn/", timeout_seconds=10)
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from asn1crypto import cms, tsp
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError

from signer.errors import ClockWrong, TimestampUnavailable
from signer.sessions import http_session

TSA_TIMEOUT_SECONDS: Final = 10
"""A TSA answers in a tenth of a second; one that takes longer than this is down."""


CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far this computer's clock may lie from the authority's (DOMAIN.md, SG-02)."""


class HttpTimestamper(HTTPTimeStamper):
    """A time-stamping authority at `url`, asked over this thread's HTTP session.

    A token whose time is not that of this computer raises `ClockWrong`: then the times that were claimed in the documents are
    wrong too, and must not be kept. It does not retry: who signs a class decides whether to wait or to come back later, since
    nothing was stored yet. It does not judge the authority's certificate either; the archive step and the verifier do.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = TSA_TIMEOUT_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(url, timeout=timeout_seconds)
        self._now = now

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Ask for a token over `message_digest`. Raises `TimestampUnavailable`."""
        try:
            token = await super().async_timestamp(message_digest, md_algorithm)
            info = token["content"]["encap_content_info"]["content"].parsed
            imprint = info["message_imprint"]["hashed_message"].native
            said = info["gen_time"].native
        except (TimestampRequestError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            # pyHanko 0.38 stumbles over its own message about another nonce, which is an AttributeError then.
            raise self._unavailable(str(error) or type(error).__name__) from error
        if imprint != message_digest:
            raise self._unavailable("the token is over another digest")
        if abs(said - self._now()) > CLOCK_SKEW:
            raise ClockWrong(self._now(), said)
        return token

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Send the request over the session that this thread keeps."""
        self._session = http_session()
        return await super().async_request_tsa_response(req)

    def _unavailable(self, cause: str) -> TimestampUnavailable:
        return TimestampUnavailable(
            f"Máy chủ dấu thời gian {self.url} không trả lời đúng ({cause}). Học bạ này chưa được ký; hãy kiểm tra "
            f"mạng rồi "
            "ký tiếp, những học bạ đã ký vẫn được giữ.",
            f"The time-stamping authority {self.url} did not answer properly ({cause}). This record was not signed; "
            f"check "
            "the network and go on, records already signed are kept.",
        )
