//! The beneficiary registry, asked as a service for the payments of one person.

use money::DecimalText;
use serde::Deserialize;
use serde_json::json;

use crate::{State, domain::Subject, peers::PeerError};

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    items: Vec<Payment>,
}

/// A payment as the registry tells it. What it does not tell is not shown; fields we do not know are ignored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Payment {
    #[serde(alias = "program")]
    pub(crate) program_name: Option<String>,
    #[serde(alias = "cycle")]
    pub(crate) cycle_name: Option<String>,
    /// `2026-01-31`, in the programme's zone.
    pub(crate) schedule_date: Option<String>,
    pub(crate) amount: Option<DecimalText>,
    pub(crate) currency: Option<String>,
    #[serde(alias = "status")]
    pub(crate) state: Option<String>,
    pub(crate) reason: Option<String>,
}

/// All payments of a person, in no order.
pub(crate) async fn payments(state: &State, subject: &Subject) -> Result<Vec<Payment>, PeerError> {
    let url = format!("{}/api/v1/payees/payments", state.config.pbms_url.trim_end_matches('/'));
    let body = json!({"payee": subject.as_str()});
    let answer: Answer = state.http.service_post(&url, "pbms-beneficiary-registry", &body).await?.json()?;
    Ok(answer.items)
}
