//! Pays an approved cycle: makes all disbursements with their ids, announces the envelope, sends the batches.
//!
//! Nothing is sent before everything is made and stored, so an event of the bridge always meets its row. A batch whose
//! outcome is not known is sent again with the same ids, which the bridge takes as the same. When the bridge's envelope was
//! cancelled or has expired, what it did not take is cancelled here too, and its money is free again.

use std::time::Duration;

use ::jobs::{JobError, JobHandler, Next, RunningJob};
use g2p_connect::disburse::v2::DisbursementEnvelopePayload;
use money::{Amount, Currency};
use serde_json::{Value, json};

use super::{begin, commit};
use crate::{
    app::{State, approvals::DisburseJob, model::day_text, settlement, today},
    clients::bridge::{Accepted, Batch, Bridge, BridgeError, Payment},
    domain::disbursement::DisbursementState,
    store::{
        cycles::{self, CycleRow},
        disbursements::{self, BenefitTotal, News},
        envelopes::{self, BatchRow},
        programs::{self, ProgramRow},
    },
};

/// Longest text that a statement line shows.
const NARRATIVE: usize = 65;

pub(super) struct Disburse(pub State);

/// What the job works on.
struct Subject<'a> {
    job: &'a RunningJob,
    cycle: CycleRow,
    program: ProgramRow,
    currency: Currency,
}

#[async_trait::async_trait]
impl JobHandler for Disburse {
    async fn run(&self, job: &RunningJob) -> Result<Next, JobError> {
        let payload: DisburseJob = job.payload()?;
        let db = &self.0.db;
        let cycle = cycles::find(db.conn(), &job.tenant, payload.cycle_id).await?;
        let cycle = cycle.ok_or_else(|| JobError::Fatal("the cycle does not exist".to_owned()))?;
        if cycle.state != "disbursing" {
            return Ok(Next::Done);
        }
        let program =
            programs::find_version(db.conn(), &job.tenant, cycle.program_id, cycle.rule_version).await?;
        let program = program.ok_or_else(|| JobError::Fatal("the programme does not exist".to_owned()))?;
        let currency = Currency::from_code(&cycle.currency)
            .map_err(|error| JobError::Fatal(format!("the currency of the programme: {error}")))?;
        self.pay(&Subject { job, cycle, program, currency }).await
    }
}

impl Disburse {
    async fn pay(&self, of: &Subject<'_>) -> Result<Next, JobError> {
        for benefit in of.program.definition()?.benefits {
            if !self.prepare(of, &benefit.code).await? {
                return Ok(Next::After(Duration::ZERO));
            }
        }
        let totals = disbursements::totals_by_benefit(self.0.db.conn(), &of.job.tenant, of.cycle.id).await?;
        frozen(&of.cycle, &totals)?;
        let mut sent = 0;
        for total in &totals {
            let envelope = self.announce(of, total).await?;
            if !self.send(of, total, &envelope, &mut sent).await? {
                return Ok(Next::After(Duration::ZERO));
            }
        }
        Ok(Next::Done)
    }

    /// Makes the disbursements of a benefit. `false` when the process is to stop.
    async fn prepare(&self, of: &Subject<'_>, benefit: &str) -> Result<bool, JobError> {
        let size = i64::from(self.0.config.disbursement_batch_size);
        loop {
            if of.job.cancelled().is_cancelled() {
                return Ok(false);
            }
            let tx = begin(&self.0, of.job).await?;
            let (program, cycle) = (of.cycle.program_id, of.cycle.id);
            let now = self.0.clock.now();
            let made =
                disbursements::prepare_batch(&tx, &of.job.tenant, program, cycle, benefit, size, now).await?;
            commit(tx).await?;
            if made == 0 {
                return Ok(true);
            }
        }
    }

    fn bridge(&self) -> Bridge<'_> {
        Bridge { http: &self.0.http, base_url: &self.0.config.bridge_url, now: self.0.clock.now() }
    }

    /// Announces count and sum of a benefit, once; gives the bridge's id of the envelope.
    async fn announce(&self, of: &Subject<'_>, total: &BenefitTotal) -> Result<String, JobError> {
        let state = &self.0;
        let (tenant, cycle) = (of.job.tenant.as_str(), of.cycle.id);
        let today = today(&state.clock, &of.program.time_zone)?;
        let day = of.cycle.schedule_date.max(today);
        let tx = begin(state, of.job).await?;
        let envelope = envelopes::put_envelope(&tx, tenant, cycle, total, day, state.clock.now()).await?;
        let number = programs::benefit_number(&tx, tenant, of.cycle.program_id, &total.benefit_code).await?;
        commit(tx).await?;
        if let Some(id) = envelope.bridge_envelope_id {
            return Ok(id);
        }
        let payload = DisbursementEnvelopePayload {
            id: Some(envelope.id.to_string()),
            benefit_program_id: Some(of.program.number),
            benefit_program_mnemonic: Some(of.program.mnemonic.clone()),
            benefit_program_description: Some(of.program.name.clone()),
            target_registry: Some("SOCIAL_REGISTRY".to_owned()),
            benefit_code_id: number,
            benefit_code_mnemonic: Some(total.benefit_code.clone()),
            benefit_type: Some("CASH_DIGITAL".to_owned()),
            disbursement_cycle_id: Some(of.cycle.number),
            disbursement_frequency: Some("OnDemand".to_owned()),
            cycle_code_mnemonic: Some(of.cycle.name.clone()),
            number_of_beneficiaries: Some(envelope.disbursement_count),
            number_of_disbursements: Some(envelope.disbursement_count),
            measurement_unit: Some(of.currency.code().to_owned()),
            disbursement_schedule_date: Some(day_text(envelope.schedule_date)),
            ..DisbursementEnvelopePayload::default()
        };
        let total_amount = Amount::from_minor(envelope.total_minor, of.currency);
        let answer = self.bridge().create_envelope(&payload, total_amount).await;
        let text = answer.as_ref().map_err(ToString::to_string);
        let tx = begin(state, of.job).await?;
        let stored = match &text {
            Ok(id) => Ok(id.as_str()),
            Err(error) => Err(error.as_str()),
        };
        let benefit = &total.benefit_code;
        // A bridge that had the envelope would have said so: it may get another day.
        if matches!(answer, Err(BridgeError::Refused { .. })) && envelope.schedule_date < today {
            envelopes::put_off(&tx, tenant, cycle, benefit, today).await?;
        }
        envelopes::envelope_answered(&tx, tenant, cycle, benefit, stored, state.clock.now()).await?;
        commit(tx).await?;
        Ok(answer?)
    }

    /// Sends every batch that is neither accepted nor withdrawn. `false` when the process is to stop.
    async fn send(
        &self,
        of: &Subject<'_>,
        total: &BenefitTotal,
        envelope: &str,
        sent: &mut i64,
    ) -> Result<bool, JobError> {
        let (state, tenant) = (&self.0, of.job.tenant.as_str());
        let mut after = 0;
        let mut failure: Option<BridgeError> = None;
        loop {
            if of.job.cancelled().is_cancelled() {
                return Ok(false);
            }
            let tx = begin(state, of.job).await?;
            let batch = envelopes::next_batch(&tx, tenant, of.cycle.id, &total.benefit_code, after).await?;
            let Some(batch) = batch else { break };
            let rows = envelopes::of_batch(&tx, tenant, of.cycle.id, &batch).await?;
            commit(tx).await?;
            after = batch.sequence;
            let sent_rows: Vec<(String, String)> =
                rows.iter().map(|row| (row.id.clone(), row.state.clone())).collect();
            let payments = rows.into_iter().map(|row| Payment {
                id: row.id,
                payee: row.payee,
                amount: Amount::from_minor(row.amount_minor, of.currency),
            });
            let narrative = narrative(&of.program.mnemonic, &of.cycle.name);
            let head = Batch {
                id: batch.id,
                envelope_id: envelope,
                cycle_number: of.cycle.number,
                narrative: &narrative,
            };
            let answer = self.bridge().create_disbursements(&head, payments.collect()).await;
            self.record(of, &batch, sent_rows, &answer).await?;
            *sent += i64::from(batch.count);
            of.job.progress(*sent, total.count).await?;
            match answer {
                Ok(_) => {}
                Err(error) if error.envelope_over().is_some() => {}
                // One refused batch does not keep the others back; without a connection none gets through.
                Err(error @ BridgeError::Refused { .. }) => failure = Some(error),
                Err(error @ BridgeError::Call(_)) => return Err(error.into()),
            }
        }
        failure.map_or(Ok(true), |error| Err(error.into()))
    }

    /// Stores what became of a batch. Of an accepted one all rows are received, but for those that the bridge complained
    /// of: they are rejected. Of one that comes too late for its envelope all rows that the bridge never confirmed are
    /// cancelled.
    async fn record(
        &self,
        of: &Subject<'_>,
        batch: &BatchRow,
        rows: Vec<(String, String)>,
        answer: &Result<Accepted, BridgeError>,
    ) -> Result<(), JobError> {
        let (state, tenant) = (&self.0, of.job.tenant.as_str());
        let now = state.clock.now();
        let text = answer.as_ref().err().map(ToString::to_string);
        let over = answer.as_ref().err().and_then(BridgeError::envelope_over);
        let (name, codes): (&str, Value) = match answer {
            Ok(codes) => ("accepted", json!(codes)),
            Err(BridgeError::Refused { rows, .. }) if over.is_some() => ("withdrawn", json!(rows)),
            Err(BridgeError::Refused { rows, .. }) => ("refused", json!(rows)),
            Err(BridgeError::Call(_)) => ("pending", json!({})),
        };
        let cancelled = |reason: &str| (DisbursementState::Cancelled, Some(reason.to_owned()));
        let news = rows.into_iter().filter_map(|(id, before)| {
            let (state, reason) = match (answer, over) {
                (Ok(codes), _) => match codes.get(&id) {
                    None => (DisbursementState::Received, None),
                    Some(codes) => {
                        let reason = codes.join(" ").chars().take(200).collect();
                        (DisbursementState::Rejected, Some(reason))
                    }
                },
                (Err(_), Some(code)) if before == DisbursementState::Pending.as_str() => cancelled(code),
                (Err(_), _) => return None,
            };
            Some(News { id, state, reason, at: now })
        });
        let news: Vec<News> = news.collect();
        let tx = begin(state, of.job).await?;
        envelopes::batch_answered(&tx, tenant, of.cycle.id, batch, name, text.as_deref(), codes, now).await?;
        settlement::apply(&tx, tenant, &state.clock, &format!("batch {}", batch.id), news).await?;
        commit(tx).await
    }
}

/// What is about to be paid is what was approved, to the cent.
fn frozen(cycle: &CycleRow, totals: &[BenefitTotal]) -> Result<(), JobError> {
    let count: i64 = totals.iter().map(|total| total.count).sum();
    let minor: i64 = totals.iter().map(|total| total.total_minor).sum();
    if (Some(count), Some(minor)) == (cycle.approved_count, cycle.approved_minor) {
        return Ok(());
    }
    Err(JobError::Fatal("the disbursements do not sum to what was approved; nothing was sent".to_owned()))
}

/// Programme and cycle in the characters that every bank's statement can show.
fn narrative(mnemonic: &str, cycle: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || " -_.".contains(c) { c } else { ' ' };
    format!("{mnemonic} {cycle}").chars().map(plain).take(NARRATIVE).collect()
}
