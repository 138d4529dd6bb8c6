//! What is looked for: at every moment, at the end, and when everything comes once more.

use std::time::{Duration, Instant};

use openg2p::check_payments::{Look, Report, check};
use storage::sql;
use time::OffsetDateTime;

use super::{Kind, Outcome, PATIENCE, World};

/// Every payment is at its end so long after everything was healed.
const TO_THE_END: Duration = Duration::from_secs(60);

impl World {
    async fn report(&self, is_final: bool) -> anyhow::Result<Report> {
        let seed = self.plan.seed;
        let (bridge, bank) = (self.db.clone(), self.lane.db(&format!("bank_{seed}"), "example_bank").await);
        let ahead = time::Duration::seconds(self.bridges[0].ahead);
        let look = Look { now: OffsetDateTime::now_utc() + ahead, is_final };
        let report = check(&bridge, Some(&bank), look).await;
        bank.close().await;
        report
    }

    pub(super) fn violate(&mut self, invariant: &str, what: Vec<String>) {
        self.outcome.violations.extend(what.into_iter().map(|what| format!("{invariant}: {what}")));
    }

    /// What must hold at every moment. Nothing while the database is away.
    pub(super) async fn look(&mut self, when: &str) {
        // A restored bridge does not know yet what it did after the backup, and a job that two have is no state of peace.
        if self.plan.has(Kind::OlderBackup) || self.plan.has(Kind::DuplicatesAndDisorder) {
            return;
        }
        let Ok(report) = self.report(false).await else { return };
        self.note(&report, when);
    }

    fn note(&mut self, report: &Report, when: &str) {
        for finding in report.findings.iter().filter(|f| f.violations > 0) {
            let first: Vec<String> =
                finding.first.iter().take(3).map(|v| format!("{} {}", v.id, v.what)).collect();
            self.violate(
                finding.invariant,
                vec![format!("{} {when}: {}", finding.violations, first.join("; "))],
            );
        }
    }

    /// Waits until everything is at its end.
    pub(super) async fn reach_the_end(&mut self) {
        let mut deadline = Instant::now() + TO_THE_END;
        loop {
            let done = self.courier.is_empty()
                && self.count("SELECT count(*) FROM outbox WHERE published_at IS NULL").await == Some(0);
            let report = self.report(true).await;
            if done && report.as_ref().is_ok_and(Report::holds) {
                return;
            }
            // Another seed restarts the broker, which takes its time.
            if self.broker.try_lock().is_err() {
                deadline = Instant::now() + TO_THE_END;
            }
            if Instant::now() > deadline {
                match report {
                    Ok(report) => {
                        std::fs::write(self.folder.join("report.txt"), report.to_string()).unwrap();
                        self.note(&report, "at the end");
                    }
                    Err(why) => self.violate("CHECK", vec![format!("{why:#}")]),
                }
                if !done {
                    self.violate("END", vec!["events or statements were still on their way".to_owned()]);
                }
                return;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Every request and statement once more: nothing changes (INV5, INV6).
    pub(super) async fn once_more(&mut self, id: &str) {
        let states = "SELECT coalesce(sum(hashtextextended(disbursement_id || state || coalesce(reason, ''), 0))::text, '')
                             || ' ' || (SELECT count(*) FROM state_changes) || ' ' ||
                             (SELECT coalesce(sum(count), 0) || ' ' || coalesce(sum(amount_minor), 0) FROM envelope_tally)
                        FROM disbursements";
        let db = self.db.clone();
        let before: Option<String> = sql::scalar(db.conn(), states, []).await.unwrap();
        let differ = self.clients.again(id).await;
        self.violate("INV5", differ);
        let after: Option<String> = sql::scalar(db.conn(), states, []).await.unwrap();
        if before != after {
            self.violate("INV5", vec!["the same requests again changed something".to_owned()]);
        }
        self.courier.carry_all_again(&mut self.plan.dice(5));
        let deadline = Instant::now() + PATIENCE;
        let waiting = "SELECT count(*) FROM statement_files WHERE state = 'RECEIVED'";
        while !self.courier.is_empty() || self.count(waiting).await != Some(0) {
            if Instant::now() > deadline {
                self.violate("INV6", vec!["the statements were not taken again".to_owned()]);
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let after: Option<String> = sql::scalar(db.conn(), states, []).await.unwrap();
        if before != after {
            self.violate("INV6", vec!["the same statements again changed something".to_owned()]);
        }
        match self.report(true).await {
            Ok(report) => self.note(&report, "after everything came once more"),
            Err(why) => self.violate("CHECK", vec![format!("{why:#}")]),
        }
    }

    /// What clients were told holds. What was said after a backup to which the database went back is not looked at.
    pub(super) async fn promises(&mut self, race: &str) {
        let (taken, cancelled) = self.clients.promised();
        let lost = self.plan.has(Kind::OlderBackup);
        let kept = |id: &String| !lost || !id.starts_with(race);
        let taken: Vec<String> = taken.into_iter().filter(kept).collect();
        let cancelled: Vec<String> = cancelled.into_iter().filter(kept).collect();
        let db = self.db.clone();
        let missing: Vec<String> = sql::scalars(
            db.conn(),
            "SELECT id FROM UNNEST($1::text[]) AS i (id)
              WHERE NOT EXISTS (SELECT FROM disbursements WHERE disbursement_id = id)",
            [taken.into()],
        )
        .await
        .unwrap();
        let alive: Vec<String> = sql::scalars(
            db.conn(),
            "SELECT id FROM UNNEST($1::text[]) AS i (id) JOIN disbursements ON disbursement_id = id WHERE state <> 'CANCELLED'",
            [cancelled.into()],
        )
        .await
        .unwrap();
        self.violate(
            "INV4",
            missing.into_iter().take(3).map(|id| format!("{id} was taken and is not there")).collect(),
        );
        self.violate(
            "INV3",
            alive.into_iter().take(3).map(|id| format!("{id} was cancelled and is not")).collect(),
        );
    }

    pub(super) async fn finish(mut self) -> Outcome {
        self.db.clone().close().await;
        for bridge in &mut self.bridges {
            bridge.kill();
        }
        self.bank.kill();
        let seed = self.plan.seed;
        let broken = !self.outcome.violations.is_empty();
        for name in ["bridge", "bank", "backup"] {
            if broken && name != "backup" {
                let url = self.lane.server.admin_url(&format!("{name}_{seed}"));
                let file = self.folder.join(format!("{name}.sql"));
                let _ = std::process::Command::new("pg_dump").arg(url).arg("-f").arg(file).status();
            }
            self.lane.run(&format!("DROP DATABASE IF EXISTS {name}_{seed} WITH (FORCE)")).await;
        }
        if !broken {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
        self.outcome
    }
}
