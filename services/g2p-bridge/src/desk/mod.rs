//! Pages for staff: which envelopes there are and what became of each. Read only; rendered here, usable without script. Staff sign in
//! at an OpenID provider, and no token reaches the browser.

mod browser;
mod diagram;
mod envelope;
mod list;
mod session;
mod sign_in;
mod store;
mod views;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{HttpResponse, get, web};
use g2p_crypto::{KeyRing, KeyedHash, SealKey, random_token};
use pages::{Csrf, Source, Translations, assets, headers};
use platform::{ApiError, ApiResult, Runtime, oidc};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Config;

/// The texts, in English only, as those of the other pages for staff.
const TEXTS: &[Source] =
    &[Source { language: "en", area: "desk", text: include_str!("../../locales/en/desk.ftl") }];

/// What follows `public_url` in the address that providers send browsers back to.
const CALLBACK: &str = "/desk/callback";

/// What the pages need, made once at start.
pub struct Desk {
    translations: Translations,
    csrf: Csrf,
    /// Prefix of every address.
    base: String,
    public_url: String,
    /// Seals what is kept of a sign-in while the browser is away.
    seals: KeyRing,
    providers: BTreeMap<String, oidc::Provider>,
    idle: time::Duration,
    longest: time::Duration,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("providers", &self.providers.keys()).finish_non_exhaustive()
    }
}

impl Desk {
    /// The pages as the configuration wants them.
    ///
    /// # Errors
    /// Names what cannot work.
    pub fn new(config: &Config, runtime: &Runtime) -> anyhow::Result<Arc<Self>> {
        let base = runtime.settings.base_path.clone();
        let path = config.public_url.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
        anyhow::ensure!(
            config.staff_sign_in.is_empty() || path == base,
            "g2p_bridge.public_url must end with base_path, which is \"{base}\""
        );
        let secret = match config.session_secret.expose().as_str() {
            "" => {
                if !config.staff_sign_in.is_empty() {
                    tracing::warn!("no session_secret: a new one was made, which other replicas do not know");
                }
                random_token(32)?
            }
            secret => secret.to_owned(),
        };
        let key = KeyedHash::new(secret.as_bytes(), "g2p-bridge/desk").hash_bytes(b"seal");
        let new = |(name, settings): (&String, &oidc::ProviderSettings)| {
            let redirect = format!("{}{CALLBACK}", config.public_url);
            let (http, clock) = (runtime.http.clone(), runtime.clock.clone());
            let provider = oidc::Provider::new(settings.clone(), redirect, http, clock);
            provider.map(|provider| (name.clone(), provider)).map_err(anyhow::Error::msg)
        };
        Ok(Arc::new(Self {
            translations: Translations::new(TEXTS)?,
            csrf: Csrf::new(secret.as_bytes()),
            base,
            public_url: config.public_url.clone(),
            seals: KeyRing::new(SealKey::new("1", &key)?, Vec::new()),
            providers: config.staff_sign_in.iter().map(new).collect::<anyhow::Result<_>>()?,
            idle: time::Duration::minutes(config.session_idle_minutes),
            longest: time::Duration::minutes(config.session_max_minutes),
        }))
    }
}

/// Registers the pages.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(sign_in::show_start)
        .service(sign_in::go_to_provider)
        .service(sign_in::come_back)
        .service(sign_in::sign_out)
        .service(list::show)
        .service(envelope::show)
        .service(envelope::statement_csv)
        .service(envelope::statement_signature)
        .service(envelope::statement_pdf)
        .service(asset);
}

/// Style sheet and icon, under names that change with their content.
#[utoipa::path(
    tag = "desk",
    params(("file" = String, Path, description = "As it stands in the pages")),
    responses((status = 200, description = "The file, to be kept for a year"), (status = 404, description = "No such file")),
)]
#[get("/assets/{file}")]
async fn asset(file: web::Path<String>) -> ApiResult<HttpResponse> {
    let asset = assets::find(&file).ok_or_else(|| ApiError::not_found("this file"))?;
    let mut response = HttpResponse::Ok();
    for header in headers::ASSET {
        response.insert_header(*header);
    }
    Ok(response.content_type(asset.content_type).body(asset.bytes))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn every_text_is_there_and_used() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let wrong = pages::keys::check(super::TEXTS, &[&root.join("pages"), &root.join("src/desk")]);
        assert_eq!(wrong, Vec::<String>::new());
    }
}
