//! The pages over HTTP as a browser without script sees them, on a real Postgres, with a mapper and a beneficiary
//! registry that answer as the real ones do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bad_provider;
mod browser;
mod change;
mod defects;
mod directory;
mod helpdesk;
mod history;
mod languages;
mod mock_provider;
mod oidc_provider;
mod pages_seen;
mod peers;
mod real_browser;
mod rest;
mod sessions;
mod sign_in;
mod step_up;
mod stop;

use platform::config::Loaded;
use spar_self_service::{Config, Service};
use testkit::TestService;

use crate::{browser::Browser, peers::Peers};

pub(crate) const AMINA: &str = "token:AminaAminaAminaAmina01@nationalId";
pub(crate) const BOB: &str = "token:BobBobBobBobBobBobBob02@nationalId";
/// Amina's account at the beginning.
pub(crate) const AMINA_FA: &str = "account_number:0000987042.branch_name:Branch 7.branch_code:EXBK0007.bank_name:Example Bank.bank_code:EXBK.fa_type:BANK_ACCOUNT";

/// The service with its peers.
pub(crate) struct World {
    pub(crate) service: TestService<Service>,
    pub(crate) peers: Peers,
}

impl World {
    /// With the demo login on, and Amina's account in the mapper.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Loaded<Config>)) -> Self {
        let peers = Peers::start().await;
        peers.link(AMINA, AMINA_FA);
        let (mapper_url, pbms_url) = (peers.mapper.uri(), peers.pbms.uri());
        let service = TestService::<Service>::start(|loaded| {
            loaded.service.demo_login = true;
            loaded.service.session_secret = "a secret for tests, long enough.".to_owned().into();
            loaded.service.mapper_url = mapper_url;
            loaded.service.pbms_url = pbms_url;
            change(loaded);
        })
        .await;
        Self { service, peers }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.service.url())
    }

    /// A browser in which this person has signed in.
    pub(crate) async fn signed_in(&self, subject: &str) -> Browser {
        let mut browser = self.browser();
        browser.get("/").await.expect_status(200);
        browser.submit("/sign-in", &[("code", subject)]).await.expect_status(303).expect_location("/account");
        browser
    }

    /// All rows of a table as one text.
    pub(crate) async fn dump(&self, table: &str) -> String {
        let rows: Vec<String> = storage::sql::scalars(
            self.service.db().conn(),
            &format!("SELECT to_jsonb(t)::text FROM {table} t"),
            [],
        )
        .await
        .unwrap();
        rows.join("\n")
    }

    pub(crate) async fn execute(&self, sql: &str) {
        storage::sql::execute(self.service.db().conn(), sql, []).await.unwrap();
    }
}
