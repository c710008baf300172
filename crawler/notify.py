"""One JSON document to an address that the user names; retried, and nothing of the Hub's goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from crawler.client import address
from crawler.errors import network, of_status
from crawler.limits import retry_after
from crawler.retry import persist

if TYPE_CHECKING:
    from crawler.retry import Policy


async def notify(url: str, document: bytes, policy: Policy) -> None:
    """POST the document; raises `CrawlError` where it is not taken in the end. Redirects are not followed."""
    target = address(url)

    async def once() -> None:
        with network(url):
            async with httpx2.AsyncClient(timeout=30.0, follow_redirects=False) as http:
                headers = {"Content-Type": "application/json", "User-Agent": "hub-audit"}
                answer = await http.post(target, content=document, headers=headers)
        if not answer.is_success:
            raise of_status(
                answer.status_code, url, answer.headers, wait=retry_after(answer.status_code, answer.headers)
            )

    await persist(once, policy)
