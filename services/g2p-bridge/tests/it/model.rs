//! The payments' states in the database against a model that is nothing but a table: whatever is asked for in whatever
//! order, by callers who saw the truth or something older.

use std::{cell::Cell, collections::BTreeMap};

use g2p_bridge::{
    Service,
    domain::disbursement::{Event, State},
    store::changes::{self, Cause, Change},
};
use proptest::{prelude::*, test_runner::TestRunner};
use sea_orm::ConnectionTrait;
use storage::{Db, sql};
use testkit::{TestDb, schema_of};
use time::OffsetDateTime;

/// What happens, from where, to where. Written out once more, so that the state machine is held against something.
const TABLE: &[(Event, &[State], State)] = &[
    (Event::Resolve, &[State::Received], State::Resolved),
    (Event::RefuseResolution, &[State::Received], State::Rejected),
    (Event::Send, &[State::Resolved, State::Unknown], State::Sending),
    (Event::HandOver, &[State::Sending], State::Unknown),
    (Event::LoseAnswer, &[State::Sending], State::Unknown),
    (Event::Accept, &[State::Sending, State::Unknown], State::Accepted),
    (Event::Refuse, &[State::Sending, State::Unknown, State::Accepted], State::Rejected),
    (Event::Book, &[State::Sending, State::Unknown, State::Accepted], State::Paid),
    (Event::Reverse, &[State::Paid], State::Reversed),
    (Event::Cancel, &[State::Received, State::Resolved], State::Cancelled),
    (Event::Expire, &[State::Received, State::Resolved], State::Rejected),
];
const PAYMENTS: usize = 5;

#[derive(Debug, Clone)]
struct Asked {
    event: Event,
    /// Payments, and what the caller took their state to be; the truth when absent.
    of: Vec<(usize, Option<State>)>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let seen = prop_oneof![4 => Just(None), 1 => prop::sample::select(State::ALL.to_vec()).prop_map(Some)];
    let of = prop::collection::btree_map(0..PAYMENTS, seen, 1..=PAYMENTS);
    (prop::sample::select(Event::ALL.to_vec()), of)
        .prop_map(|(event, of)| Asked { event, of: of.into_iter().collect() })
}

fn after(event: Event, from: State) -> Option<State> {
    let (_, sources, to) = TABLE.iter().find(|(e, ..)| *e == event).unwrap();
    sources.contains(&from).then_some(*to)
}

#[test]
fn the_state_machine_is_the_table() {
    assert_eq!(TABLE.len(), Event::ALL.len());
    for (event, ..) in TABLE {
        for state in State::ALL {
            let is = g2p_bridge::domain::disbursement::transition(state, *event);
            assert_eq!(is, after(*event, state), "{event:?} in {state:?}");
        }
    }
}

async fn fresh(db: &Db, case: usize) {
    let script = format!(
        "INSERT INTO benefit_programs (benefit_program_mnemonic, version, sponsor_bank_code, sponsor_bank_account_number,
             sponsor_bank_account_currency, id_mapper_resolution_required, time_zone, created_at, created_by)
         VALUES ('P', 1, 'B', 'A', 'KES', true, 'UTC', now(), 't') ON CONFLICT DO NOTHING;
         INSERT INTO envelopes (envelope_id, natural_key, benefit_program_mnemonic, program_version, cycle_code_mnemonic,
             disbursement_frequency, currency, schedule_date, declared_beneficiaries, declared_count, declared_minor,
             state_since, created_at, created_by)
         VALUES ('e{case}', 'e{case}', 'P', 1, 'c', 'Monthly', 'KES', current_date, 5, 5, 9999, now(), now(), 't');
         INSERT INTO disbursements (disbursement_id, envelope_id, seq, beneficiary_id, amount_minor, narrative, state,
             received_at, updated_at)
         SELECT 'p{case}-' || n, 'e{case}', n, 'b', 100 + n, 'x', 'RECEIVED', now(), now() FROM generate_series(0, 4) AS n;
         INSERT INTO envelope_tally (envelope_id, state, count, amount_minor)
         SELECT envelope_id, state, count(*), sum(amount_minor) FROM disbursements WHERE envelope_id = 'e{case}' GROUP BY 1, 2"
    );
    db.conn().execute_unprepared(&script).await.unwrap();
}

/// Asks the database for it and the model, and compares who changed.
async fn step(db: &Db, case: usize, model: &mut [Vec<State>], asked: &Asked) {
    let now = |model: &[Vec<State>], n: usize| *model[n].last().unwrap();
    let id = |n: usize| format!("p{case}-{n}");
    let seen = |n: usize, told: Option<State>| told.unwrap_or_else(|| now(model, n));
    let wanted: Vec<Change> = asked
        .of
        .iter()
        .filter_map(|(n, told)| Change::by(asked.event, &id(*n), seen(*n, *told), None))
        .collect();
    let expected: Vec<(usize, State)> = asked
        .of
        .iter()
        .filter(|(n, told)| seen(*n, *told) == now(model, *n))
        .filter_map(|(n, _)| Some((*n, after(asked.event, now(model, *n))?)))
        .collect();
    let cause =
        Cause { tenant: "default", actor: "t", action: asked.event.as_str(), at: OffsetDateTime::now_utc() };
    let tx = db.begin().await.unwrap();
    let applied = changes::apply(&tx, cause, wanted).await.unwrap();
    tx.commit().await.unwrap();
    let mut changed: Vec<String> = applied.into_iter().map(|a| a.disbursement_id).collect();
    changed.sort();
    assert_eq!(changed, expected.iter().map(|(n, _)| id(*n)).collect::<Vec<_>>(), "{asked:?}");
    for (n, to) in expected {
        model[n].push(to);
    }
}

/// Rows, history and counters say what the model says.
async fn compare(db: &Db, case: usize, model: &[Vec<State>]) {
    let rows: Vec<String> = sql::scalars(
        db.conn(),
        "SELECT d.state || ':' || coalesce((SELECT string_agg(c.before || '>' || c.after, ',' ORDER BY c.id)
                                              FROM state_changes c WHERE c.subject = d.disbursement_id), '')
           FROM disbursements d WHERE d.envelope_id = $1 ORDER BY d.seq",
        [format!("e{case}").into()],
    )
    .await
    .unwrap();
    let told = |states: &Vec<State>| {
        let steps: Vec<String> =
            states.windows(2).map(|pair| format!("{}>{}", pair[0].as_str(), pair[1].as_str())).collect();
        format!("{}:{}", states.last().unwrap().as_str(), steps.join(","))
    };
    assert_eq!(rows, model.iter().map(told).collect::<Vec<_>>());
    let mut sums: BTreeMap<State, (i64, i64)> = BTreeMap::new();
    for (states, amount) in model.iter().zip(100..) {
        let sum = sums.entry(*states.last().unwrap()).or_default();
        *sum = (sum.0 + 1, sum.1 + amount);
    }
    let tally = g2p_bridge::store::tally::tally(db.conn(), "default", &format!("e{case}")).await.unwrap();
    let counted: BTreeMap<State, (i64, i64)> =
        tally.iter().map(|(s, sum)| (s, (sum.count, sum.minor))).collect();
    assert_eq!(counted, sums);
}

#[test]
fn rows_history_and_counters_follow_the_model_whatever_is_asked_for() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (test, db) = runtime.block_on(async {
        let test = TestDb::for_services(&[schema_of::<Service>()]).await;
        let db = test.db("g2p_bridge").await;
        (test, db)
    });
    let cases = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 60, max_shrink_iters: 0, ..Default::default() });
    runner
        .run(&prop::collection::vec(asked(), 1..25), |all| {
            cases.set(cases.get() + 1);
            runtime.block_on(async {
                fresh(&db, cases.get()).await;
                let mut model = vec![vec![State::Received]; PAYMENTS];
                for one in &all {
                    step(&db, cases.get(), &mut model, one).await;
                }
                compare(&db, cases.get(), &model).await;
            });
            Ok(())
        })
        .unwrap();
    runtime.block_on(db.close());
    drop(test);
}
