//! The account in one step, for programs: what the pages ask in several.

use g2p_connect::mapper::newer::FaObject;
use platform::{Masked, clock::rfc3339};
use serde_json::{Map, Value, json};

use crate::{
    State,
    app::{
        Fault, Person, READ, WRITE,
        account::Noted,
        choices::{self, Kind},
        draft::new_reference,
        may_change,
    },
    config::Place,
    domain::{
        BankAccount, EmailWallet, FinancialAddress, MobileWallet, Wrong, account_number, email_address,
        is_plain, phone_number,
    },
    peers::mapper::{self, More, Operation, Outcome},
    store,
};

/// Strategies of the three kinds, as deployed mappers number them.
const BANK: i64 = 2;
const EMAIL_WALLET: i64 = 3;
const MOBILE_WALLET: i64 = 4;

/// What became of a change.
pub(crate) enum Direct {
    /// It is made; the address as the mapper holds it.
    Done(String),
    /// It is not. Code and text are those of deployed mappers.
    Refused { code: String, text: &'static str },
    /// The person is to prove first, once more, who she is.
    ProveAgain,
}

/// Reads an address that a program sent as an object, by the rules of the pages. The error names the field.
pub(crate) async fn read_address(
    state: &State,
    fa: &FaObject,
) -> Result<Result<FinancialAddress, String>, Fault> {
    let part = |name: &str| fa.parts.get(name).and_then(Value::as_str).unwrap_or_default().trim();
    let wrong = |field: &str, wrong: Wrong| format!("fa.{field} {}", in_words(wrong));
    Ok(match fa.strategy_id {
        BANK => {
            let Some(bank) = place(state, Kind::Bank, part("bank_code"), part("bank_name")).await? else {
                return Ok(Err("fa.bank_code is no bank that can be chosen".to_owned()));
            };
            let (code, name) = (part("branch_code"), part("branch_name"));
            let branch = if choices::has_branches(state, &bank.code).await? {
                choices::branch(state, &bank.code, code).await?
            } else {
                free(code, name)
            };
            let Some(branch) = branch else {
                return Ok(Err("fa.branch_code is no branch of this bank".to_owned()));
            };
            account_number(part("account_number")).map_err(|w| wrong("account_number", w)).map(|number| {
                FinancialAddress::Bank(BankAccount {
                    bank_code: bank.code,
                    bank_name: bank.name,
                    branch_code: branch.code,
                    branch_name: branch.name,
                    account_number: Masked::new(number),
                })
            })
        }
        EMAIL_WALLET | MOBILE_WALLET => {
            let kind = if fa.strategy_id == EMAIL_WALLET { Kind::Email } else { Kind::Wallet };
            let (code, name) = (part("wallet_provider_code"), part("wallet_provider_name"));
            let Some(wallet) = place(state, kind, code, name).await? else {
                return Ok(Err("fa.wallet_provider_code is no wallet that can be chosen".to_owned()));
            };
            let (provider_code, provider_name) = (wallet.code, wallet.name);
            if kind == Kind::Email {
                let email = email_address(part("email_address")).map_err(|w| wrong("email_address", w));
                email.map(|email| {
                    let email = Masked::new(email);
                    FinancialAddress::Email(EmailWallet { provider_code, provider_name, email })
                })
            } else {
                let phone = phone_number(part("mobile_number"), &state.config.phone_country_code);
                phone.map_err(|w| wrong("mobile_number", w)).map(|phone| {
                    let phone = Masked::new(phone);
                    FinancialAddress::Wallet(MobileWallet { provider_code, provider_name, phone })
                })
            }
        }
        _ => Err("fa.strategy_id must be 2 (bank account), 3 (email wallet) or 4 (mobile wallet)".to_owned()),
    })
}

/// The provider of this code, with the name that we know. Where none are named here, the one that was sent.
async fn place(state: &State, kind: Kind, code: &str, name: &str) -> Result<Option<Place>, Fault> {
    if choices::providers(state, kind).await?.is_empty() {
        return Ok(free(code, name).filter(|place| !place.code.is_empty()));
    }
    choices::provider(state, kind, code).await
}

/// Code and name as sent, when both can stand in an address, or both are empty.
fn free(code: &str, name: &str) -> Option<Place> {
    let fits = is_plain(code, 40) && is_plain(name, 80) || code.is_empty() && name.is_empty();
    fits.then(|| Place { code: code.to_owned(), name: name.to_owned() })
}

fn in_words(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::Missing => "is missing",
        Wrong::Characters => "has characters that cannot be in it",
        Wrong::TooShort => "is too short",
        Wrong::TooLong => "is too long",
        Wrong::CheckDigits => "has check digits that do not fit",
        Wrong::NoCountryCode => "must begin with + and the code of the country",
        Wrong::NotAnAddress => "is no email address",
    }
}

/// An address as an object, whole: for its owner only.
pub(crate) fn as_object(fa: &str) -> Map<String, Value> {
    let pairs: Vec<(&str, Value)> = match FinancialAddress::parse(fa) {
        Some(FinancialAddress::Bank(a)) => vec![
            ("account_number", json!(a.account_number)),
            ("branch_name", json!(a.branch_name)),
            ("branch_code", json!(a.branch_code)),
            ("bank_name", json!(a.bank_name)),
            ("bank_code", json!(a.bank_code)),
            ("fa_type", json!("BANK")),
            ("strategy_id", json!(BANK)),
        ],
        Some(FinancialAddress::Wallet(w)) => vec![
            ("mobile_number", json!(w.phone)),
            ("wallet_provider_name", json!(w.provider_name)),
            ("wallet_provider_code", json!(w.provider_code)),
            ("fa_type", json!("MOBILE_WALLET")),
            ("strategy_id", json!(MOBILE_WALLET)),
        ],
        Some(FinancialAddress::Email(w)) => vec![
            ("email_address", json!(w.email)),
            ("wallet_provider_name", json!(w.provider_name)),
            ("wallet_provider_code", json!(w.provider_code)),
            ("fa_type", json!("EMAIL_WALLET")),
            ("strategy_id", json!(EMAIL_WALLET)),
        ],
        // Never an empty object, which a client would take for an account.
        None => vec![("fa_value", json!(fa))],
    };
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Links or updates the account of this person, as the program says which.
pub(crate) async fn set_account(
    state: &State,
    person: &Person,
    operation: Operation,
    address: &FinancialAddress,
    more: More,
) -> Result<Direct, Fault> {
    person.ctx.require(WRITE)?;
    if !may_change(state, person) {
        return Ok(Direct::ProveAgain);
    }
    let reference = new_reference();
    let noted = Noted::of(&reference, "account.change", Some(address));
    change(state, person, &noted, operation, address.construct(), more).await
}

/// Takes the account of this person away.
pub(crate) async fn unset_account(state: &State, person: &Person) -> Result<Direct, Fault> {
    person.ctx.require(WRITE)?;
    if !may_change(state, person) {
        return Ok(Direct::ProveAgain);
    }
    let Some(linked) = mapper::resolve(state, &person.subject).await? else {
        return Ok(refused(Operation::Unlink, Outcome::WrongOperation));
    };
    let (reference, address) = (new_reference(), FinancialAddress::parse(&linked.fa));
    let noted = Noted::of(&reference, "account.stop", address.as_ref());
    change(state, person, &noted, Operation::Unlink, linked.fa.clone(), More::default()).await
}

async fn change(
    state: &State,
    person: &Person,
    noted: &Noted<'_>,
    operation: Operation,
    fa: String,
    more: More,
) -> Result<Direct, Fault> {
    noted.begin(state, person, Some(operation)).await?;
    let outcome = mapper::change_with(state, operation, &person.subject, fa.clone(), more).await;
    let told = outcome.as_ref().ok().cloned();
    noted.end(state, person, outcome.map(|outcome| (operation, outcome))).await?;
    Ok(match told {
        Some(Outcome::Done) | None => Direct::Done(fa),
        Some(outcome) => refused(operation, outcome),
    })
}

/// Codes and texts that clients of deployed mappers match on.
fn refused(operation: Operation, outcome: Outcome) -> Direct {
    let (code, text) = match (operation, outcome) {
        (Operation::Link, Outcome::WrongOperation) => {
            ("rjct.reference_id.duplicate".to_owned(), "ID and FA are already mapped")
        }
        (_, Outcome::WrongOperation | Outcome::Done) => {
            ("rjct.id.invalid".to_owned(), "ID doesnt exist please link first")
        }
        (_, Outcome::Frozen) => {
            ("rjct.other.error".to_owned(), "changes of this account are stopped: ask for help")
        }
        (_, Outcome::Refused(code)) => (code, "the mapper does not take this account"),
    };
    Direct::Refused { code, text }
}

/// The account of this person, whole. That it was shown is in the audit log.
pub(crate) async fn whole_account(state: &State, person: &Person) -> Result<Option<mapper::Linked>, Fault> {
    person.ctx.require(READ)?;
    let linked = mapper::resolve(state, &person.subject).await?;
    if linked.is_some() {
        let (now, actor, subject) = (state.clock.now(), person.ctx.actor.label(), person.subject.as_str());
        let detail = json!({"channel": "api", "at": rfc3339(now)});
        store::audit(state.db.conn(), person.tenant(), now, &actor, "account.reveal", subject, detail)
            .await?;
    }
    Ok(linked)
}
