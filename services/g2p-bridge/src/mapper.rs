//! The account mapper, seen by the bridge: ids in, financial addresses out.

use std::collections::HashMap;

use g2p_connect::{
    MsgHeader, MsgStatus, Request, Response,
    mapper::{ResolveRequest, ResolveRequestItem, ResolveResponse, ResolveResponseItem},
};
use platform::{Clock, HttpClient, clock::rfc3339};
use uuid::Uuid;

use crate::{
    domain::{financial_address::Account, reason},
    store::disbursements::Unresolved,
};

/// Client of the mapper.
#[derive(Debug, Clone)]
pub struct Mapper {
    http: HttpClient,
    clock: Clock,
    url: String,
}

/// What the mapper says of one payee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An account.
    Account(Account),
    /// No account; the reason is a word of [`reason`].
    None(&'static str),
    /// Not now: ask again.
    Later(&'static str),
}

/// The mapper could not be asked, or refused the whole message. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MapperFault(pub String);

impl Mapper {
    /// A client of the mapper at `url`.
    #[must_use]
    pub fn new(http: HttpClient, clock: Clock, url: &str) -> Self {
        Self { http, clock, url: format!("{}/mapper/sync/resolve", url.trim_end_matches('/')) }
    }

    /// Asks for the accounts of payments: an answer for each, in the order given. Payments are told apart by their own
    /// ids, so one payee may be asked for twice in a call.
    ///
    /// # Errors
    /// When there is nothing to go by at all.
    pub async fn resolve(&self, payments: &[Unresolved]) -> Result<Vec<Found>, MapperFault> {
        let now = rfc3339(self.clock.now());
        let items = payments.iter().map(|p| {
            ResolveRequestItem::details(p.disbursement_id.as_str(), now.as_str(), p.beneficiary_id.as_str())
        });
        let count = i64::try_from(payments.len()).unwrap_or(i64::MAX);
        let header =
            MsgHeader::new(Uuid::now_v7().to_string(), now.clone(), "resolve", self.http.partner_id(), count)
                .to_receiver("SPAR_MAPPER");
        let message =
            ResolveRequest { transaction_id: Uuid::now_v7().to_string(), resolve_request: items.collect() };
        let answer = self.http.post_signed(&self.url, &Request::new(header, message)).await;
        let answer: Response<serde_json::Value> =
            answer.and_then(|a| a.json()).map_err(|e| MapperFault(e.to_string()))?;
        if answer.header.status == MsgStatus::Rjct {
            let code = answer.header.status_reason_code.unwrap_or_default();
            return Err(MapperFault(reason::with_detail("the mapper refused the message", &code)));
        }
        let message: ResolveResponse = serde_json::from_value(answer.message)
            .map_err(|_| MapperFault("the mapper's answer has no resolve_response".to_owned()))?;
        Ok(match_up(payments, message.resolve_response))
    }
}

/// Pairs answers with payments by reference; a payment the mapper did not mention is asked for again.
fn match_up(payments: &[Unresolved], answers: Vec<ResolveResponseItem>) -> Vec<Found> {
    let mut by_reference: HashMap<String, ResolveResponseItem> =
        answers.into_iter().map(|item| (item.reference_id.clone(), item)).collect();
    payments
        .iter()
        .map(|payment| match by_reference.remove(&payment.disbursement_id) {
            None => Found::Later(reason::MAPPER_ANSWER_INCOMPLETE),
            // An answer about somebody else must never be paid to.
            Some(item)
                if item.id.as_ref().is_some_and(|id| !id.is_empty() && *id != payment.beneficiary_id) =>
            {
                Found::Later(reason::MAPPER_ANSWER_INCOMPLETE)
            }
            Some(item) => judge(&item),
        })
        .collect()
}

fn judge(item: &ResolveResponseItem) -> Found {
    let code = item.status_reason_code.as_deref().unwrap_or_default();
    match (item.status, item.fa.as_deref().map(str::trim).filter(|fa| !fa.is_empty())) {
        (MsgStatus::Succ, Some(_)) if code.ends_with(".inactive") => {
            Found::None(reason::NO_FINANCIAL_ADDRESS)
        }
        (MsgStatus::Succ, Some(fa)) => match Account::parse(fa) {
            Ok(account) => Found::Account(account),
            Err(_) => Found::None(reason::UNREADABLE_FINANCIAL_ADDRESS),
        },
        (MsgStatus::Succ, None) => Found::None(reason::NO_FINANCIAL_ADDRESS),
        (MsgStatus::Rcvd | MsgStatus::Pdng, _) => Found::Later(reason::MAPPER_SAYS_RETRY),
        (MsgStatus::Rjct, _) if code == "rjct.id.invalid" => Found::None(reason::INVALID_BENEFICIARY_ID),
        (MsgStatus::Rjct, _) if code == "rjct.fa.invalid" => Found::None(reason::NO_FINANCIAL_ADDRESS),
        (MsgStatus::Rjct, _) => Found::Later(reason::MAPPER_SAYS_RETRY),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use serde_json::json;

    use super::{Found, Unresolved, match_up};

    fn ask(id: &str, payee: &str) -> Unresolved {
        Unresolved { disbursement_id: id.into(), beneficiary_id: payee.into() }
    }

    #[test]
    fn answers_are_matched_by_reference_in_any_order() {
        let fa = |n: &str| format!("account_number:{n}.bank_code:B.fa_type:BANK_ACCOUNT");
        let answers = json!([
            {"reference_id": "3", "timestamp": "t", "status": "succ", "status_reason_code": "succ.fa.not_linked_to_id"},
            {"reference_id": "2", "timestamp": "t", "id": "A", "fa": fa("22"), "status": "succ"},
            {"reference_id": "1", "timestamp": "t", "id": "A", "fa": fa("11"), "status": "succ"},
            {"reference_id": "4", "timestamp": "t", "id": "SOMEBODY", "fa": fa("44"), "status": "succ"},
            {"reference_id": "6", "timestamp": "t", "fa": "???", "status": "succ"},
        ]);
        let asked =
            [ask("1", "A"), ask("2", "A"), ask("3", "C"), ask("4", "D"), ask("5", "E"), ask("6", "F")];
        let found = match_up(&asked, serde_json::from_value(answers).unwrap());
        let number = |f: &Found| match f {
            Found::Account(a) => a.account_number.as_ref().unwrap().expose().clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!((number(&found[0]).as_str(), number(&found[1]).as_str()), ("11", "22"));
        assert_eq!(found[2], Found::None("NO_FINANCIAL_ADDRESS"));
        assert!(matches!(found[3], Found::Later(_)) && matches!(found[4], Found::Later(_)));
        assert_eq!(found[5], Found::None("UNREADABLE_FINANCIAL_ADDRESS"));
    }
}
