//! Messages that were spoilt by chance: reading one never ends in a panic or in an error of ours, whatever stands in it.
//!
//! Seeded and bounded in time, so that it runs with the other tests: `FUZZ_SECONDS` (4 unless set) and `FUZZ_SEED` (a new one
//! each run, printed when something is found) say how long and which.

use std::time::{Duration, Instant};

use actix_web::{FromRequest, test::TestRequest, web};
use g2p_connect::{
    Request, RequestV2,
    mapper::{
        LinkRequest, MapperTxnStatusRequest, ResolveRequest, UnlinkRequest, UpdateRequest,
        newer::{LinkPayload, ResolvePayload},
    },
};
use platform::{Clock, PartnerRegistry, SignedBody, signed::SignedSettings};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use testkit::TestService;

use crate::{Service, message};

/// Every so many messages one also goes to the service itself.
const SENT: usize = 40;
const PATHS: [&str; 8] = [
    "/mapper/sync/link",
    "/sync/update",
    "/sync/unlink",
    "/mapper/sync/resolve",
    "/mapper/link",
    "/async/resolve",
    "/mapper/txn/status",
    "/registry/sync/txn/status",
];

/// Pieces that are put in: what readers of JSON stumble over.
const PIECES: [&[u8]; 22] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b",",
    b":",
    b"null",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"\xff",
    b"\x00",
    b"\xef\xbb\xbf",
    b"1e999",
    b"-0.0",
    b"99999999999999999999999",
    b"{\"header\":",
    b"\"sender_id\":\"X\"",
    b"true",
    b"\xf0\x9f\xa6\x80",
];
const SIGNATURES: [&str; 6] = [
    "",
    "x",
    "..",
    "eyJhbGciOiJub25lIn0..",
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImEifQ..AAAA",
    "namespace=\"g2p\", kidId=\"P|k|ed25519\", algorithm=\"ed25519\", created=\"1\", expires=\"2\", headers=\"(created)\", signature=\"AAAA\"",
];

fn corpus() -> Vec<Vec<u8>> {
    let item = json!({"id": "token:a@nationalId", "fa": "account:1@b", "name": "A", "scope": "details",
        "additional_info": [{"name": "n", "value": 5}]});
    let mut messages: Vec<Value> = ["link", "update", "unlink", "resolve"]
        .map(|action| message("P", "m", action, &[item.clone(), item.clone()]))
        .into();
    messages.push(json!({"signature": SIGNATURES[5], "header": messages[0]["header"], "message": {"transaction_id": "t",
        "txnstatus_request": {"reference_id": "r", "txn_type": "link", "attribute_type": "transaction_id", "attribute_value": "t"}}}));
    let newer = |payload: Value| {
        json!({"request_header": {"sender_app_mnemonic": "P", "request_id": "r", "request_timestamp": "2026-01-01T00:00:00Z"},
            "request_body": {"request_payload": payload}})
    };
    messages.push(newer(
        json!([{"id": "a", "fa": {"strategy_id": 2, "fa_type": "BANK", "account_number": "1"}}]),
    ));
    messages.push(newer(json!([{"id": "a"}])));
    messages.iter().map(|message| message.to_string().into_bytes()).collect()
}

/// One to four changes.
fn spoil(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], dice: &mut ChaCha8Rng) {
    for _ in 0..dice.random_range(1..=4) {
        let at = dice.random_range(0..=bytes.len());
        let end = (at + dice.random_range(0..40)).min(bytes.len());
        match dice.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.random_range(0..8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = PIECES.choose(dice).unwrap();
                drop(bytes.splice(at..at, piece.iter().copied()));
            }
            3 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(end..end, again));
            }
            4 => {
                let other = corpus.choose(dice).unwrap();
                let from = dice.random_range(0..other.len());
                drop(bytes.splice(at.., other[from..].iter().copied()));
            }
            5 => {
                let deep =
                    [b"[".repeat(dice.random_range(1..600)), b"]".repeat(dice.random_range(1..600))].concat();
                drop(bytes.splice(at..end, deep));
            }
            _ => {
                // A value of the same shape, with another text in it.
                let text =
                    std::iter::repeat_n(*PIECES.choose(dice).unwrap(), dice.random_range(1..200)).flatten();
                drop(bytes.splice(at..end, text.copied()));
            }
        }
    }
}

/// Reads a message as a handler does, and all that is made of it before anybody is asked.
async fn read(settings: &web::Data<SignedSettings>, bytes: Vec<u8>, signature: &str) {
    let request = TestRequest::post().app_data(settings.clone()).insert_header(("Signature", signature));
    let (request, mut payload) = request.set_payload(bytes).to_http_parts();
    let Ok(signed) = SignedBody::from_request(&request, &mut payload).await else { return };
    let _ = signed.verified();
    let _ = signed.parse::<Request<LinkRequest>>();
    let _ = signed.parse::<Request<UpdateRequest>>();
    let _ = signed.parse::<Request<UnlinkRequest>>();
    let _ = signed.parse::<Request<ResolveRequest>>();
    let _ = signed.parse::<Request<MapperTxnStatusRequest>>();
    let _ = signed.parse::<RequestV2<LinkPayload>>();
    let _ = signed.parse::<RequestV2<ResolvePayload>>();
    if let Ok(value) = serde_json::from_slice::<Value>(&signed.bytes) {
        let canonical = g2p_crypto::canonical_json(&value);
        let again: Value = serde_json::from_slice(&canonical).expect("what is canonical can be read");
        assert_eq!(g2p_crypto::canonical_json(&again), canonical, "and is so already");
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test]
async fn no_message_makes_it_panic_or_fail() {
    let mapper: TestService<Service> = TestService::start(|loaded| {
        loaded.common.anonymous_partner = true;
        crate::seal(loaded);
    })
    .await;
    let settings = web::Data::new(SignedSettings {
        partners: PartnerRegistry::new(mapper.db().clone(), true),
        clock: Clock::default(),
        max_body: 1024 * 1024,
        max_skew_seconds: 300,
        service: "spar-mapper",
    });
    let seed = number("FUZZ_SEED", rand::rng().random());
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let (corpus, until) = (corpus(), Instant::now() + Duration::from_secs(number("FUZZ_SECONDS", 4)));
    let mut tried = 0;
    while Instant::now() < until {
        let mut bytes = corpus.choose(&mut dice).unwrap().clone();
        spoil(&mut bytes, &corpus, &mut dice);
        let signature = SIGNATURES.choose(&mut dice).unwrap();
        eprintln_on_panic(seed, tried, read(&settings, bytes.clone(), signature)).await;
        if tried % SENT == 0 {
            let path = PATHS.choose(&mut dice).unwrap();
            let reply = mapper.anonymous().post_bytes(path, "application/json", bytes.clone()).await;
            let said = String::from_utf8_lossy(&bytes);
            assert!(reply.status < 500, "seed {seed}, message {tried}: {path}: {} for {said}", reply.text);
        }
        tried += 1;
    }
    assert!(tried > 200, "only {tried} messages were tried");
}

/// Names the seed when something was found.
async fn eprintln_on_panic(seed: u64, tried: usize, work: impl Future<Output = ()>) {
    struct Named(u64, usize);
    impl Drop for Named {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("FUZZ_SEED={} at message {}", self.0, self.1);
            }
        }
    }
    let _named = Named(seed, tried);
    work.await;
}
