//! Every route of every service, without credentials: nothing is told and nothing is done.

use openg2p::services::{Visitor, each};
use platform::Service;
use serde_json::Value;
use testkit::TestService;

/// Routes that anybody may call: liveness words and the pages' way in. Who comes back from a provider has no session yet;
/// without the cookie of a sign-in that began here the answer is a page that says so.
const PUBLIC: &[&str] = &[
    "GET /ping",
    "GET /.well-known/jwks.json",
    "GET /",
    "GET /sign-in",
    "POST /sign-in",
    "GET /sign-in/{provider}",
    "GET /oauth2/callback",
    "POST /sign-out",
    "GET /signed-out",
    "GET /not-registered",
    "GET /helpdesk",
    "GET /desk",
    "GET /desk/sign-in/{provider}",
    "GET /desk/callback",
    "GET /helpdesk/sign-in/{provider}",
    "GET /helpdesk/callback",
    "GET /auth/getLoginProviders",
    "GET /auth/getLoginProviderRedirect/{id}",
    "GET /api/selfservice/auth/getLoginProviders",
    "GET /api/selfservice/auth/getLoginProviderRedirect/{id}",
];

struct Walk {
    wrong: Vec<String>,
    routes: usize,
}

impl Visitor for Walk {
    async fn visit<S: Service>(&mut self) -> anyhow::Result<()> {
        let service = TestService::<S>::start(|loaded| {
            loaded.common.anonymous_partner = false;
            loaded.service = with_secrets(&loaded.service);
        })
        .await;
        let document = serde_json::to_value(platform::openapi::<S>())?;
        let paths = document["paths"].as_object().expect("paths").clone();
        for (path, operations) in paths {
            for method in operations.as_object().expect("operations").keys() {
                let route = format!("{} {path}", method.to_uppercase());
                if PUBLIC.contains(&route.as_str()) || path.starts_with("/assets") {
                    continue;
                }
                self.routes += 1;
                let concrete = path.replace(['{', '}'], "0");
                let method: reqwest::Method = method.to_uppercase().parse().expect("a method");
                let reply = service
                    .anonymous()
                    .send(&concrete, method.clone(), |r| {
                        if method == reqwest::Method::GET { r } else { r.json(&envelope()) }
                    })
                    .await;
                if !refused(reply.status, &reply.text) {
                    self.wrong.push(format!(
                        "{}: {route} answered {} {}",
                        S::NAME,
                        reply.status,
                        short(&reply.text)
                    ));
                }
            }
        }
        service.stop().await;
        Ok(())
    }
}

/// The configuration with every secret that has no default.
fn with_secrets<C: serde::Serialize + serde::de::DeserializeOwned>(config: &C) -> C {
    let mut value = serde_json::to_value(config).unwrap();
    for key in ["pseudonym_secret", "id_hash_secret", "session_secret", "encryption_secret", "index_secret"] {
        if value.get(key).is_some() {
            value[key] = format!("{key} of the tests, 32 characters or more").into();
        }
    }
    serde_json::from_value(value).unwrap()
}

/// A message of an unknown sender, in both envelopes at once.
fn envelope() -> Value {
    serde_json::json!({
        "header": {"message_id": "1", "message_ts": "2026-01-01T00:00:00Z", "action": "search", "sender_id": "X", "total_count": 1},
        "message": {},
    })
}

fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

/// 401, 403, a redirect to the sign-in page, or a rejected message.
fn refused(status: u16, body: &str) -> bool {
    let rejected = || {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        body["header"]["status"] == "rjct"
            || body["response_header"]["response_status"] == "ERROR"
            || matches!(body["message"]["ack_status"].as_str(), Some("ERR" | "NACK"))
    };
    matches!(status, 401 | 403 | 302 | 303) || (status == 200 && rejected())
}

#[tokio::test]
async fn no_route_answers_a_stranger() {
    let mut walk = Walk { wrong: Vec::new(), routes: 0 };
    each(&mut walk).await.expect("every service starts");
    assert!(walk.routes > 30, "only {} routes were walked", walk.routes);
    assert!(walk.wrong.is_empty(), "these routes answered without credentials:\n{}", walk.wrong.join("\n"));
}
