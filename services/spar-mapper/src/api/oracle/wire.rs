//! Requests, answers and errors as the standard of Mojaloop has them.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
};
use platform::{ApiError, PartnerError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{app::oracle::OracleFault, domain::PartyFault};

/// Why there is no answer, as Mojaloop writes it.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) text: String,
}

/// An error of the standard.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorInformationResponse {
    #[serde(rename = "errorInformation")]
    pub(super) error_information: ErrorInformation,
}

/// Its code and its text.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorInformation {
    /// Four digits: `3204` for a party that is not found.
    pub(super) error_code: &'static str,
    /// What is wrong.
    pub(super) error_description: String,
}

impl Refused {
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, text: text.into() }
    }

    /// An Account Lookup Service reads "party not found" out of a 400; a 404 would be "the FSP is in error" to it.
    pub(super) fn not_found() -> Self {
        Self::new("3204", "Party not found")
    }

    pub(super) fn information(self) -> ErrorInformation {
        ErrorInformation { error_code: self.code, error_description: self.text }
    }

    pub(super) fn response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.insert_header((RETRY_AFTER, "5"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header(("WWW-Authenticate", "Bearer"));
        }
        response.json(ErrorInformationResponse { error_information: self.information() })
    }

    /// `code`: what a refusal of this operation is called.
    pub(super) fn of(fault: OracleFault, code: &'static str) -> Self {
        match fault {
            OracleFault::NotFound => Self::not_found(),
            OracleFault::Refused(why) => Self::new(code, why),
            OracleFault::Partner(PartnerError::Api(error)) => error.into(),
            OracleFault::Partner(other) => Self::new(code, other.to_string()),
        }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        let status = error.status();
        let code = match status {
            // FSPIOP has no code for too many requests; this one says that it may pass.
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => "2003",
            status if status.is_server_error() => "2001",
            StatusCode::PAYLOAD_TOO_LARGE => "3104",
            _ => "3000",
        };
        if status.is_server_error() {
            tracing::error!(error.code = %error.code(), "the oracle failed: {error:?}");
        }
        Self { status, code, text: error.detail().to_owned() }
    }
}

impl From<PartyFault> for Refused {
    fn from(fault: PartyFault) -> Self {
        match fault {
            PartyFault::UnknownType => Self::not_found(),
            PartyFault::Malformed(why) => Self::new("3101", why),
        }
    }
}

/// Which party.
#[derive(Deserialize)]
pub(super) struct Party {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    #[serde(rename = "ID")]
    pub(super) identifier: String,
    #[serde(rename = "SubId", default)]
    pub(super) sub: Option<String>,
}

/// What may stand behind the address.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Narrowed {
    /// Only an account in this currency, three letters.
    pub(super) currency: Option<String>,
    /// The sub-id or the sub-type of the party.
    #[serde(rename = "partySubIdOrType", alias = "SubId")]
    pub(super) party_sub_id_or_type: Option<String>,
}

/// Which FSP.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FspRequest {
    /// The FSP that has the party's account.
    pub(super) fsp_id: String,
    /// Currency of the account, three letters; that of the configuration when absent.
    #[serde(default)]
    pub(super) currency: Option<String>,
    /// The sub-id or the sub-type of the party.
    #[serde(default)]
    pub(super) party_sub_id_or_type: Option<String>,
}

/// FSPs of a party.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartyList {
    pub(super) party_list: Vec<PartyFsp>,
}

/// An FSP of a party.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartyFsp {
    pub(super) fsp_id: String,
    pub(super) currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) party_sub_id_or_type: Option<String>,
}

/// Parties to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkRequest {
    /// The sender's id of the request.
    pub(super) request_id: String,
    /// The parties.
    pub(super) party_list: Vec<PartyIdInfo>,
    /// Currency of the accounts that name none.
    #[serde(default)]
    pub(super) currency: Option<String>,
}

/// A party.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartyIdInfo {
    /// `MSISDN`, `PERSONAL_ID` …
    pub(super) party_id_type: String,
    /// The identifier.
    pub(super) party_identifier: String,
    /// The sub-id or the sub-type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) party_sub_id_or_type: Option<String>,
    /// The FSP that has the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fsp_id: Option<String>,
    /// Currency of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<String>,
}

/// What became of the parties, in the order of the request.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkAnswer {
    pub(super) party_list: Vec<PartyResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<String>,
}

/// What became of a party.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartyResult {
    pub(super) party_id: PartyIdInfo,
    /// Why it was not added; absent when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_information: Option<ErrorInformation>,
}
