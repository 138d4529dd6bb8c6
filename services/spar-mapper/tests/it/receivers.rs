//! A strict partner's message is for whom it says it is for.

use platform::{Mode, Policy};
use serde_json::{Value, json};
use testkit::{TestPartner, TestService};

use crate::{Service, message, seal};

async fn start() -> (TestService<Service>, TestPartner, TestPartner) {
    let mapper = TestService::<Service>::start(|loaded| {
        loaded.common.anonymous_partner = false;
        loaded.service.callback_loopback = true;
        loaded.service.receiver_ids = vec!["mapper.example.org".to_owned()];
        seal(loaded);
    })
    .await;
    let policy = Policy {
        permissions: ["mapper:call".to_owned()].into(),
        callback_urls: ["http://127.0.0.1:9".to_owned()].into(),
        ..Policy::default()
    };
    let strict = mapper.partner_with("STRICT", Mode::Strict, policy.clone()).await;
    let compat = mapper.partner_with("COMPAT", Mode::Compat, policy).await;
    (mapper, strict, compat)
}

async fn send(partner: &TestPartner, path: &str, receiver: &Value) -> Value {
    let item = json!({"id": "token:a@nationalId", "scope": "yes_no"});
    let mut body = message(partner.id(), &uuid::Uuid::new_v4().to_string(), "resolve", &[item]);
    body["header"]["receiver_id"] = receiver.clone();
    partner.post_signed(path, &body).await.expect_status(200).json()
}

#[tokio::test]
async fn a_message_to_somebody_else_is_refused_and_one_to_us_is_not() {
    let (_mapper, strict, compat) = start().await;
    for ours in ["", "spar-mapper", "SPAR_MAPPER", "mapper.example.org"].map(Value::from) {
        let reply = send(&strict, "/mapper/sync/resolve", &ours).await;
        assert_eq!(reply["header"]["status"], "succ", "{ours}: {reply}");
        assert_eq!(send(&strict, "/mapper/resolve", &ours).await["message"]["ack_status"], "ACK", "{ours}");
    }
    let other = json!("other-mapper");
    for path in ["/mapper/sync/resolve", "/sync/resolve"] {
        let header = send(&strict, path, &other).await["header"].clone();
        assert_eq!(
            (&header["status"], &header["status_reason_code"]),
            (&json!("rjct"), &json!("err.receiver_id.invalid")),
            "{header}"
        );
    }
    for (path, status) in [("/mapper/resolve", "ERR"), ("/async/resolve", "NACK")] {
        let ack = send(&strict, path, &other).await["message"].clone();
        assert_eq!(
            (&ack["ack_status"], &ack["error"]["code"]),
            (&json!(status), &json!("err.receiver_id.invalid")),
            "{ack}"
        );
    }
    // What deployed clients put there is anything.
    for any in [other, json!("string"), Value::Null] {
        assert_eq!(send(&compat, "/mapper/sync/resolve", &any).await["header"]["status"], "succ", "{any}");
    }
}
