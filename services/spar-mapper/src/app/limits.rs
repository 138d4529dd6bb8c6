//! What a partner may ask for in a second and in a day, and the alarm when it asks as nobody does who pays people.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use platform::{ApiError, ApiResult};
use storage::{Db, StoreResult};
use time::{Date, OffsetDateTime, Time};

use super::Caller;
use crate::store::volume;

/// A replica takes so many hundredths of a day's limit at a time, and loses what is left of them when it ends.
const BLOCKS: u64 = 100;
/// Unknown ids within an hour that are unusual when they are most of what was asked for.
const MANY_UNKNOWN: u64 = 1_000;
const HOUR: time::Duration = time::Duration::HOUR;

/// Keeps partners within their limits. Rates are those of one replica; what counts for a day counts for all replicas.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    db: Db,
    /// Resolved items of a partner in an hour from which on it is unusual; 0 for never.
    alarm_items: u64,
    partners: Arc<Mutex<HashMap<(String, String), Known>>>,
}

/// What a replica knows of a partner.
#[derive(Debug, Default)]
struct Known {
    rate: Option<(NonZeroU32, Arc<DefaultDirectRateLimiter>)>,
    /// Items taken from a day's limit and not used yet.
    credit: Option<(Date, u64)>,
    hour: Option<Hour>,
}

/// What a partner resolved within an hour.
#[derive(Debug)]
struct Hour {
    began: OffsetDateTime,
    items: u64,
    unknown: u64,
    told: [bool; 2],
}

impl Limits {
    pub(crate) fn new(db: Db, alarm_items: u64) -> Self {
        Self { db, alarm_items, partners: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Known>> {
        // A panic elsewhere leaves counts that are right enough.
        self.partners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, caller: &Caller<'_>, work: impl FnOnce(&mut Known) -> T) -> T {
        let key = (caller.ctx.tenant.as_str().to_owned(), caller.sender.partner.partner_id.clone());
        work(self.lock().entry(key).or_default())
    }

    /// Lets a request of so many items pass.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub(crate) async fn admit(&self, caller: &Caller<'_>, items: usize) -> ApiResult<()> {
        self.admit_request(caller)?;
        self.admit_items(caller, u64::try_from(items).unwrap_or(u64::MAX)).await
    }

    /// Lets a request pass, whatever is in it.
    ///
    /// # Errors
    /// As [`Self::admit`].
    pub(crate) fn admit_request(&self, caller: &Caller<'_>) -> ApiResult<()> {
        let Some(rate) = NonZeroU32::new(caller.sender.partner.policy.max_requests_per_second) else {
            return Ok(());
        };
        let limiter = self.with(caller, |known| match &known.rate {
            Some((known, limiter)) if *known == rate => Arc::clone(limiter),
            _ => {
                let limiter = Arc::new(RateLimiter::direct(Quota::per_second(rate)));
                known.rate = Some((rate, Arc::clone(&limiter)));
                limiter
            }
        });
        limiter.check().map_err(|early| {
            metrics::counter!("spar_mapper_limited_total", "partner" => caller.sender.partner.partner_id.clone(), "limit" => "rate")
                .increment(1);
            let wait = early.wait_time_from(DefaultClock::default().now());
            ApiError::too_many_requests(
                format!("this partner may send {rate} requests a second"),
                u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1),
            )
        })
    }

    /// Counts items against the day's limit.
    ///
    /// # Errors
    /// As [`Self::admit`].
    pub(crate) async fn admit_items(&self, caller: &Caller<'_>, items: u64) -> ApiResult<()> {
        let partner = &caller.sender.partner;
        let limit = partner.policy.max_items_per_day;
        if limit == 0 || items == 0 {
            return Ok(());
        }
        let now = caller.ctx.clock.now();
        let today = now.date();
        let spent = self.with(caller, |known| match &mut known.credit {
            Some((day, left)) if *day == today && *left >= items => {
                *left -= items;
                true
            }
            _ => false,
        });
        if spent {
            return Ok(());
        }
        // A block for the requests to come; near the end of the limit only what this one needs.
        let block = items.max(limit / BLOCKS);
        for taken in [block, items] {
            if self.take(caller, today, taken, limit).await? {
                self.with(caller, |known| {
                    let left = known.credit.filter(|(day, _)| *day == today).map_or(0, |(_, left)| left);
                    known.credit = Some((today, left + (taken - items)));
                });
                return Ok(());
            }
        }
        metrics::counter!("spar_mapper_limited_total", "partner" => partner.partner_id.clone(), "limit" => "day")
            .increment(1);
        let tomorrow = now.replace_time(Time::MIDNIGHT) + time::Duration::DAY;
        let wait = u32::try_from((tomorrow - now).whole_seconds()).unwrap_or_default() + 1;
        Err(ApiError::too_many_requests(
            format!(
                "this partner may use {limit} items a day, and has not so many left; the day ends at midnight UTC"
            ),
            wait,
        ))
    }

    /// Removes the counts of days that are over.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn forget(&self, now: OffsetDateTime) -> StoreResult<()> {
        volume::forget(self.db.conn(), now.date() - time::Duration::WEEK).await
    }

    async fn take(&self, caller: &Caller<'_>, day: Date, items: u64, limit: u64) -> ApiResult<bool> {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let (tenant, partner) = (caller.ctx.tenant.as_str(), &caller.sender.partner.partner_id);
        Ok(volume::take(self.db.conn(), tenant, partner, day, number(items), number(limit)).await?)
    }

    /// Notes what a resolve asked for, and raises the alarm once an hour when that is unusual: so many items that nobody
    /// pays so many people in an hour, or mostly ids that nobody has, as one asks who tries them out.
    pub(crate) fn note_resolve(&self, caller: &Caller<'_>, items: usize, unknown: usize) {
        let now = caller.ctx.clock.now();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let alarms = self.with(caller, |known| {
            let hour = known.hour.take().filter(|hour| now - hour.began < HOUR && now >= hour.began);
            let mut hour = hour.unwrap_or(Hour { began: now, items: 0, unknown: 0, told: [false; 2] });
            hour.items = hour.items.saturating_add(count(items));
            hour.unknown = hour.unknown.saturating_add(count(unknown));
            let unusual = [
                self.alarm_items > 0 && hour.items > self.alarm_items,
                hour.unknown >= MANY_UNKNOWN && hour.unknown.saturating_mul(2) > hour.items,
            ];
            let new = [unusual[0] && !hour.told[0], unusual[1] && !hour.told[1]];
            hour.told = [hour.told[0] || new[0], hour.told[1] || new[1]];
            known.hour = Some(hour);
            new
        });
        let partner = &caller.sender.partner.partner_id;
        for (_, why) in alarms.into_iter().zip(["volume", "unknown_ids"]).filter(|(alarm, _)| *alarm) {
            metrics::counter!("spar_mapper_unusual_resolve_total", "partner" => partner.clone(), "why" => why)
                .increment(1);
            tracing::warn!(%partner, why, "a partner resolves as is unusual for one that pays people");
        }
    }
}
