//! A bank that is told in files, and answers in files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::Mutex,
};

use bank_formats::{
    iso20022::{
        pain001::{self, Account, Initiation},
        pain002::{self, Group, Report, Status, Transaction},
    },
    mt940::ReturnReason,
};
use g2p_bridge::Config;
use serde_json::{Value, json};
use storage::sql;
use testkit::{unique, wait_for, wait_until};
use time::OffsetDateTime;

use crate::{
    connectors::Sponsor,
    world::{ACCOUNT, LIMIT, World, camt053, payments, statement, today},
};

/// The bank: it takes files away from `out`, as banks do.
pub struct FileBank {
    code: &'static str,
    place: tempfile::TempDir,
    taken: Mutex<Vec<(Initiation, bool)>>,
    refused: Mutex<BTreeSet<String>>,
    silent: Mutex<bool>,
}

impl FileBank {
    pub fn new(code: &'static str) -> Self {
        let place = tempfile::tempdir().unwrap();
        Self { code, place, taken: Mutex::default(), refused: Mutex::default(), silent: Mutex::new(false) }
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.place.path().join(path)
    }

    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.at(folder)) else { return Vec::new() };
        let entries = entries.map(Result::unwrap).filter(|e| e.file_type().unwrap().is_file());
        let mut names: Vec<String> = entries.map(|e| e.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Puts a file into `in`, whole.
    pub fn bring(&self, name: &str, text: &str) {
        let part = self.at(&format!("in/{name}.part"));
        fs::write(&part, text).unwrap();
        fs::rename(part, self.at(&format!("in/{name}"))).unwrap();
    }

    /// Takes what is in `out`.
    fn take(&self) {
        for name in self.names("out") {
            let text = fs::read(self.at(&format!("out/{name}"))).unwrap();
            fs::remove_file(self.at(&format!("out/{name}"))).unwrap();
            self.taken.lock().unwrap().push((pain001::parse(&text).unwrap(), false));
        }
    }

    fn orders(&self) -> Vec<Initiation> {
        self.take();
        self.taken.lock().unwrap().iter().map(|(order, _)| order.clone()).collect()
    }
}

impl Sponsor for FileBank {
    fn code(&self) -> &'static str {
        self.code
    }

    fn configure(&self, config: &mut Config) {
        let bank = json!({"connector": "iso20022", "folder": self.place.path(), "quiet_seconds": 0, "max_payments": 3});
        config.banks.insert(self.code.to_owned(), serde_json::from_value(bank).unwrap());
        config.folder_poll_seconds = 1;
    }

    fn lose_answers(&self) {
        *self.silent.lock().unwrap() = true;
    }

    /// Files are never in time.
    fn answer_late(&self) {}

    fn refuse(&self, account: &str) {
        self.refused.lock().unwrap().insert(account.to_owned());
    }

    fn paid(&self) -> BTreeMap<String, u32> {
        let mut paid = BTreeMap::new();
        for order in self.orders() {
            for payment in order.batches.iter().flat_map(|batch| &batch.payments) {
                let number = match &payment.creditor_account {
                    Account::Iban(number) | Account::Other { id: number, .. } => number,
                };
                if !self.refused.lock().unwrap().contains(number) {
                    *paid.entry(payment.end_to_end_id.clone()).or_default() += 1;
                }
            }
        }
        paid
    }

    fn report(&self) {
        self.take();
        // Whoever asks for reports wants them from now on.
        let refused = self.refused.lock().unwrap().clone();
        for (order, reported) in self.taken.lock().unwrap().iter_mut().filter(|(_, reported)| !*reported) {
            let said = order.batches[0].payments.iter().map(|payment| {
                let number = match &payment.creditor_account {
                    Account::Iban(number) | Account::Other { id: number, .. } => number,
                };
                let no = refused.contains(number);
                (payment.end_to_end_id.as_str(), if no { Status::Rejected } else { Status::Settled })
            });
            let text = report(order, None, &said.collect::<Vec<_>>());
            self.bring(&format!("{}.xml", unique("pain002")), &text);
            *reported = true;
        }
    }
}

/// A pain.002.
pub fn report(order: &Initiation, group: Option<Status>, said: &[(&str, Status)]) -> String {
    let batch = &order.batches[0].id;
    let why = |status| ReturnReason {
        code: (status == Status::Rejected).then(|| "AC04".to_owned()),
        ..ReturnReason::default()
    };
    let transaction = |(id, status): &(&str, Status)| Transaction {
        batch_id: batch.clone(),
        instruction_id: None,
        end_to_end_id: (*id).to_owned(),
        status: *status,
        reason: why(*status),
        bank_reference: None,
    };
    let report = Report {
        group: Group {
            message_id: unique("r"),
            original_message_id: order.message_id.clone(),
            status: group,
            reason: group.map(why).unwrap_or_default(),
        },
        batches: vec![pain002::Batch { id: batch.clone(), ..pain002::Batch::default() }],
        transactions: said.iter().map(transaction).collect(),
        problems: Vec::new(),
    };
    pain002::to_text(&report, OffsetDateTime::now_utc().date()).unwrap()
}

async fn start(bank: &FileBank) -> World {
    let world = World::start_with(|loaded| bank.configure(&mut loaded.service)).await;
    world.program("FILES", &json!({"sponsor_bank_code": "kcb"})).await;
    world
}

async fn envelope(world: &World, prefix: &str, count: usize) -> String {
    let id = world.envelope_of("FILES", count, &format!("{}.00", count * 10), &today()).await;
    world.create(&payments(&id, prefix, count, "10.00")).await;
    id
}

/// Nothing is being sent, and nothing is to be.
async fn batches_done(world: &World) {
    wait_for("the batches are done", LIMIT, || async {
        let query = "SELECT count(*) FROM payment_batches WHERE state <> 'DONE'";
        let open: Option<i64> = sql::scalar(world.db().conn(), query, []).await.unwrap();
        (open == Some(0)).then_some(())
    })
    .await;
}

async fn wait_states(world: &World, id: &str, wanted: &[&str]) {
    wait_for(&format!("{wanted:?}"), LIMIT, || async {
        let states = world.states(id).await;
        (states.iter().map(|s| s.1.as_str()).collect::<Vec<_>>() == wanted).then_some(())
    })
    .await;
}

#[tokio::test]
async fn orders_go_out_a_file_a_batch_and_the_banks_files_say_what_becomes_of_them() {
    let bank = FileBank::new("KCB");
    let world = start(&bank).await;
    let id = envelope(&world, "A", 4).await;
    wait_until("both files are there", LIMIT, || bank.names("out").len() == 2).await;
    batches_done(&world).await;
    let states = world.states(&id).await;
    assert!(states.iter().all(|s| s.1 == "UNKNOWN" && s.2.as_deref() == Some("HANDED_OVER")), "{states:?}");
    assert_eq!(world.view(&id).await["problem"], Value::Null, "waiting for the bank's files is no problem");
    let status = world.call("get_disbursement_envelope_status", &json!(id)).await.json();
    let status = &status["response_body"]["response_payload"];
    assert_eq!(status["funds_available_with_bank"], "PENDING_CHECK");
    assert_eq!(status["funds_available_latest_error_code"], "NOT_OFFERED_BY_BANK");
    assert!(world.bank.books().arrivals.is_empty() && world.bank.books().checks == 0);

    let mut orders = bank.orders();
    orders.sort_by_key(|order| std::cmp::Reverse(order.batches[0].payments.len()));
    let keys = |order: &Initiation| -> Vec<String> {
        order.batches[0].payments.iter().map(|p| p.end_to_end_id.clone()).collect()
    };
    assert_eq!(keys(&orders[0]), ["A0000000", "A0000001", "A0000002"]);
    assert_eq!(keys(&orders[1]), ["A0000003"]);
    assert_eq!(orders[0].batches[0].debtor_account, Account::Other { id: ACCOUNT.to_owned(), scheme: None });

    let said = [("A0000000", Status::Settled), ("A0000001", Status::Rejected), ("A0000002", Status::Pending)];
    let first = report(&orders[0], None, &said);
    bank.bring("1.xml", &first);
    bank.bring("2.xml", &report(&orders[1], Some(Status::Rejected), &[]));
    wait_states(&world, &id, &["ACCEPTED", "REJECTED", "UNKNOWN", "REJECTED"]).await;
    assert_eq!(world.states(&id).await[1].2.as_deref(), Some("BANK_REJECTED:AC04"));
    bank.bring("again.xml", &first);
    bank.bring("statement.xml", &camt053("S1", &[("D", "A0000000", "10.00"), ("D", "A0000002", "10.00")]));
    world.wait_state(&id, "FINISHED").await;
    wait_until("all are put away", LIMIT, || bank.names("in/done").len() == 4).await;
    assert!(bank.names("in/bad").is_empty() && bank.names("in").is_empty());
    wait_states(&world, &id, &["PAID", "REJECTED", "PAID", "REJECTED"]).await;
    world.check().await;
}

#[tokio::test]
async fn a_bad_file_is_put_aside_with_the_reason_and_another_banks_files_are_bad() {
    let (bank, other) = (FileBank::new("KCB"), FileBank::new("OTHER"));
    let world = World::start_with(|loaded| {
        bank.configure(&mut loaded.service);
        other.configure(&mut loaded.service);
    })
    .await;
    world
        .program("FILES", &json!({"sponsor_bank_code": "KCB", "sponsor_bank_account_number": "KCB-1"}))
        .await;
    let id = envelope(&world, "B", 1).await;
    wait_until("the file is there", LIMIT, || bank.names("out").len() == 1).await;
    let order = bank.orders().remove(0);
    wait_until("the folder of the other is there", LIMIT, || other.at("in/bad").exists()).await;
    other.bring("foreign.xml", &report(&order, None, &[("B0000000", Status::Rejected)]));
    other.bring("foreign.sta", &statement("X", &[("D", "B0000000", "10.00")]).replace(ACCOUNT, "KCB-1"));
    other.bring("junk.txt", "hello");
    wait_until("all are bad", LIMIT, || other.names("in/bad").len() == 6).await;
    let why = |name: &str| fs::read_to_string(other.at(&format!("in/bad/{name}.txt"))).unwrap();
    assert!(why("foreign.xml").contains("OrgnlMsgId"), "{}", why("foreign.xml"));
    assert!(why("foreign.sta").contains("INVALID_ACCOUNT_NUMBER"), "{}", why("foreign.sta"));
    assert!(why("junk.txt").contains("neither a statement"), "{}", why("junk.txt"));
    assert_eq!(world.states(&id).await[0].1, "UNKNOWN");
    bank.bring("s.sta", &statement("X", &[("D", "B0000000", "10.00")]).replace(ACCOUNT, "KCB-1"));
    world.wait_state(&id, "FINISHED").await;
    // A report that contradicts a statement changes nothing, and is told.
    bank.bring("late.xml", &report(&order, None, &[("B0000000", Status::Rejected), ("X", Status::Settled)]));
    let file = wait_for("the report is worked off", LIMIT, || async {
        let files = world.list("/api/v1/statement-files?problem=true").await;
        files.into_iter().find(|file| file["state"] == "PROCESSED")
    })
    .await;
    let problem = file["problem"].as_str().unwrap();
    assert!(problem.contains("1 payments that it names"), "{problem}");
    assert!(problem.contains("contradicts what is known"), "{problem}");
    assert_eq!((file["kind"].as_str(), file["sponsor_bank_code"].as_str()), (Some("REPORT"), Some("KCB")));
    let good = world.list("/api/v1/statement-files?problem=false&limit=1").await;
    assert_eq!(good.len(), 1);
    let next = format!("/api/v1/statement-files?after={}", good[0]["file_id"].as_str().unwrap());
    assert!(world.list(&next).await.iter().any(|f| f["file_id"] == file["file_id"]), "by pages");
    assert_eq!(world.states(&id).await[0].1, "PAID");
    world.check().await;
}

#[tokio::test]
async fn a_file_that_was_not_written_when_the_process_died_is_written_once() {
    let bank = FileBank::new("KCB");
    let world = start(&bank).await;
    let id = envelope(&world, "C", 3).await;
    wait_until("the file is there", LIMIT, || bank.names("out").len() == 1).await;
    batches_done(&world).await;
    // As if the process had died right after the intent: nothing was written yet.
    for folder in ["out", "sent"] {
        for name in bank.names(folder) {
            fs::remove_file(bank.at(&format!("{folder}/{name}"))).unwrap();
        }
    }
    let world = world
        .restart(
            |db| async move {
                for statement in [
                    "UPDATE payment_attempts SET state = 'SENDING', answered_at = NULL, reason = NULL",
                    "UPDATE payment_batches SET state = 'OPEN'",
                    "INSERT INTO envelope_tally (envelope_id, state, count, amount_minor)
                     SELECT envelope_id, 'UNKNOWN', -count(*), -sum(amount_minor) FROM disbursements GROUP BY 1
                     UNION ALL SELECT envelope_id, 'SENDING', count(*), sum(amount_minor) FROM disbursements GROUP BY 1",
                    "UPDATE disbursements SET state = 'SENDING', reason = NULL",
                    "UPDATE jobs SET state = 'pending', run_at = now(), finished_at = NULL WHERE kind LIKE 'bridge.pay%'",
                ] {
                    sql::execute(db.conn(), statement, []).await.unwrap();
                }
            },
            |loaded| bank.configure(&mut loaded.service),
        )
        .await;
    wait_until("the file is there", LIMIT, || bank.names("out").len() == 1).await;
    batches_done(&world).await;
    assert_eq!(bank.names("out").len(), 1);
    assert_eq!(bank.paid().into_values().collect::<Vec<_>>(), [1, 1, 1]);
    bank.report();
    wait_states(&world, &id, &["ACCEPTED"; 3]).await;
    world.check().await;
}

#[tokio::test]
async fn payments_the_bank_says_nothing_about_are_named() {
    let bank = FileBank::new("KCB");
    let world = World::start_with(|loaded| {
        bank.configure(&mut loaded.service);
        loaded.service.statement_overdue_seconds = 1;
    })
    .await;
    world.program("FILES", &json!({"sponsor_bank_code": "KCB"})).await;
    let id = envelope(&world, "D", 2).await;
    world.wait_problem(&id, "BANK_REPORT_OVERDUE").await;
    bank.report();
    world.wait_problem(&id, "STATEMENT_OVERDUE").await;
    world.upload(&statement("D", &[("D", "D0000000", "10.00"), ("D", "D0000001", "10.00")])).await;
    world.wait_state(&id, "FINISHED").await;
}

/// Reports come by upload, too.
#[tokio::test]
async fn a_report_may_be_uploaded() {
    let bank = FileBank::new("KCB");
    let world = start(&bank).await;
    let id = envelope(&world, "U", 2).await;
    wait_until("the file is there", LIMIT, || bank.names("out").len() == 1).await;
    let order = bank.orders().remove(0);
    let text = report(&order, Some(Status::AcceptedProfile), &[("U0000001", Status::Rejected)]);
    let answer = world.upload(&text).await;
    assert_eq!(answer["header"]["status"], "succ", "{answer}");
    assert_eq!(world.upload(&text).await["message"], answer["message"]);
    wait_states(&world, &id, &["ACCEPTED", "REJECTED"]).await;
    let foreign = world.upload(&text.replace(&order.message_id, "0".repeat(32).as_str())).await;
    assert_eq!(foreign["response_error_code"], "STATEMENT_UPLOAD_ERROR");
    world.check().await;
}
