"""Contract of the verification."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.storage.verify.models import Finding, FindingQuery, Verification, VerifyRequest


class VerificationAPI(Contract, Protocol):
    """Verify the stored files, and list the findings."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("POST /storage/verify", status=202)
    async def start_verification(self, request: VerifyRequest) -> Verification:
        """Start a verification of the archive, or resume the one that the last run stopped.

        Raises Conflict if a verification is running.
        """
        ...

    @endpoint("GET /storage/verify")
    async def get_verification(self) -> Verification:
        """Return the progress of the verification and the number of findings."""
        ...

    @endpoint("GET /storage/verify/findings")
    async def list_findings(self, request: FindingQuery) -> Page[Finding]:
        """List the findings of the verification, ordered by path."""
        ...

    @endpoint("POST /storage/verify/cancel")
    async def cancel_verification(self) -> Verification:
        """Stop the verification; the next run resumes it. Raises Conflict if none is running."""
        ...
