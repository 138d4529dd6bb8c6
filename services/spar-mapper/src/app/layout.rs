//! One table or partitions: the move from one layout to another.

use std::time::{Duration, Instant};

use anyhow::Context;
use platform::service::Say;
use sea_orm::DatabaseTransaction;
use storage::{Db, StoreError};

use crate::{
    domain::Layout,
    store::layout::{self, Hold},
};

/// How long others are waited for that use the table.
const PATIENCE: Duration = Duration::from_secs(300);
/// Pause between two attempts, in which they go on.
const PAUSE: Duration = Duration::from_millis(500);

/// Gives the table of mappings the wanted layout, in one transaction: all of it, or nothing when it is interrupted.
/// Look-ups go on meanwhile; changes wait. `say` is told of each step.
///
/// # Errors
/// When something hangs on the table that would be lost, when others do not stop using it, or the database refuses.
pub(crate) async fn lay_out(db: &Db, wanted: Layout, say: Say<'_>) -> anyhow::Result<()> {
    let tx = db.begin().await?;
    layout::begin(&tx).await?;
    let present = layout::current(&tx).await?;
    if present == Some(wanted) {
        say(&format!("the mappings are in {wanted} already"));
        return Ok(());
    }
    let obstacles = layout::obstacles(&tx, wanted).await?;
    anyhow::ensure!(
        obstacles.is_empty(),
        "the table id_fa_mappings cannot be laid out anew, because what hangs on it would be lost: {}. Drop that, run \
         this again, and make it anew. Nothing was changed",
        obstacles.join("; ")
    );
    hold(&tx, Hold::Changes).await?;
    let (rows, bytes) = layout::size(&tx).await?;
    say(&format!(
        "moving about {rows} mappings into {wanted}; look-ups go on, changes wait until it is done. It takes about \
         {bytes} more on the database's disk, and its log"
    ));
    let began = Instant::now();
    layout::make_tables(&tx, wanted).await?;
    let rows = layout::copy(&tx).await?;
    say(&format!("{rows} mappings copied after {:.0} s; making indexes", began.elapsed().as_secs_f64()));
    layout::furnish(&tx, wanted).await?;
    hold(&tx, Hold::All).await?;
    layout::swap(&tx).await?;
    tx.commit().await?;
    say(&format!("the mappings are in {wanted} after {:.0} s; changes go on", began.elapsed().as_secs_f64()));
    layout::refresh_statistics(db.conn())
        .await
        .context("the layout is done, but not VACUUM (ANALYZE) id_fa_mappings")?;
    Ok(())
}

/// Holds the table as soon as others let it go.
async fn hold(tx: &DatabaseTransaction, hold: Hold) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match layout::try_hold(tx, hold).await {
            Err(StoreError::Timeout(_)) if Instant::now() < until => tokio::time::sleep(PAUSE).await,
            Err(StoreError::Timeout(_)) => anyhow::bail!(
                "others have used the table id_fa_mappings for {} minutes without a pause: the server's processes {}. \
                 Wait until they are done, or end them, and run this again. Nothing was changed",
                PATIENCE.as_secs() / 60,
                layout::users(tx).await?.join(", ")
            ),
            outcome => return Ok(outcome?),
        }
    }
}
