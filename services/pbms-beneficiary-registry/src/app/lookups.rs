//! What the register answers about one person. Every look-up is written to the audit log.

use std::collections::{BTreeSet, HashMap};

use platform::{ApiError, ApiResult, Ctx};
use serde_json::json;
use storage::StoreError;
use uuid::Uuid;

use super::{
    LOOKUP, PAYMENTS, State, audit,
    cycles::parse_state,
    funds::text,
    model::{
        EntitlementView, LineView, LookupRequest, LookupView, ParticipationView, PayeePaymentView,
        PayeePaymentsView, PayeeRequest, PaymentView, StateView,
    },
};
use crate::{
    domain::{benefit::LineKind, identifier::normal_type},
    store::lookups::{self, EntitlementRow, HistoryRow, LineRow, Participation},
};

/// Finds a person by an identifier: programmes, entitlements by cycle and benefit, payments with reason and times.
///
/// # Errors
/// 403; 400 `identifier_invalid`.
pub async fn beneficiary(state: &State, ctx: &Ctx, request: &LookupRequest) -> ApiResult<LookupView> {
    ctx.require(LOOKUP)?;
    for (field, value) in [("id_type", &request.id_type), ("value", &request.value)] {
        if value.trim().is_empty() || value.len() > 200 {
            return Err(ApiError::bad_request("identifier_invalid", "the identifier cannot be looked up")
                .with_field(field, "1 to 200 characters are expected"));
        }
    }
    let tenant = ctx.tenant.as_str();
    let id_type = normal_type(&request.id_type);
    let hash = state.hasher.hash(&request.id_type, &request.value);
    let tx = state.db.begin().await?;
    let found = lookups::participations(&tx, tenant, &id_type, &hash).await?;
    let persons: BTreeSet<&str> = found.iter().map(|p| p.member_id.as_str()).collect();
    let subject = persons.iter().copied().collect::<Vec<_>>().join(" ");
    audit(&tx, ctx, "beneficiary.lookup", &subject, json!({"id_type": id_type, "found": !found.is_empty()}))
        .await?;
    let details = Details::load(&tx, tenant, &found).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let programs = found.iter().map(|p| details.participation(p)).collect::<ApiResult<Vec<_>>>()?;
    Ok(LookupView { found: !programs.is_empty(), programs })
}

struct Details {
    entitlements: Vec<EntitlementRow>,
    lines: HashMap<(Uuid, String, String), Vec<LineRow>>,
    history: HashMap<String, Vec<HistoryRow>>,
}

impl Details {
    async fn load(
        tx: &storage::DatabaseTransaction,
        tenant: &str,
        found: &[Participation],
    ) -> ApiResult<Self> {
        let households: BTreeSet<String> = found.iter().map(|p| p.household_id.clone()).collect();
        let households: Vec<String> = households.into_iter().collect();
        let entitlements = lookups::entitlements(tx, tenant, &households).await?;
        let cycles: BTreeSet<Uuid> = entitlements.iter().map(|e| e.cycle_id).collect();
        let cycles: Vec<Uuid> = cycles.into_iter().collect();
        let mut lines: HashMap<_, Vec<LineRow>> = HashMap::new();
        for line in lookups::lines(tx, tenant, &cycles, &households).await? {
            let key = (line.cycle_id, line.household_id.clone(), line.benefit_code.clone());
            lines.entry(key).or_default().push(line);
        }
        let ids: Vec<String> = entitlements.iter().filter_map(|e| e.disbursement_id.clone()).collect();
        let mut history: HashMap<_, Vec<HistoryRow>> = HashMap::new();
        for step in lookups::history(tx, tenant, &ids).await? {
            history.entry(step.disbursement_id.clone()).or_default().push(step);
        }
        Ok(Self { entitlements, lines, history })
    }

    fn participation(&self, of: &Participation) -> ApiResult<ParticipationView> {
        let mine = |e: &&EntitlementRow| e.program_id == of.program_id && e.household_id == of.household_id;
        Ok(ParticipationView {
            program_id: of.program_id,
            program_mnemonic: of.mnemonic.clone(),
            program_name: of.name.clone(),
            currency: of.currency.clone(),
            household: of.household_id.clone(),
            person: of.member_id.clone(),
            is_payee: of.payee.as_deref() == Some(of.member_id.as_str()),
            membership: of.state.clone(),
            membership_reason: of.reason.clone(),
            membership_since: of.since,
            entitlements: self
                .entitlements
                .iter()
                .filter(mine)
                .map(|e| self.entitlement(e, &of.currency))
                .collect::<ApiResult<Vec<_>>>()?,
        })
    }

    fn entitlement(&self, row: &EntitlementRow, currency: &str) -> ApiResult<EntitlementView> {
        let key = (row.cycle_id, row.household_id.clone(), row.benefit_code.clone());
        let lines = self.lines.get(&key).map_or(&[][..], Vec::as_slice);
        Ok(EntitlementView {
            cycle_id: row.cycle_id,
            cycle_name: row.cycle_name.clone(),
            cycle_state: row.cycle_state.clone(),
            schedule_date: row.schedule_date,
            benefit_code: row.benefit_code.clone(),
            amount: text(row.amount_minor, currency)?,
            lines: lines.iter().map(|line| line_view(line, currency)).collect::<ApiResult<Vec<_>>>()?,
            disbursement: self.payment(row, currency)?,
        })
    }

    fn payment(&self, row: &EntitlementRow, currency: &str) -> ApiResult<Option<PaymentView>> {
        let (Some(id), Some(state), Some(created_at), Some(state_at)) =
            (&row.disbursement_id, &row.state, row.created_at, row.state_at)
        else {
            return Ok(None);
        };
        let steps = self.history.get(id).map_or(&[][..], Vec::as_slice);
        let history = steps.iter().map(|step| {
            Ok(StateView { state: parse_state(&step.to_state)?, reason: step.reason.clone(), at: step.at })
        });
        Ok(Some(PaymentView {
            disbursement_id: id.clone(),
            amount: text(row.amount_minor, currency)?,
            state: parse_state(state)?,
            reason: row.reason.clone(),
            created_at,
            state_at,
            history: history.collect::<ApiResult<Vec<_>>>()?,
        }))
    }
}

fn line_view(line: &LineRow, currency: &str) -> ApiResult<LineView> {
    let kind =
        [LineKind::Base, LineKind::Addition, LineKind::Cap].into_iter().find(|k| k.as_str() == line.kind);
    Ok(LineView {
        kind: kind.ok_or_else(|| ApiError::internal("an entitlement line of an unknown kind"))?,
        quantity: line.quantity,
        unit: text(line.unit_minor, currency)?,
        amount: text(line.quantity.saturating_mul(line.unit_minor), currency)?,
    })
}

/// Payments of one payee, for the page where the payee looks.
///
/// # Errors
/// 403; 400 `payee_invalid`.
pub async fn payee(state: &State, ctx: &Ctx, request: &PayeeRequest) -> ApiResult<PayeePaymentsView> {
    ctx.require(PAYMENTS)?;
    if request.payee.is_empty() || request.payee.len() > 512 || request.payee.contains('\0') {
        return Err(ApiError::bad_request("payee_invalid", "the payee cannot be looked up")
            .with_field("payee", "a pseudonym is expected"));
    }
    let tenant = ctx.tenant.as_str();
    let tx = state.db.begin().await?;
    let rows = lookups::payments(&tx, tenant, &request.payee).await?;
    // Only payees that exist here are worth an entry; the text of others may be anything.
    if !rows.is_empty() {
        audit(&tx, ctx, "payee.payments", &request.payee, json!({})).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    let items = rows.into_iter().map(|row| {
        Ok(PayeePaymentView {
            amount: text(row.amount_minor, &row.currency)?,
            state: parse_state(&row.state)?,
            disbursement_id: row.id,
            program_name: row.program_name,
            program_mnemonic: row.mnemonic,
            cycle_name: row.cycle_name,
            benefit_code: row.benefit_code,
            schedule_date: row.schedule_date,
            currency: row.currency,
            reason: row.reason,
            created_at: row.created_at,
            state_at: row.state_at,
        })
    });
    Ok(PayeePaymentsView { items: items.collect::<ApiResult<Vec<_>>>()? })
}
