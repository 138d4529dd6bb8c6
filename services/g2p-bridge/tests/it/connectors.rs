//! What every connector must keep, whatever its bank does: one suite, run against each. A new connector brings a [`Sponsor`].

use std::{collections::BTreeMap, sync::Arc};

use g2p_bridge::Config;
use serde_json::json;
use storage::sql;
use testkit::{wait_for, wait_until};

use crate::{
    bank::{FakeBank, Pay},
    files::FileBank,
    world::{ACCOUNT, LIMIT, World, payments, statement, today},
};

/// A bank as the suite sees it.
pub trait Sponsor: Send + Sync {
    /// Its code.
    fn code(&self) -> &'static str;
    /// Makes the bridge know it.
    fn configure(&self, config: &mut Config);
    /// From now on it acts on payments and its answers are lost.
    fn lose_answers(&self);
    /// From now on it acts on payments and answers later than the bridge waits.
    fn answer_late(&self);
    /// It refuses payments to this account.
    fn refuse(&self, account: &str);
    /// How often it would pay each payment.
    fn paid(&self) -> BTreeMap<String, u32>;
    /// It says of everything that it took in what becomes of it, where it does not say so by itself.
    fn report(&self);
}

struct Example(FakeBank);

impl Sponsor for Example {
    fn code(&self) -> &'static str {
        "SPONSOR"
    }

    fn configure(&self, config: &mut Config) {
        let bank = json!({"connector": "example", "url": self.0.server.uri()});
        config.banks.insert(self.code().to_owned(), serde_json::from_value(bank).unwrap());
    }

    fn lose_answers(&self) {
        self.0.books().pay = Pay::ErrorAfter;
    }

    fn answer_late(&self) {
        self.0.books().pay = Pay::Late(std::time::Duration::from_secs(3));
    }

    fn refuse(&self, account: &str) {
        self.0.books().refused_accounts.push(account.to_owned());
    }

    fn paid(&self) -> BTreeMap<String, u32> {
        let books = self.0.books();
        books.payments.keys().map(|key| (key.clone(), books.arrivals[key])).collect()
    }

    fn report(&self) {}
}

async fn world_of(sponsor: Arc<dyn Sponsor>) -> World {
    let bank = Arc::clone(&sponsor);
    let world = World::start_with(move |loaded| bank.configure(&mut loaded.service)).await;
    world.program("CONF", &json!({"sponsor_bank_code": sponsor.code()})).await;
    world
}

async fn envelope(world: &World, prefix: &str, count: usize) -> String {
    let id = world.envelope_of("CONF", count, &format!("{}.00", count * 10), &today()).await;
    world.create(&payments(&id, prefix, count, "10.00")).await;
    id
}

/// The states of an envelope's payments once they are these, and the envelope is not held up by anything.
async fn wait_states(world: &World, id: &str, wanted: &[&str]) {
    wait_for(&format!("{wanted:?}"), LIMIT, || async {
        let states = world.states(id).await;
        let states: Vec<&str> = states.iter().map(|s| s.1.as_str()).collect();
        (states == wanted).then_some(())
    })
    .await;
}

/// Waits until nothing is being sent.
async fn wait_quiet(world: &World) {
    wait_for("nothing is being sent", LIMIT, || async {
        let query = "SELECT count(*) FROM disbursements WHERE state IN ('RECEIVED', 'RESOLVED', 'SENDING')";
        let open: Option<i64> = sql::scalar(world.db().conn(), query, []).await.unwrap();
        (open == Some(0)).then_some(())
    })
    .await;
}

async fn pay_by_statement(world: &World, id: &str) {
    wait_quiet(world).await;
    let states = world.states(id).await;
    let due: Vec<&str> = states
        .iter()
        .filter(|s| ["ACCEPTED", "UNKNOWN"].contains(&s.1.as_str()))
        .map(|s| s.0.as_str())
        .collect();
    let lines: Vec<(&str, &str, &str)> = due.iter().map(|id| ("D", *id, "10.00")).collect();
    world.upload(&statement(&testkit::unique("s"), &lines)).await;
    world.wait_state(id, "FINISHED").await;
    world.check().await;
}

/// Each payment once, whatever was lost.
fn once(sponsor: &dyn Sponsor, prefix: &str, count: usize) {
    let paid = sponsor.paid();
    let of_envelope: Vec<(&String, &u32)> = paid.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
    assert_eq!(of_envelope.len(), count, "{paid:?}");
    assert!(of_envelope.iter().all(|(_, times)| **times == 1), "{paid:?}");
}

async fn suite(sponsor: Arc<dyn Sponsor>) {
    let mut world = world_of(Arc::clone(&sponsor)).await;
    assert_eq!(ACCOUNT, "SPONSOR-1");
    world
        .mapper
        .directory()
        .addresses
        .insert("payee-1".to_owned(), "account_number:66.bank_code:EXBK.fa_type:BANK_ACCOUNT".to_owned());

    // As it should be.
    let id = envelope(&world, "G", 3).await;
    wait_until("the bank has them", LIMIT, || sponsor.paid().len() == 3).await;
    sponsor.report();
    wait_states(&world, &id, &["ACCEPTED"; 3]).await;
    once(sponsor.as_ref(), "G", 3);
    pay_by_statement(&world, &id).await;

    // One is refused, the others are not.
    sponsor.refuse("66");
    let id = envelope(&world, "R", 3).await;
    let sent = "SELECT count(*) FROM payment_attempts WHERE disbursement_id LIKE 'R%' AND state <> 'SENDING'";
    wait_for("they are sent", LIMIT, || async {
        let count: Option<i64> = sql::scalar(world.db().conn(), sent, []).await.unwrap();
        (count == Some(3)).then_some(())
    })
    .await;
    sponsor.report();
    wait_states(&world, &id, &["ACCEPTED", "REJECTED", "ACCEPTED"]).await;
    let reason = world.states(&id).await[1].2.clone().unwrap();
    assert!(reason.starts_with("BANK_REJECTED"), "{reason}");
    pay_by_statement(&world, &id).await;
    world.mapper.directory().addresses.clear();

    // The answer comes too late.
    sponsor.answer_late();
    let id = envelope(&world, "L", 3).await;
    wait_until("the bank has them", LIMIT, || {
        sponsor.paid().keys().filter(|k| k.starts_with('L')).count() == 3
    })
    .await;
    sponsor.report();
    wait_states(&world, &id, &["ACCEPTED"; 3]).await;
    once(sponsor.as_ref(), "L", 3);
    pay_by_statement(&world, &id).await;

    // The answer is lost.
    sponsor.lose_answers();
    let id = envelope(&world, "X", 3).await;
    wait_until("the bank has them", LIMIT, || {
        sponsor.paid().keys().filter(|k| k.starts_with('X')).count() == 3
    })
    .await;
    world.wait_state(&id, "PAYING").await;
    once(sponsor.as_ref(), "X", 3);
    pay_by_statement(&world, &id).await;

    // The process dies between the sending and the answer: nothing goes out a second time.
    let id = envelope(&world, "K", 3).await;
    wait_until("the bank has them", LIMIT, || {
        sponsor.paid().keys().filter(|k| k.starts_with('K')).count() == 3
    })
    .await;
    wait_quiet(&world).await;
    world = world
        .restart(
            |db| async move {
                for statement in [
                    "UPDATE payment_attempts SET state = 'SENDING', answered_at = NULL, reason = NULL
                      WHERE disbursement_id LIKE 'K%'",
                    "UPDATE payment_batches SET state = 'OPEN' WHERE envelope_id IN
                        (SELECT envelope_id FROM disbursements WHERE disbursement_id LIKE 'K%')",
                    "INSERT INTO envelope_tally (envelope_id, state, count, amount_minor)
                     SELECT envelope_id, state, -count(*), -sum(amount_minor) FROM disbursements
                      WHERE disbursement_id LIKE 'K%' GROUP BY 1, 2
                     UNION ALL SELECT envelope_id, 'SENDING', count(*), sum(amount_minor) FROM disbursements
                      WHERE disbursement_id LIKE 'K%' GROUP BY 1",
                    "UPDATE disbursements SET state = 'SENDING', reason = NULL WHERE disbursement_id LIKE 'K%'",
                    "UPDATE jobs SET state = 'pending', run_at = now(), finished_at = NULL
                      WHERE kind LIKE 'bridge.pay%' AND payload->>'envelope_id' IN
                        (SELECT envelope_id FROM disbursements WHERE disbursement_id LIKE 'K%')",
                ] {
                    sql::execute(db.conn(), statement, []).await.unwrap();
                }
            },
            {
                let sponsor = Arc::clone(&sponsor);
                move |loaded| sponsor.configure(&mut loaded.service)
            },
        )
        .await;
    wait_for("nothing is being sent", LIMIT, || async {
        let states = world.states(&id).await;
        states.iter().all(|s| ["UNKNOWN", "ACCEPTED"].contains(&s.1.as_str())).then_some(())
    })
    .await;
    sponsor.report();
    wait_states(&world, &id, &["ACCEPTED"; 3]).await;
    once(sponsor.as_ref(), "K", 3);
    pay_by_statement(&world, &id).await;
}

#[tokio::test]
async fn the_example_bank() {
    suite(Arc::new(Example(FakeBank::start().await))).await;
}

#[tokio::test]
async fn a_bank_of_files() {
    suite(Arc::new(FileBank::new("SPONSOR"))).await;
}

#[tokio::test]
async fn a_switch() {
    suite(Arc::new(crate::hub::HubBank::start().await)).await;
}
