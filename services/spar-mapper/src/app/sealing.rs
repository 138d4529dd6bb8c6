//! Sealing what scripts wrote, and what was there before sealing was turned on; or the way back.

use g2p_crypto::{SealError, sha256_hex};
use platform::{ApiError, ApiResult, replay::Keeper};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storage::{Db, StoreError};

use crate::{
    State,
    domain::{Kept, SEALED, Vault},
    store::{
        history::Entry,
        sealing::{self, PlainEntry, Probe, Stored},
    },
};

/// Rows of one transaction.
const BATCH: i64 = 500;

/// Where the probe belongs, and what it says.
const PROBE: &str = "probe";

/// Whether these are the secrets that sealed what is stored.
///
/// # Errors
/// Says which secret is another one; the database's errors as they are.
pub(crate) async fn check_secrets(db: &Db, vault: &Vault) -> Result<Result<(), String>, StoreError> {
    let Some(kept) = sealing::probe(db.conn()).await? else { return Ok(Ok(())) };
    if vault.open(Kept::Entry, PROBE, PROBE, kept.probe).is_err() {
        return Ok(Err("spar_mapper.encryption_secret did not seal what is stored: give the secret that did, or keep it \
                       in encryption_old_secrets"
            .to_owned()));
    }
    if vault.index(PROBE, PROBE).as_deref() != Some(kept.index.as_str()) {
        return Ok(Err("spar_mapper.index_secret is not the one that addresses are found by".to_owned()));
    }
    Ok(Ok(()))
}

/// Tells the database whether addresses are sealed from now on.
pub(crate) async fn announce(state: &State) -> ApiResult<()> {
    let vault = &state.vault;
    let Some(index) = vault.index(PROBE, PROBE) else { return Ok(()) };
    check_secrets(&state.db, vault).await?.map_err(ApiError::internal)?;
    // Sealed also while sealing is off: with the same secrets it may be turned on again.
    let probe = vault.seal_always(Kept::Entry, PROBE, PROBE, PROBE).map_err(ApiError::internal)?;
    Ok(sealing::announce(state.db.conn(), vault.seals(), Probe { probe, index }).await?)
}

/// Brings all that is stored into the form that the configuration asks for. Several processes may do it at once.
pub(crate) async fn catch_up(state: &State) -> ApiResult<()> {
    if !state.vault.opens() {
        return Ok(());
    }
    while rewrite(state).await? {}
    while seal_entries(state).await? {}
    Ok(())
}

/// One batch of mappings; `false` when none is left.
async fn rewrite(state: &State) -> ApiResult<bool> {
    let vault = &state.vault;
    let tx = state.db.begin().await?;
    let rows =
        if vault.seals() { sealing::plain(&tx, BATCH).await? } else { sealing::sealed(&tx, BATCH).await? };
    if rows.is_empty() {
        return Ok(false);
    }
    let mut indexes = Vec::with_capacity(rows.len());
    let mut written = Vec::with_capacity(rows.len());
    for row in rows {
        let (row, index) = anew(vault, row).map_err(ApiError::internal)?;
        written.push(row);
        indexes.push(index);
    }
    sealing::rewrite(&tx, written, indexes).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(true)
}

/// A mapping as it is to be stored, and the index of its address.
fn anew(vault: &Vault, row: Stored) -> Result<(Stored, Option<String>), SealError> {
    let (tenant, id) = (row.tenant_id, row.id_value);
    let again = |kept, value: Option<String>| {
        let value = value.map(|value| vault.open(kept, &tenant, &id, value)).transpose()?;
        value.map(|value| vault.seal(kept, &tenant, &id, &value)).transpose()
    };
    let fa = vault.open(Kept::Fa, &tenant, &id, row.fa_value)?;
    let index = if vault.seals() { vault.index(&tenant, &fa) } else { None };
    let (name, phone) = (again(Kept::Name, row.name)?, again(Kept::Phone, row.phone)?);
    let fa_value = vault.seal(Kept::Fa, &tenant, &id, &fa)?;
    Ok((Stored { tenant_id: tenant, id_value: id, fa_value, name, phone }, index))
}

/// What an entry says whose states are commitments.
#[derive(Serialize, Deserialize)]
struct Said {
    salt: String,
    before: Option<String>,
    after: Option<String>,
}

/// The place of an entry.
fn row(id: &str, no: i64) -> String {
    format!("{no}\0{id}")
}

/// One batch of entries; `false` when none is left.
async fn seal_entries(state: &State) -> ApiResult<bool> {
    if !state.vault.seals() {
        return Ok(false);
    }
    let tx = state.db.begin().await?;
    let entries = sealing::take_entries(&tx, BATCH).await?;
    if entries.is_empty() {
        return Ok(false);
    }
    let seal = |entry: PlainEntry| {
        let PlainEntry { tenant_id, id_value, no, salt, before, after } = entry;
        let said = Said { salt: salt.to_string(), before, after };
        let said = serde_json::to_string(&said).map_err(ApiError::internal)?;
        let sealed = state
            .vault
            .seal(Kept::Entry, &tenant_id, &row(&id_value, no), &said)
            .map_err(ApiError::internal)?;
        Ok((tenant_id, id_value, no, sealed))
    };
    let sealed = entries.into_iter().map(seal).collect::<ApiResult<_>>()?;
    sealing::keep_entries(&tx, sealed).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(true)
}

/// Opens what an entry says: states that were sealed, and states that it holds only a commitment to.
///
/// # Errors
/// When something does not open, is missing, or is not what the entry committed to.
pub(super) fn reveal(vault: &Vault, tenant: &str, id: &str, entry: &mut Entry) -> ApiResult<()> {
    let wrong = |why: &str| ApiError::internal(format!("entry {} of the history of an id: {why}", entry.no));
    let said = match (&entry.sealed, &entry.salt) {
        (Some(sealed), _) => {
            let text = vault
                .open(Kept::Entry, tenant, &row(id, entry.no), sealed.clone())
                .map_err(ApiError::internal)?;
            Some(serde_json::from_str::<Said>(&text).map_err(ApiError::internal)?)
        }
        (None, Some(salt)) => Some(Said {
            salt: salt.to_string(),
            before: entry.plain_before.take(),
            after: entry.plain_after.take(),
        }),
        (None, None) => None,
    };
    let mut texts = said.map(|said| (said.salt, [said.before, said.after]));
    for (n, slot) in [&mut entry.before, &mut entry.after].into_iter().enumerate() {
        let Some(state) = slot else { continue };
        if let Some(commitment) = state.get("commitment").and_then(Value::as_str) {
            let (salt, said) = texts.as_mut().ok_or_else(|| wrong("what it says is missing"))?;
            let text =
                said.get_mut(n).and_then(Option::take).ok_or_else(|| wrong("what it says is missing"))?;
            if sha256_hex(format!("{salt}{text}").as_bytes()) != commitment {
                return Err(wrong("what is kept of it is not what was written"));
            }
            *state = serde_json::from_str(&text).map_err(ApiError::internal)?;
        }
        open_state(vault, tenant, id, state).map_err(ApiError::internal)?;
    }
    Ok(())
}

/// Opens the sealed values of a state.
pub(super) fn open_state(vault: &Vault, tenant: &str, id: &str, state: &mut Value) -> Result<(), SealError> {
    for (field, kept) in [("fa", Kept::Fa), ("name", Kept::Name), ("phone", Kept::Phone)] {
        if let Some(Value::String(text)) = state.get_mut(field)
            && text.starts_with(SEALED)
        {
            *text = vault.open(kept, tenant, id, std::mem::take(text))?;
        }
    }
    Ok(())
}

/// Answers of changes repeat addresses: those kept for messages that come again are sealed too.
impl Keeper for Vault {
    fn keep(&self, tenant: &str, row: &str, answer: &Value) -> ApiResult<Value> {
        if !self.seals() {
            return Ok(answer.clone());
        }
        let sealed = self.seal_owned(Kept::Response, tenant, row, answer.to_string());
        Ok(Value::String(sealed.map_err(ApiError::internal)?))
    }

    fn give(&self, tenant: &str, row: &str, kept: Value) -> ApiResult<Value> {
        match kept {
            Value::String(sealed) => {
                let text = self.open(Kept::Response, tenant, row, sealed).map_err(ApiError::internal)?;
                serde_json::from_str(&text).map_err(ApiError::internal)
            }
            plain => Ok(plain),
        }
    }
}
