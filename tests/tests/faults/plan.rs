//! What a seed does to the payments. The plan follows from the seed; the moments at which it meets the processes do not.

use std::time::Duration;

use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// SIGKILL of a bridge or the bank.
    Kill,
    /// The bank acts, and its answer never comes.
    LostAnswers,
    /// The bank acts, and the connection is reset when it answers.
    CutAnswers,
    /// The bank answers later than anybody waits.
    LateAnswers,
    /// The bank cannot be reached.
    BankAway,
    /// Requests come twice and in another order; jobs too, so that two workers have the same one at a time.
    DuplicatesAndDisorder,
    /// RabbitMQ ends and starts again.
    BrokerRestart,
    /// Postgres stops and starts again.
    DatabaseRestart,
    /// Two bridges on one database.
    TwoSchedulers,
    /// A bridge stands still for longer than its leases, and goes on.
    ExpiredLease,
    /// 64 clients create, cancel and amend one envelope.
    ManyClients,
    /// The mapper answers in part, for others, twice, in disorder, late, with errors or nonsense.
    BadMapper,
    /// Statements come in disorder, twice, cut off, and several in a file.
    BadStatements,
    /// Clocks jump over midnight.
    ClockJump,
    /// The bridge's database goes back to an older backup.
    OlderBackup,
}

impl Kind {
    pub const ALL: [Self; 15] = [
        Self::Kill,
        Self::LostAnswers,
        Self::CutAnswers,
        Self::LateAnswers,
        Self::BankAway,
        Self::DuplicatesAndDisorder,
        Self::BrokerRestart,
        Self::DatabaseRestart,
        Self::TwoSchedulers,
        Self::ExpiredLease,
        Self::ManyClients,
        Self::BadMapper,
        Self::BadStatements,
        Self::ClockJump,
        Self::OlderBackup,
    ];

    pub fn name(self) -> String {
        serde_json::to_value(self).unwrap().as_str().unwrap().to_owned()
    }

    /// How often it is drawn beside the one that is the seed's turn; what takes long comes seldom.
    fn weight(self) -> f64 {
        match self {
            Self::BrokerRestart | Self::DatabaseRestart => 0.04,
            Self::OlderBackup | Self::ClockJump => 0.06,
            Self::Kill => 0.6,
            _ => 0.15,
        }
    }
}

/// Who is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    FirstBridge,
    SecondBridge,
    Bank,
}

/// What is done while the payments go on, one after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Kills a process, at a moment when a payment is in flight or at any, and starts it again after a while.
    Kill { who: Who, in_flight: bool, later: Duration, down: Duration },
    /// What the proxy before the bank does for a while.
    Bank { how: testkit::Chaos, for_: Duration },
    /// Stops the first bridge for longer than its leases.
    Freeze { for_: Duration },
    /// Postgres stops and starts again.
    Database,
    /// Copies of the jobs there are, all due at once.
    DuplicateJobs,
    /// Kills the first bridge and the bank, and starts them with their clocks a day ahead.
    Jump,
    /// The bridges end, and their database becomes what it was at the backup.
    Restore,
}

#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub kinds: Vec<Kind>,
    /// With the pause before each.
    pub steps: Vec<(Duration, Step)>,
    /// When the backup is made, from the first payment on.
    pub backup_after: Duration,
}

fn millis(dice: &mut ChaCha8Rng, from: u64, to: u64) -> Duration {
    Duration::from_millis(dice.random_range(from..to))
}

impl Plan {
    pub fn draw(seed: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let count = u64::try_from(Kind::ALL.len()).unwrap();
        let turn = Kind::ALL[usize::try_from(seed % count).unwrap()];
        let mut kinds = vec![turn];
        for kind in Kind::ALL {
            if kind != turn && kinds.len() < 5 && dice.random_bool(kind.weight()) {
                kinds.push(kind);
            }
        }
        // Without another bridge nobody takes over what the frozen one holds, or has the same job at a time.
        let needs_two = [Kind::ExpiredLease, Kind::DuplicatesAndDisorder];
        if kinds.iter().any(|k| needs_two.contains(k)) && !kinds.contains(&Kind::TwoSchedulers) {
            kinds.push(Kind::TwoSchedulers);
        }
        kinds.sort_unstable();
        let has = |kind: Kind| kinds.contains(&kind);
        let mut steps = Vec::new();
        for kind in &kinds {
            let dice = &mut dice;
            match kind {
                Kind::Kill => {
                    for _ in 0..dice.random_range(1..=2) {
                        let who = match dice.random_range(0..4) {
                            0 => Who::Bank,
                            1 if has(Kind::TwoSchedulers) => Who::SecondBridge,
                            _ => Who::FirstBridge,
                        };
                        steps.push(Step::Kill {
                            who,
                            in_flight: dice.random_bool(0.85),
                            later: millis(dice, 0, 400),
                            down: millis(dice, 0, 1500),
                        });
                    }
                }
                Kind::LostAnswers => {
                    steps
                        .push(Step::Bank { how: testkit::Chaos::DropAnswers, for_: millis(dice, 500, 3000) });
                }
                Kind::CutAnswers => {
                    steps.push(Step::Bank { how: testkit::Chaos::CutAnswers, for_: millis(dice, 500, 2000) });
                }
                Kind::LateAnswers => {
                    let late = testkit::Chaos::Delay(millis(dice, 900, 2500));
                    steps.push(Step::Bank { how: late, for_: millis(dice, 1000, 3000) });
                }
                Kind::BankAway => {
                    steps.push(Step::Bank { how: testkit::Chaos::Reset, for_: millis(dice, 500, 3000) });
                }
                Kind::DuplicatesAndDisorder => steps.extend([Step::DuplicateJobs; 3]),
                Kind::DatabaseRestart => steps.push(Step::Database),
                Kind::ExpiredLease => steps.push(Step::Freeze { for_: millis(dice, 2500, 3500) }),
                Kind::ClockJump => steps.push(Step::Jump),
                Kind::OlderBackup => steps.push(Step::Restore),
                _ => {}
            }
        }
        steps.shuffle(&mut dice);
        // Kills while there is something in flight, and the backup before that to which it goes back.
        steps.sort_by_key(|step| match step {
            Step::Kill { .. } => 0,
            Step::Restore => 2,
            _ => 1,
        });
        if dice.random_bool(0.5) {
            steps.sort_by_key(|step| matches!(step, Step::Restore));
        }
        let steps = steps.into_iter().map(|step| (millis(&mut dice, 0, 400), step)).collect();
        Self { seed, kinds, steps, backup_after: millis(&mut dice, 0, 1500) }
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Dice for what is drawn on the way.
    pub fn dice(&self, for_: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed ^ (for_ << 48))
    }
}
