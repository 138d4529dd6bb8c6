//! What a bank says of the payments of a batch, in answer to a call or to a question.

use std::collections::HashSet;

use jobs::JobError;
use storage::StoreError;

use super::Round;
use crate::{
    app::reconcile,
    bank::{Asked, Inquiry, Outcome},
    domain::{
        disbursement::{Event, State},
        reason,
    },
    store::{
        attempts::{self, Attempt},
        changes::Change,
        payments::BatchRow,
    },
};

impl Round<'_> {
    /// Asks the bank about payments whose outcome is not known. Returns the ids that may be sent again: the bank does
    /// not know them, long enough after they were sent, and would recognise the key if it did; or two people said so.
    /// Those of which the bank says that it has them are in `handed` then.
    pub(super) async fn ask(
        &self,
        rows: &[&BatchRow],
        handed: &mut HashSet<String>,
    ) -> Result<Vec<String>, JobError> {
        let told =
            || rows.iter().filter(|row| row.may_resend).map(|row| row.disbursement_id.clone()).collect();
        let can = self.bank.capabilities();
        if !can.inquiry {
            // A statement may have come while they looked unsent here.
            self.look_in_statements(rows).await?;
        }
        if !can.inquiry && !can.file_drop {
            return Ok(told());
        }
        // What is in no file here may have been in one that the backup does not know of: nobody can be asked about that.
        let lost =
            |row: &&BatchRow| !can.inquiry && row.reason.as_deref() == Some(reason::RESTORED_FROM_BACKUP);
        let (lost, rows): (Vec<&BatchRow>, Vec<&BatchRow>) = rows.iter().copied().partition(lost);
        let by_people = lost.iter().filter(|row| row.may_resend);
        let mut again: Vec<String> = by_people.map(|row| row.disbursement_id.clone()).collect();
        for chunk in rows.chunks(can.max_inquiry.max(1)) {
            let one = |row: &&BatchRow| Asked { key: row.disbursement_id.clone(), call_id: row.call_id };
            let asked: Vec<Asked> = chunk.iter().map(one).collect();
            let answers = match self.bank.inquire(&asked).await {
                Ok(answers) => answers,
                Err(fault) => {
                    tracing::warn!(batch = %self.batch.batch_id, error = %fault, "the bank could not be asked");
                    return Ok(told());
                }
            };
            self.note_inquiry(chunk, answers, &mut again, handed).await?;
        }
        Ok(again)
    }

    async fn look_in_statements(&self, rows: &[&BatchRow]) -> Result<(), JobError> {
        let ids: Vec<String> = rows.iter().map(|row| row.disbursement_id.clone()).collect();
        let tx = self.app.begin().await?;
        self.job.guard(&tx).await?;
        reconcile::again(&tx, self.tenant(), &ids, self.app.now()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    async fn note_inquiry(
        &self,
        rows: &[&BatchRow],
        answers: Vec<Option<Inquiry>>,
        again: &mut Vec<String>,
        handed: &mut HashSet<String>,
    ) -> Result<(), JobError> {
        let at = self.app.now();
        let grace =
            time::Duration::milliseconds(i64::try_from(self.app.config.resend_after_ms).unwrap_or(i64::MAX));
        let (mut accepted, mut refused, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for (row, answer) in rows.iter().zip(answers) {
            let id = row.disbursement_id.as_str();
            match answer {
                Some(Inquiry::Accepted) => {
                    accepted.extend(Change::by(Event::Accept, id, State::Unknown, None));
                    notes.push((id.to_owned(), Attempt::Accepted, None));
                }
                Some(Inquiry::Rejected(why)) => {
                    let why = Some(reason::with_detail(reason::BANK_REJECTED, &why));
                    refused.extend(Change::by(Event::Refuse, id, State::Unknown, why.clone()));
                    notes.push((id.to_owned(), Attempt::Rejected, why));
                }
                Some(Inquiry::NotFound) | None if row.may_resend => again.push(id.to_owned()),
                // What it has in a file, nobody can ask it about: two people did.
                Some(Inquiry::HandedOver) if row.may_resend && self.bank.capabilities().file_drop => {
                    again.push(id.to_owned());
                }
                Some(Inquiry::HandedOver) => {
                    handed.insert(id.to_owned());
                    notes.push((id.to_owned(), Attempt::Unknown, Some(reason::HANDED_OVER.to_owned())));
                }
                Some(Inquiry::NotFound) if row.sent_at.is_none_or(|sent| at - sent >= grace) => {
                    if self.bank.capabilities().idempotency {
                        again.push(id.to_owned());
                    }
                }
                Some(Inquiry::NotFound) | None => {}
            }
        }
        let tx = self.app.begin().await?;
        self.job.guard(&tx).await?;
        self.change(&tx, Event::Accept, accepted, at).await?;
        self.change(&tx, Event::Refuse, refused, at).await?;
        attempts::answer(&tx, self.tenant(), at, notes).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    pub(super) async fn note_outcomes(
        &self,
        rows: &[&BatchRow],
        outcomes: Vec<Outcome>,
        handed: &mut HashSet<String>,
    ) -> Result<(), JobError> {
        let at = self.app.now();
        let (mut accepted, mut refused, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        let mut over = Vec::new();
        let mut notes = Vec::with_capacity(rows.len());
        for (row, outcome) in rows.iter().zip(outcomes) {
            let id = row.disbursement_id.as_str();
            match outcome {
                Outcome::Accepted => {
                    accepted.extend(Change::by(Event::Accept, id, State::Sending, None));
                    notes.push((id.to_owned(), Attempt::Accepted, None));
                }
                Outcome::Rejected(why) => {
                    let why = Some(reason::with_detail(reason::BANK_REJECTED, &why));
                    refused.extend(Change::by(Event::Refuse, id, State::Sending, why.clone()));
                    notes.push((id.to_owned(), Attempt::Rejected, why));
                }
                Outcome::HandedOver => {
                    let why = Some(reason::HANDED_OVER.to_owned());
                    over.extend(Change::by(Event::HandOver, id, State::Sending, why.clone()));
                    notes.push((id.to_owned(), Attempt::Unknown, why));
                    handed.insert(id.to_owned());
                }
                Outcome::Unknown(why) => {
                    let why = Some(why.to_owned());
                    lost.extend(Change::by(Event::LoseAnswer, id, State::Sending, why.clone()));
                    notes.push((id.to_owned(), Attempt::Unknown, why));
                }
            }
        }
        let _turn = self.app.turns.work().await;
        let tx = self.app.begin().await?;
        self.job.guard(&tx).await?;
        self.change(&tx, Event::Accept, accepted, at).await?;
        self.change(&tx, Event::Refuse, refused, at).await?;
        self.change(&tx, Event::HandOver, over, at).await?;
        self.change(&tx, Event::LoseAnswer, lost, at).await?;
        attempts::answer(&tx, self.tenant(), at, notes).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}
