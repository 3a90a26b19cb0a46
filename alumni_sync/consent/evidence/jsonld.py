"""A consent event in the words of the Data Privacy Vocabulary (DPV 2), as ISO/IEC TS 27560 has it.

Which field becomes which term: `w3c/dpv`, guide "Consent records and receipts with ISO/IEC TS
27560". No personal value is in it, only categories: a receipt gets mailed around. Pure.
"""

from collections.abc import Mapping
from typing import Any, Final

from alumni_sync.domain import ConsentState
from alumni_sync.ports import ProfileField, Purpose

CONTEXT: Final = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
STATUS: Final[Mapping[ConsentState, str]] = {
    ConsentState.NOT_ASKED: "dpv:ConsentUnknown",
    ConsentState.NO_CONTACT: "dpv:ConsentUnknown",
    ConsentState.INVITED: "dpv:ConsentRequested",
    ConsentState.DEFERRED: "dpv:ConsentRequestDeferred",
    ConsentState.ADDRESS_PENDING: "dpv:ConsentRequested",
    ConsentState.GIVEN: "dpv:ConsentGiven",
    ConsentState.RENEWAL_DUE: "dpv:ConsentGiven",
    ConsentState.RENEWED: "dpv:RenewedConsentGiven",
    ConsentState.PAUSED: "dpv:ConsentGiven",
    ConsentState.REFUSED: "dpv:ConsentRefused",
    ConsentState.EXPIRED: "dpv:ConsentExpired",
    ConsentState.WITHDRAWN: "dpv:ConsentWithdrawn",
    ConsentState.REVOKED: "dpv:ConsentRevoked",
    ConsentState.INVALIDATED: "dpv:ConsentInvalidated",
    ConsentState.OBJECTED: "dpv:ConsentWithdrawn",
    ConsentState.ERASED: "dpv:ConsentRevoked",
}
PURPOSES: Final[Mapping[Purpose, str]] = {
    Purpose.COMMUNITY: "dpv:MemberPartnerManagement",
    Purpose.NEWSLETTER: "dpv:CommunicationManagement",
    Purpose.EVENTS: "dpv:ProvideEventRecommendations",
    Purpose.TRAININGS: "dpv:ProvideEventRecommendations",
    Purpose.JOB_OFFERS: "dpv:RecruitmentManagement",
    Purpose.MENTORING: "dpv:CommunicationManagement",
    Purpose.SPEAKING: "dpv:CommunicationManagement",
    Purpose.PARTNERSHIP: "dpv:MemberPartnerManagement",
    Purpose.STATISTICS: "dpv:ServiceUsageAnalytics",
}
_ALWAYS: Final = ("pd:Name", "pd:EmailAddressPersonal")
FIELDS: Final[Mapping[ProfileField, str]] = {
    ProfileField.LEGAL_ENTITY: "pd:PastEmployment",
    ProfileField.JOIN_YEAR: "pd:PastEmployment",
    ProfileField.LEAVE_YEAR: "pd:PastEmployment",
    ProfileField.JOB_TITLE: "pd:PastEmployment",
    ProfileField.DEPARTMENT: "pd:PastEmployment",
    ProfileField.CITY: "pd:Location",
    ProfileField.COUNTRY: "pd:Country",
    ProfileField.PHONE: "pd:TelephoneNumber",
    ProfileField.LINKEDIN_URL: "pd:Professional",
    ProfileField.PHOTO_URL: "pd:Picture",
    ProfileField.LANGUAGES: "pd:Language",
    ProfileField.EXPERT_TOPICS: "pd:Professional",
    ProfileField.MENTOR_BADGE: "pd:Professional",
    ProfileField.EXPERT_BADGE: "pd:Professional",
    ProfileField.RETIREE_BADGE: "pd:WorkHistory",
}


def receipt_jsonld(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event (as `chain.read_event` gives it) as a TS 27560 receipt in JSON-LD."""
    body = event["body"]
    receipt_id = body["receipt_id"]
    return {
        "@context": CONTEXT,
        "@id": f"urn:alumni-sync:receipt:{receipt_id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": body.get("conforms_to", ""),
        "dct:identifier": receipt_id,
        "dct:isPartOf": event["invitation_id"],
        "dpv:hasDataSubject": f"urn:alumni-sync:person:{event['person_id']}",
        "dpv:hasConsentStatus": STATUS[ConsentState(event["state_after"])],
        "dpv:isIndicatedBy": event["actor"],
        "dpv:isIndicatedAtTime": {"@type": "xsd:dateTime", "@value": event["occurred_at"]},
        "dpv:hasIndicationMethod": event["channel"],
        "dpv:hasLegalBasis": "eu-gdpr:A6-1-a-non-explicit-consent",
        "dpv:hasProcess": [_process(item) for item in body["decision"]["purposes"]],
        "dpv:hasPersonalData": _categories(body["decision"]["fields"]),
        **_pause(body["decision"]),
        "dpv:hasNotice": _notice(body.get("notice", {})),
        **_context(body.get("context", {})),
    }


def _pause(decision: Mapping[str, Any]) -> dict[str, str]:
    """Return until when the person wants a rest; no vocabulary has a word for it."""
    until = decision.get("paused_until")
    return {"paused_until": until} if until else {}


def _process(item: Mapping[str, str]) -> dict[str, Any]:
    process: dict[str, Any] = {
        "@type": "dpv:Process",
        "dct:identifier": item["id"],
        "dpv:hasPurpose": PURPOSES[Purpose(item["id"])],
        "dpv:hasNecessity": "dpv:Optional",
        "dct:description": item["decision"],
    }
    begins = item["valid_from"]
    if day := item.get("not_before"):
        process["dct:available"] = begins = day
    if item["valid_until"]:
        process["dpv:hasDuration"] = {"dct:valid": f"start={begins}; end={item['valid_until']}"}
    return process


def _categories(fields: list[Mapping[str, str]]) -> list[dict[str, str]]:
    always = [{"@id": term, "dpv:hasNecessity": "dpv:Required"} for term in _ALWAYS]
    ticked = [
        {
            "@id": FIELDS[ProfileField(item["id"])],
            "dct:identifier": item["id"],
            "dpv:hasNecessity": "dpv:Optional",
            "shown_to_members": item["shown_to_members"],
        }
        for item in fields
    ]
    return always + ticked


def _notice(notice: Mapping[str, str]) -> dict[str, str]:
    if not notice:
        return {}
    return {
        "@type": "dpv:ConsentNotice",
        "dct:identifier": notice["id"],
        "dct:hasVersion": notice["version"],
        "dct:language": notice["language"],
        "sha256_text": notice["text_sha256"],
        "sha256_form": notice["form_sha256"],
    }


def _context(context: Mapping[str, Any]) -> dict[str, Any]:
    if not context:
        return {}
    controller, authority = context["controller"], context["authority"]
    return {
        "dpv:hasDataController": {
            "@type": "dpv:DataController",
            "dpv:hasName": controller["name"],
            "dpv:hasContact": controller["contact"],
        },
        "dpv:hasRecipient": [
            {
                "@type": "dpv:DataProcessor",
                "dpv:hasName": recipient["platform"],
                "dct:description": recipient["agreement"],
                "dpv:hasLocation": recipient["region"],
                "dct:rights": recipient["transfer"],
            }
            for recipient in context["recipients"]
        ],
        "dpv:hasDataSource": f"human resources system of {controller['name']}",
        "dpv:hasStorageCondition": context["retention"],
        "dpv:hasConsentControl": {"dpv:WithdrawConsent": context["withdraw_url"]},
        "dpv:hasRight": context["rights_contact"],
        "dpv:hasAuthority": {"dpv:hasName": authority["name"], "@id": authority["url"]},
        "dpv:hasJurisdiction": context["jurisdiction"],
    }
