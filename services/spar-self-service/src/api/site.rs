//! What all pages share.

use pages::{Csrf, Source, Translations};
use platform::CommonConfig;

use crate::api::proxy::Network;

/// The texts of these pages in every language there is.
const TEXTS: &[Source] = &[Source {
    language: "en",
    area: "self-service",
    text: include_str!("../../locales/en/self-service.ftl"),
}];

/// Texts, tokens and addresses, made once at start.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) translations: Translations,
    pub(crate) csrf: Csrf,
    /// Prefix of every address.
    pub(crate) base: String,
    /// Proxies whose `X-Forwarded-Proto` is believed.
    pub(crate) proxies: Vec<Network>,
}

impl Site {
    /// # Errors
    /// When the texts cannot be read, or a trusted proxy is no address.
    pub(crate) fn new(secret: &[u8], settings: &CommonConfig) -> anyhow::Result<Self> {
        let network = |text: &String| {
            Network::parse(text).ok_or_else(|| {
                anyhow::anyhow!(
                    "configuration: trusted_proxies has \"{text}\", which is no address or network"
                )
            })
        };
        Ok(Self {
            translations: Translations::new(TEXTS)?,
            csrf: Csrf::new(secret),
            base: settings.base_path.clone(),
            proxies: settings.trusted_proxies.iter().map(network).collect::<anyhow::Result<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::TEXTS;

    #[test]
    fn every_text_is_there_and_used() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let wrong = pages::keys::check(TEXTS, &[&root.join("pages"), &root.join("src")]);
        assert_eq!(wrong, Vec::<String>::new());
    }
}
