//! The banks, branches and wallets where the people of the demo have accounts, for the mapper's directory: what its
//! pages then offer.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{Demo, accounts::AccountRow};

/// What the mapper said of a file.
#[derive(Deserialize)]
struct Report {
    refused: u64,
}

/// Fills the directory from `accounts.csv`. Loading it again changes nothing.
///
/// # Errors
/// When the file cannot be read or the mapper refuses it.
pub(super) async fn load(demo: &Demo) -> anyhow::Result<()> {
    let mut banks = BTreeMap::new();
    let mut branches = BTreeMap::new();
    let mut wallets = BTreeMap::new();
    let mut reader = csv::Reader::from_path(Path::new(&demo.state.population).join("accounts.csv"))?;
    for row in reader.deserialize() {
        let row: AccountRow = row?;
        match row.kind.as_str() {
            "BANK" => {
                branches.insert((row.bank_code.clone(), row.branch_code), row.branch_name);
                banks.insert(row.bank_code, row.bank_name);
            }
            "MOBILE_WALLET" => {
                wallets.insert(row.wallet_provider_code, row.wallet_provider_name);
            }
            _ => {}
        }
    }
    let banks = banks.iter().map(|(code, name)| [code, name]);
    send(demo, "banks", ["bank_code", "bank_name"], banks).await?;
    let branches = branches.iter().map(|((bank, code), name)| [bank, code, name]);
    send(demo, "branches", ["bank_code", "branch_code", "branch_name"], branches).await?;
    let wallets = wallets.iter().map(|(code, name)| ["MOBILE_WALLET", code.as_str(), name.as_str()]);
    send(demo, "wallet-providers", ["wallet_type", "sp_code", "sp_name"], wallets).await
}

async fn send<const N: usize, S: AsRef<str>>(
    demo: &Demo,
    kind: &str,
    header: [&str; N],
    lines: impl Iterator<Item = [S; N]>,
) -> anyhow::Result<()> {
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(header)?;
    for line in lines {
        file.write_record(line.each_ref().map(AsRef::as_ref))?;
    }
    let file = file.into_inner()?;
    let path = format!("/api/v1/directory/{kind}/import");
    let report: Report = demo.client.post_csv("spar-mapper", &path, &file).await?;
    if report.refused > 0 {
        // Files of the user's own may hold codes that no directory takes; accounts are linked all the same.
        tracing::warn!(kind, refused = report.refused, "entries were not taken into the directory");
    }
    Ok(())
}
