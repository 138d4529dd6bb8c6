//! Where a programme's money comes from: our own design, the reference has rows inserted by hand.

use g2p_connect::reason::BridgeReason;
use money::Currency;
use platform::{ApiError, ApiResult, Ctx, Page, PageQuery, clock::rfc3339};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{App, Failure, Refusal, WRITE, read::wrong_cursor};
use crate::{
    domain::schedule,
    store::programs::{self, Program},
};

/// A programme's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProgramConfiguration {
    /// The programme.
    pub benefit_program_mnemonic: String,
    /// Its name.
    #[schema(required = false)]
    pub benefit_program_name: Option<String>,
    /// Who funds it.
    #[schema(required = false)]
    pub funding_org_code: Option<String>,
    /// Who funds it, in words.
    #[schema(required = false)]
    pub funding_org_name: Option<String>,
    /// Which bank pays: its code in this installation's configuration.
    pub sponsor_bank_code: String,
    /// From which account.
    pub sponsor_bank_account_number: String,
    /// At which branch.
    #[schema(required = false)]
    pub sponsor_bank_branch_code: Option<String>,
    /// ISO 4217.
    pub sponsor_bank_account_currency: String,
    /// Whether payees' accounts are looked up at the mapper (the default); else the beneficiary id is the address.
    #[schema(required = false)]
    pub id_mapper_resolution_required: Option<bool>,
    /// IANA name, for example `Africa/Nairobi`: schedule dates are days there. `UTC` when absent.
    #[schema(required = false)]
    pub time_zone: Option<String>,
    /// Where the programme system wants to be told of changes, by signed calls; an address registered for the partner that
    /// makes the envelopes, or one below it.
    #[schema(required = false)]
    pub notify_url: Option<String>,
    /// Which version this is; in answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub version: Option<i32>,
}

/// What is to be done with a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Make it; the same again is fine, another one under the same mnemonic is not.
    Create,
    /// Write the next version of one that is there.
    Update,
}

/// Codes of our own: the reference has no such operation.
const EXISTS: &str = "BENEFIT_PROGRAM_CONFIGURATION_EXISTS";
const INVALID_BANK: &str = "INVALID_SPONSOR_BANK_CODE";
const INVALID_TIME_ZONE: &str = "INVALID_TIME_ZONE";
const INVALID_NOTIFY_URL: &str = "INVALID_NOTIFY_URL";

fn refused(code: &str) -> Failure {
    Failure::Refused(Refusal { code: code.to_owned(), rows: Vec::new() })
}

fn filled(text: &Option<String>) -> Option<String> {
    text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
}

fn check(app: &App, input: &ProgramConfiguration) -> Result<Program, Failure> {
    let mnemonic = input.benefit_program_mnemonic.trim();
    if mnemonic.is_empty() || mnemonic.len() > 128 || mnemonic.chars().any(char::is_control) {
        return Err(Failure::refused(BridgeReason::InvalidProgramMnemonic));
    }
    let bank = input.sponsor_bank_code.trim();
    if app.banks.of(bank).is_none() {
        return Err(refused(INVALID_BANK));
    }
    let account = input.sponsor_bank_account_number.trim();
    let account_fits = (1..=35).contains(&account.len())
        && account.bytes().all(|b| b.is_ascii_alphanumeric() || b"-/ .".contains(&b));
    if !account_fits {
        return Err(Failure::refused(BridgeReason::InvalidAccountNumber));
    }
    let currency = input.sponsor_bank_account_currency.trim();
    if Currency::from_code(currency).is_err() {
        return Err(Failure::refused(BridgeReason::InvalidDisbursementCurrencyCode));
    }
    let time_zone = filled(&input.time_zone).unwrap_or_else(|| "UTC".to_owned());
    if schedule::zone(&time_zone).is_none() {
        return Err(refused(INVALID_TIME_ZONE));
    }
    let notify_url = filled(&input.notify_url);
    if notify_url.as_deref().is_some_and(|url| !is_web_address(url)) {
        return Err(refused(INVALID_NOTIFY_URL));
    }
    Ok(Program {
        benefit_program_mnemonic: mnemonic.to_owned(),
        version: 1,
        benefit_program_name: filled(&input.benefit_program_name),
        funding_org_code: filled(&input.funding_org_code),
        funding_org_name: filled(&input.funding_org_name),
        sponsor_bank_code: bank.to_owned(),
        sponsor_bank_account_number: account.to_owned(),
        sponsor_bank_branch_code: filled(&input.sponsor_bank_branch_code),
        sponsor_bank_account_currency: currency.to_owned(),
        id_mapper_resolution_required: input.id_mapper_resolution_required.unwrap_or(true),
        time_zone,
        notify_url,
        created_at: app.now(),
    })
}

/// Whether it looks like one; whether it is registered for the partner is decided when something is sent there.
fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && text.len() <= 1_000 && !text.contains(char::is_whitespace)
}

/// Creates or updates a configuration. Doing the same twice changes nothing.
///
/// # Errors
/// Refused with `INVALID_PROGRAM_MNEMONIC`, `INVALID_SPONSOR_BANK_CODE`, `INVALID_ACCOUNT_NUMBER`,
/// `INVALID_DISBURSEMENT_CURRENCY_CODE`, `INVALID_TIME_ZONE`, `INVALID_NOTIFY_URL` or `BENEFIT_PROGRAM_CONFIGURATION_EXISTS`.
pub async fn put(
    app: &App,
    tx: &DatabaseTransaction,
    ctx: &Ctx,
    input: &ProgramConfiguration,
    mode: Mode,
) -> Result<ProgramConfiguration, Failure> {
    ctx.require(WRITE)?;
    let wanted = check(app, input)?;
    let tenant = ctx.tenant.as_str();
    let present = programs::current(tx, tenant, &wanted.benefit_program_mnemonic, true).await?;
    let next = match (present, mode) {
        (Some(present), _) if same(&present, &wanted) => return Ok(to_wire(present)),
        (Some(_), Mode::Create) => return Err(refused(EXISTS)),
        (Some(present), Mode::Update) => Program { version: present.version + 1, ..wanted },
        (None, Mode::Create) => wanted,
        (None, Mode::Update) => return Err(Failure::refused(BridgeReason::InvalidProgramMnemonic)),
    };
    if !programs::insert(tx, tenant, &next, &ctx.actor.label()).await? {
        // Another call wrote this version between our look and our write.
        return Err(refused(EXISTS));
    }
    tracing::info!(program = %next.benefit_program_mnemonic, version = next.version, "programme configured");
    Ok(to_wire(next))
}

/// The current configurations in the order of their mnemonics, after `after`.
///
/// # Errors
/// 403 without the permission.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    after: &str,
    limit: i64,
) -> Result<Vec<ProgramConfiguration>, Failure> {
    if !ctx.may(WRITE) {
        ctx.require(super::READ)?;
    }
    let rows = programs::page(app.db.conn(), ctx.tenant.as_str(), after, limit).await?;
    Ok(rows.into_iter().map(to_wire).collect())
}

/// A version of a programme's configuration.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProgramVersion {
    /// What it says.
    pub configuration: ProgramConfiguration,
    /// Whether new envelopes are paid by it. An envelope keeps the version that was current when its day came.
    pub current: bool,
    /// When it was written, RFC 3339.
    pub created_at: String,
    /// Who wrote it.
    pub created_by: String,
    /// Cursor.
    #[serde(skip)]
    pub version: i32,
}

/// All versions of a configuration, oldest first.
///
/// # Errors
/// 400 for a wrong cursor, 403, 404.
pub async fn versions(
    app: &App,
    ctx: &Ctx,
    mnemonic: &str,
    page: &PageQuery,
) -> ApiResult<Page<ProgramVersion>> {
    ctx.require(super::READ)?;
    let after = page.after.as_deref().map_or(Ok(0), str::parse::<i32>).map_err(|_| wrong_cursor())?;
    let limit = i64::from(page.limit()) + 1;
    let rows = programs::versions(app.db.conn(), ctx.tenant.as_str(), mnemonic, after, limit).await?;
    if rows.is_empty() && after == 0 {
        return Err(ApiError::not_found("this programme"));
    }
    let one = |row: programs::Version| ProgramVersion {
        version: row.program.version,
        current: row.current,
        created_at: rfc3339(row.program.created_at),
        created_by: row.created_by,
        configuration: to_wire(row.program),
    };
    Ok(Page::from_rows(rows.into_iter().map(one).collect(), page.limit(), |v| v.version.to_string()))
}

fn same(a: &Program, b: &Program) -> bool {
    let content =
        |p: &Program| Program { version: 0, created_at: time::OffsetDateTime::UNIX_EPOCH, ..p.clone() };
    content(a) == content(b)
}

fn to_wire(program: Program) -> ProgramConfiguration {
    ProgramConfiguration {
        benefit_program_mnemonic: program.benefit_program_mnemonic,
        benefit_program_name: program.benefit_program_name,
        funding_org_code: program.funding_org_code,
        funding_org_name: program.funding_org_name,
        sponsor_bank_code: program.sponsor_bank_code,
        sponsor_bank_account_number: program.sponsor_bank_account_number,
        sponsor_bank_branch_code: program.sponsor_bank_branch_code,
        sponsor_bank_account_currency: program.sponsor_bank_account_currency,
        id_mapper_resolution_required: Some(program.id_mapper_resolution_required),
        time_zone: Some(program.time_zone),
        notify_url: program.notify_url,
        version: Some(program.version),
    }
}
