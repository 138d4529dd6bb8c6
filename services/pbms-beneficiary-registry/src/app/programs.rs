//! Defining and reading programmes.

use money::{Amount, Currency};
use platform::{ApiError, ApiResult, Ctx, Page, PageQuery};
use storage::DatabaseTransaction;
use uuid::Uuid;

use super::{
    READ, State, WRITE, audit,
    model::{AdditionRequest, BenefitRequest, ProgramRequest, ProgramView},
    once,
};
use crate::{
    domain::{
        benefit::{Addition, Benefit},
        definition::Definition,
    },
    store::programs::{self, NewProgram, ProgramRow},
};

/// Defines a programme. Every rule is read and type-checked first.
///
/// # Errors
/// 422 `definition_invalid` naming each wrong field; 409 `mnemonic_taken` by a programme that is defined otherwise.
pub async fn create(
    state: &State,
    ctx: &Ctx,
    key: Option<&str>,
    request: &ProgramRequest,
) -> ApiResult<ProgramView> {
    ctx.require(WRITE)?;
    let definition = checked(request)?;
    let id = Uuid::now_v7();
    let tenant = ctx.tenant.as_str();
    once(state, ctx, key, "programs", request, async |tx: &DatabaseTransaction| {
        if let Some(there) = programs::find_by_mnemonic(tx, tenant, &request.mnemonic).await? {
            return same(&there, request, &definition);
        }
        let actor = ctx.actor.label();
        let new = NewProgram {
            id,
            mnemonic: &request.mnemonic,
            name: request.name.trim(),
            description: request.description.trim(),
            currency: &request.currency,
            time_zone: &request.time_zone,
            target: &request.target,
            definition: &definition,
            at: ctx.clock.now(),
            actor: &actor,
        };
        programs::insert(tx, tenant, &new)
            .await
            .map_err(|error| if error.is_constraint("programs_mnemonic") { taken() } else { error.into() })?;
        audit(tx, ctx, "program.create", &id.to_string(), serde_json::json!({"mnemonic": request.mnemonic}))
            .await?;
        let row =
            programs::find(tx, tenant, id).await?.ok_or_else(|| ApiError::not_found("the programme"))?;
        view(&row)
    })
    .await
}

fn taken() -> ApiError {
    ApiError::conflict("mnemonic_taken", "another programme has this mnemonic; choose another")
        .with_field("mnemonic", "is taken")
}

/// The mnemonic is a natural key: the same definition again is answered with the programme that is there.
fn same(there: &ProgramRow, request: &ProgramRequest, definition: &Definition) -> ApiResult<ProgramView> {
    let equal = there.definition()? == *definition
        && there.name == request.name.trim()
        && there.description == request.description.trim()
        && there.currency == request.currency
        && there.time_zone == request.time_zone
        && there.target == request.target;
    if equal { view(there) } else { Err(taken()) }
}

/// A programme by id.
///
/// # Errors
/// 404.
pub async fn get(state: &State, ctx: &Ctx, id: Uuid) -> ApiResult<ProgramView> {
    ctx.require(READ)?;
    view(&find(state, ctx, id).await?)
}

/// Programmes by mnemonic.
///
/// # Errors
/// When the database cannot be asked.
pub async fn list(state: &State, ctx: &Ctx, page: &PageQuery) -> ApiResult<Page<ProgramView>> {
    ctx.require(READ)?;
    let after = page.after.as_deref().unwrap_or_default();
    let limit = page.limit();
    let rows = programs::list(state.db.conn(), ctx.tenant.as_str(), after, i64::from(limit) + 1).await?;
    let views = rows.iter().map(view).collect::<ApiResult<Vec<_>>>()?;
    Ok(Page::from_rows(views, limit, |program| program.mnemonic.clone()))
}

/// The row of a programme of this tenant.
pub(super) async fn find(state: &State, ctx: &Ctx, id: Uuid) -> ApiResult<ProgramRow> {
    let row = programs::find(state.db.conn(), ctx.tenant.as_str(), id).await?;
    row.ok_or_else(|| ApiError::not_found("the programme"))
}

fn checked(request: &ProgramRequest) -> ApiResult<Definition> {
    let mut faults: Vec<(String, String)> = Vec::new();
    let mut fault = |field: &str, message: &str| faults.push((field.to_owned(), message.to_owned()));
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !(1..=64).contains(&request.mnemonic.len()) || !request.mnemonic.chars().all(plain) {
        fault("mnemonic", "1 to 64 letters, digits, _ and - are expected");
    }
    if !(1..=200).contains(&request.name.trim().chars().count()) || request.name.chars().any(char::is_control)
    {
        fault("name", "1 to 200 characters on one line are expected");
    }
    if request.description.chars().count() > 2_000 || request.description.contains('\0') {
        fault("description", "at most 2,000 characters are allowed");
    }
    if time_tz::timezones::get_by_name(&request.time_zone).is_none() {
        fault("time_zone", "an IANA name is expected, for example Africa/Nairobi");
    }
    if request.target != "household" {
        fault("target", "only \"household\" is supported");
    }
    let currency = Currency::from_code(&request.currency);
    if let Err(error) = &currency {
        fault("currency", &error.to_string());
    }
    let mut definition = None;
    if let Ok(currency) = currency {
        match benefit(&request.benefit, currency) {
            Ok(benefit) => {
                let candidate = Definition {
                    eligibility_rule: request.eligibility_rule.clone(),
                    benefits: vec![benefit],
                    field_policy: request.field_policy.clone(),
                };
                match candidate.compile() {
                    Ok(_) => definition = Some(candidate),
                    Err(wrong) => faults.extend(wrong.into_iter().map(|f| (f.field, f.message))),
                }
            }
            Err(wrong) => faults.extend(wrong),
        }
    }
    match definition {
        Some(definition) if faults.is_empty() => Ok(definition),
        _ => {
            let error =
                ApiError::unprocessable("definition_invalid", "the programme cannot be defined like this");
            Err(faults.into_iter().fold(error, |error, (field, message)| error.with_field(field, message)))
        }
    }
}

fn benefit(request: &BenefitRequest, currency: Currency) -> Result<Benefit, Vec<(String, String)>> {
    let mut faults = Vec::new();
    let mut amount = |field: String, text: &str| match Amount::parse(text, currency) {
        Ok(amount) => amount.minor(),
        Err(error) => {
            faults.push((field, error.to_string()));
            0
        }
    };
    let base_minor = amount("benefit.base".to_owned(), &request.base);
    let cap_minor = request.cap.as_deref().map(|cap| amount("benefit.cap".to_owned(), cap));
    let additions = request.additions.iter().enumerate().map(|(n, addition)| Addition {
        per: addition.per,
        rule: addition.rule.clone(),
        unit_minor: amount(format!("benefit.additions[{n}].amount"), &addition.amount),
    });
    let additions = additions.collect();
    if faults.is_empty() {
        return Ok(Benefit { code: request.code.clone(), base_minor, additions, cap_minor });
    }
    Err(faults)
}

fn view(row: &ProgramRow) -> ApiResult<ProgramView> {
    let definition = row.definition()?;
    let currency = Currency::from_code(&row.currency).map_err(ApiError::internal)?;
    let text = |minor: i64| Amount::from_minor(minor, currency).to_decimal_string();
    let benefit =
        definition.benefits.first().ok_or_else(|| ApiError::internal("a programme without benefit"))?;
    Ok(ProgramView {
        id: row.id,
        number: row.number,
        mnemonic: row.mnemonic.clone(),
        name: row.name.clone(),
        description: row.description.clone(),
        currency: row.currency.clone(),
        time_zone: row.time_zone.clone(),
        target: row.target.clone(),
        state: row.state.clone(),
        rule_version: row.rule_version,
        eligibility_rule: definition.eligibility_rule.clone(),
        benefit: BenefitRequest {
            code: benefit.code.clone(),
            base: text(benefit.base_minor),
            additions: benefit
                .additions
                .iter()
                .map(|a| AdditionRequest { per: a.per, rule: a.rule.clone(), amount: text(a.unit_minor) })
                .collect(),
            cap: benefit.cap_minor.map(text),
        },
        field_policy: definition.field_policy.clone(),
        created_at: row.created_at,
        created_by: row.created_by.clone(),
    })
}
