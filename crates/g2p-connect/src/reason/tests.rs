#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashSet;

use super::*;

fn read_back<R>()
where
    R: Reason
        + serde::Serialize
        + serde::de::DeserializeOwned
        + PartialEq
        + std::fmt::Debug
        + std::fmt::Display,
{
    for reason in R::ALL {
        let json = serde_json::to_string(reason).unwrap();
        assert_eq!(json, format!("\"{}\"", reason.code()), "the JSON text is the code");
        assert_eq!(serde_json::from_str::<R>(&json).unwrap(), *reason);
        assert_eq!(R::from_code(reason.code()), Some(*reason));
        assert_eq!(reason.to_string(), reason.code());
    }
    assert_eq!(R::from_code("rjct.no.such_code"), None);
}

#[test]
fn every_code_is_read_back_as_itself() {
    read_back::<HeaderReason>();
    read_back::<ErrReason>();
    read_back::<StatusReasonV2>();
    read_back::<LinkReason>();
    read_back::<UpdateReason>();
    read_back::<UnlinkReason>();
    read_back::<ResolveReason>();
    read_back::<SearchReason>();
    read_back::<SubscribeReason>();
    read_back::<UnsubscribeReason>();
    read_back::<DisburseReason>();
    read_back::<DisburseSearchReason>();
    read_back::<BridgeReason>();
}

#[test]
fn the_table_names_each_code_once_per_family_with_a_real_status() {
    let mut seen = HashSet::new();
    for row in table() {
        assert!(seen.insert((row.family, row.code)), "{} {} stands twice", row.family, row.code);
        assert!((200..600).contains(&row.http_status), "{}: {}", row.code, row.http_status);
        assert!(!row.retryable || row.http_status >= 429, "{} cannot be retryable", row.code);
    }
    assert_eq!(seen.len(), 9 + 14 + 6 + 9 + 6 + 6 + 13 + 8 + 7 + 6 + 8 + 13 + BridgeReason::ALL.len());
}

#[test]
fn the_misspelt_bridge_code_keeps_its_wire_text() {
    assert_eq!(
        BridgeReason::NoOfDisbursementsExceedsDeclared.as_str(),
        "NO_OF_DISBUESEMENTS_EXCEEDS_DECLARED"
    );
}
