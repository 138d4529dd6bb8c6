//! The bridge with its neighbours, and what a programme system and a bank do with it.

use std::{sync::Arc, time::Duration};

use bank_formats::{
    iso20022::camt,
    mt940::{self, Balance, Entry, Mark, ReturnReason},
};
use g2p_bridge::{Config, Service};
use money::{Amount, Currency};
use platform::config::Loaded;
use serde_json::{Value, json};
use storage::{Db, sql};
use testkit::{Reply, TestDb, TestPartner, TestService, unique, wait_for};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{bank::FakeBank, mapper::FakeMapper};

pub const LIMIT: Duration = Duration::from_secs(30);
/// The sponsor's account of all programmes.
pub const ACCOUNT: &str = "SPONSOR-1";

pub struct World {
    pub bridge: TestService<Service>,
    pub pbms: TestPartner,
    pub bank_partner: TestPartner,
    pub driver: TestPartner,
    pub bank: FakeBank,
    pub mapper: FakeMapper,
}

/// Today in Nairobi, as the bridge sees it.
pub fn today() -> String {
    day(0)
}

/// So many days from today in Nairobi.
pub fn day(offset: i64) -> String {
    (OffsetDateTime::now_utc() + time::Duration::hours(3) + time::Duration::days(offset)).date().to_string()
}

pub fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap()
}

/// A message of the newer dialect.
pub fn newer(sender: &str, payload: &Value) -> Value {
    json!({
        "request_header": {"sender_app_mnemonic": sender, "sender_app_url": "", "request_id": unique("r"),
                           "request_timestamp": now(), "instance_id": ""},
        "request_body": {"pagination_request": null, "request_payload": payload},
    })
}

/// Payments `prefix0000000`, `prefix0000001` … to `payee-0`, `payee-1` …
pub fn payments(envelope: &str, prefix: &str, count: usize, amount: &str) -> Vec<Value> {
    let one = |n| {
        json!({"disbursement_id": format!("{prefix}{n:07}"), "disbursement_envelope_id": envelope,
               "beneficiary_id": format!("payee-{n}"), "beneficiary_name": null, "disbursement_quantity": amount,
               "disbursement_cycle_id": 1, "narrative": "Food"})
    };
    (0..count).map(one).collect()
}

fn settings(loaded: &mut Loaded<Config>, bank: &FakeBank, mapper: &FakeMapper) {
    loaded.common.call_timeout_seconds = 1;
    loaded.common.database_max_connections = 12;
    loaded.service = Config {
        mapper_url: mapper.server.uri(),
        bank_url: bank.server.uri(),
        resolve_batch: 4,
        payment_batch: 4,
        statement_chunk: 3,
        step_interval_ms: 20,
        retry_first_ms: 50,
        retry_longest_ms: 200,
        resend_after_ms: 100,
        statement_overdue_seconds: 3600,
        lease_seconds: 2,
        ..Config::default()
    };
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Loaded<Config>)) -> Self {
        let (bank, mapper) = (FakeBank::start().await, FakeMapper::start().await);
        let bridge = TestService::<Service>::start(|loaded| {
            settings(loaded, &bank, &mapper);
            change(loaded);
        })
        .await;
        let world = Self::around(bridge, bank, mapper).await;
        world.program("PROG", &json!({})).await;
        world
    }

    async fn around(bridge: TestService<Service>, bank: FakeBank, mapper: FakeMapper) -> Self {
        let pbms = bridge.partner("PBMS", &["bridge:call"]).await;
        let bank_partner = bridge.partner("EXAMPLE_BANK", &["bridge:import"]).await;
        let driver = bridge.partner("DEMO", &["bridge:read", "bridge:write"]).await;
        Self { bridge, pbms, bank_partner, driver, bank, mapper }
    }

    /// Ends the bridge, lets `between` look at and change the database, and starts it again.
    pub async fn restart<F: Future<Output = ()>>(
        self,
        between: impl FnOnce(Db) -> F,
        change: impl FnOnce(&mut Loaded<Config>),
    ) -> Self {
        let Self { bridge, bank, mapper, .. } = self;
        let db: Arc<TestDb> = bridge.stop().await;
        between(db.db("g2p_bridge").await).await;
        let bridge = TestService::<Service>::start_on(db, |loaded| {
            settings(loaded, &bank, &mapper);
            change(loaded);
        })
        .await;
        Self::around(bridge, bank, mapper).await
    }

    pub fn db(&self) -> &Db {
        self.bridge.db()
    }

    /// Configures a programme; `change` overrides what is usual.
    pub async fn program(&self, mnemonic: &str, change: &Value) {
        let mut payload = json!({"benefit_program_mnemonic": mnemonic, "sponsor_bank_code": "EXAMPLE_BANK",
            "sponsor_bank_account_number": ACCOUNT, "sponsor_bank_account_currency": "KES",
            "id_mapper_resolution_required": true, "time_zone": "Africa/Nairobi"});
        payload.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let message = newer("DEMO", &payload);
        let reply = self.driver.post_signed("/create_benefit_program_configuration", &message).await;
        assert_eq!(reply.json()["response_header"]["response_status"], "SUCCESS", "{}", reply.text);
    }

    pub async fn call(&self, operation: &str, payload: &Value) -> Reply {
        self.pbms.post_signed(&format!("/{operation}"), &newer("PBMS", payload)).await
    }

    /// The code of a refusal, or `SUCCESS`.
    pub async fn code(&self, operation: &str, payload: &Value) -> String {
        let reply = self.call(operation, payload).await.expect_status(200).json();
        let header = &reply["response_header"];
        let code = header["response_error_code"].as_str().unwrap_or("SUCCESS");
        code.to_owned()
    }

    pub async fn envelope(&self, count: usize, total: &str, date: &str) -> String {
        self.envelope_of("PROG", count, total, date).await
    }

    pub async fn envelope_of(&self, program: &str, count: usize, total: &str, date: &str) -> String {
        let reply =
            self.call("create_disbursement_envelopes", &json!([envelope(program, count, total, date)])).await;
        let reply = reply.json();
        assert_eq!(reply["response_header"]["response_status"], "SUCCESS", "{reply}");
        reply["response_body"]["response_payload"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Sends payments, which must be taken.
    pub async fn create(&self, rows: &[Value]) {
        let code = self.code("create_disbursements", &json!(rows)).await;
        assert_eq!(code, "SUCCESS");
    }

    pub async fn view(&self, envelope: &str) -> Value {
        self.driver.session().get(&format!("/api/v1/envelopes/{envelope}")).await.expect_status(200).json()
    }

    /// The items of a page of the read API.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let page = self.driver.session().get(path).await.expect_status(200).json();
        page["items"].as_array().unwrap().clone()
    }

    pub async fn wait_state(&self, envelope: &str, state: &str) -> Value {
        self.wait_view(envelope, &format!("state {state}"), |view| view["state"] == state).await
    }

    pub async fn wait_problem(&self, envelope: &str, problem: &str) -> Value {
        self.wait_view(envelope, problem, |view| view["problem"] == problem).await
    }

    pub async fn wait_view(&self, envelope: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_for(&format!("envelope {envelope}: {what}"), LIMIT, || async {
            let view = self.view(envelope).await;
            wanted(&view).then_some(view)
        })
        .await
    }

    /// Waits until this many payments are accepted or beyond.
    pub async fn wait_sent(&self, count: i64) {
        wait_for(&format!("{count} payments with the bank"), LIMIT, || async {
            let query = "SELECT count(*) FROM disbursements WHERE state IN ('ACCEPTED', 'PAID', 'REVERSED')";
            let sent: Option<i64> = sql::scalar(self.db().conn(), query, []).await.unwrap();
            (sent == Some(count)).then_some(())
        })
        .await;
    }

    /// Id, state and reason of an envelope's payments, by id.
    pub async fn states(&self, envelope: &str) -> Vec<(String, String, Option<String>)> {
        let path = format!("/api/v1/envelopes/{envelope}/disbursements?limit=1000");
        let page = self.driver.session().get(&path).await.expect_status(200).json();
        let text = |item: &Value, key: &str| item[key].as_str().map(str::to_owned);
        let one = |item: &Value| {
            (text(item, "disbursement_id").unwrap(), text(item, "state").unwrap(), text(item, "reason"))
        };
        page["items"].as_array().unwrap().iter().map(one).collect()
    }

    /// Uploads a statement of the sponsor's account with these lines: mark, payment, amount.
    pub async fn statement(&self, lines: &[(&str, &str, &str)]) -> Value {
        self.upload(&statement(&unique("s"), lines)).await
    }

    pub async fn upload(&self, text: &str) -> Value {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"statement_file\"; filename=\"s.mt940\"\r\n\r\n{text}\r\n--b--\r\n"
        );
        let url = format!("{}/upload_mt940", self.bridge.url());
        let client = self.bank_partner.http_client();
        let answer =
            client.post_signed_bytes(&url, body.into_bytes(), "multipart/form-data; boundary=b").await;
        answer.unwrap().json().unwrap()
    }

    /// What must hold at every moment: counters are what the rows say, nothing was sent twice without an answered
    /// inquiry between, no more than was blocked was sent.
    pub async fn check(&self) {
        let differs: Vec<String> = sql::scalars(
            self.db().conn(),
            "SELECT envelope_id || ' ' || state FROM (
                SELECT envelope_id, state, count(*) AS count, sum(amount_minor) AS minor FROM disbursements GROUP BY 1, 2) AS rows
              FULL JOIN (SELECT envelope_id, state, sum(count) AS count, sum(amount_minor) AS minor FROM envelope_tally
                          GROUP BY 1, 2 HAVING sum(count) <> 0) AS tally USING (envelope_id, state)
              WHERE rows.count IS DISTINCT FROM tally.count OR rows.minor IS DISTINCT FROM tally.minor",
            [],
        )
        .await
        .unwrap();
        assert!(differs.is_empty(), "the tally differs from the rows: {differs:?}");
        let unsent: Vec<String> = sql::scalars(
            self.db().conn(),
            "SELECT disbursement_id FROM disbursements AS d WHERE state IN ('SENDING', 'UNKNOWN', 'ACCEPTED', 'PAID', 'REVERSED')
               AND NOT EXISTS (SELECT 1 FROM payment_attempts AS a WHERE a.disbursement_id = d.disbursement_id)",
            [],
        )
        .await
        .unwrap();
        assert!(unsent.is_empty(), "with the bank without an intent: {unsent:?}");
        let twice: Vec<String> = sql::scalars(
            self.db().conn(),
            "SELECT disbursement_id FROM payment_attempts GROUP BY 1
              HAVING count(*) FILTER (WHERE state <> 'NOT_FOUND') > 1",
            [],
        )
        .await
        .unwrap();
        assert!(twice.is_empty(), "two attempts without an answered inquiry: {twice:?}");
    }
}

/// Waits until it is so.
pub async fn until(what: &str, check: impl AsyncFn() -> bool) {
    wait_for(what, LIMIT, async || check().await.then_some(())).await;
}

/// An envelope of the newer dialect; each has a cycle of its own.
pub fn envelope(program: &str, count: usize, total: &str, date: &str) -> Value {
    json!({"id": unique("e"), "benefit_program_id": 1, "benefit_program_mnemonic": program,
        "benefit_code_mnemonic": "FOOD", "benefit_type": "CASH_DIGITAL", "disbursement_cycle_id": 1,
        "disbursement_frequency": "Monthly", "cycle_code_mnemonic": unique("c"), "number_of_beneficiaries": count,
        "number_of_disbursements": count, "total_disbursement_quantity": total, "measurement_unit": "KES",
        "disbursement_schedule_date": date})
}

/// A statement that adds up, as MT940.
pub fn statement(reference: &str, lines: &[(&str, &str, &str)]) -> String {
    mt940::to_text(&[book(reference, lines)]).unwrap()
}

/// The same as camt.053.
pub fn camt053(reference: &str, lines: &[(&str, &str, &str)]) -> String {
    camt::to_text(&[book(reference, lines)]).unwrap()
}

fn book(reference: &str, lines: &[(&str, &str, &str)]) -> mt940::Statement {
    let kes = Currency::from_code("KES").unwrap();
    let date = OffsetDateTime::now_utc().date();
    let entries: Vec<Entry> = lines
        .iter()
        .zip(1..)
        .map(|((mark, payment, amount), ordinal)| Entry {
            value_date: date,
            entry_date: Some(date),
            mark: match *mark {
                "D" => Mark::Debit,
                "RD" => Mark::ReversalOfDebit,
                "C" => Mark::Credit,
                other => panic!("{other}"),
            },
            funds_code: None,
            amount: Amount::parse(amount, kes).unwrap(),
            type_code: "NTRF".to_owned(),
            customer_reference: (*payment).to_owned(),
            bank_reference: Some(format!("{mark}{payment}").chars().take(16).collect()),
            supplementary: None,
            narratives: [
                "Food",
                "PROG",
                "c",
                "",
                payment,
                if *mark == "RD" { "ACCOUNT_CLOSED" } else { "x" },
            ]
            .map(str::to_owned)
            .to_vec(),
            payee_name: Some("Jo".to_owned()),
            return_reason: (*mark == "RD")
                .then(|| ReturnReason { code: Some("AC04".to_owned()), ..ReturnReason::default() }),
            ordinal,
        })
        .collect();
    let opening = Amount::parse("1000000", kes).unwrap();
    let closing = entries.iter().fold(opening, |sum, e| sum.checked_add(e.signed().unwrap()).unwrap());
    mt940::Statement {
        reference: reference.chars().rev().take(16).collect(),
        account: ACCOUNT.to_owned(),
        statement_number: 1,
        sequence_number: Some(1),
        opening: Some(Balance::from_signed(opening, date).unwrap()),
        closing: Some(Balance::from_signed(closing, date).unwrap()),
        entries,
        ..mt940::Statement::default()
    }
}
