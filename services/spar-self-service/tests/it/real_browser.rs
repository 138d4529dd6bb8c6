//! Chromium, driven through every flow of the pages. `make pictures` keeps what it sees.

use std::{net::TcpListener, path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
};

use crate::{AMINA_FA, World, oidc_provider::OidcProvider, peers::Peers, sign_in::AMINA_THERE};

/// One person for each language, so that the flows do not meet.
const PEOPLE: [(&str, &str); 3] = [
    ("en", "token:AminaAminaAminaAmina11@nationalId"),
    ("ar", "token:AminaAminaAminaAmina12@nationalId"),
    ("am", "token:AminaAminaAminaAmina13@nationalId"),
];

/// An account with a past, and payments of every kind.
fn set_up(peers: &Peers, id: &str) {
    let wallet = "mobile_number:+254712345678.wallet_provider_name:Example Pay.wallet_provider_code:EXPAY.fa_type:MOBILE_WALLET";
    peers.link(id, AMINA_FA);
    let entry = |no: i64, change: &str, channel: &str, actor: &str, fa: &str| {
        json!({
            "no": no, "change": change, "at": format!("2026-0{no}-14T09:30:00Z"), "channel": channel, "actor": actor,
            "approved_by": null, "message_id": "m", "reason": null, "before": null, "after": {"fa": fa},
        })
    };
    peers.remember(
        id,
        json!([
            entry(1, "linked", "partner", "partner:PBMS", wallet),
            entry(2, "updated", "partner", "partner:SPAR_SELF_SERVICE", AMINA_FA),
            entry(3, "frozen", "own_api", "user:ministry:ada", AMINA_FA),
            entry(4, "unfrozen", "own_api", "user:ministry:ada", AMINA_FA),
        ]),
    );
    let payment = |cycle: &str, day: &str, state: &str, reason: Option<&str>| {
        json!({
            "program_name": "Child support", "cycle_name": cycle, "schedule_date": day, "amount": "1050.00",
            "currency": "KES", "state": state, "reason": reason,
        })
    };
    peers.pay(
        id,
        json!([
            payment("2026-01", "2026-01-31", "PAID", None),
            payment("2026-02", "2026-02-28", "REVERSED", Some("BANK_REJECTED:ACCOUNT_CLOSED")),
            payment("2026-03", "2026-03-31", "SENT", None),
        ]),
    );
}

/// A port that is free, and whose admin port is free too.
fn free_port() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).ok();
    for _ in 0..100 {
        let port = free(0).unwrap().local_addr().unwrap().port();
        if port < 60_000 && free(port).is_some() && free(port + 1_000).is_some() {
            return port;
        }
    }
    panic!("no free port");
}

#[tokio::test]
async fn a_browser_passes_every_flow_and_finds_nothing_wrong_with_any_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let modules = root.join("target/browser");
    assert!(
        modules.join("installed").is_file(),
        "the browser's driver is not installed: run scripts/setup.sh test"
    );
    let demo = World::start().await;
    PEOPLE.iter().for_each(|(_, id)| set_up(&demo.peers, id));

    let port = free_port();
    let public = format!("http://127.0.0.1:{port}");
    let provider = OidcProvider::start_for(&public).await;
    let mut staff = provider.keycloak();
    staff["client_id"] = json!("pages-staff");
    staff["scopes"] = json!("openid profile");
    let signed = World::start_with(|loaded| {
        loaded.common.port = port;
        loaded.service.demo_login = false;
        public.clone_into(&mut loaded.service.public_url);
        loaded.service.sign_in = serde_json::from_value(json!({"ministry": provider.keycloak()})).unwrap();
        loaded.service.staff_sign_in = serde_json::from_value(json!({"ministry": staff})).unwrap();
        let wallet = json!([{"code": "EXPAY", "name": "Example Pay"}]);
        loaded.service.wallets = serde_json::from_value(wallet).unwrap();
    })
    .await;
    set_up(&signed.peers, PEOPLE[0].1);

    let people: serde_json::Map<String, Value> =
        PEOPLE.iter().map(|(language, id)| ((*language).to_owned(), json!(id))).collect();
    let given = json!({
        "demo": demo.service.url(), "people": people, "signed": public, "login": AMINA_THERE,
        "staff": ["staff-helpdesk-1", "staff-checker-2"],
        "pictures": std::env::var("OPENG2P_PICTURES").unwrap_or_default(),
    });
    let mut child = Command::new("node")
        .arg(root.join("tests/browser/drive.mjs"))
        .arg(modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node: run scripts/setup.sh test");
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("{given}\n").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        match line.strip_prefix("do: ") {
            Some("grow old") => {
                signed.execute("UPDATE sessions SET auth_time = auth_time - interval '6 minutes'").await;
                input.write_all(b"done\n").await.unwrap();
            }
            Some(other) => panic!("the driver asks for {other}"),
            None => said.push(line),
        }
    }
    assert!(child.wait().await.unwrap().success(), "{said:?}, and what stands above");
    let audit = signed.dump("audit_log").await;
    assert!(audit.contains("helpdesk.approve") && audit.contains("session.step_up"), "{audit}");
}
