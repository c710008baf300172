"""An audit as a CycloneDX 1.6 bill of materials of a model: its files with their hashes, and what was found in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import msgspec
from cyclonedx.model import HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.impact_analysis import ImpactAnalysisResponse
from cyclonedx.model.tool import ToolRepository
from cyclonedx.model.vulnerability import (
    BomTarget,
    Vulnerability,
    VulnerabilityAdvisory,
    VulnerabilityAnalysis,
    VulnerabilityRating,
    VulnerabilityScoreSource,
    VulnerabilitySeverity,
    VulnerabilitySource,
)
from cyclonedx.schema.schema import SchemaVersion1Dot6
from packageurl import PackageURL

from reports.escape import visible
from reports.fingerprint import fingerprint
from reports.reach import clean_weights, reached

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from reports.record import Audit, File, Target
    from reports.suppression import Reported
    from scanners.findings import Rule

_HEAD = {
    "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
}
_TARGETS = {"dataset": ComponentType.DATA, "space": ComponentType.APPLICATION}
"""What is audited is a model but for these."""
_NO_MODELS = {"text", "json", "unknown"}
"""Formats of files that stand beside a model; whatever else is read may be loaded as one."""


def as_cyclonedx(audit: Audit, said: Sequence[Reported], rules: Mapping[str, Rule]) -> str:
    """The bill of an audit whose findings are `said`, as indented JSON; `rules` explain the findings, by id."""
    target, files = _target(audit.target), {file.path: _file(file) for file in audit.files}
    target.properties.update(_properties(verdict=audit.verdict, complete=audit.complete, selection=audit.selection))
    tool = Component(name="hub-audit", version=audit.version, type=ComponentType.APPLICATION)
    clean = clean_weights(audit)
    found = {
        # The same finding at another place in a file is listed once: a reference names one thing.
        fingerprint(one.file.path, one.finding): _vulnerability(
            one, rules.get(one.finding.rule), files[one.file.path], clean
        )
        for one in reversed(said)
    }
    leaves = [Dependency(file.bom_ref) for file in files.values()]
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, audit.audit_id),
        metadata=BomMetaData(component=target, tools=ToolRepository(components=[tool]), timestamp=audit.started),
        components=files.values(),
        dependencies=[Dependency(target.bom_ref, leaves), *leaves],
    )
    # The library keeps them in order, comparing all that they say: one by one in that order, few are compared.
    for one in sorted(found.values(), key=lambda one: (str(one.id), str(one.bom_ref))):
        bom.vulnerabilities.add(one)
    # Past the library's output class, which looks for each component among all others, twice.
    document = json.loads(bom.as_json(view_=SchemaVersion1Dot6)) | _HEAD  # type: ignore[attr-defined]
    # The standard library indents in Python, this in C.
    return msgspec.json.format(json.dumps(document), indent=2) + "\n"


def _target(target: Target) -> Component:
    group, _, name = target.id.rpartition("/") if target.kind == "repo" else ("", "", target.id)
    model = target.kind == "repo" and target.type == "model"
    return Component(
        bom_ref="target",
        type=_TARGETS.get(target.type or "", ComponentType.MACHINE_LEARNING_MODEL),
        group=visible(group) or None,
        name=visible(name),
        version=target.commit,
        purl=PackageURL("huggingface", group or None, name, target.commit) if model else None,
    )


def _file(file: File) -> Component:
    kind, _, digest = file.blob.partition(":")
    error = file.error and f"{file.error.code}: {file.error.message}"
    return Component(
        bom_ref=f"file:{quote(file.path.encode('utf-8', 'backslashreplace'))}",
        type=ComponentType.FILE if file.format in _NO_MODELS else ComponentType.MACHINE_LEARNING_MODEL,
        name=visible(file.path),
        # A Git blob's id is no hash of the file alone.
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if kind == "sha256" else (),
        properties=_properties(
            blob=file.blob,
            size=file.size,
            format=file.format,
            verdict=file.verdict,
            complete=file.complete,
            error=error,
        ),
    )


def _vulnerability(one: Reported, rule: Rule | None, component: Component, clean: Collection[str]) -> Vulnerability:
    file, finding, why = one
    source = VulnerabilitySource(name="hub-audit")
    references = rule.references if rule else ()
    return Vulnerability(
        bom_ref=fingerprint(file.path, finding),
        id=finding.rule,
        source=source,
        ratings=[
            VulnerabilityRating(
                source=source,
                severity=VulnerabilitySeverity(finding.severity),
                method=VulnerabilityScoreSource.OTHER,
            )
        ],
        cwes=rule.cwes if rule else (),
        description=rule.title if rule else None,
        detail=visible(finding.message),
        recommendation=rule.remedy if rule else None,
        advisories=[VulnerabilityAdvisory(url=XsUri(one)) for one in references],
        analysis=VulnerabilityAnalysis(responses=[ImpactAnalysisResponse.WILL_NOT_FIX], detail=visible(why.reason))
        if why
        else None,
        affects=[BomTarget(ref=str(component.bom_ref))],
        properties=_properties(
            member=finding.member or None,
            offset=finding.offset,
            **reached(finding, file.format, file.path, clean),
        ),
    )


def _properties(**values: object) -> Iterator[Property]:
    """What the format has no fields for; what is None is left out."""
    for name, value in values.items():
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else visible(str(value))
            yield Property(name=f"hub-audit:{name}", value=text)
