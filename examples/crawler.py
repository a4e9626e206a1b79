#!/usr/bin/env python3
"""A crawler that asks Breakwater before each request. Nothing but the standard library.

    BREAKWATER_URL=http://127.0.0.1:8000 BREAKWATER_TOKEN=... python3 examples/crawler.py URL...

While the edge cannot be reached it sends all the same: a breaker must never be what stops a crawl.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request


class Breakwater:
    """The two calls that a crawler needs."""

    def __init__(self, url, token=None, timeout_s=1.0):
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._headers = {"content-type": "application/json"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    def allow(self, url, role=None, resolver=None):
        """The verdict. Without an edge: yes, and no permit, so that there is nothing to record."""
        ask = {"url": url, "role": role, "resolver": resolver}
        verdict = self._post("/v1/allow", ask)
        return verdict or {"allowed": True, "permit": None, "wait_ms": 0}

    def record(self, permit, **outcome):
        """Tells how the request went: status=, retry_after=, latency_ms=, or error=."""
        if permit is not None:
            self._post("/v1/record", {"permit": permit, **outcome})

    def _post(self, path, body):
        said = {name: value for name, value in body.items() if value is not None}
        request = urllib.request.Request(
            self._url + path, json.dumps(said).encode(), self._headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            # A wrong token or a malformed call is ours to mend; anything else passes by itself.
            if error.code in (400, 401, 403, 404, 413, 415):
                raise SystemExit(f"Breakwater refused {path}: {error.read().decode()}") from None
        except (OSError, http.client.HTTPException, ValueError):
            pass  # not reached, cut off, or not Breakwater
        return None


def fetch(gate, url, role=None):
    """One request through the gate. Returns (status, seconds to leave the host alone)."""
    verdict = gate.allow(url, role)
    if not verdict["allowed"]:
        return None, verdict["retry_after_ms"] / 1000
    time.sleep(verdict["wait_ms"] / 1000)  # a probe does not go out at once with the others
    sent_at = time.monotonic()
    outcome = {}
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            answer.read()
            outcome["status"] = answer.status
    except urllib.error.HTTPError as error:
        outcome["status"] = error.code
        outcome["retry_after"] = error.headers.get("retry-after")
    except TimeoutError:
        outcome["error"] = "TimeoutError"
    except (OSError, http.client.HTTPException) as error:
        outcome["error"] = type(error).__name__
    latency_ms = (time.monotonic() - sent_at) * 1000
    gate.record(verdict["permit"], latency_ms=latency_ms, **outcome)
    return outcome.get("status", outcome.get("error")), 0


def crawl(gate, urls, role=None, patience_s=60.0):
    """Fetches each URL once; one that is denied goes to the end of the queue until patience is out."""
    queue = [(0.0, url) for url in urls]
    give_up_at = time.monotonic() + patience_s
    while queue:
        queue.sort(key=lambda entry: entry[0])
        due, url = queue.pop(0)
        if due > give_up_at:
            print(f"given up: {url}")
            continue
        time.sleep(max(0.0, due - time.monotonic()))
        status, wait_s = fetch(gate, url, role)
        if status is None:
            print(f"denied for {wait_s:.1f} s: {url}")
            queue.append((time.monotonic() + wait_s, url))
        else:
            print(f"{status}: {url}")


if __name__ == "__main__":
    crawl(
        Breakwater(
            os.environ.get("BREAKWATER_URL", "http://127.0.0.1:8000"),
            os.environ.get("BREAKWATER_TOKEN"),
        ),
        sys.argv[1:],
        os.environ.get("ROLE"),
        float(os.environ.get("PATIENCE_S", "60")),
    )
