//! What the answer to an outgoing call says about whether the peer acted.

use std::{sync::Arc, time::Duration};

use platform::{CallError, Clock, HttpClient};
use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

#[tokio::test]
async fn a_refusal_says_that_nothing_was_done_and_a_time_out_of_the_peer_does_not() {
    let peer = MockServer::start().await;
    let key = Arc::new(g2p_crypto::SigningKey::generate_ed25519().unwrap());
    let client =
        HttpClient::new(key, "TOY".to_owned(), Clock::default(), Duration::from_secs(5), None).unwrap();
    for (status, acted) in [
        (200, "yes"),
        (400, "no"),
        (409, "no"),
        (429, "no"),
        (408, "unknown"),
        (500, "unknown"),
        (503, "unknown"),
        (504, "unknown"),
    ] {
        peer.reset().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&peer).await;
        let answer = client.post_signed(&peer.uri(), &json!({"pay": 1})).await;
        let told = match &answer {
            Ok(_) => "yes",
            Err(CallError::Rejected { .. } | CallError::Refused { .. }) => "no",
            Err(CallError::Unknown { .. }) => "unknown",
        };
        assert_eq!(told, acted, "{status}: {answer:?}");
    }
}
